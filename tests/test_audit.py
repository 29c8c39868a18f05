"""The provider's word against ours: every way to differ is named, and agreement is agreement."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from smsflow.audit import Audit, Auditor, Difference, Finding
from smsflow.delivery import Channel, Delivery
from smsflow.engine.effects import SendText
from smsflow.engine.state import Plan
from smsflow.providers.base import LogsUnavailable
from smsflow.providers.memory import MemoryProvider
from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.messages import Outgoing
from smsflow.sms.states import State
from smsflow.store import Store
from smsflow.store.rows import Changes, Kind, MovedForward, NewRow
from tests.conftest import FakeClock

PHONE = "+447700900123"
DAY = timedelta(hours=24)
PATIENCE = timedelta(minutes=5)
LONG = timedelta(minutes=6)


class Office:
    """Delivery with a provider in memory, texts to send, and an auditor."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.provider = MemoryProvider("primary", now=clock.now)
        channel = Channel(self.provider, {"main": "+447700900000"}, None, "https://sms.test/dlr")
        self.delivery = Delivery(store, {"primary": channel}, clock=clock, rng=Random(1))
        self.auditor = Auditor(store, {"primary": self.provider}, {"main": "primary"}, clock=clock)
        self._made = 0

    def save(self, changes: Changes) -> None:
        self.store.insert([NewRow(Kind.TIMER, PHONE, {}, self.clock.now())])
        with self.store.work(self.clock.now(), 200) as batch:
            changes.finished = [row.id for row in batch.rows if row.kind is Kind.TIMER]
            batch.save(changes)

    def text(self) -> str:
        """Put a code into the outbox; codes don't wait for each other."""
        self._made += 1
        message = f"{self._made:032x}"
        effect = SendText(
            message=message,
            session=None,
            flow=None,
            step=None,
            text="hello",
            masked=None,
            kind="otp",
            plan=Plan(via=("main",)),
            due=self.clock.now(),
        )
        self.save(Changes(texts=[(PHONE, effect)]))
        return message

    def sent(self) -> str:
        """A text that the provider took."""
        message = self.text()
        self.delivery.send("primary")
        return message

    def becomes(self, message: str, state: State) -> None:
        """A report came to us."""
        self.save(Changes(moved=[MovedForward(message, state, None, self.clock.now())]))

    def audit(self, back: timedelta = DAY) -> Audit:
        return self.auditor.compare(back, PATIENCE, lambda _what, _done: None)

    def finds(self) -> Difference:
        """The only difference, some minutes later."""
        self.clock.advance(LONG)
        (found,) = self.audit().differences
        return found

    def agrees(self) -> Audit:
        """Nothing differs, some minutes later."""
        self.clock.advance(LONG)
        audit = self.audit()
        assert audit.differences == []
        return audit


@pytest.fixture
def office(store: Store, clock: FakeClock) -> Office:
    return Office(store, clock)


def test_texts_that_are_alike_on_both_sides_agree(office: Office) -> None:
    """On their way, or at their end."""
    office.sent()
    done = office.sent()
    office.provider.arrived(f"{done}-0")
    office.becomes(done, State.DELIVERED)
    audit = office.agrees()
    assert (audit.texts, audit.others, audit.under_way) == (2, 0, 0)


def test_a_text_whose_answer_was_lost_was_accepted_there(office: Office) -> None:
    """The provider has it, and we don't know; its word can be taken as the report."""
    office.provider.lose_next()
    message = office.sent()
    office.clock.advance(LONG)
    found, waits = office.audit().differences
    assert (found.finding, waits.finding) == (Finding.ACCEPTED_THERE, Finding.TEXT_WAITS)
    assert (found.id, found.here, found.wire_ids) == (message, "uncertain", (f"{message}-0",))
    assert found.repair is not None
    assert found.repair.payload["state"] == State.ACCEPTED


def test_what_is_young_may_be_under_way(office: Office) -> None:
    """A report takes its time, and so does the next try."""
    office.provider.lose_next()
    office.sent()
    audit = office.audit()
    assert (audit.differences, audit.under_way) == ([], 1)


def test_a_final_state_without_its_report_is_final_there(office: Office) -> None:
    """The push was lost; the logs still know."""
    message = office.sent()
    office.provider.arrived(f"{message}-0", State.UNDELIVERABLE)
    found = office.finds()
    assert (found.finding, found.here) == (Finding.FINAL_THERE, "accepted")
    assert found.repair is not None
    assert (found.repair.kind, found.repair.contact) == (Kind.DLR, PHONE)
    assert found.repair.payload["state"] == "undeliverable"


def test_two_different_ends_are_told(office: Office) -> None:
    """A final state is never left, so there is nothing to repair."""
    message = office.sent()
    office.becomes(message, State.DELIVERED)
    office.provider.arrived(f"{message}-0", State.EXPIRED)
    found = office.finds()
    assert (found.finding, found.repair) == (Finding.FINAL_OTHERWISE, None)


def test_a_text_closed_as_sent_by_an_operator_agrees_with_any_end(office: Office) -> None:
    """Closed as not sent, it does not: the provider had it."""
    sent, not_sent = office.sent(), office.sent()
    office.provider.arrived(f"{sent}-0")
    office.becomes(sent, State.UNKNOWN)
    office.becomes(not_sent, State.REJECTED)
    found = office.finds()
    assert (found.id, found.finding) == (not_sent, Finding.FINAL_OTHERWISE)


