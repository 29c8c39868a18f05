"""Circuits, leaders, versions of flows, and what time does to rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from smsflow.engine.effects import RequestAnswered
from smsflow.sms.states import State
from smsflow.store.rows import Changes, MovedForward, Verdict

ANN = "+12025550101"
BEN = "+12025550102"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_a_circuit_is_open_until_its_time_or_until_it_is_closed(desk):
    """Each provider has its own."""
    now = desk.clock.now()
    assert desk.store.circuit("p") is None
    desk.store.open_circuit("p", now + MINUTE, "401")
    desk.store.open_circuit("p", now + HOUR, "403")
    assert desk.store.circuit("p") == now + HOUR
    assert desk.store.circuit("q") is None
    desk.store.close_circuit("p")
    assert desk.store.circuit("p") is None


@pytest.mark.parametrize("first", [MINUTE, HOUR])
def test_of_two_openings_the_longer_one_holds(desk, first):
    """Whichever host is heard last; and one that is over is in no other's way."""
    now = desk.clock.now()
    desk.store.open_circuit("p", now - DAY, "429")
    desk.store.open_circuit("p", now + first, "401")
    desk.store.open_circuit("p", now + (MINUTE + HOUR - first), "429")
    assert desk.store.circuit("p") == now + HOUR


def test_one_holder_leads_until_its_lease_runs_out(desk):
    """The leader can prolong; another gets it when the database's clock says so."""
    assert desk.store.lead("sweep", "a", 60)
    assert not desk.store.lead("sweep", "b", 60)
    assert desk.store.lead("other", "b", 60)
    assert desk.store.lead("sweep", "a", 0)
    assert desk.store.lead("sweep", "b", 60)
    assert not desk.store.lead("sweep", "a", 60)


def test_of_eight_candidates_one_leads(desk, at_once):
    """Also when they ask at the same moment."""
    assert sum(at_once(8, lambda n: desk.store.lead("sweep", f"holder{n}", 60))) == 1


def test_a_version_of_a_flow_is_remembered_once(desk):
    """Sessions find the source that they began with, whatever the files say now."""
    desk.store.remember_versions([("poll", "v1", "{}"), ("poll", "v2", "[]")])
    desk.store.remember_versions([("poll", "v1", "changed")])
    desk.store.remember_versions([])
    assert desk.store.flow_source("poll", "v1") == "{}"
    assert desk.store.flow_source("poll", "v2") == "[]"
    assert desk.store.flow_source("poll", "v3") is None


# --- tidying --------------------------------------------------------------------------------------


def test_a_dedupe_key_is_forgotten_after_thirty_days(desk):
    """Not a day earlier; a key is dated by the database's clock, which is the real one."""
    today = datetime.now(UTC)
    desk.store.insert([desk.mo(ANN, dedupe="k")])
    desk.store.tidy(today + 29 * DAY)
    assert desk.store.insert([desk.mo(ANN, dedupe="k")]) == [False]
    desk.store.tidy(today + 31 * DAY)
    assert desk.store.insert([desk.mo(ANN, dedupe="k")]) == [True]


def test_an_unplaced_report_is_kept_for_two_days(desk):
    """Then nobody will ask for it."""
    desk.store.insert([desk.mo(ANN)])
    with desk.store.work(desk.clock.now(), 1) as batch:
        batch.unplaced(batch.rows[0])
    desk.store.tidy(desk.clock.now() + 2 * DAY)
    assert desk.store.counts()["unplaced"] == 1
    desk.store.tidy(desk.clock.now() + 2 * DAY + MINUTE)
    assert desk.store.counts()["unplaced"] == 0


def test_results_of_requests_are_kept_for_thirty_days(desk):
    """Whoever asks later is told that there is none."""
    desk.save(ANN, Changes(answered=[RequestAnswered("r", {"ok": True})]))
    desk.store.tidy(desk.clock.now() + 30 * DAY)
    assert desk.store.request_result("r") == {"ok": True}
    desk.store.tidy(desk.clock.now() + 31 * DAY)
    assert desk.store.request_result("r") is None


@pytest.mark.parametrize(
    ("state", "after", "text"),
    [
        (None, 59 * MINUTE, "Code 123"),
        (None, HOUR, "Code ***"),
        (State.DELIVERED, MINUTE, "Code ***"),
        (State.UNDELIVERABLE, MINUTE, "Code 123"),
        (State.UNDELIVERABLE, 10 * MINUTE, "Code ***"),
    ],
)
def test_a_secret_is_masked_when_nothing_can_need_it(desk, state, after, text):
    """At once when it arrived, ten minutes after a failure (a resend copies it), or in an hour."""
    desk.queue(ANN, "m1", text="Code 123", masked="Code ***", kind="otp")
    desk.queue(BEN, "plain", text="Hello")
    for leased in desk.lease():
        desk.record(leased, Verdict.ACCEPTED)
    if state:
        moved = MovedForward("m1", state, None, desk.clock.now())
        desk.save(ANN, Changes(moved=[moved]))
    desk.store.tidy(desk.clock.now() + after)
    assert desk.message(ANN, "m1").text == text
    assert desk.message(BEN, "plain").text == "Hello"


def test_a_secret_that_has_yet_to_leave_is_not_masked(desk):
    """However old: what goes out is what was rendered."""
    desk.queue(ANN, "m1", text="Code 123", masked="Code ***", due=desk.clock.now() + 9 * HOUR)
    desk.store.tidy(desk.clock.now() + 8 * HOUR)
    assert desk.message(ANN, "m1").text == "Code 123"


# --- what is left to do ---------------------------------------------------------------------------


def test_a_store_is_quiet_when_nothing_can_be_done_now(desk):
    """Events due, texts to claim and leases are noise; what waits for its time is not."""
    now = desk.clock.now()
    assert desk.store.quiet(now)
    desk.store.insert([desk.mo(ANN)])
    assert desk.store.quiet(now - MINUTE)
    assert not desk.store.quiet(now)
    desk.save(ANN, Changes(finished=[desk.due(ANN)[0].id]))
    desk.queue(ANN, "first")
    desk.queue(ANN, "second")
    assert not desk.store.quiet(now)
    (leased,) = desk.lease()
    assert not desk.store.quiet(now)
    desk.record(leased, Verdict.NOT_SENT, retry_at=now + MINUTE)
    assert desk.store.quiet(now)
    assert not desk.store.quiet(now + MINUTE)


def test_the_next_due_time_leads_on(desk):
    """It is that of the next event or text which can be done, not of one that waits for another."""
    now = desk.clock.now()
    assert desk.store.next_due() is None
    desk.queue(ANN, "first")
    desk.queue(ANN, "second")
    desk.record(desk.lease()[0], Verdict.NOT_SENT, retry_at=now + HOUR)
    assert desk.store.next_due() == now + HOUR
    desk.clock.advance(MINUTE)
    desk.store.insert([desk.mo(BEN)])
    assert desk.store.next_due() == now + MINUTE
