"""`smsflow texts`: catalogues go out as PO or CSV, and come back with translations."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path

import polib
import pytest
from click.testing import Result

from smsflow.author.translating import take_over
from smsflow.author.translations import read_csv, read_po, write_csv, write_po
from smsflow.author.yaml_text import quoted
from smsflow.engine.language.catalogue_files import read_catalogues

Run = Callable[..., Result]
Edit = Callable[[Path, str, str], None]

EN = """\
# what everybody gets
welcome: Hello {{ contact.phone }}, text HOURS.
bye: |
  Bye,
  "friend".
visits: "{{ n }} {{ n | plural('visit', 'visits') }}"
thanks: '-5%; thanks, that''s it'
"""
FR = """\
# en français
bye: >-
  Au revoir,
  l'ami.
welcome:   'Bonjour {{ contact.phone }}'  # ?
""".replace("\n", "\r\n")
FLOW = """\
smsflow: 1
languages: [en, fr]
triggers: [{keyword: HEY}]
steps:
  - send: {text: welcome}
  - send: {text: bye}
"""


@pytest.fixture
def project(small: Path) -> Path:
    """A project in English and French with two catalogues, one of them not whole."""
    (small / "texts").mkdir()
    (small / "texts/en.yaml").write_bytes(EN.encode())
    (small / "texts/fr.yaml").write_bytes(FR.encode())
    (small / "flows/hey.yaml").write_text(FLOW)
    return small


@pytest.fixture
def po(project: Path, tmp_path: Path, run: Run) -> Path:
    """What the translator gets."""
    path = tmp_path / "fr.po"
    assert run(project, "texts", "export", "--format", "po", str(path)).exit_code == 0
    return path


def french(project: Path) -> str:
    return (project / "texts/fr.yaml").read_bytes().decode()


def translated(po: Path, **texts: str) -> None:
    """The translator fills in these texts."""
    file = polib.pofile(str(po))
    for each in file:
        each.msgstr = texts.get(each.msgctxt, each.msgstr)
    file.save()


def test_a_translator_sees_name_original_and_use(po: Path) -> None:
    """The context is the name, the references are lines of flows, what is missing is empty."""
    file = polib.pofile(str(po))
    assert (file.metadata["Language"], file.metadata["X-Source-Language"]) == ("fr", "en")
    welcome, bye, visits, _ = file
    assert (welcome.msgctxt, welcome.occurrences) == ("welcome", [("flows/hey.yaml", "5")])
    assert welcome.msgid == "Hello {{ contact.phone }}, text HOURS."
    assert (bye.msgid, bye.msgstr) == ('Bye,\n"friend".\n', "Au revoir, l'ami.")
    assert (visits.msgstr, visits.occurrences) == ("", [])


@pytest.mark.parametrize("form", ["po", "csv"])
def test_there_and_back_changes_nothing(project: Path, tmp_path: Path, run: Run, form: str) -> None:
    """Byte for byte, with comments, odd blanks and line breaks of Windows."""
    path = tmp_path / f"file.{form}"
    run(project, "texts", "export", "--format", form, str(path))
    done = run(project, "texts", "import", str(path))
    assert (done.exit_code, done.output) == (0, "texts/fr.yaml: 2 as before, 2 not translated\n")
    assert (project / "texts/en.yaml").read_bytes() == EN.encode()
    assert french(project) == FR


def test_translations_are_written_in_their_place(project: Path, po: Path, run: Run) -> None:
    """A changed text keeps its form and its comment, a new one goes to the end."""
    visits = "{{ n }} {{ n|plural('visite', 'visites') }}"
    translated(po, welcome="Salut {{contact.phone}}", visits=visits, thanks="Merci #1: oui")
    done = run(project, "texts", "import", str(po))
    assert (done.exit_code, done.output) == (
        0,
        "texts/fr.yaml: 1 as before, 1 changed, 2 new\n",
    )
    assert (
        french(project)
        == FR.replace("'Bonjour {{ contact.phone }}'", "'Salut {{contact.phone}}'")
        + f'visits: "{visits}"\r\nthanks: "Merci #1: oui"\r\n'
    )
    assert run(project, "check").exit_code == 0


def test_a_first_translation_makes_the_file(project: Path, po: Path, run: Run) -> None:
    """`texts/<lang>.yaml` begins with what was translated."""
    (project / "texts/fr.yaml").unlink()
    translated(po, welcome="Salut {{ contact.phone }}")
    assert "2 new" in run(project, "texts", "import", str(po)).output
    assert french(project) == ('welcome: "Salut {{ contact.phone }}"\nbye: "Au revoir, l\'ami."\n')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Salut", "{{ contact.phone }} is lost; put it where it belongs"),
        ("{{ contact.phone }} {{ nom }}", "{{ nom }} is not in the original; leave it out"),
        ("Salut {{ contact.phone }", "this text can't be read: unexpected '}'"),
        ("{% if a %}{{ contact.phone }}{% endif %}", "{% if a %} is not in the original"),
    ],
)
def test_braces_that_were_lost_or_invented_are_refused(
    project: Path, po: Path, run: Run, text: str, told: str
) -> None:
    """Nothing of the file is taken over, and the line of the text is told."""
    translated(po, welcome=text, thanks="Merci")
    done = run(project, "texts", "import", str(po))
    assert done.exit_code == 2
    assert f"{po}:10: 'welcome': {told}" in done.output
    assert french(project) == FR


def test_a_text_that_says_something_else_now_is_left(
    project: Path, po: Path, run: Run, edit: Edit
) -> None:
    """So is one that is gone; the others are taken over, and the exit code tells of it."""
    translated(po, welcome="Salut {{ contact.phone }}", thanks="Merci", visits="")
    edit(project / "texts/en.yaml", "Hello", "Welcome")
    edit(project / "texts/en.yaml", "thanks:", "thank:")
    done = run(project, "texts", "import", str(po))
    assert done.exit_code == 1
    assert "'welcome' says something else in texts/en.yaml now; export again" in done.output
    assert "'thanks' is not in texts/en.yaml; did you mean 'thank'?" in done.output
    assert french(project) == FR


def test_a_fuzzy_translation_is_none(project: Path, po: Path, run: Run) -> None:
    """What the translator is not sure of stays as it was."""
    file = polib.pofile(str(po))
    file[0].msgstr, file[0].flags = "Salut", ["fuzzy"]
    file.save()
    done = run(project, "texts", "import", str(po))
    assert (done.exit_code, done.output) == (0, "texts/fr.yaml: 1 as before, 3 not translated\n")


def test_a_spreadsheet_may_part_its_cells_in_its_own_way(
    project: Path, tmp_path: Path, run: Run
) -> None:
    """Semicolons, line breaks of Windows within a text, no line of an empty row."""
    path = tmp_path / "all.csv"
    run(project, "texts", "export", "--format", "csv", str(path))
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines(keepends=True)))
    assert rows[0] == ["name", "en", "fr"]
    rows[2][2], rows[4][2] = "Adieu\r\nami", "Merci"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([*rows, ["", "", ""]])
    assert run(project, "texts", "import", str(path)).exit_code == 0
    assert 'bye: "Adieu\\nami"\r\n' in french(project)
    assert french(project).endswith("thanks: Merci\r\n")


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.po", b"name,en\n", ":1: this is no PO file; export again"),
        ("a.po", b'msgctxt "bye"\nmsgid "a"\nmsgstr "b"\n', ":1: it does not say its language"),
        ("a.po", "msgid é".encode("latin-1"), ":1:7: byte 0xe9 is not UTF-8; save this file"),
        ("a.csv", b"text,fr\n", ":1: the first line has to be name,en,... and no other"),
        ("a.csv", b"name,de\nbye,Tag\n", ":1: 'de' is not one of fr; give --lang, or add it"),
        ("a.csv", b"name,fr\nbye,Au,revoir\n", ":2: 3 cells, and 2 columns; a text with a comma"),
        ("a.csv", b'name,fr\nbye,"Au"revoir\n', ":2: this is no CSV ("),
        ("a.csv", b"name,fr\nbye,Au\nbye,Ho\n", ":3: 'bye' stands there twice; leave one out"),
        ("a.txt", b"", " is neither .po nor .csv: write --format"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(
    project: Path, tmp_path: Path, run: Run, name: str, data: bytes, told: str
) -> None:
    """Exit code 2, the line, the cure; nothing is written."""
    path = tmp_path / name
    path.write_bytes(data)
    done = run(project, "texts", "import", str(path))
    assert done.exit_code == 2
    assert f"{path}{told}" in done.output
    assert french(project) == FR


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--format", "po", "--lang", "en"], "--lang en is not a language to translate into"),
        (["--format", "csv", "--lang", "de"], "those of the project are fr, after en"),
        (["--format", "xml"], "'xml' is not one of 'po', 'csv'"),
    ],
)
def test_what_can_t_be_exported(project: Path, run: Run, arguments: list[str], told: str) -> None:
    """An option that can't be meant is told with those that can."""
    done = run(project, "texts", "export", *arguments)
    assert done.exit_code == 2
    assert told in done.output


