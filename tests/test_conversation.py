"""The story of a message in SQL: batches, rows that fail, versions that are pinned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy.exc import DataError

from smsflow.conversation import Conversations
from smsflow.engine import world
from smsflow.engine.language import parse
from smsflow.engine.model import Flow
from smsflow.engine.world import World
from smsflow.sms.states import State
from smsflow.store import Store
from smsflow.store.rows import Changes, Kind, NewRow, SenderQuota, TryResult, Verdict
from smsflow.store.store import Batch
from tests.conftest import FakeClock

PROJECT = b"""
smsflow-project: 1
timezone: Europe/London
numbers:
  main: {address: "+447700900000", provider: primary}
  backup: {address: "+447700900001", provider: primary}
providers: {primary: {kind: pigeonhost, url: env.U, user: env.U, password: env.U}}
deliver:
  careful: {via: [main, backup], failover_on: [undeliverable]}
  thrice:
    via: [main, backup, main]
    report_within: 1m
    failover_on: [undeliverable, no_report]
"""
ASKS = b"""
smsflow: 1
triggers:
  - keyword: GO
steps:
  - ask: Which colour?
    save: colour
  - send: "So {{ colour }} it is."
"""
ASIDE = b"""
smsflow: 1
flow: talk
triggers:
  - keyword: GO
anytime:
  - keyword: MOVE
    then:
      - {ask: To which day?, save: day}
      - send: Moved to {{ day }}.
  - deadline: {until: now, offset: 3h}
    then: [{send: Three hours have passed.}, {end: late}]
steps:
  - {run: inner, save: got}
  - send: Hello {{ got.name }}.
  - wait: 1d
---
smsflow: 1
flow: inner
steps:
  - {ask: Your name?, save: name}
"""
NO_QUESTION = b"""
smsflow: 1
triggers:
  - keyword: GO
steps:
  - send: We ask nothing any more.
"""
FAILS_OVER = b"""
smsflow: 1
triggers:
  - keyword: GO
steps:
  - send: Important.
    deliver: careful
    on_failed: {end: lost}
  - end: arrived
"""


SENSITIVE = b"""\
smsflow: 1
triggers: [{keyword: GO}]
steps:
  - ask: Your PIN?
    save: pin
    sensitive: true
  - send: "{{ pin }} it is."
"""


class Clinic:
    """A store, a world, and phones that text."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.versions: dict[tuple[str, str], Flow] = {}
        self.world: World = self.deploy(ASKS)
        self.conversations = Conversations(
            store,
            lambda: self.world,
            lambda name, version: self.versions.get((name, version)),
            clock=clock,
            rng=Random(1),
        )

    def deploy(self, flow: bytes) -> World:
        """Make this the newest version of the flow."""
        loaded = parse.load({"smsflow.yaml": PROJECT, "flows/talk.yaml": flow}).sound()
        assert loaded.project is not None
        for each in loaded.flows.values():
            self.versions[each.name, each.version] = each
        self.world = world.build(loaded.project, loaded.flows, secret=b"0123456789abcdef")
        return self.world

    def texts(self, text: str, phone: str = "+447700900123") -> None:
        payload = {"text": text, "number": "main"}
        self.store.insert([NewRow(Kind.MO, phone, payload, self.clock.now())])

    def row(self, kind: Kind, payload: dict[str, Any], phone: str = "+447700900123") -> None:
        self.store.insert([NewRow(kind, phone, payload, self.clock.now())])

    def works(self) -> None:
        while self.conversations.work().rows:
            pass

    def sends(self) -> None:
        """All that is due is accepted by the provider."""
        quota = SenderQuota(100, None)
        while leased := self.store.lease(
            ["main", "backup"], quota, provider="primary", now=self.clock.now()
        ):
            now = self.clock.now()
            self.store.record(
                [TryResult(leased=each, verdict=Verdict.ACCEPTED, at=now) for each in leased]
            )

    def said(self, phone: str = "+447700900123") -> list[str]:
        return [message.text for message in self.store.messages_of(phone)]


@pytest.fixture
def clinic(store: Store, clock: FakeClock) -> Clinic:
    return Clinic(store, clock)


