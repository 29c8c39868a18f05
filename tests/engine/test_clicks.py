"""Clicks on links in our texts: what flows hear, and how a transcript says them."""

from __future__ import annotations

import pytest

from smsflow.engine.language.parse import load
from smsflow.engine.transcripts.playing import Played, play
from smsflow.engine.transcripts.transcript import read_transcripts
from tests.engine.conftest import PROJECT, build

OFFER = """\
triggers: [{keyword: GO}]
steps:
  - send: See https://shop.example/spring or https://shop.example/terms.
    track: true
    save: offer
  - wait: {event: link.clicked, where: "event.message == offer.id and 'spring' in event.url"}
    timeout: 1d
    save: click
    on_timeout: {end: cold}
  - send: "Glad you looked at {{ click.at | time }}, {{ click.step }} of {{ click.flow }}."
  - end: warm
"""


def played(*lines: str, flow: str = OFFER) -> Played:
    """A test of these lines, which begin on line 6."""
    written = "".join(f"      - {line}\n" for line in lines)
    head = "smsflow-test: 1\nflow: talk\ntests:\n  - name: one\n    steps:\n"
    (test,), issues = read_transcripts((head + written).encode(), "t.test.yaml")
    assert issues == []
    return play(test, build(flow))


SAID = "out: See https://shop.example/spring or https://shop.example/terms."


def test_a_flow_waits_for_a_click_on_its_own_text() -> None:
    """The event has the text's id, its step and flow, the link and the time."""
    result = played(
        "in: go",
        SAID,
        "click: /terms",
        "silent: true",
        "after: 5m",
        "click: {url: /spring, of: 1}",
        'out: {matches: "^Glad you looked at 09:05, main/send-1 of talk"}',
        "end: warm",
    )
    assert result.passed, result.reason
    assert "click https://shop.example/spring" in [line.text for line in result.chat]


def test_without_a_click_time_runs_out() -> None:
    result = played("in: go", SAID, "after: 1d", "end: cold")
    assert result.passed, result.reason


@pytest.mark.parametrize(
    ("lines", "flow", "reason"),
    [
        (("click: x",), OFFER, "no link that is tracked has 'x' in it; write `track: true`"),
        (("in: go", SAID, "click: winter"), OFFER, "no link that is tracked has 'winter'"),
        (("in: go", SAID, "click: spring"), OFFER.replace("track: true", "flash: true"), "no link"),
        (("in: go", SAID, "click: {url: spring, of: 2}"), OFFER, "there is no text 2"),
    ],
)
def test_a_click_needs_a_link_that_is_tracked(
    lines: tuple[str, ...], flow: str, reason: str
) -> None:
    result = played(*lines, flow=flow)
    assert not result.passed
    assert reason in result.reason


ANYTIME = """\
triggers: [{keyword: GO}]
anytime:
  - event: link.clicked
    where: event.flow == flow.name
    then: {set: {looked: true}}
steps:
  - ask: Coming? https://a.example/map
    type: yesno
    save: coming
    track: true
"""
FAN = """\
flow: fan
triggers:
  - event: link.clicked
    where: "'map' in event.url"
steps: [{send: Thank you for looking.}]
"""


def test_anytime_and_triggers_hear_clicks(world, phone, place, sessions, ended) -> None:
    """Each click is heard by the session that listens, and starts the flow that it triggers."""
    world(ANYTIME, FAN)
    phone.says("go")
    (text,) = place.sim.sent
    assert place.sim.click(text, "https://a.example/map")
    assert sessions()[0].variables["looked"] is True
    assert ended("fan") == ["done"]
    place.sim.click(text, "https://a.example/elsewhere")
    assert ended("fan") == ["done"]


TO_STAFF = """\
triggers: [{keyword: GO}]
steps:
  - send: New client https://crm.example/7
    to: "'+447700900200'"
    track: true
  - wait: {event: link.clicked, contact: event.contact}
  - end: seen
"""


def test_a_click_of_somebody_else_is_news_to_who_sent_the_text(world, phone, place, ended) -> None:
    """`phone` is whose phone got it, `contact` whose session sent it."""
    world(TO_STAFF)
    phone.says("go")
    assert place.sim.click(place.sim.sent[0], "https://crm.example/7")
    assert ended() == ["seen"]


@pytest.mark.parametrize(
    ("flow", "line"),
    [
        (OFFER.replace("track: true", "flash: true"), 7),
        (ANYTIME.replace("track: true", "flash: true"), 6),
        (FAN, 4),
    ],
)
def test_a_project_without_tracked_links_has_no_clicks(flow: str, line: int) -> None:
    """A warning at what listens."""
    files = {"smsflow.yaml": PROJECT.encode(), "flows/talk.yaml": f"smsflow: 1\n{flow}".encode()}
    (issue,) = load(files).issues
    assert (issue.code, issue.level, issue.place.line) == ("F604", "warning", line)
