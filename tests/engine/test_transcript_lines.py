"""Test files are read with the place of every mistake, before anything is played."""

from __future__ import annotations

from pathlib import Path

import pytest

from smsflow.engine.transcripts.transcript import Transcript, is_transcript, read_transcripts
from smsflow.errors import Issue

FLOWS = Path(__file__).parents[1] / "flows"

WHOLE = """\
smsflow-test: 1
flow: hours
given: {now: 2025-03-10 09:00 Europe/London, contact: {language: en}, codes: ["012345", 482913]}
tests:
  - name: one
    given: {contact.language: fr, start.appointment.at: 2025-03-10}
    steps:
      - in: {text: 0123, to: main}
      - out: {starts: no, segments: 1}
"""


HEAD = "smsflow-test: 1\nflow: hours\n"


def read(text: str) -> tuple[list[Transcript], list[Issue]]:
    """The tests of a file with that text."""
    return read_transcripts(text.encode(), "x.test.yaml")


def with_line(line: str) -> str:
    """A whole file with one line, the seventh of the file, in its test."""
    return f"{HEAD}given: {{}}\ntests:\n  - name: one\n    steps:\n      - {line}\n"


def with_given(given: str) -> str:
    """A whole file with that `given`, in the third line."""
    return f"{HEAD}given: {given}\ntests:\n  - name: one\n    steps: [silent: true]\n"


def test_a_file_becomes_tests_with_places() -> None:
    """Texts are read as they stand, overrides change one path, and every part knows its place."""
    (test,), issues = read(WHOLE)
    assert issues == []
    assert test.given["contact"] == {"language": "fr"}
    assert test.given["codes"] == ["012345", "482913"]
    assert test.given["start"] == {"appointment": {"at": "2025-03-10"}}
    assert str(test.place_of("contact.language")) == "x.test.yaml:6:31"
    assert str(test.place_of("now")) == "x.test.yaml:3:14"
    assert str(test.place_of("random")) == "x.test.yaml:5:11"
    said, heard = test.lines
    assert said.value == {"text": "0123", "to": "main"}
    assert said.happens
    assert heard.value == {"starts": "no", "segments": 1}
    assert not heard.happens
    assert str(heard.place_of("segments")) == "x.test.yaml:9:37"


def test_overrides_of_one_test_are_not_those_of_the_next() -> None:
    """Each test begins with what the file gives."""
    more = "  - name: two\n    steps:\n      - silent: true\n"
    tests, _ = read(WHOLE + more)
    assert [test.given["contact"]["language"] for test in tests] == ["fr", "en"]


def test_a_path_may_stand_in_the_given_of_the_whole_file() -> None:
    """It means there what it means in a test."""
    (test,), _ = read(with_given("{contact.language: fr}"))
    assert test.given == {"contact": {"language": "fr"}}


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("smsflow-test: 1\nflow: x", True),
        ("# about\n\n---\nsmsflow-test: 1", True),
        ("\ufeffsmsflow-test: 1", True),
        ("flow: x\nsmsflow-test: 1", False),
        ("smsflow-tests: 1", False),
        ("", False),
    ],
)
def test_a_transcript_is_known_by_its_first_key(text: str, first: bool) -> None:
    """Other YAML files of that ending belong to somebody else."""
    assert is_transcript(text) is first


