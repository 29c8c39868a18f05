"""A text to somebody else: its row is that person's, its fate comes back to who sent it."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from smsflow.conversation import Conversations
from smsflow.delivery import Channel, Delivery
from smsflow.engine import world
from smsflow.engine.language import parse
from smsflow.engine.policy import Rules
from smsflow.engine.state import Contact
from smsflow.providers.memory import MemoryProvider
from smsflow.sms.encoding import Language, Shifts
from smsflow.sms.states import State
from smsflow.store import Store
from smsflow.store.rows import Changes, Kind, NewRow
from tests.conftest import FakeClock

ANN = "+447700900123"
STAFF = "+447700900200"
PROJECT = b"""
smsflow-project: 1
timezone: Europe/London
numbers:
  main: {address: "+447700900000", provider: primary}
  backup: {address: "+447700900001", provider: primary}
providers: {primary: {kind: pigeonhost, url: env.U, user: env.U, password: env.U}}
quiet: {from: 21:00, to: 08:00}
deliver:
  normal: {via: [main], report_within: 5m}
  careful: {via: [main, backup], failover_on: [undeliverable]}
"""
TELLS = b"""
smsflow: 1
triggers: [{keyword: GO}]
steps:
  - send: Ann is here.
    to: "'+447700900200'"
    deliver: careful
    save: told
    on_delivered: {end: told}
    on_failed: {end: alone}
    on_no_report: {end: unsure}
"""


class Desk:
    """A store with a sender, and phones that text."""

    def __init__(self, store: Store, clock: FakeClock, flow: bytes = TELLS) -> None:
        self.store, self.clock = store, clock
        loaded = parse.load({"smsflow.yaml": PROJECT, "flows/talk.yaml": flow}).sound()
        assert loaded.project is not None
        self.world = world.build(loaded.project, loaded.flows, secret=b"0123456789abcdef")
        self.provider = MemoryProvider("primary")
        numbers = {each.name: each.address for each in loaded.project.numbers.values()}
        rules = Rules(loaded.project)
        self.delivery = Delivery(
            store,
            {"primary": Channel(self.provider, numbers, None, None)},
            clock=clock,
            rng=Random(1),
            rules=lambda: rules,
        )
        self.conversations = Conversations(
            store, lambda: self.world, lambda *_: None, clock=clock, rng=Random(1)
        )

    def works(self) -> None:
        while self.conversations.work().rows:
            pass

    def texts(self, text: str, phone: str = ANN) -> None:
        payload = {"text": text, "number": "main"}
        self.store.insert([NewRow(Kind.MO, phone, payload, self.clock.now())])
        self.works()

    def sends(self) -> list[tuple[str, str]]:
        """What leaves now: to whom, and what."""
        before = len(self.provider.sent)
        while self.delivery.send("primary"):
            pass
        self.works()
        return [(text.to, text.text) for text in self.provider.sent[before:]]

    def reports(self, state: State) -> None:
        """The report on the last text, for the phone that it went to."""
        last = self.provider.sent[-1]
        payload = {"wire_id": last.wire_id, "state": state, "error": None}
        self.store.insert([NewRow(Kind.DLR, last.to, payload, self.clock.now())])
        self.works()

    def outcome(self) -> str | None:
        ((_, session),) = self.store.sessions_of(ANN, 10)
        return session.outcome

    def knows(self, contact: Contact) -> None:
        """That contact as the database has it."""
        self.store.insert([NewRow(Kind.TIMER, contact.phone, {}, self.clock.now())])
        with self.store.work(self.clock.now(), 200) as batch:
            finished = [row.id for row in batch.rows]
            batch.save(Changes(contacts={contact.phone: contact}, finished=finished))


@pytest.fixture
def desk(store: Store, clock: FakeClock) -> Desk:
    return Desk(store, clock)


def at_noon(clock: FakeClock) -> None:
    clock.advance(timedelta(hours=(12 - clock.now().hour) % 24))


def test_it_is_the_recipients_text_and_the_senders_news(desk: Desk, clock: FakeClock) -> None:
    """Delivered to one phone, the session of another goes on."""
    at_noon(clock)
    desk.texts("go")
    assert desk.sends() == [(STAFF, "Ann is here.")]
    assert desk.store.messages_of(ANN) == []
    (message,) = desk.store.messages_of(STAFF)
    assert (message.contact, message.owner) == (STAFF, ANN)
    desk.reports(State.DELIVERED)
    assert desk.outcome() == "told"
    assert desk.store.messages_of(STAFF)[0].state is State.DELIVERED
    assert desk.store.sessions_of(STAFF, 10) == []


def test_it_fails_over_and_fails_like_any_other(desk: Desk, clock: FakeClock) -> None:
    at_noon(clock)
    desk.texts("go")
    desk.sends()
    desk.reports(State.UNDELIVERABLE)
    assert desk.outcome() is None
    assert desk.sends() == [(STAFF, "Ann is here.")]
    assert desk.provider.sent[-1].sender == "+447700900001"
    desk.reports(State.UNDELIVERABLE)
    assert desk.outcome() == "alone"


def test_silence_is_told_too(desk: Desk, clock: FakeClock) -> None:
    at_noon(clock)
    desk.texts("go")
    desk.sends()
    clock.advance(timedelta(minutes=11))
    desk.works()
    assert desk.outcome() == "unsure"


def test_whoever_opted_out_gets_nothing_and_the_sender_is_told(
    desk: Desk, clock: FakeClock
) -> None:
    at_noon(clock)
    desk.knows(Contact(STAFF, opted_out=True))
    desk.texts("go")
    assert desk.sends() == []
    assert desk.outcome() == "alone"


def test_quiet_hours_are_those_of_the_recipient(desk: Desk, clock: FakeClock) -> None:
    """At noon in London it is night where the colleague is, which only the database knows."""
    at_noon(clock)
    desk.knows(Contact(STAFF, timezone="Pacific/Auckland"))
    desk.texts("go")
    assert desk.sends() == []
    clock.advance(timedelta(hours=10))
    assert desk.sends() == [(STAFF, "Ann is here.")]


def test_the_end_of_the_session_ends_further_tries(desk: Desk, clock: FakeClock) -> None:
    """A failover that has not left is dropped when the sender of the text is gone."""
    at_noon(clock)
    desk.texts("go")
    desk.sends()
    desk.reports(State.UNDELIVERABLE)
    desk.texts("stop")
    assert [to for to, _ in desk.sends()] == [ANN]  # the answer to STOP


def test_erasing_the_sender_erases_what_they_made_us_text(desk: Desk, clock: FakeClock) -> None:
    at_noon(clock)
    desk.texts("go")
    desk.store.erase(ANN, by="test", now=desk.clock.now())
    assert desk.store.messages_of(STAFF) == []
    assert desk.sends() == []


def test_what_a_flow_asks_of_the_provider_is_asked(store: Store, clock: FakeClock) -> None:
    flow = f"""
