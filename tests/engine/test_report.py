"""How issues are printed: the exact form, for people and for programs."""

import re

from smsflow.engine.language.issue_codes import CODES
from smsflow.engine.language.parse import load
from smsflow.engine.language.report import as_github, as_json, render
from smsflow.errors import Issue, Place
from tests.engine.reading_helpers import ROOT, load_flow, only, sample, steps


def printed(path: str, old: str, new: str) -> str:
    """The one issue of the sample project with one change."""
    files = sample()
    assert old in files[path].decode()
    files[path] = files[path].decode().replace(old, new, 1).encode()
    (issue,) = load(files).issues
    return render(issue, files[issue.place.file].decode().split("\n"))


def test_a_misspelt_key_is_printed_as_documented() -> None:
    """Place, code, sentence; the line above; the line; a caret with the cure."""
    assert printed("flows/csat-survey.yaml", "    max: 480", "    timout: 2d") == (
        "flows/csat-survey.yaml:50:5: error F203: unknown key 'timout' in an 'ask' step\n"
        "   49 |     type: text\n"
        "   50 |     timout: 2d\n"
        "      |     ^^^^^^ did you mean 'timeout'?"
    )


def test_a_goto_astray_is_printed_as_documented() -> None:
    """The hint says where the name that was meant stands."""
    text = printed("flows/appointment-reminder.yaml", "{goto: reception}", "{goto: receptoin}")
    assert text == (
        "flows/appointment-reminder.yaml:43:20: error F301: "
        "'receptoin' is no section and no step id\n"
        "   42 |         - end: declined\n"
        "   43 |       move: {goto: receptoin}\n"
        "      |                    ^^^^^^^^^ did you mean 'reception' (section, line 51)?"
    )


def test_a_colon_is_printed_as_documented() -> None:
    """A comment behind the text does not belong to the cure."""
    text = printed("flows/hours.yaml", "{template: hours}        #", "Opening times: 9-18  #")
    assert text.split("\n")[-1] == (
        '      |           ^^^^^^^^^^^^^^^^^^^ put it in quotes: "Opening times: 9-18"'
    )


def test_the_first_line_has_none_above() -> None:
    """Then the line itself comes first."""
    issue = Issue(Place("a.yaml", 1, 1, 3), "F203", "no", "yes")
    assert render(issue, ["abc"]) == "a.yaml:1:1: error F203: no\n    1 | abc\n      | ^^^ yes"


def test_an_issue_without_its_line_still_prints() -> None:
    """A file that is not there has no lines; the cure is told all the same."""
    issue = Issue(Place("smsflow.yaml", 1, 1), "F201", "there is none", "write one")
    assert render(issue, []) == "smsflow.yaml:1:1: error F201: there is none\n      write one"
    bare = Issue(Place("a.yaml", 9, 1), "F201", "no")
    assert render(bare, ["a"]) == "a.yaml:9:1: error F201: no"


def test_a_caret_stays_under_its_line() -> None:
    """However long the place claims to be."""
    issue = Issue(Place("a.yaml", 1, 2, 99), "F203", "no")
    assert render(issue, ["abc"]).split("\n")[-1] == "      |  ^^"
    beyond = Issue(Place("a.yaml", 1, 9, 1), "F203", "no")
    assert render(beyond, ["abc"]).split("\n")[-1] == "      |         ^"


def test_control_characters_do_not_reach_the_terminal() -> None:
    """A line of a file can't paint the screen."""
    issue = only(load_flow(steps("- send: 'Hi\x1b[31m'")))
    text = render(issue, ["", "", "", "- send: 'Hi\x1b[31m'"])
    assert "\x1b" not in text
    assert "U+001B" in text


def test_colour_is_added_and_changes_nothing_else() -> None:
    """Without its escapes the coloured form is the plain one."""
    issue = Issue(Place("a.yaml", 2, 1, 3), "F203", "no", "yes")
    coloured = render(issue, ["x", "abc"], colour=True)
    assert "\x1b[1;31m" in coloured
    for escape in ("\x1b[1;31m", "\x1b[1;36m", "\x1b[2m", "\x1b[0m"):
        coloured = coloured.replace(escape, "")
    assert coloured == render(issue, ["x", "abc"])


def test_programs_get_json() -> None:
    """All that an issue has, flat."""
    issue = Issue(Place("a.yaml", 2, 3, 4), "F601", "no", "yes", "warning")
    assert as_json(issue) == {
        "file": "a.yaml",
        "line": 2,
        "column": 3,
        "length": 4,
        "level": "warning",
        "code": "F601",
        "message": "no",
        "hint": "yes",
    }


def test_github_gets_a_command() -> None:
    """On one line, whatever stands in the message."""
    issue = Issue(Place("a,b.yaml", 2, 3, 4), "F601", "100%\nno", "yes", "warning")
    assert as_github(issue) == (
        "::warning file=a%2Cb.yaml,line=2,col=3,endColumn=7,title=F601::100%25%0Ano: yes"
    )


def test_every_code_is_explained() -> None:
    """The table has the codes that the engine uses, and no others."""
    used: set[str] = set()
    for path in (ROOT / "smsflow" / "engine").rglob("*.py"):
        if path.name != "issue_codes.py":
            used |= set(re.findall(r'"(F[1-8]\d\d)"', path.read_text(encoding="utf-8")))
    assert used == set(CODES)


def test_a_long_line_is_cut_around_the_caret() -> None:
    """The caret stands under its place, and no line needs more room than a terminal has."""
    source = "x" * 300 + "here" + "y" * 300
    issue = Issue(Place("a.yaml", 1, 301, 4), "F701", "no", "yes")
    _, shown, caret = render(issue, [source]).split("\n")
    assert len(shown) == 128
    assert shown.startswith("    1 | ...x")
    assert shown.endswith("y...")
    assert shown[caret.index("^") : caret.rindex("^") + 1] == "here"


def test_the_end_of_a_long_line_is_cut_when_the_caret_stands_before_it() -> None:
    """What the author sees begins where the line begins."""
    issue = Issue(Place("a.yaml", 2, 3, 500), "F701", "no", "yes")
    lines = render(issue, ["a" * 500, "b: " + "c" * 500]).split("\n")
    assert lines[1] == "    1 | " + "a" * 117 + "..."
    assert lines[2] == "    2 | b: " + "c" * 114 + "..."
    assert lines[3] == "      |   " + "^" * 118 + " yes"
