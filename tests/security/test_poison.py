"""One event that can't be worked off must not stop any other, whatever is wrong with it."""

from __future__ import annotations

from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from smsflow.conversation import Conversations
from smsflow.engine.language.parse import load
from smsflow.engine.world import World, build
from smsflow.errors import Conflict
from smsflow.store import Store
from smsflow.store.batch import Batch
from smsflow.store.rows import Changes, Kind, NewRow
from tests.conftest import FakeClock

VICTIM, ATTACKER = "+447700900123", "+447700900666"


class TooMuch(Exception):
    """What psycopg raises for a value that is too large for an index."""

    sqlstate = "54000"


FAULTS: dict[str, Exception] = {
    "a value that JSON has no word for": TypeError("not finite"),
    "a value that is too large for an index": OperationalError("INSERT", {}, TooMuch()),
    "a number beyond 64 bits": OverflowError("int too big to convert"),
    "a text that is nested too deeply": RecursionError("maximum recursion depth exceeded"),
}


class _Batch:
    """A batch that can't write what the attacker caused."""

    def __init__(self, batch: Batch, fault: Exception) -> None:
        self._batch = batch
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def save(self, changes: Changes) -> None:
        if any(phone == ATTACKER for phone, *_ in changes.received):
            raise self._fault
        self._batch.save(changes)


class _Store:
    """A store with such batches."""

    def __init__(self, store: Store, fault: Exception) -> None:
        self._store = store
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def work(self, now: Any, limit: int) -> Any:
        with self._store.work(now, limit) as batch:
            yield _Batch(batch, self._fault)


@pytest.fixture
def world() -> World:
    files = {
        "smsflow.yaml": b"""\
smsflow-project: 1
name: Acme
timezone: Europe/London
numbers: {main: {address: "+447700900000", provider: one}}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
default_reply: Pardon?
""",
    }
    loaded = load(files).sound()
    assert loaded.project is not None
    return build(loaded.project, loaded.flows, secret=b"a secret of tests")


def text(phone: str, clock: FakeClock) -> NewRow:
    payload = {"text": "hello", "number": "main", "message_id": None, "provider": "one"}
    return NewRow(Kind.MO, phone, payload, clock.now())


def conversations(store: Any, world: World, clock: FakeClock) -> Conversations:
    return Conversations(store, lambda: world, lambda *_: None, clock=clock, rng=Random(1))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_others_are_answered(
    store: Store, world: World, clock: FakeClock, fault: Exception
) -> None:
    """The event at fault goes to the dead letters; the others of its batch are worked off."""
    working = conversations(_Store(store, fault), world, clock)
    store.insert([text(ATTACKER, clock), text(VICTIM, clock)])
    for _ in range(20):
        if not working.work().rows:
            break
    assert [each.text for each in store.messages_of(VICTIM)] == ["Pardon?"]
    assert store.messages_of(ATTACKER) == []
    counts = store.counts()
    assert (counts["inbox"], counts["dead_letters"]) == (0, 1)


def test_a_database_that_is_away_is_nobodys_fault(
    store: Store, world: World, clock: FakeClock
) -> None:
    """Nothing is counted against a row when the connection broke."""
    broken = OperationalError("INSERT", {}, ConnectionError("server closed the connection"))
    working = conversations(_Store(store, broken), world, clock)
    store.insert([text(ATTACKER, clock)])
    for _ in range(5):
        with pytest.raises(Conflict):
            working.work()
    assert store.counts()["inbox"] == 1
