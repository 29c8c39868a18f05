"""A world of one contact in words of the domain: a phone, a clock, delivery reports, a web page.

def test_hours(world, phone):
    world("triggers: [{keyword: HOURS}]", "steps: [send: Nine to six]")
    phone.says("hours")
    phone.heard("Nine to six")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from textwrap import dedent
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from smsflow.engine import world as worlds
from smsflow.engine.language.literals import parse_duration
from smsflow.engine.language.parse import load
from smsflow.engine.state import Contact, Session
from smsflow.engine.transcripts.kept import SimulatedText
from smsflow.engine.transcripts.simulator import Simulator
from smsflow.engine.world import World
from smsflow.sms.states import State

PHONE = "+447700900123"
LONDON = ZoneInfo("Europe/London")
PROJECT = """\
smsflow-project: 1
name: Acme
languages: [en, fr]
timezone: Europe/London
numbers:
  main: {address: "+447700900000", provider: one}
  backup: {address: "+447700900001", provider: one}
  third: {address: "+447700900002", provider: one}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
contact: {fields: {city: text, score: integer, seen: datetime}}
deliver:
  normal: {via: [main]}
  fast:
    via: [main, backup]
    report_within: 20s
    failover_on: &bad [rejected, undeliverable, no_report]
  three: {via: [main, backup, third], report_within: 20s, failover_on: *bad}
  careful:
    via: [main, backup]
    report_within: 2h
    failover_on: [rejected, undeliverable]
    resend: {times: 1, after: 30m, on: [expired, no_report]}
quiet: {from: 21:00, to: 08:00, kinds: [marketing, transactional]}
"""
DEFAULT_REPLY = "default_reply: Pardon?\n"


def build(*flows: str, project: str = PROJECT, name: str = "talk") -> World:
    """The world of these flows; the first is named `name`, the others name themselves."""
    files = {"smsflow.yaml": project.encode()}
    for position, flow in enumerate(flows):
        stem = name if position == 0 else f"{name}{position + 1}"
        files[f"flows/{stem}.yaml"] = ("smsflow: 1\n" + dedent(flow).lstrip("\n")).encode()
    loaded = load(files).sound()
    assert loaded.project is not None
    return worlds.build(loaded.project, loaded.flows, secret=b"a secret of tests")


@dataclass
class Digits(Random):
    """Seeded randomness that first draws the digits of the codes that a test gives."""

    codes: list[str] = field(default_factory=list)

    def choice(self, seq: Any) -> Any:
        """The next digit of a given code, else a random element."""
        if seq == "0123456789" and self.codes:
            digit, self.codes[0] = self.codes[0][0], self.codes[0][1:]
            self.codes = [code for code in self.codes if code]
            return digit
        return super().choice(seq)


class Place:
    """Where a test plays; the fixtures below are views of it."""

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)
        self.contact = Contact(PHONE, language="en")
        self.rng = Digits()
        self.rng.seed(7)
        self._sim: Simulator | None = None

    def build(self, *flows: str, project: str = PROJECT) -> Simulator:
        """Begin with these flows, each the YAML below its `smsflow: 1`."""
        self._sim = Simulator(build(*flows, project=project), self.contact, self.now, self.rng)
        return self._sim

    @property
    def sim(self) -> Simulator:
        """The simulator, once flows are given."""
        assert self._sim is not None, "give flows first: world(...)"
        return self._sim


class Phone:
    """The contact's phone."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._checked = 0

    def says(self, text: str, to: str | None = None) -> None:
        """Text us, on the number last heard from unless `to` names another."""
        self._place.sim.text(text, to)

    def heard(self, *texts: str) -> None:
        """Exactly these texts went out since the last look, in this order."""
        new = [each.effect.text for each in self._new()]
        assert new == list(texts)

    def heard_via(self, *numbers: str) -> None:
        """Texts went out by these numbers, and no more, since the last look."""
        assert [each.via for each in self._new()] == list(numbers)

    def heard_nothing(self) -> None:
        """No text went out since the last look."""
        self.heard()

    def _new(self) -> list[SimulatedText]:
        sent = self._place.sim.sent
        new, self._checked = sent[self._checked :], len(sent)
        return new


class Clock:
    """The time of the test."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def passes(self, length: str) -> None:
        """Let time pass, as flows write it: 20s, 2h, 1d."""
        duration = parse_duration(length)
        assert duration is not None, length
        self._place.sim.move(duration)

    def shows(self, local: str) -> None:
        """Let it become that local time in London: 2025-03-10 21:30."""
        moment = datetime.fromisoformat(local).replace(tzinfo=LONDON).astimezone(UTC)
        if self._place._sim is None:
            self._place.now = moment
        else:
            self._place.sim.move_to(moment)


@pytest.fixture
def place() -> Place:
    """Where this test plays: Monday, 10 March 2025, 12:00 in London."""
    return Place()


@pytest.fixture
def world(place: Place) -> Callable[..., Simulator]:
    """Give the flows of the test."""
    return place.build


@pytest.fixture
def phone(place: Place) -> Phone:
    """The contact's phone."""
    return Phone(place)


@pytest.fixture
def clock(place: Place) -> Clock:
    """The time of the test."""
    return Clock(place)


@pytest.fixture
def dlr(place: Place) -> Callable[..., None]:
    """A delivery report comes: `dlr("delivered")` for the last text, `of=1` for the first."""

    def report(status: str, of: int = 0, error: str | None = None) -> None:
        text = place.sim.sent[of - 1]
        place.sim.report(text, State(status), error)

    return report


@pytest.fixture
def start(place: Place) -> Callable[..., dict[str, Any]]:
    """Start a flow as the API does."""

    def begin(flow: str = "talk", inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return place.sim.start(flow, inputs or {})

    return begin


@pytest.fixture
def sessions(place: Place) -> Callable[..., list[Session]]:
    """The sessions of a flow, oldest first, also those that have ended."""

    def of(flow: str = "talk") -> list[Session]:
        return [each for each in place.sim.sessions.values() if each.flow == flow]

    return of


@pytest.fixture
def ended(sessions: Callable[..., list[Session]]) -> Callable[..., list[str | None]]:
    """How the sessions of a flow ended, oldest first; None for one that is open."""
    return lambda flow="talk": [each.outcome for each in sessions(flow)]


@pytest.fixture
def trace(place: Place) -> Callable[..., list[str]]:
    """The details of the trace lines of that word: `trace("error")`."""
    return lambda what: [each.line.detail for each in place.sim.trace if each.line.what == what]
