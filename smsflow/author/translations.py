"""Catalogues of texts as files for translators, and back: PO, one language a file, and CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

import polib

from smsflow.engine.language.catalogues import Catalogues
from smsflow.engine.language.source import decode_file
from smsflow.errors import SettingsInvalid

_BOM = "\ufeff"  # without it spreadsheets take UTF-8 for something else


@dataclass(frozen=True, slots=True)
class Translation:
    """A text in a language as a translator's file has it, '' when it is not translated.

    `original` is the text of the first language that it was made from; None when the file does not
    say. `line` is where it stands in that file.
    """

    name: str
    language: str
    text: str
    original: str | None
    line: int


# --- PO -------------------------------------------------------------------------------------------


def write_po(catalogues: Catalogues, first: str, language: str) -> str:
    """The texts of the first language that `language` has or lacks, as a PO file. The context is
    the name; the references are where it is used."""
    file = polib.POFile()
    file.metadata = {
        "Language": language.replace("-", "_"),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "X-Source-Language": first.replace("-", "_"),
    }
    for name in catalogues.names([first]):
        original, found = catalogues.text(first, name), catalogues.text(language, name)
        uses = sorted(catalogues.uses.get(name, ()))
        file.append(
            polib.POEntry(
                msgctxt=name,
                msgid=original.text if original else "",
                msgstr=found.text if found else "",
                occurrences=[(each.file, str(each.line)) for each in uses],
            )
        )
    return str(file).rstrip("\n") + "\n"


def read_po(data: bytes, file: str, language: str | None) -> list[Translation]:
    """The translations of a PO file; SettingsInvalid when it is broken. `language` overrides the
    file's own. What is marked as fuzzy is not translated, what is obsolete is left out."""
    text = _decoded(data, file)
    try:
        found = polib.pofile(f"{text}\n")
    except (OSError, ValueError) as error:
        at = re.search(r"line (\d+)", str(error))
        place = f"{file}:{at[1] if at else 1}"
        cure = "export again, or mend it with an editor for PO files"
        raise SettingsInvalid(f"{place}: this is no PO file; {cure}") from error
    own = language or found.metadata.get("Language", "").replace("_", "-")
    if not own:
        raise SettingsInvalid(f"{file}:1: it does not say its language; write --lang fr or so")
    translations: list[Translation] = []
    for each in found:
        if each.obsolete:
            continue
        line = each.linenum or 1
        if not each.msgctxt:
            hint = "export again: it is the name of the text"
            raise SettingsInvalid(f"{file}:{line}: there is no msgctxt; {hint}")
        said = "" if each.fuzzy else each.msgstr
        translations.append(Translation(each.msgctxt, own, said, each.msgid, line))
    return translations


# --- CSV ------------------------------------------------------------------------------------------


def write_csv(catalogues: Catalogues, languages: Sequence[str]) -> str:
    """All texts in these languages, the first one first, as CSV for spreadsheets."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(["name", *languages])
    for name in catalogues.names(languages):
        texts = (catalogues.text(language, name) for language in languages)
        writer.writerow([name, *(each.text if each else "" for each in texts)])
    return _BOM + out.getvalue()


def read_csv(data: bytes, file: str, first: str, language: str | None) -> list[Translation]:
    """The translations of a CSV file, of all its languages but the first, or of `language` alone;
    SettingsInvalid when it is broken. Commas, semicolons and tabs part its cells."""
    rows = _rows(_decoded(data, file), file)
    _, head = next(rows, (1, []))
    if len(head) < 2 or head[0] != "name" or len({*head}) < len(head):
        raise SettingsInvalid(f"{file}:1: the first line has to be name,{first},... and no other")
    if language is not None and language not in head[1:]:
        raise SettingsInvalid(f"{file}:1: it has no column {language!r}")
    translations: list[Translation] = []
    for line, cells in rows:
        if not any(cells):
            continue
        if len(cells) != len(head):
            hint = "a text with a comma or a quote wants quotes around it"
            message = f"{len(cells)} cells, and {len(head)} columns"
            raise SettingsInvalid(f"{file}:{line}: {message}; {hint}")
        texts = dict(zip(head, cells, strict=True))
        translations += (
            Translation(texts["name"], each, texts[each], texts.get(first), line)
            for each in head[1:]
            if each != first and language in (None, each)
        )
    return translations


def _rows(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line that each begins in."""
    head = text.partition("\n")[0]
    delimiter = next((each for each in ",;\t" if each in head), ",")
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        hint = "a text with a quote wants it twice, and quotes around it"
        raise SettingsInvalid(f"{file}:{line}: this is no CSV ({error}); {hint}") from error


def _decoded(data: bytes, file: str) -> str:
    text, issues = decode_file(data, file)
    for issue in issues:
        raise SettingsInvalid(f"{issue.place}: {issue.message}; {issue.hint}")
    return text
