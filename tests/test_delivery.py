"""Sending exactly once: what each answer means to the text that was tried, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest

from smsflow.delivery import Channel, Delivery, quiet_hours
from smsflow.engine.effects import SendText
from smsflow.engine.language import parse
from smsflow.engine.state import Plan
from smsflow.providers.base import Capabilities
from smsflow.providers.memory import MemoryProvider
from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.states import State
from smsflow.store import Store
from smsflow.store.rows import Changes, Kind, Message, NewRow, SenderQuota
from tests.conftest import FakeClock

PHONE = "+447700900123"
LONG = timedelta(minutes=6)  # longer than the longest pause between two tries


class Sender:
    """Delivery with one scripted provider, and texts to send."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.provider = MemoryProvider("primary")
        channel = Channel(self.provider, {"main": "+447700900000"}, None, "https://sms.test/dlr")
        self.delivery = Delivery(store, {"primary": channel}, clock=clock, rng=Random(1))
        self._made = 0

    def text(self, words: str = "hello", *, phone: str = PHONE, kind: str = "otp") -> str:
        """Put a text into the outbox; codes don't wait for each other."""
        self._made += 1
        message = f"m{self._made:03d}"
        effect = SendText(
            message=message,
            session=None,
            flow=None,
            step=None,
            text=words,
            masked=None,
            kind=kind,
            plan=Plan(via=("main",)),
            due=self.clock.now(),
        )
        self.store.insert([NewRow(Kind.TIMER, phone, {}, self.clock.now())])
        with self.store.work(self.clock.now(), 200) as batch:
            finished = [row.id for row in batch.rows]
            batch.save(Changes(texts=[(phone, effect)], finished=finished))
        return message

    def tries(self) -> int:
        return self.delivery.send("primary")

    def later(self, by: timedelta = LONG) -> None:
        self.clock.advance(by)

    def message(self, message: str, phone: str = PHONE) -> Message:
        return next(each for each in self.store.messages_of(phone) if each.id == message)

    def reports(self) -> list[dict[str, object]]:
        """The news that the sender itself left in the inbox."""
        with self.store.work(self.clock.now(), 200) as batch:
            return [row.payload for row in batch.rows if row.kind is Kind.REPORT]


@pytest.fixture
def sender(store: Store, clock: FakeClock) -> Iterator[Sender]:
    return Sender(store, clock)


def answer(verdict: Verdict, state: State = State.QUEUED, **more: object) -> Answer:
    return Answer(verdict, state, detail=verdict.value, **more)  # type: ignore[arg-type]


def test_an_accepted_text_is_sent_once(sender: Sender) -> None:
    """Accepted, gone from the outbox, never tried again."""
    message = sender.text()
    assert sender.tries() == 1
    sender.later()
    assert sender.tries() == 0
    assert sender.message(message).state is State.ACCEPTED
    assert [text.wire_id for text in sender.provider.sent] == [f"{message}-0"]


def test_many_texts_leave_in_one_request(sender: Sender) -> None:
    """A hundred in one call."""
    for _ in range(150):
        sender.text()
    assert (sender.tries(), sender.tries(), sender.tries()) == (100, 50, 0)


def test_a_lost_answer_is_tried_again_under_the_same_id(sender: Sender) -> None:
    """The provider drops the second, and its logs say that the first went out."""
    message = sender.text()
    sender.provider.lose_next()
    sender.tries()
    assert sender.message(message).state is State.UNCERTAIN
    sender.later()
    sender.tries()
    assert {text.wire_id for text in sender.provider.tried} == {f"{message}-0"}
    assert len(sender.provider.tried) == 2
    assert len(sender.provider.sent) == 1
    assert sender.message(message).state is State.ACCEPTED


def test_a_duplicate_that_was_refused_goes_out_under_the_next_id(sender: Sender) -> None:
    """A sender died before it could record the refusal, which used the id up."""
    message = sender.text()
    channel = sender.delivery._channels["primary"]
    quota = SenderQuota(1, None)
    now = sender.clock.now()
    (leased,) = sender.store.lease(["main"], quota, provider="primary", now=now, seconds=0)
    sender.provider.answer_next(answer(Verdict.REJECTED, State.REJECTED))
    sender.provider.send([sender.delivery._outgoing(channel, leased, now)])
    for _ in range(3):
        sender.later()
        sender.tries()
    assert [text.wire_id for text in sender.provider.sent] == [f"{message}-1"]
    assert sender.message(message).state is State.ACCEPTED


def test_a_duplicate_that_nobody_knows_is_held(sender: Sender) -> None:
    """Neither sent again nor given up: a person has to decide."""
    message = sender.text()
    sender.provider.answer_next(answer(Verdict.DUPLICATE))
    sender.tries()
    assert sender.message(message).state is State.HELD
    sender.later(timedelta(days=2))
    assert sender.tries() == 0
    assert [each.id for each in sender.store.held(10)] == [message]


