"""Windows in which texts may leave, and marketing that comes once a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from smsflow.engine import world as worlds
from smsflow.engine.language.parse import load
from smsflow.engine.model import QuietHours
from smsflow.engine.policy import Window, window
from smsflow.engine.state import Contact
from smsflow.engine.transcripts.simulator import Simulator

LONDON = "Europe/London"
NIGHT = QuietHours(21 * 60, 8 * 60, frozenset({"marketing"}))
HOUR = timedelta(hours=1)


def at(local: str, fold: int = 0) -> datetime:
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(LONDON), fold=fold)
    return moment.astimezone(UTC)


def opened(local: str, quiet: QuietHours | None = NIGHT, **more: object) -> Window:
    given = {"kind": "marketing", "zone": LONDON, "last_inbound": None, **more}
    return window(at(local), quiet=quiet, **given)  # type: ignore[arg-type] # names are checked above


@pytest.mark.parametrize(
    ("made", "opens", "closes"),
    [
        ("2025-01-10 12:00", "2025-01-10 12:00", "2025-01-10 21:00"),
        ("2025-01-10 20:59", "2025-01-10 20:59", "2025-01-10 21:00"),
        ("2025-01-10 21:00", "2025-01-11 08:00", "2025-01-11 21:00"),
        ("2025-01-11 03:00", "2025-01-11 08:00", "2025-01-11 21:00"),
        ("2025-03-29 22:00", "2025-03-30 08:00", "2025-03-30 21:00"),  # an hour shorter
        ("2025-10-25 22:00", "2025-10-26 08:00", "2025-10-26 21:00"),  # an hour longer
    ],
)
def test_a_text_may_leave_from_morning_till_night(made, opens, closes):
    """By the clock on the contact's wall."""
    assert opened(made) == Window(at(opens), at(closes))


@pytest.mark.parametrize(
    ("start", "made", "closes"),
    [
        ("01:30", "2025-03-30 00:10", at("2025-03-30 02:00")),  # 01:30 does not exist
        ("01:30", "2025-10-26 00:10", at("2025-10-26 01:30")),  # 01:30 comes twice
    ],
)
def test_a_night_that_begins_in_the_hour_of_the_change(start, made, closes):
    """Its first minute that exists ends the window, and the first of two that do."""
    hours, minutes = start.split(":")
    quiet = QuietHours(int(hours) * 60 + int(minutes), 8 * 60, frozenset({"marketing"}))
    assert opened(made, quiet).closes == closes


def test_a_reply_may_leave_at_night_while_it_is_one():
    """Ten minutes after the text that it answers; a late evening's reply outlasts the evening."""
    tick = timedelta(microseconds=1)
    asked = at("2025-01-10 23:00")
    assert opened("2025-01-10 23:05", last_inbound=asked) == Window(
        at("2025-01-10 23:05"), at("2025-01-10 23:10") + tick
    )
    evening = at("2025-01-10 20:55")
    assert opened("2025-01-10 20:56", last_inbound=evening).closes == at("2025-01-10 21:05") + tick
    morning = at("2025-01-11 07:55")
    assert opened("2025-01-11 07:56", last_inbound=morning).closes == at("2025-01-11 21:00")


def test_who_knows_no_quiet_hours_may_always_leave():
    """Codes, and projects without any."""
    assert opened("2025-01-10 23:00", kind="otp") == Window(at("2025-01-10 23:00"), None)
    assert opened("2025-01-10 23:00", quiet=None) == Window(at("2025-01-10 23:00"), None)


# --- marketing ------------------------------------------------------------------------------------

PROJECT = b"""\
smsflow-project: 1
timezone: Europe/London
numbers: {main: {address: "+447700900000", provider: one}}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
"""
OFFER = b"""\
smsflow: 1
kind: marketing
mode: parallel
triggers: [{keyword: OFFER}, {api: true}]
steps:
  - send: Hello
  - ask: "Want a ticket?"
    type: yesno
    timeout: 2h
    on_timeout: {end: silent}
"""


@pytest.fixture
def sim() -> Simulator:
    loaded = load({"smsflow.yaml": PROJECT, "flows/offer.yaml": OFFER}).sound()
    assert loaded.project is not None
    world = worlds.build(loaded.project, loaded.flows, secret=b"a secret of tests")
    contact = Contact("+447700900123", lists=["marketing"])
    return Simulator(world, contact, at("2025-01-10 10:00"), Random(7))


def said(sim: Simulator) -> list[str]:
    return [text.effect.text for text in sim.sent]


def live(sim: Simulator) -> bool:
    return any(session.live for session in sim.sessions.values())


def test_marketing_opens_one_session_a_day(sim: Simulator):
    """The next one waits as a whole, and its timeout runs from when its question leaves."""
    sim.start("offer", {})
    assert said(sim) == ["Hello", "Want a ticket?"]
    sim.move_to(at("2025-01-10 15:00"))
    sim.start("offer", {})
    sim.move_to(at("2025-01-11 09:59"))
    assert said(sim) == ["Hello", "Want a ticket?"]
    sim.move_to(at("2025-01-11 11:59"))
    assert said(sim) == ["Hello", "Want a ticket?"] * 2
    assert live(sim)
    sim.move_to(at("2025-01-11 12:00"))
    assert not live(sim)


def test_who_asks_for_it_is_answered_at_once(sim: Simulator):
    """A reply opens no session of ours: it neither waits nor counts."""
    for _ in range(3):
        sim.text("OFFER", "main")
    assert said(sim).count("Hello") == 3
    sim.move_to(sim.now + HOUR)
    sim.start("offer", {})
    assert said(sim).count("Hello") == 4