def test_sessions_finish_on_the_version_with_which_they_began(clinic: Clinic) -> None:
    """A hundred wait at a question that the new version doesn't have."""
    phones = [f"+4477009001{number:02d}" for number in range(100)]
    for phone in phones:
        clinic.texts("go", phone)
    clinic.works()
    clinic.deploy(NO_QUESTION)
    for phone in phones:
        clinic.texts("blue", phone)
    clinic.works()
    assert {tuple(clinic.said(phone)) for phone in phones} == {("Which colour?", "So blue it is.")}
    clinic.texts("go", phones[0])
    clinic.works()
    assert clinic.said(phones[0])[-1] == "We ask nothing any more."


def test_a_sensitive_answer_is_kept_in_its_variable_alone(clinic: Clinic) -> None:
    """Texts that came in, texts that went out and the trace have a mask in its place."""
    clinic.deploy(SENSITIVE)
    for text in ("go", "wx-7391", "hello"):
        clinic.texts(text)
    clinic.works()
    phone = "+447700900123"
    assert [each.text for each in clinic.store.received_of(phone)] == ["go", "••••", "hello"]
    assert [each.masked or each.text for each in clinic.store.messages_of(phone)] == [
        "Your PIN?",
        "•••• it is.",
    ]
    assert "7391" in clinic.said()[-1]
    lines = clinic.store.trace_of(phone)
    assert lines
    assert not [line for line in lines if "7391" in line.detail]


def test_waits_that_are_set_aside_and_flows_inside_flows_are_kept(
    clinic: Clinic, clock: FakeClock
) -> None:
    """Each text is worked off by itself, from what the database remembers."""
    clinic.deploy(ASIDE)
    for text in ("go", "move", "Friday", "Ann"):
        clinic.texts(text)
        clinic.works()
    moved = ["To which day?", "Moved to Friday.", "Your name?"]
    assert clinic.said() == ["Your name?", *moved, "Hello Ann."]
    clock.advance(timedelta(hours=3))
    clinic.works()
    assert clinic.said()[5:] == ["Three hours have passed."]


def test_a_row_that_fails_three_times_is_put_aside_and_others_go_on(clinic: Clinic) -> None:
    """A payload that nothing can be made of does not stop its partition."""
    clinic.row(Kind.MO, {"nothing": "that we know"})
    clinic.texts("go")
    for _ in range(3):
        clinic.works()
    assert clinic.said() == ["Which colour?"]
    counts = clinic.store.counts()
    assert (counts["inbox"] > 0, counts["dead_letters"]) == (True, 1)


class PickyStore:
    """A store whose database refuses any transaction with the word poison in it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def work(self, now: datetime, limit: int) -> Iterator[Any]:
        with self._store.work(now, limit) as batch:
            yield PickyBatch(batch)


class PickyBatch:
    """Its batch."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def save(self, changes: Changes) -> None:
        if any("poison" in text for _, _, text, _ in changes.received):
            raise DataError("INSERT", {}, ValueError("that can't be stored"))
        self._batch.save(changes)


def test_a_row_that_the_database_refuses_does_not_stop_its_batch(clinic: Clinic) -> None:
    """The batch is tried row by row; only the one at fault is counted, and put aside in the end."""
    picky: Any = PickyStore(clinic.store)
    conversations = Conversations(
        picky, lambda: clinic.world, lambda *_: None, clock=clinic.clock, rng=Random(1)
    )
    clinic.texts("go")
    clinic.texts("poison")
    clinic.texts("green")
    while conversations.work().rows:
        pass
    assert clinic.said() == ["Which colour?", "So green it is."]
    assert clinic.store.counts()["dead_letters"] == 1


def dlr(message: str, state: State, epoch: int = 0) -> dict[str, Any]:
    return {"wire_id": f"{message}-{epoch}", "state": state.value, "error": None}


def test_a_failed_text_goes_out_by_the_other_number_once(clinic: Clinic) -> None:
    """However often and in whatever order the reports come."""
    clinic.deploy(FAILS_OVER)
    clinic.texts("go")
    clinic.works()
    clinic.sends()
    (first,) = clinic.store.messages_of("+447700900123")
    for state in (State.UNDELIVERABLE, State.PENDING, State.UNDELIVERABLE, State.EXPIRED):
        clinic.row(Kind.DLR, dlr(first.id, state))
    clinic.works()
    clinic.works()
    clinic.sends()
    _, second = clinic.store.messages_of("+447700900123")
    assert (second.number, second.replaces, second.root) == ("backup", first.id, first.id)
    clinic.row(Kind.DLR, dlr(second.id, State.DELIVERED))
    clinic.works()
    states = [message.state for message in clinic.store.messages_of("+447700900123")]
    assert states == [State.UNDELIVERABLE, State.DELIVERED]