def test_a_refusal_for_now_is_tried_under_the_next_id(sender: Sender) -> None:
    """No credits: later, and as a new try in the provider's eyes."""
    message = sender.text()
    sender.provider.answer_next(answer(Verdict.FOR_NOW))
    sender.tries()
    sender.later()
    sender.tries()
    assert [text.wire_id for text in sender.provider.tried] == [f"{message}-0", f"{message}-1"]
    assert sender.message(message).state is State.ACCEPTED


def test_a_refusal_for_good_is_news_to_the_flow(sender: Sender) -> None:
    """The message is rejected, and an inbox row tells the conversation."""
    message = sender.text()
    sender.provider.answer_next(answer(Verdict.REJECTED, State.REJECTED))
    sender.tries()
    assert sender.message(message).state is State.REJECTED
    assert [row["message"] for row in sender.reports()] == [message]
    sender.later()
    assert sender.tries() == 0


def test_what_was_surely_not_sent_is_tried_under_the_same_id(sender: Sender) -> None:
    """No connection: nothing is used up."""
    message = sender.text()
    sender.provider.answer_next(*[answer(Verdict.NOT_SENT)] * 30)
    for _ in range(31):
        sender.tries()
        sender.later()
    assert {text.wire_id for text in sender.provider.tried} == {f"{message}-0"}
    assert sender.message(message).state is State.ACCEPTED


def test_retry_after_is_honoured(sender: Sender) -> None:
    """Throttled: not a second earlier than the provider asked."""
    sender.text()
    sender.provider.answer_next(answer(Verdict.THROTTLED, retry_after=90.0))
    sender.tries()
    sender.later(timedelta(seconds=89))
    assert sender.tries() == 0
    sender.later(timedelta(seconds=2))
    assert sender.tries() == 1


def test_a_refused_login_stops_the_provider_for_a_while(sender: Sender) -> None:
    """401: one text found out; the others wait with it, untried."""
    first, second = sender.text(), sender.text(phone="+447700900124")
    sender.provider.answer_next(*[answer(Verdict.UNAUTHORIZED)] * 2)
    sender.tries()
    sender.text(phone="+447700900125")
    sender.later(timedelta(seconds=59))
    assert sender.tries() == 0
    sender.later(LONG)
    assert sender.tries() == 3
    assert {text.wire_id for text in sender.provider.sent} >= {f"{first}-0", f"{second}-0"}


def test_what_stays_uncertain_for_a_day_is_held(sender: Sender) -> None:
    """The provider documents no window for duplicates, so we don't trust it for longer."""
    message = sender.text()
    sender.provider.answer_next(*[answer(Verdict.AMBIGUOUS)] * 2)
    sender.tries()
    sender.later(timedelta(hours=25))
    sender.tries()
    assert sender.message(message).state is State.HELD


def test_without_ids_of_ours_an_uncertain_text_is_held_at_once(sender: Sender) -> None:
    """Such a provider would send it twice."""
    sender.provider.capabilities = Capabilities(idempotent=False, batch=100)
    message = sender.text()
    sender.provider.lose_next()
    sender.tries()
    assert sender.message(message).state is State.HELD


def test_texts_of_one_contact_leave_in_order(sender: Sender) -> None:
    """The next waits until the one before is accepted; other contacts don't wait."""
    sender.text("first", kind="transactional")
    sender.text("second", kind="transactional")
    sender.text("other", phone="+447700900124", kind="transactional")
    sender.provider.answer_next(answer(Verdict.NOT_SENT))
    sender.tries()
    assert [text.text for text in sender.provider.sent] == ["other"]
    sender.later()
    while sender.tries():
        pass
    assert [text.text for text in sender.provider.sent] == ["other", "first", "second"]


def test_a_text_that_comes_late_waits_for_the_end_of_the_quiet_hours(sender: Sender) -> None:
    """The provider was away over night; codes and what is not quiet go at once."""
    loaded = parse.load(
        {
            "smsflow.yaml": b"""
smsflow-project: 1
timezone: Europe/London
numbers: {main: {address: "+447700900000", provider: primary}}
providers: {primary: {kind: pigeonhost, url: env.U, user: env.U, password: env.U}}
quiet: {from: 21:00, to: 08:00, kinds: [marketing]}
"""
        }
    )
    assert loaded.project is not None
    project = loaded.project
    sender.delivery._hours = quiet_hours(lambda: project)
    sender.text("marketing", kind="marketing")
    sender.text("code")
    sender.clock.advance(timedelta(hours=14))  # 23:00
    while sender.tries():
        pass
    assert [text.text for text in sender.provider.sent] == ["code"]
    sender.text("a reply to what was just asked", kind="transactional")
    sender.tries()
    assert len(sender.provider.sent) == 2
    sender.later(timedelta(hours=8, minutes=59))
    assert sender.tries() == 0
    sender.later(timedelta(minutes=1))
    sender.tries()
    assert sender.provider.sent[-1].text == "marketing"
