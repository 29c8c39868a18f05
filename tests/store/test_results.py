"""Results of tries: each verdict's effect, once, and only for the holder of the lease."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import create_engine, select

from smsflow.engine.state import Plan
from smsflow.sms.options import Options
from smsflow.sms.states import State
from smsflow.store.rows import Kind, TryResult, Verdict
from smsflow.store.schema import attempts

ANN = "+12025550101"
BEN = "+12025550102"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def tries(database_url):
    """Reads the record of attempts as (wire id, verdict, detail)."""
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))

    def read() -> list[tuple[str, str, str]]:
        columns = (attempts.c.wire_id, attempts.c.verdict, attempts.c.detail)
        with engine.connect() as connection:
            rows = connection.execute(select(*columns).order_by(attempts.c.id))
            return [tuple(row) for row in rows]

    yield read
    engine.dispose()


def test_an_accepted_text_leaves_the_outbox(desk, tries):
    """It is accepted at the time of the answer, and not claimed again."""
    desk.queue(ANN, "m1")
    (leased,) = desk.lease()
    assert desk.record(leased, Verdict.ACCEPTED, detail="PENDING") == 1
    message = desk.message(ANN, "m1")
    assert (message.state, message.accepted_at) == (State.ACCEPTED, desk.clock.now())
    assert desk.store.counts()["outbox"] == 0
    assert tries() == [("m1-0", "accepted", "PENDING")]


def test_the_wait_for_a_report_begins_with_the_acceptance(desk):
    """`report_within` seconds later there is an event, and not before."""
    desk.queue(ANN, "m1", plan=Plan(via=("main",), report_within=60))
    desk.record(desk.lease()[0], Verdict.ACCEPTED)
    assert desk.events(ANN, Kind.NO_REPORT) == []
    desk.clock.advance(MINUTE)
    assert [row.payload for row in desk.events(ANN, Kind.NO_REPORT)] == [{"message": "m1"}]


def test_the_wait_for_a_report_of_a_held_text_begins_as_the_provider_sends_it(desk):
    """Whenever it was accepted."""
    later = desk.clock.now() + 10 * MINUTE
    plan = Plan(via=("main",), report_within=60)
    desk.queue(ANN, "m1", plan=plan, options=Options(send_at=later))
    desk.record(desk.lease()[0], Verdict.ACCEPTED)
    desk.clock.advance(10 * MINUTE)
    assert desk.events(ANN, Kind.NO_REPORT) == []
    desk.clock.advance(MINUTE)
    assert [row.payload for row in desk.events(ANN, Kind.NO_REPORT)] == [{"message": "m1"}]


def test_a_rejected_text_is_final_and_its_session_hears_of_it(desk):
    """The state is the provider's, the reason is kept."""
    desk.queue(ANN, "m1")
    desk.record(desk.lease()[0], Verdict.REJECTED, state=State.UNDELIVERABLE, detail="EC")
    message = desk.message(ANN, "m1")
    assert (message.state, message.error) == (State.UNDELIVERABLE, "EC")
    assert message.final_at == desk.clock.now()
    (report,) = desk.events(ANN, Kind.REPORT)
    assert report.payload == {"message": "m1", "state": "undeliverable", "error": "EC"}
    assert desk.store.counts()["outbox"] == 0


def test_an_ambiguous_try_is_repeated_under_the_same_wire_id(desk):
    """Later, counted, and with the time of the first try."""
    desk.queue(ANN, "m1")
    started = desk.clock.now()
    desk.record(desk.lease()[0], Verdict.AMBIGUOUS, retry_at=started + MINUTE)
    assert desk.message(ANN, "m1").state is State.UNCERTAIN
    assert desk.lease() == []
    desk.clock.advance(MINUTE)
    (again,) = desk.lease()
    assert (again.wire_id, again.tries, again.first_try_at) == ("m1-0", 1, started)
    desk.record(again, Verdict.AMBIGUOUS, retry_at=desk.clock.now())
    (third,) = desk.lease()
    assert (third.tries, third.first_try_at) == (2, started)


def test_a_try_that_surely_did_not_leave_burns_nothing(desk):
    """Same wire id, no try counted, and the text was never on its way."""
    desk.queue(ANN, "m1")
    desk.record(desk.lease()[0], Verdict.NOT_SENT, retry_at=desk.clock.now())
    assert desk.message(ANN, "m1").state is State.QUEUED
    (again,) = desk.lease()
    assert (again.wire_id, again.tries, again.first_try_at) == ("m1-0", 0, None)


def test_a_text_refused_for_now_goes_again_under_the_next_epoch(desk):
    """The refused try may have used up the id; the new one was never tried."""
    desk.queue(ANN, "m1")
    desk.record(desk.lease()[0], Verdict.FOR_NOW, retry_at=desk.clock.now(), detail="credits")
    assert desk.message(ANN, "m1").wire_id == "m1-1"
    assert desk.message(ANN, "m1").state is State.QUEUED
    (again,) = desk.lease()
    assert (again.wire_id, again.tries, again.first_try_at) == ("m1-1", 1, None)


def test_a_held_text_waits_for_an_operator(desk):
    """It is never claimed, and listed with what was said."""
    desk.queue(ANN, "m1")
    desk.record(desk.lease()[0], Verdict.HOLD, detail="duplicate id")
    assert desk.lease() == []
    (held,) = desk.store.held(10)
    assert (held.id, held.state, held.error) == ("m1", State.HELD, "duplicate id")
    assert desk.store.counts()["held"] == 1


def test_a_late_result_changes_nothing_but_is_kept(desk, tries):
    """A sender that was paused past its lease does not decide about another's try."""
    desk.queue(ANN, "m1")
    (late,) = desk.lease(seconds=0)
    (holder,) = desk.lease()
    assert desk.record(late, Verdict.REJECTED, state=State.REJECTED, detail="EC") == 0
    assert desk.message(ANN, "m1").state is State.UNCERTAIN
    assert desk.record(holder, Verdict.ACCEPTED) == 1
    assert tries() == [
        ("m1-0", "ambiguous", "the lease ran out"),
        ("m1-0", "rejected", "late: EC"),
        ("m1-0", "accepted", ""),
    ]


def test_a_result_past_the_lease_counts_when_nobody_took_over(desk):
    """The token still matches, so the sender's word is the only one."""
    desk.queue(ANN, "m1")
    (leased,) = desk.lease(seconds=0)
    assert desk.record(leased, Verdict.ACCEPTED) == 1


def test_a_result_counts_once(desk):
    """Recorded a second time it is late."""
    desk.queue(ANN, "m1", plan=Plan(via=("main",), report_within=60))
    (leased,) = desk.lease()
    assert [desk.record(leased, Verdict.ACCEPTED) for _ in range(2)] == [1, 0]
    desk.clock.advance(MINUTE)
    assert len(desk.events(ANN, Kind.NO_REPORT)) == 1


def test_results_of_many_texts_are_recorded_together(desk):
    """Each gets its own."""
    desk.queue(ANN, "m1")
    desk.queue(BEN, "m2")
    first, second = desk.lease()
    now = desk.clock.now()
    results = [
        TryResult(leased=first, verdict=Verdict.ACCEPTED, at=now),
        TryResult(leased=second, verdict=Verdict.REJECTED, at=now, state=State.REJECTED),
    ]
    assert desk.store.record(results) == 2
    assert desk.message(ANN, "m1").state is State.ACCEPTED
    assert desk.message(BEN, "m2").state is State.REJECTED
    assert desk.store.record([]) == 0
