"""`smsflow parts`: what a text becomes on the air, told to people and to programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smsflow.cli import smsflow
from smsflow.sms.encoding import split

Run = Callable[..., Result]


def parts(*arguments: str, typed: str | bytes = "") -> Result:
    """Run the command, with something piped in."""
    return CliRunner().invoke(smsflow, ["parts", *arguments], input=typed, catch_exceptions=False)


def test_a_plain_text_is_one_part() -> None:
    """Alphabet, parts, septets used and left, and the text as the handset gets it."""
    assert parts("Hello").output == (
        "GSM-7, 1 part: 5 septets, 155 left in the last part\n1/1 Hello\n"
    )


def test_characters_of_two_septets_are_named() -> None:
    """Braces and the euro sign cost two."""
    said = parts("{€}€").output
    assert "GSM-7, 1 part: 8 septets, 152 left in the last part" in said
    assert "  € (U+20AC euro sign) takes two septets, 2 times\n" in said


def test_what_forces_ucs2_is_named_with_its_price() -> None:
    """One typographic quote makes two parts of a text that needs one; the plainer text is shown."""
    said = parts("“" + "x" * 100).output
    assert "UCS-2, 2 parts: 101 units, 33 left in the last part" in said
    assert "  “ (U+201C left double quotation mark) forces UCS-2\n" in said
    assert "  in plainer characters: 2 parts now, 1 part in GSM-7; lost: “\n" in said
    assert f'      "{"x" * 100}\n' in said
    assert "  cheapest: in plainer characters, 1 part; lost: “\n" in said


def test_what_has_no_plainer_form_is_told() -> None:
    """No rewriting helps an emoji."""
    said = parts("Hi 😀").output
    assert "  😀 (U+1F600 grinning face) takes two units\n" in said
    assert "  no plainer characters read the same\n" in said


def test_a_long_text_is_cut_as_the_handset_gets_it() -> None:
    """No escape is torn apart: the part before it ends one septet early."""
    said = parts("x" * 152 + "€" + "y" * 50).output
    assert f"1/2 {'x' * 152}\n2/2 €{'y' * 50}\n" in said


def test_standard_input_is_read() -> None:
    """A dash reads the text, without the line break at its end; bad bytes don't matter."""
    assert "GSM-7, 1 part: 7 septets" in parts("-", typed="a\nb {c\n").output
    assert "1/1 a⏎b {c\n" in parts("-", typed="a\nb {c\n").output
    assert "UCS-2, 1 part" in parts("-", typed=b"\xff\xfe\n").output


def test_facts_as_json() -> None:
    """Programs get numbers and parts."""
    found = json.loads(parts("dé“jà" * 20, "--json").output)
    assert found["alphabet"] == "UCS-2"
    assert found["count"] == 2
    assert "".join(found["parts"]) == "dé“jà" * 20
    assert found["outside_gsm"] == {"“": 20}
    assert found["plainer"] == {"text": 'dé"jà' * 20, "alphabet": "GSM-7", "count": 1}


TURKISH = "Şişli'deki şubemiz açık. " * 4


def test_a_language_writes_the_text_with_its_tables() -> None:
    """The Turkish table makes one part of a text that takes two, and nothing is lost."""
    said = parts(TURKISH, "--language", "tr").output
    assert said.startswith(
        "GSM-7 with the Turkish single shift table, 1 part: 120 septets, 35 left"
    )
    assert "  ş (U+015F latin small letter s with cedilla) takes two septets, 8 times\n" in said
    assert "  as it is: 1 part now, 2 parts in UCS-2\n" in said
    assert "  cheapest: with the Turkish single shift table, 1 part\n" in said


def test_without_a_language_its_tables_are_named_as_a_way() -> None:
    """The text is counted as it is sent today; what would be cheaper is told beside."""
    said = parts(TURKISH).output
    assert said.startswith("UCS-2, 2 parts")
    assert "  with the Turkish single shift table: 2 parts now, 1 part in GSM-7\n" in said
    assert "  cheapest: with the Turkish single shift table, 1 part\n" in said


def test_a_language_that_does_not_hold_the_text_names_what_it_lacks() -> None:
    """Only the character that the tables lack is to blame."""
    said = parts("ş ж", "--language", "TR").output
    assert said.startswith("UCS-2, 1 part")
    assert "ж (U+0436 cyrillic small letter zhe) forces UCS-2\n" in said
    assert "ş (U+015F" not in said


def test_another_script_is_transliterated() -> None:
    """The text in Latin letters is shown with its price; six lost letters are not all listed."""
    said = parts("Привет " * 12).output
    assert (
        "  transliterated as CYRILLIC: 2 parts now, 1 part in GSM-7; lost: П, р, и, в, е, ...\n"
        in (said)
    )
    assert f"      {'Privet ' * 12}\n" in said


def test_ways_as_json() -> None:
    """Each way has its text, its parts, its tables and what is lost; the cheapest is the first."""
    found = json.loads(parts(TURKISH, "--json").output)
    best, *others = found["ways"]
    assert best == {
        "way": "with the Turkish single shift table",
        "alphabet": "GSM-7",
        "single_shift": "TR",
        "locking_shift": None,
        "count": 1,
        "units": 120,
        "text": TURKISH,
        "transliteration": None,
        "lost": {},
    }
    assert [way["way"] for way in others] == ["in plainer characters", "as it is"]
    assert others[0]["lost"] == {"Ş": 4, "ş": 8, "ç": 4, "ı": 4}
    assert json.loads(parts(TURKISH, "--language", "TR", "--json").output)["single_shift"] == "TR"


def test_a_text_that_moves_the_cursor_does_not() -> None:
    """Control characters are shown, not obeyed."""
    assert "\x1b" not in parts("\x1b[2J", "--json").output
    assert "\x1b" not in parts("\x1b[2J").output


@pytest.mark.parametrize(
    "text", ["", "x" * 160, "x" * 161, "{" * 77, "é" * 70, "ê" * 70, "ê" * 71, "😀" * 34]
)
def test_units_left_are_those_of_the_last_part(text: str) -> None:
    """As many plain characters more fit, and no further one."""
    before = split(text)
    assert split(text + "x" * before.left).count == before.count
    assert split(text + "x" * (before.left + 1)).count == before.count + 1


def test_no_project_is_needed(tmp_path: Path, run: Run) -> None:
    """The command counts in any folder."""
    assert run(tmp_path, "parts", "hello").exit_code == 0
