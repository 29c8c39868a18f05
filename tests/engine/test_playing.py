"""Playing a transcript: strict about silence, and a failure names both places."""

from collections.abc import Callable, Iterable

import pytest

from smsflow.engine.transcripts.playing import Played, play
from smsflow.engine.transcripts.transcript import read_transcripts
from tests.engine.conftest import DEFAULT_REPLY, PROJECT, build

FLOW = """\
languages: [en, fr]
triggers: [{keyword: GO}, {api: true}]
inputs: {n: {type: integer, default: 0}}
steps:
  - ask: {en: How many?, fr: Combien?}
    save: count
    type: integer
    timeout: 1d
  - set: {contact.seen: "{{ now }}"}
  - send: {en: "{{ count }} it is.", fr: "{{ count }}."}
  - end: happy
"""
BROKEN = "flow: broken\ntriggers: [{keyword: BREAK}]\nsteps: [{send: '{{ 1 + contact.score }}'}]\n"


def played(
    *lines: str,
    given: str = "{}",
    flow: str = "talk",
    flows: Iterable[str] = (),
    **more: Callable[..., object],
):
    """A test of these lines, which begin on line 7, played."""
    written = "".join(f"      - {line}\n" for line in lines)
    head = f"smsflow-test: 1\nflow: {flow}\ntests:\n  - name: one\n    given: {given}\n    steps:\n"
    (test,), issues = read_transcripts((head + written).encode(), "t.test.yaml")
    assert issues == []
    return play(test, build(FLOW, BROKEN, *flows, project=PROJECT + DEFAULT_REPLY), **more)


def failure(result: Played) -> tuple[int, str]:
    """The line and the reason of a failed test."""
    assert not result.passed
    assert result.place is not None
    return result.place.line, result.reason


def test_a_conversation_that_goes_as_written_passes():
    result = played(
        "in: go",
        "out: How many?",
        "dlr: delivered",
        "in: three",
        'out: {text: 3 it is., via: main, segments: 1, lang: en, contains: it, matches: "^3 it"}',
        "end: happy",
        "expect: {count: 3, contact.seen: 2025-01-06 09:00, contact.city: null}",
        "silent: true",
    )
    assert result.passed, result.reason
    assert [(line.arrow, line.text) for line in result.chat if line.arrow != "--"] == [
        ("<-", "go"),
        ("->", "How many?"),
        ("<-", "three"),
        ("->", "3 it is."),
    ]


def test_the_given_world_counts():
    result = played(
        "out: Combien?",
        "at: 2025-03-11 08:59 Europe/London",
        "after: 1m",
        "end: no_answer",
        given="{now: 2025-03-10 09:00 Europe/London, contact: {language: fr}, start: {n: 4}}",
    )
    assert result.passed, result.reason


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        (["in: go", "silent: true"], 8, "unexpected text: How many?"),
        (["in: go", "in: three"], 8, "unexpected text: How many?"),
        (["in: go"], 7, "unexpected text: How many?"),
        (["out: Hello"], 7, "expected: Hello"),
        (["in: go", "out: How much?"], 8, "expected: How much?"),
        (["in: go", "out: {via: backup}"], 8, "expected: via backup"),
        (["in: go", "out: {segments: 2}"], 8, "expected: segments 2"),
        (["in: go", "out: {named: default_reply}"], 8, "expected: named default_reply"),
        (["in: go", "out: How many?", "end: happy"], 9, "expected the end: happy"),
        (["end: happy"], 7, "no session of talk has begun"),
        (["in: go", "out: How many?", "expect: {count: 3}"], 9, "expected count: 3"),
        (["dlr: delivered"], 7, "nothing was sent yet"),
        (["in: go", "out: How many?", "dlr: {of: 2, status: sent}"], 9, "there is no text 2"),
        (["in: {text: go, to: mian}"], 7, "there is no number 'mian'"),
        (["after: 2d", "at: 2025-01-07 09:00"], 8, "a clock only goes forward"),
        (["deploy: new.yaml"], 7, "nothing can be deployed here"),
        (["in: break"], 7, "the flow failed: template:"),
    ],
)
def test_a_failure_names_the_line_and_what_was_expected(lines, line, reason):
    at, why = failure(played(*lines))
    assert at == line
    assert reason in why