def test_a_text_that_the_provider_knows_and_we_do_not(office: Office) -> None:
    """Its id is of our kind, so somebody sends with another database."""
    stranger = "f" * 32
    office.provider.send([Outgoing(f"{stranger}-0", "+447700900000", PHONE, "Hi")])
    found = office.finds()
    assert (found.finding, found.id, found.contact) == (Finding.UNKNOWN_HERE, stranger, PHONE)


def test_a_text_that_was_erased_is_no_stranger(office: Office) -> None:
    """Its id is kept for a while, which tells nothing of anybody."""
    office.sent()
    assert office.store.erase(PHONE, by="us", now=office.clock.now()).rows["messages"] == 1
    office.clock.advance(LONG)
    assert office.audit().differences == []


def test_a_wire_id_that_was_never_given_out_is_unknown_here(office: Office) -> None:
    """The message is ours, and that try is not: its word must not count as a report."""
    message = office.sent()
    office.provider.forget(f"{message}-0")
    office.provider.send([Outgoing(f"{message}-3", "+447700900000", PHONE, "hello")])
    found = office.finds()
    assert (found.finding, found.repair) == (Finding.UNKNOWN_HERE, None)


def test_a_text_that_the_logs_are_too_young_to_know_is_no_difference(office: Office) -> None:
    """Its first try was three days ago; a log of 48 hours can't be asked for it any more."""
    office.provider.lose_next()
    message = office.sent()
    office.clock.advance(3 * DAY)
    office.delivery.send("primary")
    assert office.store.messages_of(PHONE)[0].state is State.ACCEPTED
    office.provider.forget(f"{message}-0")
    assert office.agrees().texts == 1


def test_texts_of_other_senders_are_counted_and_no_difference(office: Office) -> None:
    """The account may belong to more than smsflow."""
    for wire_id in ("newsletter-17", "no-number-at-all"):
        office.provider.send([Outgoing(wire_id, "Shop", PHONE, "Sale")])
    assert office.agrees().others == 2


def test_a_text_that_we_call_accepted_and_nobody_knows(office: Office) -> None:
    """It is asked for by its id, whatever the window of the logs."""
    message = office.sent()
    office.provider.forget(f"{message}-0")
    found = office.finds()
    assert (found.finding, found.id) == (Finding.UNKNOWN_THERE, message)
    assert (found.here, found.there) == ("accepted", "no such text")


def test_a_text_that_was_sent_before_the_window_is_asked_for_by_its_id(office: Office) -> None:
    """The first try was long ago, and its answer was lost; the second one was the duplicate."""
    office.provider.lose_next()
    office.sent()
    office.clock.advance(timedelta(hours=3))
    office.delivery.send("primary")
    office.clock.advance(LONG)
    assert office.audit(timedelta(hours=1)).differences == []


def test_a_text_that_was_handed_over_twice(office: Office) -> None:
    """Two wire ids of one message were taken: the one promise that must never break."""
    message = office.sent()
    office.provider.send([Outgoing(f"{message}-1", "+447700900000", PHONE, "hello")])
    office.clock.advance(LONG)
    found = [each for each in office.audit().differences if each.finding is Finding.TWICE]
    assert [each.wire_ids for each in found] == [(f"{message}-0", f"{message}-1")]


def test_a_try_that_was_refused_and_one_that_was_taken_are_one_text(office: Office) -> None:
    """A refusal for now uses up an id; the next one goes out, once."""
    office.provider.answer_next(Answer(Verdict.FOR_NOW, State.QUEUED))
    office.sent()
    office.clock.advance(LONG)
    office.delivery.send("primary")
    assert office.agrees().texts == 1


def test_a_held_text_that_the_provider_refused_is_safe_to_resend(office: Office) -> None:
    """The advice has the command, with its id."""
    office.provider.answer_next(Answer(Verdict.FOR_NOW, State.QUEUED))
    message = office.sent()
    with office.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE outbox SET held = true")
        connection.exec_driver_sql("UPDATE messages SET state = 'held', epoch = 0")
    found = office.finds()
    assert found.finding is Finding.REFUSED_THERE
    assert f"smsflow held resend {message} --new-id" in found.advice


def test_a_text_and_an_event_that_wait_too_long(office: Office) -> None:
    """No worker came by."""
    message = office.text()
    office.store.insert([NewRow(Kind.MO, PHONE, {}, office.clock.now())])
    office.clock.advance(LONG)
    text, event = office.audit().differences
    assert (text.finding, text.id) == (Finding.TEXT_WAITS, message)
    assert (event.finding, event.contact) == (Finding.EVENT_WAITS, PHONE)


def test_logs_that_cannot_be_asked_are_no_agreement(office: Office) -> None:
    """Neither the window nor the single ids."""
    office.sent()
    office.provider.logs_away()
    with pytest.raises(LogsUnavailable):
        office.audit()


def test_a_repair_feeds_in_reports_and_is_on_record(office: Office) -> None:
    """One event for each text that lacks one, and a line with the operator's name."""
    message = office.sent()
    office.provider.arrived(f"{message}-0")
    office.clock.advance(LONG)
    assert office.auditor.repair(office.audit(), by="sam") == 1
    with office.store.work(office.clock.now(), 10) as batch:
        assert [row.payload["wire_id"] for row in batch.rows] == [f"{message}-0"]
    (action,) = office.store.actions(10)
    assert (action.who, action.what, action.about) == ("sam", "repair", message)


def test_a_text_of_a_number_that_is_gone_is_not_asked_for(office: Office) -> None:
    """It is counted, so that nobody takes it for compared."""
    message = office.sent()
    office.provider.forget(f"{message}-0")
    office.auditor = Auditor(office.store, {"primary": office.provider}, {}, clock=office.clock)
    assert office.agrees().unasked == 1
