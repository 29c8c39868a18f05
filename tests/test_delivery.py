"""Sending exactly once: what each answer means to the text that was tried, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from smsflow.delivery import RECORD_TRIES, Channel, Delivery, in_a_thread
from smsflow.engine.effects import SendText
from smsflow.engine.language import parse
from smsflow.engine.policy import Rules
from smsflow.engine.state import Plan
from smsflow.providers.base import Capabilities
from smsflow.providers.memory import MemoryProvider
from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.messages import Outgoing
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
        self.delivery = self.hire(store)
        self._made = 0

    def hire(self, store: Any, **how: Any) -> Delivery:
        """A sender that works with this store."""
        channel = Channel(self.provider, {"main": "+447700900000"}, None, "https://sms.test/dlr")
        return Delivery(store, {"primary": channel}, clock=self.clock, rng=Random(1), **how)

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


def test_without_ids_of_ours_a_text_of_a_killed_sender_is_held(sender: Sender) -> None:
    """Its successor takes its seat, and does not send what may be out."""
    sender.provider.capabilities = Capabilities(idempotent=False, batch=100)
    message = sender.text()
    given = {"provider": "primary", "now": sender.clock.now(), "seconds": 600, "holder": "seat"}
    assert sender.store.lease(["main"], SenderQuota(1, None), **given)
    sender.later(timedelta(milliseconds=1))
    assert sender.hire(sender.store, seat="seat").send("primary") == 0
    assert sender.message(message).state is State.HELD
    assert sender.provider.tried == []


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
    sender.delivery._rules = lambda: Rules(project)
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


# --- how long until the next try ------------------------------------------------------------------


def pauses(sender: Sender, count: int) -> list[float]:
    """The seconds between so many tries in a row."""
    found = []
    for _ in range(count):
        assert sender.tries() == 1
        assert sender.tries() == 0
        due = sender.store.next_due()
        assert due is not None
        found.append((due - sender.clock.now()).total_seconds())
        sender.later(due - sender.clock.now())
    return found


def test_tries_follow_quickly_while_the_trouble_is_young(sender: Sender) -> None:
    """Later texts of the contact wait for this one; what goes on for long is left in peace."""
    sender.text()
    sender.provider.answer_next(*[answer(Verdict.AMBIGUOUS)] * 40)
    waited = pauses(sender, 30)
    assert sum(waited[:3]) <= 7
    young = [sum(waited[:n]) < 90 for n in range(len(waited))]
    assert max(each for each, early in zip(waited, young, strict=True) if early) <= 15
    assert 150 <= min(waited[-5:]) <= max(waited[-5:]) <= 300


def test_a_refusal_for_now_that_goes_on_is_asked_ever_more_rarely(sender: Sender) -> None:
    """Each try has an id of its own, and still counts as one more."""
    sender.text()
    sender.provider.answer_next(*[answer(Verdict.FOR_NOW)] * 40)
    assert min(pauses(sender, 30)[-5:]) >= 150


@pytest.mark.parametrize(
    "away",
    [answer(Verdict.NOT_SENT, unreached=True), answer(Verdict.THROTTLED)],
    ids=["not there", "too busy"],
)
def test_a_provider_that_takes_nothing_is_asked_ever_more_rarely(
    sender: Sender, away: Answer
) -> None:
    """Whatever waits for it; and once it is back all leaves within seconds."""
    for number in range(150):
        sender.text(phone=f"+447700900{number:03}")
    sender.provider.answer_next(*[away] * 10_000)
    asked: list[float] = []
    start = sender.clock.now()
    while len(asked) < 12:
        if sender.tries():
            asked.append((sender.clock.now() - start).total_seconds())
        sender.later(timedelta(seconds=0.25))
    waits = [later - earlier for earlier, later in pairwise(asked)]
    assert waits[0] <= 1.25
    assert 7.5 <= min(waits[-5:]) <= max(waits[-5:]) <= 15.5
    assert len(set(waits[-5:])) > 1  # by chance
    sender.provider._script.clear()
    sender.later(timedelta(seconds=15))
    assert (sender.tries(), sender.tries()) == (100, 50)
    assert {text.wire_id[-2:] for text in sender.provider.sent} == {"-0"}


def test_a_host_that_does_not_reach_the_provider_stops_no_other_host(sender: Sender) -> None:
    """Two hosts look twice a second: each text is out within two, although one host is cut off."""
    cut_off = MemoryProvider("primary")
    cut_off.answer_next(*[answer(Verdict.NOT_SENT, unreached=True)] * 1_000)
    channel = Channel(cut_off, {"main": "+447700900000"}, None, None)
    other = Delivery(sender.store, {"primary": channel}, clock=sender.clock, rng=Random(2))
    for _ in range(5):
        message = sender.text()
        other.send("primary")
        for _ in range(4):
            sender.tries()
            other.send("primary")
            sender.later(timedelta(seconds=0.5))
        assert sender.message(message).state is State.ACCEPTED
        sender.later(timedelta(seconds=15))
    assert len(cut_off.tried) >= 5
    assert sender.store.circuit("primary") is None


def test_the_longest_retry_after_stops_every_host(sender: Sender) -> None:
    """It is said of the account, so texts that come later wait for it as well."""
    sender.text()
    sender.text(phone="+447700900124")
    sender.provider.answer_next(
        answer(Verdict.THROTTLED, retry_after=20.0), answer(Verdict.THROTTLED, retry_after=90.0)
    )
    assert sender.tries() == 2
    sender.text(phone="+447700900125")
    sender.later(timedelta(seconds=89))
    assert (sender.tries(), sender.hire(sender.store).send("primary")) == (0, 0)
    sender.later(timedelta(seconds=1))
    assert sender.tries() == 3


def test_one_text_that_was_not_sent_stops_nobody(sender: Sender) -> None:
    """A provider that took another one is there."""
    sender.text()
    sender.text(phone="+447700900124")
    sender.provider.answer_next(answer(Verdict.NOT_SENT, unreached=True))
    assert sender.tries() == 2
    sender.text(phone="+447700900125")
    assert sender.tries() == 1


def test_a_wrong_path_is_asked_ever_more_rarely(sender: Sender) -> None:
    """Every answer is a 404: no text is out, and none counts as tried."""
    sender.text()
    sender.provider.answer_next(*[answer(Verdict.NOT_SENT)] * 40)
    waited = pauses(sender, 12)
    assert waited[0] <= 1
    assert 7.5 <= min(waited[-5:]) <= max(waited[-5:]) <= 15


def test_a_retry_after_of_a_week_is_an_hour(sender: Sender) -> None:
    """A mistake in a header must not bury a text."""
    sender.text()
    sender.provider.answer_next(answer(Verdict.THROTTLED, retry_after=7 * 86_400.0))
    sender.tries()
    sender.later(timedelta(minutes=59))
    assert sender.tries() == 0
    sender.later(timedelta(minutes=2))
    assert sender.tries() == 1


# --- a database that is away, and senders that end ------------------------------------------------


class Faltering:
    """The store, of which some calls fail as when the database restarts; `done` has the others."""

    def __init__(self, store: Store, **failures: int) -> None:
        self._store = store
        self._failures = failures
        self.done: list[str] = []
        self.renewed = threading.Event()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            if self._failures.get(name, 0) > 0:
                self._failures[name] -= 1
                raise OperationalError(name, {}, Exception("the server closed the connection"))
            found = getattr(self._store, name)(*given, **named)
            self.done.append(name)
            if name == "renew":
                self.renewed.set()
            return found

        return call


class Slow(MemoryProvider):
    """A provider that answers when something has happened; `seen` says that it has."""

    def __init__(self, event: threading.Event) -> None:
        super().__init__("primary")
        self._event = event
        self.seen = False

    def send(self, texts: Sequence[Outgoing]) -> list[Answer]:
        self.seen = self._event.wait(5)
        return super().send(texts)


def test_a_heartbeat_outlives_a_beat_that_fails(sender: Sender) -> None:
    """The database is away for two beats; the third prolongs the lease."""
    store = Faltering(sender.store, renew=2)
    sender.provider = provider = Slow(store.renewed)
    delivery = sender.hire(store, heartbeat=partial(in_a_thread, every=0.005))
    message = sender.text()
    assert delivery.send("primary") == 1
    assert provider.seen
    assert sender.message(message).state is State.ACCEPTED


def test_what_was_answered_is_recorded_when_the_database_is_back(sender: Sender) -> None:
    """One try, although its record failed three times."""
    store, waits = Faltering(sender.store, record=3), list[float]()
    delivery = sender.hire(store, wait=waits.append)
    message = sender.text()
    assert delivery.send("primary") == 1
    assert len(waits) == 3
    assert len(sender.provider.tried) == 1
    assert sender.message(message).state is State.ACCEPTED


def test_a_sender_that_could_not_record_gives_its_lease_back(sender: Sender) -> None:
    """It gives up, and later asks again under the same id, without waiting for its own lease."""
    waits: list[float] = []
    delivery = sender.hire(Faltering(sender.store, record=RECORD_TRIES + 1), wait=waits.append)
    message = sender.text()
    with pytest.raises(OperationalError):
        delivery.send("primary")
    assert len(waits) == RECORD_TRIES
    assert sender.message(message).state is State.QUEUED
    sender.later(timedelta(milliseconds=1))
    assert delivery.send("primary") == 1
    assert sender.message(message).state is State.ACCEPTED
    assert {text.wire_id for text in sender.provider.tried} == {f"{message}-0"}
    assert len(sender.provider.sent) == 1


def test_the_next_in_a_seat_takes_up_what_the_last_one_had(sender: Sender) -> None:
    """One was killed with a lease in hand; nobody else may have those texts yet."""
    message = sender.text()
    quota, now = SenderQuota(1, None), sender.clock.now()
    given = {"provider": "primary", "now": now, "seconds": 600, "holder": "seat one"}
    assert sender.store.lease(["main"], quota, **given)
    sender.later(timedelta(milliseconds=1))
    assert sender.hire(sender.store, seat="seat").send("primary") == 0
    assert sender.hire(sender.store, seat="seat one").send("primary") == 1
    assert sender.message(message).state is State.ACCEPTED