smsflow: 1
triggers: [{{keyword: GO}}]
steps:
  - {{send: "ğşı {"x" * 70}", flash: true, shift: TR, callback: order 7, validity: 2h}}
  - {{send: "See https://example.com/{"x" * 150}", track: true}}
"""
    desk = Desk(store, clock, flow.encode())
    at_noon(clock)
    desk.texts("go")
    desk.sends()
    first, second = desk.provider.sent
    assert (first.flash, first.callback_data, first.validity_minutes) == (True, "order 7", 120)
    assert first.shifts == Shifts(single=Language.TR)
    assert second.tracking is not None
    assert (second.tracking.track, second.tracking.type) == ("URL", "talk")
    assert [each.segments for each in store.messages_of(ANN)] == [1, 1]


def test_other_words_replace_what_was_rejected(store: Store, clock: FakeClock) -> None:
    flow = b"""
smsflow: 1
triggers: [{keyword: GO}]
steps:
  - {send: Sale!, fallback: Hello}
"""
    desk = Desk(store, clock, flow)
    at_noon(clock)
    desk.texts("go")
    assert desk.sends() == [(ANN, "Sale!")]
    desk.reports(State.REJECTED)
    assert desk.sends() == [(ANN, "Hello")]


def test_an_intermediate_report_is_news_as_well(store: Store, clock: FakeClock) -> None:
    """Of a text to somebody else it is passed on to the session that sent it."""
    desk = Desk(
        store, clock, TELLS.replace(b"on_delivered: {end: told}", b"on_pending: {end: away}")
    )
    at_noon(clock)
    desk.texts("go")
    desk.sends()
    desk.reports(State.PENDING)
    assert desk.outcome() == "away"