def test_a_failure_names_what_sent_the_text_too():
    result = played("in: go", "out: How much?")
    assert result.got == "How many?"
    assert result.source.startswith("flows/talk.yaml:6:")
    assert result.source.endswith("(ask)") or "ask" in result.source


def test_a_flow_that_is_unknown_is_told_with_those_that_are():
    at, why = failure(played("in: go", flow="tlak"))
    assert (at, "there is no flow 'tlak'" in why, "talk" in why) == (4, True, True)


@pytest.mark.parametrize(
    "given",
    ["{contact: {score: many}}", "{contact: {ctiy: Leeds}}"],
)
def test_a_given_that_does_not_fit_the_project_is_told_at_its_place(given):
    at, why = failure(played("silent: true", given=given))
    assert at == 5
    assert "given" in why


def test_a_session_that_is_expected_to_fail_may_fail():
    assert played("in: break", "end: failed", flow="broken").passed


def test_the_end_of_a_session_that_was_replaced_can_be_expected():
    """Of the sessions that are over, only those count that the last happening ended."""
    asked = ("in: go", "out: How many?")
    assert played(*asked, *asked, "end: restarted").passed
    again = played(*asked, *asked, "dlr: delivered", "end: restarted")
    assert failure(again)[1] == "expected the end: restarted"


def test_a_start_that_is_refused_stands_in_the_chat():
    result = played("start: {n: many}", "silent: true")
    assert any("must be a whole number" in line.text for line in result.chat)


OTHERS = """\
flow: spring
triggers: [{keyword: SPRING}, {broadcast: true, from_group: vip, when: "contact.city == 'Leeds'"}]
steps: [{send: "{{ trigger.kind }}"}]
---
flow: inner
inputs: {n: integer}
steps: [{send: "{{ trigger.kind }} {{ n }}"}]
---
flow: asked
triggers: [{keyword: ASKED}]
steps: [{send: "{{ trigger.kind }}"}]
---
flow: texted
triggers: [{keyword: TEXTED}, {event: visit.over}]
steps: [{start: asked}]
"""


@pytest.mark.parametrize(
    ("flow", "given", "lines"),
    [
        ("spring", "{contact: {groups: [vip], city: Leeds}}", ["out: broadcast", "end: done"]),
        ("spring", "{contact: {city: Leeds}}", ["silent: true"]),
        ("spring", "{contact: {groups: [vip], city: York}}", ["silent: true"]),
        ("inner", "{}", ["out: start 3"]),
        ("asked", "{}", ["out: start"]),
    ],
)
def test_a_start_reaches_a_flow_as_whatever_may_start_it_does(flow, given, lines):
    """A broadcast with its conditions, else what another flow starts."""
    start = "start: {n: 3}" if flow == "inner" else "start: {}"
    outcome = played(start, *lines, given=given, flow=flow, flows=OTHERS.split("---\n"))
    assert outcome.passed, outcome.reason


@pytest.mark.parametrize(("given", "line"), [("{}", 7), ("{start: {}}", 5)])
def test_a_start_by_name_of_a_flow_that_nothing_starts_so_fails(given, line):
    lines = ["start: {}"] if line == 7 else ["silent: true"]
    result = played(*lines, given=given, flow="texted", flows=OTHERS.split("---\n"))
    at, why = failure(result)
    assert at == line
    assert "no trigger `api: true`, and no flow starts it: it begins by keyword, event;" in why


def test_a_new_version_goes_live_and_open_sessions_keep_theirs():
    newer = build(FLOW.replace("it is", "it was"), BROKEN, project=PROJECT + DEFAULT_REPLY)
    result = played(
        "in: go",
        "out: How many?",
        "deploy: new.yaml",
        "restart: true",
        'in: "3"',
        "out: 3 it is.",
        "in: go",
        "out: How many?",
        'in: "4"',
        "out: 4 it was.",
        deploy=lambda _path, _world: newer,
    )
    assert result.passed, result.reason