def test_a_text_that_arrived_late_is_not_sent_a_third_time(clinic: Clinic) -> None:
    """The first try arrived after all, so the failure of the second ends there."""
    clinic.deploy(FAILS_OVER.replace(b"careful", b"thrice"))
    clinic.texts("go")
    clinic.works()
    clinic.sends()
    (first,) = clinic.store.messages_of("+447700900123")
    clinic.clock.advance(timedelta(minutes=1))
    clinic.works()  # no report within a minute: the second number takes over
    clinic.sends()
    first, second = clinic.store.messages_of("+447700900123")
    clinic.row(Kind.DLR, dlr(first.id, State.DELIVERED))
    clinic.works()
    clinic.row(Kind.DLR, dlr(second.id, State.UNDELIVERABLE))
    clinic.works()
    assert len(clinic.store.messages_of("+447700900123")) == 2


ORDERS: list[list[State]] = [
    [State.SENT, State.PENDING, State.DELIVERED],
    [State.DELIVERED, State.SENT, State.PENDING],
    [State.PENDING, State.DELIVERED, State.SENT, State.UNDELIVERABLE],
    [State.DELIVERED, State.DELIVERED],
]


@pytest.mark.parametrize("order", ORDERS)
def test_states_only_move_forward(clinic: Clinic, order: list[State]) -> None:
    """Reports that are late, doubled or out of order end in the same state."""
    clinic.texts("go")
    clinic.works()
    clinic.sends()
    (message,) = clinic.store.messages_of("+447700900123")
    for state in order:
        clinic.row(Kind.DLR, dlr(message.id, state))
        clinic.works()
    assert clinic.store.messages_of("+447700900123")[0].state is State.DELIVERED


FORGED: dict[str, Callable[[str], tuple[str, str]]] = {
    "an epoch that was never used": lambda message: (f"{message}-7", "+447700900123"),
    "another contact": lambda message: (f"{message}-0", "+447700900124"),
    "no epoch": lambda message: (message, "+447700900123"),
    "unknown": lambda _: ("nobody-0", "+447700900123"),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_report_counts_only_for_a_wire_id_that_we_gave_out(
    clinic: Clinic, forge: Callable[[str], tuple[str, str]]
) -> None:
    """And only for the number that it was given out with; others are put aside."""
    clinic.texts("go")
    clinic.works()
    clinic.sends()
    (message,) = clinic.store.messages_of("+447700900123")
    wire_id, phone = forge(message.id)
    clinic.row(Kind.DLR, {"wire_id": wire_id, "state": "delivered", "error": None}, phone)
    clinic.works()
    assert clinic.store.messages_of("+447700900123")[0].state is State.ACCEPTED
    assert clinic.store.counts()["unplaced"] == 1


def test_a_report_overtakes_the_answer_to_the_send(clinic: Clinic) -> None:
    """It proves that the text went out, so the waiting retry ends."""
    clinic.texts("go")
    clinic.works()
    (message,) = clinic.store.messages_of("+447700900123")
    clinic.row(Kind.DLR, dlr(message.id, State.DELIVERED))
    clinic.works()
    clinic.clock.advance(timedelta(minutes=10))
    leased = clinic.store.lease(
        ["main"], SenderQuota(10, None), provider="primary", now=clinic.clock.now()
    )
    assert leased == []
    assert clinic.store.messages_of("+447700900123")[0].state is State.DELIVERED


def test_a_text_to_a_number_that_was_renamed_meanwhile_is_worked_off(clinic: Clinic) -> None:
    """The row knows the address, so the answer goes out on the number as it is called now."""
    payload = {"text": "go", "number": "old", "address": "+447700900001"}
    clinic.row(Kind.MO, payload)
    clinic.works()
    (message,) = clinic.store.messages_of("+447700900123")
    assert message.number == "backup"
    assert clinic.store.counts()["dead_letters"] == 0


def test_a_text_to_a_number_that_is_gone_is_put_aside(clinic: Clinic) -> None:
    """With the reason, until somebody brings the number back."""
    clinic.row(Kind.MO, {"text": "go", "number": "main", "address": "+447700900009"})
    clinic.works()
    (letter,) = clinic.store.dead_letters(10)
    assert "smsflow.yaml has no number 'main' (+447700900009)" in letter.error