def test_a_broken_catalogue_is_told_as_check_does(project: Path, run: Run) -> None:
    """Exit code 1, place and cure."""
    (project / "texts/fr.yaml").write_text("- a\n")
    done = run(project, "texts", "export", "--format", "csv")
    assert done.exit_code == 1
    assert "texts/fr.yaml:1:1: error F202" in done.output


def test_whatever_a_text_holds_comes_back_as_it_was() -> None:
    """Quotes, backslashes, breaks of every kind, marks of PO and CSV, and very long texts."""
    pieces = [
        *("a", " ", "\n", "\r\n", "\r", "\t", "\\", "\\n", '"', "'", ",", ";", "=", "é", "😀"),
        *("{{ x }}", "#~ ", 'msgid "b"', "long word " * 12),
    ]
    draw = random.Random(1)
    for _ in range(100):
        texts = {
            language: {name: "".join(draw.choices(pieces, k=8)) + "." for name in "abc"}
            for language in ("en", "fr")
        }
        files = {
            f"texts/{language}.yaml": "".join(
                f"{name}: {quoted(text)}\n" for name, text in each.items()
            ).encode()
            for language, each in texts.items()
        }
        catalogues, issues = read_catalogues(files)
        assert issues == []
        po = read_po(write_po(catalogues, "en", "fr").encode(), "a.po", None)
        rows = read_csv(write_csv(catalogues, ["en", "fr"]).encode(), "a.csv", "en", None)
        for found in (po, rows):
            taken = take_over(found, "a", "en", catalogues, files, None)
            assert (taken.files, taken.counts) == ({}, {"texts/fr.yaml": {"as before": 3}})
