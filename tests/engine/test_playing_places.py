"""Playing a transcript: what passes, what fails, and what a failure tells."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from smsflow.engine import world
from smsflow.engine.language.parse import load
from smsflow.engine.transcripts.playing import Played, play
from smsflow.engine.transcripts.transcript import read_transcripts
from smsflow.engine.world import World

PROJECT = """\
smsflow-project: 1
languages: [en, fr]
timezone: Europe/London
numbers:
  main: {address: "+447700900000", provider: primary}
  backup: {address: "+447700900001", provider: primary}
providers:
  primary: {kind: pigeonhost, url: env.A, user: env.B, password: env.C, webhook_secret: env.D}
contact: {fields: {city: {type: text, default: Leeds}, born: date, seen: datetime}}
default_reply: Pardon?
"""

TALK = """\
smsflow: 1
inputs: {half: {type: decimal, default: 1}}
triggers:
  - keyword: TALK
  - api: true
steps:
  - ask: {en: How many?, fr: Combien?}
    save: number
    type: integer
    retry: {times: 1, text: A number please.}
    nudge: {after: 1h, text: Still there?}
    timeout: 2h
  - set: {contact.seen: "{{ now }}", share: "{{ 10 // number }}"}
  - send: "{{ share }} each"
    when: number > 1
  - end: done
"""

LOGIN = """\
smsflow: 1
kind: otp
triggers: [{keyword: LOGIN}]
steps:
  - otp: "Your code: {{ code }}"
    wrong: No.
    digits: 4
