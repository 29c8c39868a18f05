"""Caps in the claim: marketing that waits its turn, and texts beyond a limit that are refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from smsflow.engine.language.parse import load
from smsflow.engine.policy import Rules
from smsflow.sms.states import State
from smsflow.store.rows import SenderQuota, Verdict

ANN = "+447700900101"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

PROJECT = """\
smsflow-project: 1
timezone: Europe/London
numbers: {main: {address: "+447700900000", provider: one}}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
"""


def rules(more: str = "") -> Rules:
    project = load({"smsflow.yaml": (PROJECT + more).encode()}).sound().project
    assert project is not None
    return Rules(project)


def leaves(desk, how: Rules, *, rows: int = 100) -> list[str]:
    """What a claim gets, and what the provider then takes."""
    quota, now = SenderQuota(rows, None), desk.clock.now()
    leased = desk.store.lease(["main"], quota, provider="p", now=now, rules=how)
    for each in leased:
        desk.record(each, Verdict.ACCEPTED)
    return [each.message for each in leased]


def test_a_contact_gets_one_opener_a_day(desk):
    """The second one waits until a day after the first has left, to the second."""
    desk.queue(ANN, "first", kind="marketing", opener=True)
    assert leaves(desk, rules()) == ["first"]
    desk.clock.advance(HOUR)
    desk.queue(ANN, "second", kind="marketing", opener=True)
    desk.queue("+447700900102", "another", kind="marketing", opener=True)
    assert leaves(desk, rules()) == ["another"]
    assert desk.store.next_due() == desk.clock.now() + 23 * HOUR
    desk.clock.advance(23 * HOUR - timedelta(seconds=1))
    assert leaves(desk, rules()) == []
    desk.clock.advance(timedelta(seconds=1))
    assert leaves(desk, rules()) == ["second"]


def test_what_follows_an_opener_waits_for_it(desk):
    """Texts of one session leave in order, so a question never comes before its greeting."""
    session = {"kind": "marketing", "session": "s"}
    desk.queue(ANN, "yesterday", kind="marketing", opener=True)
    assert leaves(desk, rules()) == ["yesterday"]
    desk.queue(ANN, "hello", opener=True, **session)
    desk.queue(ANN, "question", **session)
    desk.queue(ANN, "code", kind="otp")
    assert leaves(desk, rules()) == ["code"]
    assert leaves(desk, rules()) == []
    desk.clock.advance(DAY)
    assert leaves(desk, rules()) == ["hello"]
    assert leaves(desk, rules()) == ["question"]


def test_an_opener_that_can_no_longer_leave_in_time_expires(desk):
    """It waits for its turn or for its end, whichever comes first."""
    desk.queue(ANN, kind="marketing", opener=True)
    leaves(desk, rules())
    late = desk.queue(ANN, kind="marketing", opener=True, expires=desk.clock.now() + HOUR)
    assert leaves(desk, rules()) == []
    desk.clock.advance(HOUR)
    assert leaves(desk, rules()) == []
    assert desk.message(ANN, late).state is State.EXPIRED


def test_an_opener_waits_for_its_hours_too(desk):
    """Allowed again at night, it leaves in the morning."""
    how = rules("quiet: {from: 21:00, to: 08:00}\nlimits: {marketing: 1/14h}\n")
    desk.queue(ANN, kind="marketing", opener=True)  # at 09:00
    leaves(desk, how)
    desk.queue(ANN, "second", kind="marketing", opener=True)
    assert leaves(desk, how) == []
    desk.clock.advance(14 * HOUR)
    assert leaves(desk, how) == []
    desk.clock.advance(9 * HOUR)
    assert leaves(desk, how) == ["second"]


@pytest.mark.parametrize(
    ("limit", "phones"),
    [
        ("texts: 3/1d", [ANN] * 5),
        ("prefix: 3/1d", [f"+44770090{n:04}" for n in range(5)]),
        ("total: 3/1d", [f"+447700{n}12345" for n in range(5)]),
    ],
)
def test_what_is_over_a_cap_is_refused(desk, limit, phones):
    """Whether it is one contact, a block of made-up numbers, or everybody; a day later it opens."""
    how = rules(f"limits: {{{limit}}}\n")
    made = [(phone, desk.queue(phone, kind="otp")) for phone in phones]
    assert leaves(desk, how, rows=2) == [message for _, message in made[:2]]
    assert leaves(desk, how) == [made[2][1]]
    for phone, message in made[3:]:
        refused = desk.message(phone, message)
        assert refused.state is State.REFUSED
        assert refused.error == f"over the limit '{limit.split(':')[0]}'"
    bye = desk.queue(phones[0], passes_block=True)
    assert leaves(desk, how) == [bye]
    desk.clock.advance(DAY + DAY / 100)
    again = desk.queue(phones[0])
    assert leaves(desk, how) == [again]


def test_other_prefixes_are_other_people(desk):
    """A cap of a prefix leaves the others alone."""
    how = rules("limits: {prefix: 1/1d}\n")
    desk.queue("+447700901234", "one")
    desk.queue("+447700911234", "two")
    assert sorted(leaves(desk, how)) == ["one", "two"]


def test_a_text_that_is_tried_again_counts_once(desk):
    """However often it is claimed."""
    how = rules("limits: {texts: 1/1d}\n")
    desk.queue(ANN, "m1")
    for _ in range(3):
        quota, now = SenderQuota(10, None), desk.clock.now()
        (leased,) = desk.store.lease(["main"], quota, provider="p", now=now, rules=how)
        desk.record(leased, Verdict.NOT_SENT, retry_at=now)
    assert desk.message(ANN, "m1").state is State.QUEUED


def test_senders_at_one_time_keep_a_cap_together(desk, at_once):
    """What one counts, the others see."""
    how = rules("limits: {total: 20/1d}\n")
    for n in range(60):
        desk.queue(f"+4477009{n:05}")

    def drain(_: int) -> int:
        quota, now = SenderQuota(3, None), desk.clock.now()
        taken = 0
        while leased := desk.store.lease(["main"], quota, provider="p", now=now, rules=how):
            taken += len(leased)
        return taken

    assert sum(at_once(4, drain)) == 20
