"""Taking translations over into `texts/<language>.yaml`, and every other byte left as it is.

Nothing comes back when a single translation is wrong: half a file would be hard to tell from a
whole one. A text whose original was changed meanwhile stays, for the translator saw another one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from smsflow.author.rewriting import CantRewrite, rewritten
from smsflow.author.translations import Translation
from smsflow.author.yaml_text import plain
from smsflow.engine.language import source
from smsflow.engine.language.catalogues import Catalogues, path_of
from smsflow.engine.language.compose import read
from smsflow.engine.language.reading import suggest
from smsflow.engine.language.source import Scalar, decode_file
from smsflow.engine.templating.placeholders import placeholders
from smsflow.engine.templating.templates import TemplateError, compile_text
from smsflow.errors import Place, SettingsInvalid


@dataclass(frozen=True, slots=True)
class Taken:
    """New contents of catalogues by path, what was done with each text, and what was left."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    counts: Mapping[str, Counter[str]] = field(default_factory=dict)  # by path
    left: Sequence[str] = ()


def take_over(
    translations: Sequence[Translation],
    file: str,
    first: str,
    catalogues: Catalogues,
    files: Mapping[str, bytes],
    filters: frozenset[str] | None,
) -> Taken:
    """What the catalogues (path -> content) would be with these translations of `file`.

    SettingsInvalid has every mistake with its line: a broken template, braces that were lost or
    invented, a text that stands there twice.
    """
    wrong: list[str] = []
    left: list[str] = []
    counts: dict[str, Counter[str]] = {}
    changed: dict[str, dict[str, str]] = {}
    seen: set[tuple[str, str]] = set()
    for each in translations:
        path, at = path_of(each.language), f"{file}:{each.line}: {each.name!r}"
        count = counts.setdefault(path, Counter())
        if (each.language, each.name) in seen:
            wrong.append(f"{at} stands there twice; leave one out")
        seen.add((each.language, each.name))
        original, now = (catalogues.text(one, each.name) for one in (first, each.language))
        if not each.text.strip():
            count["not translated"] += 1
        elif now is not None and _settled(now.text) == _settled(each.text):
            count["as before"] += 1
        elif original is None:
            hint = suggest(each.name, catalogues.names([first]), "export again")
            left.append(f"{at} is not in {path_of(first)}; {hint}")
        elif each.original is not None and _settled(each.original) != _settled(original.text):
            left.append(f"{at} says something else in {path_of(first)} now; export again")
        elif problems := list(_mistakes(original.text, each.text, filters)):
            wrong += (f"{at}: {problem}" for problem in problems)
        else:
            count["changed" if now else "new"] += 1
            changed.setdefault(path, {})[each.name] = _settled(each.text)
    if wrong:
        raise SettingsInvalid("\n".join(["nothing was taken over", *wrong]))
    new = {path: _written(path, files.get(path, b""), texts) for path, texts in changed.items()}
    return Taken(new, counts, left)


def _settled(text: str) -> str:
    """A text with the line breaks that YAML has, whatever a spreadsheet made of them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _mistakes(original: str, text: str, filters: frozenset[str] | None) -> Iterator[str]:
    try:
        compile_text(text, filters)
    except TemplateError as error:
        yield f"this text can't be read: {error.message}; copy what stands in braces"
        return
    before, after = placeholders(original), placeholders(text)
    for key, shown in before.items():
        if key not in after:
            yield f"{shown} is lost; put it where it belongs"
    for key, shown in after.items():
        if key not in before:
            yield f"{shown} is not in the original; leave it out"


def _written(path: str, data: bytes, texts: Mapping[str, str]) -> bytes:
    """The catalogue with these texts: those that it has in their place, others at its end."""
    there = _entries(path, data)
    places = {there[name].place: text for name, text in texts.items() if name in there}
    try:
        data = rewritten(data, places)
    except CantRewrite as error:
        raise SettingsInvalid(f"{error.place}: {error}; write it by hand") from error
    more = "".join(f"{name}: {plain(text)}\n" for name, text in texts.items() if name not in there)
    if more:
        text = data.decode("utf-8")
        ending = "\r\n" if "\r\n" in text else "\n"
        between = "" if not text or text.endswith("\n") else ending
        data = (text + between + more.replace("\n", ending)).encode()
    expected = {**{name: each.text for name, each in there.items()}, **texts}
    if {name: each.text for name, each in _entries(path, data).items()} != expected:
        start = Place(path, 1, 1)
        raise SettingsInvalid(f"{start}: texts can't be added; write one `name: text` a line")
    return data


def _entries(path: str, data: bytes) -> dict[str, Scalar]:
    """The texts of a catalogue that is sound, or none."""
    documents, issues = read(decode_file(data, path)[0], path)
    root = documents[0].root if documents and not issues else None
    if not isinstance(root, source.Mapping):
        return {}
    return {key.text: child for key, child in root if isinstance(child, Scalar)}