"""


@pytest.fixture(scope="module")
def talking() -> World:
    """A world of two small flows."""
    files = {"smsflow.yaml": PROJECT, "flows/talk.yaml": TALK, "flows/login.yaml": LOGIN}
    loaded = load({path: text.encode() for path, text in files.items()}).sound()
    assert loaded.project is not None
    return world.build(loaded.project, loaded.flows, secret=b"of no importance")


def played(talking: World, *lines: str, given: str = "{}", flow: str = "talk") -> Played:
    """The test with these lines, the first of them the seventh of its file."""
    head = f"smsflow-test: 1\nflow: {flow}\ngiven: {given}\ntests:\n  - name: one\n    steps:\n"
    text = head + "".join(f"      - {line}\n" for line in lines)
    (test,), issues = read_transcripts(text.encode(), "x.test.yaml")
    assert issues == []
    return play(test, talking)


ASKED = ("in: talk", "out: How many?")


@pytest.mark.parametrize(
    "lines",
    [
        (*ASKED, "in: 5", "out: 2 each", "end: done", "expect: {number: 5, share: 2}"),
        (*ASKED, "in: 1", "silent: true", "end: done", "expect: {number: '1', half: 1}"),
        (*ASKED, "in: x", "out: A number please.", "in: y", "end: invalid"),
        (*ASKED, "after: 1h", "out: Still there?", "after: 1h", "end: no_answer"),
        (*ASKED, "restart: true", "in: 5", "out: {contains: each}", "expect: {nothing: null}"),
        (*ASKED, "in: 5", "out: 2 each", "expect: {contact.seen: 2025-01-06 09:00, number: 5.0}"),
        ("start: {half: 0.5}", "out: {matches: '^how', lang: en, segments: 1, via: main}"),
        ("in: who?", "out: {named: default_reply, lang: en}", "expect: {contact.city: Leeds}"),
        ("in: {text: talk, to: backup}", "out: {via: backup}"),
        (*ASKED, "in: stop", "out: {}", "end: opted_out", "expect: {contact.opted_out: true}"),
        (*ASKED, "in: 0", "end: failed"),
    ],
)
def test_what_happens_as_written_passes(talking: World, lines: tuple[str, ...]) -> None:
    """Every line of the language, played."""
    result = played(talking, *lines)
    assert result.passed, (result.place, result.reason, result.got)


@pytest.mark.parametrize(
    ("lines", "place", "reason", "got"),
    [
        (("in: talk", "silent: true"), "8:9", "unexpected text: How many?", None),
        (("in: talk",), "7:9", "unexpected text: How many?", None),
        (("in: talk", "after: 1m"), "8:9", "unexpected text: How many?", None),
        (("out: Hi",), "7:14", "expected: Hi", "nothing"),
        (("in: talk", "out: {starts: How, via: backup}"), "8:33", "expected: via backup", "main"),
        (("in: talk", "out: {matches: x}"), "8:24", "expected: matches x", "How many?"),
        ((*ASKED, "end: done"), "9:14", "expected the end: done", "nothing, it waits at 'number'"),
        (("end: done",), "7:9", "no session of talk has begun", None),
        ((*ASKED, "expect: {number: 5}"), "9:26", "expected number: 5", "null"),
        (
            (*ASKED, "expect: {contact.opted_out: 0}"),
            "9:37",
            "expected contact.opted_out: 0",
            "false",
        ),
        (
            ("at: 2024-01-01 09:00",),
            "7:13",
            "'2024-01-01 09:00' is past: a clock only goes forward",
            None,
        ),
        (("dlr: delivered",), "7:14", "nothing was sent yet", None),
        ((*ASKED, "dlr: {status: sent, of: 2}"), "9:33", "there is no text 2", None),
        (
            ("in: {text: talk, to: mian}",),
            "7:30",
            "there is no number 'mian'; did you mean 'main'?",
            None,
        ),
        (("deploy: x.yaml",), "7:9", "nothing can be deployed here", None),
        (
            (*ASKED, "in: 0"),
            "9:9",
            "the flow failed: template: integer division or modulo by zero",
            None,
        ),
    ],
)
def test_a_failure_names_place_and_reason(
    talking: World, lines: tuple[str, ...], place: str, reason: str, got: str | None
) -> None:
    """Where the test says so, what it said, and what came instead."""
    result = played(talking, *lines)
    assert not result.passed
    assert (str(result.place), result.reason) == (f"x.test.yaml:{place}", reason)
    assert result.got == got


@pytest.mark.parametrize(
    ("lines", "source"),
    [
        (("in: talk", "out: x"), "flows/talk.yaml:7:15 (ask)"),
        ((*ASKED, "in: x", "out: x"), "flows/talk.yaml:10:29 (ask.retry)"),
        ((*ASKED, "after: 1h", "out: x"), "flows/talk.yaml:11:30 (ask.nudge)"),
        ((*ASKED, "in: 5", "out: x"), "flows/talk.yaml:14:11 (send)"),
        (
            ("in: login", "out: {contains: code}", "in: 0000", "out: x"),
            "flows/login.yaml:6:12 (otp.wrong)",
        ),
        (("in: stop", "out: x"), "compliance.stopped"),
        (("in: huh", "out: x"), "default_reply"),
    ],
)
def test_a_failure_names_the_slot_that_spoke(
    talking: World, lines: tuple[str, ...], source: str
) -> None:
    """The very text, not only its step."""
    assert played(talking, *lines).source == source


def test_the_slot_is_that_of_the_language(talking: World) -> None:
    """A French text is found where the French text stands."""
    result = played(talking, "in: talk", "out: x", given="{contact: {language: fr}}")
    assert (result.got, result.source) == ("Combien?", "flows/talk.yaml:7:30 (ask)")


def test_given_codes_are_drawn_in_their_order(talking: World) -> None:
    """The first code of the test is the first that is sent."""
    lines = ("in: login", "out: 'Your code: 0042'", "in: login", "out: 'Your code: 7777'")
    assert played(talking, *lines, given='{codes: ["0042", 7777]}', flow="login").passed


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("{codes: [123456]}", "given: '123456' has 6 digits; the codes of the flows have 4"),
        ("{contact: {born: May}}", "given: contact.born must be a date such as 2025-03-30"),
        ("{contact: {ctiy: X}}", "given: contacts have no field 'ctiy': did you mean 'city'?"),
    ],
)
def test_a_given_that_does_not_fit_the_project_fails(
    talking: World, given: str, reason: str
) -> None:
    """It is told at the line that gives it."""
    result = played(talking, "silent: true", given=given)
    assert result.reason == reason
    assert result.place is not None
    assert result.place.line == 3


def test_earlier_starts_count(talking: World) -> None:
    """A contact who started a flow too often is refused, and the chat says so."""
    starts = ", ".join(["{flow: talk, at: 2025-01-06 08:30}"] * 20)
    result = played(talking, "in: talk", "out: x", given=f"{{history: [{starts}]}}")
    assert result.got == "nothing"
    assert result.chat[-1].text == "refused: talk: started too often"


def test_moments_without_a_zone_are_the_contacts(talking: World) -> None:
    """A French phone is on French time, as in the engine."""
    given = '{now: 2025-01-06 09:00, contact: {phone: "+33612345678"}}'
    result = played(talking, "in: hello", "at: 2025-01-06 10:00", given=given)
    assert result.zone == "Europe/Paris"
    assert result.chat[0].at.isoformat() == "2025-01-06T08:00:00+00:00"


def test_a_pattern_that_would_run_for_ever_does_not(talking: World) -> None:
    """It fails like one that does not match."""
    assert not played(talking, "in: talk", "out: {matches: '(.*)*(.*)*(.*)*$^'}").passed


def test_an_unknown_flow_fails_with_a_suggestion(talking: World) -> None:
    """The test's own place is named."""
    result = played(talking, "silent: true", flow="tallk")
    assert result.reason == "there is no flow 'tallk'; did you mean 'talk'?"
    assert PurePosixPath(str(result.place)).name == "x.test.yaml:5:11"