@pytest.mark.parametrize(
    ("line", "place", "code"),
    [
        ("inn: hello", "7:9", "F206"),
        ("http: crm", "7:15", "F208"),
        ("hello", "7:9", "F202"),
        ("{in: a, out: b}", "7:9", "F202"),
        ("in:", "7:12", "F210"),
        ("in: [a]", "7:13", "F202"),
        ("in: {to: main}", "7:13", "F201"),
        ("in: {text: a, tow: main}", "7:23", "F203"),
        ("in: Press #1", "7:19", "F108"),
        ("after: soon", "7:16", "F208"),
        ("after: -1h", "7:16", "F208"),
        ("at: noon", "7:13", "F208"),
        ("dlr: delivred", "7:14", "F207"),
        ("dlr: {of: 0, status: sent}", "7:19", "F208"),
        ("dlr: {of: two, status: sent}", "7:19", "F208"),
        ("dlr: {of: 1}", "7:14", "F201"),
        ("restart: false", "7:18", "F202"),
        ("silent: 1h", "7:17", "F202"),
        ("deploy: {}", "7:17", "F201"),
        ("out: {starts: No, it has 4}", "7:27", "F109"),
        ("out: {starts: Yes, thanks}", "7:28", "F109"),
        ("out: {starts: Yes, thanks: }", "7:28", "F203"),
        ("{out: Yes, thanks}", "7:20", "F109"),
        ("deploy: {flwo: x.yaml}", "7:18", "F203"),
        ("verify: {code: 1}", "7:17", "F202"),
        ("out: {start: a}", "7:15", "F203"),
        ("out: {segments: many}", "7:25", "F208"),
        ("out: {matches: '('}", "7:24", "F406"),
        ("out: {{ x }}", "7:14", "F106"),
        ("out: a: b", "7:14", "F107"),
        ("end: [done]", "7:14", "F202"),
        ("end:", "7:13", "F210"),
        ("expect: 5", "7:17", "F202"),
        ("expect: {}", "7:17", "F202"),
        ("start: [a]", "7:16", "F202"),
        ("start: yes", "7:16", "F202"),
    ],
)
def test_a_mistake_in_a_line_is_told_at_its_place(line: str, place: str, code: str) -> None:
    """The word, the value or the part that is wrong, with a code and a cure."""
    _, issues = read(with_line(line))
    assert (f"x.test.yaml:{place}", code) in {(str(issue.place), issue.code) for issue in issues}


@pytest.mark.parametrize(
    ("given", "place", "code"),
    [
        ("{nwo: 2025-01-01}", "3:9", "F203"),
        ("{http: {POST crm:/: 99}}", "3:28", "F208"),
        ("{now: noon}", "3:14", "F208"),
        ("{contact: Ann}", "3:18", "F202"),
        ("{contact: {phone: 12}}", "3:26", "F208"),
        ("{contact: {timezone: London}}", "3:29", "F208"),
        ("{contact: {subscribed: marketing}}", "3:31", "F202"),
        ("{contact.phone: abc!}", "3:24", "F208"),
        ("{start: yes}", "3:16", "F202"),
        ("{codes: 482913}", "3:16", "F202"),
        ("{codes: [12a]}", "3:16", "F202"),
        ("{random: dice}", "3:17", "F202"),
        ("{history: [otp]}", "3:18", "F202"),
        ("{history: [{flow: otp, at: then}]}", "3:18", "F208"),
        ("[]", "3:8", "F202"),
    ],
)
def test_a_mistake_in_given_is_told_at_its_place(given: str, place: str, code: str) -> None:
    """Once, however many tests share it."""
    again = "  - name: two\n    steps: [silent: true]\n"
    _, issues = read(with_given(given) + again)
    assert [(str(issue.place), issue.code) for issue in issues] == [(f"x.test.yaml:{place}", code)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "F201"),
        ("smsflow-test: 2\nflow: a\ntests: []", "F201"),
        ("smsflow-test: 1\ntests: []", "F201"),
        ("smsflow-test: 1\nflow: a", "F201"),
        ("smsflow-test: 1\nflow: a\ntests: {}", "F201"),
        ("smsflow-test: 1\nflow: a\ntests: [one]", "F202"),
        ("smsflow-test: 1\nflow: a\ntests: [{steps: [silent: true]}]", "F201"),
        ("smsflow-test: 1\nflow: a\ntests: [{name: one}]", "F201"),
        ("smsflow-test: 1\nflow: a\ntests: [{name: one, steps: []}]", "F201"),
        ("smsflow-test: 1\nflow: a\ntests: [{name: one, step: []}]", "F203"),
        ("smsflow-test: 1\nflwo: a\ntests: []", "F203"),
        ("just a text", "F202"),
        ("smsflow-test: 1\n\tflow: a", "F103"),
    ],
)
def test_a_mistake_in_the_file_is_told(text: str, code: str) -> None:
    """A file that is no test file says why."""
    _, issues = read(text)
    assert code in [issue.code for issue in issues]
    assert all(issue.hint or issue.code == "F202" for issue in issues)


@pytest.mark.parametrize("path", sorted(FLOWS.glob("*.test.yaml")), ids=lambda path: path.name)
def test_no_piece_of_a_sample_breaks_the_reader(path: Path) -> None:
    """A file that is cut off anywhere, or loses a line, is read or told; it never raises."""
    lines = path.read_bytes().splitlines(keepends=True)
    for number in range(len(lines)):
        read_transcripts(b"".join(lines[:number]) + lines[number][:9], path.name)
        read_transcripts(b"".join(lines[:number] + lines[number + 1 :]), path.name)
