"""A desk to work at: what the tests of the store do again and again, in the words of the domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any, TypeVar

import pytest

from smsflow.engine.effects import SendText
from smsflow.engine.state import Contact, Plan, Session
from smsflow.store import Store
from smsflow.store.rows import (
    Changes,
    InboxRow,
    Kind,
    Leased,
    Message,
    NewRow,
    SenderQuota,
    TryResult,
    Verdict,
)

T = TypeVar("T")


@dataclass
class Desk:
    """The store, a clock, and shorthand."""

    store: Store
    clock: Any
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    # --- events -----------------------------------------------------------------------------------

    def mo(self, phone: str, text: str = "hi", *, dedupe: str | None = None) -> NewRow:
        """A text that comes in now."""
        return NewRow(Kind.MO, phone, {"text": text}, self.clock.now(), dedupe)

    def due(self, phone: str, limit: int = 100) -> list[InboxRow]:
        """The due rows of the phone, left where they are."""
        with self.store.work(self.clock.now(), limit) as batch:
            return [row for row in batch.rows if row.contact == phone]

    def events(self, phone: str, kind: Kind) -> list[InboxRow]:
        """Those of one kind and contact."""
        return [row for row in self.due(phone) if row.kind is kind and row.contact == phone]

    def save(self, _phone: str, changes: Changes) -> None:
        """Save changes in a transaction of their own."""
        with self.store.work(self.clock.now(), 1) as batch:
            batch.save(changes)

    def opt_out(self, phone: str) -> None:
        """Make a contact who has opted out."""
        self.save(phone, Changes(contacts={phone: Contact(phone, opted_out=True)}))

    # --- texts ------------------------------------------------------------------------------------

    def text(self, message: str | None = None, **changed: Any) -> SendText:
        """A text to send; its number is `main` and it is due now."""
        plain = SendText(
            message=message or f"m{next(self._ids)}",
            session=None,
            flow=None,
            step=None,
            text="Hello",
            masked=None,
            kind="transactional",
            plan=Plan(via=("main",)),
            due=self.clock.now(),
        )
        return replace(plain, **changed)

    def queue(self, phone: str, message: str | None = None, **changed: Any) -> str:
        """Save a text for a contact; returns the message's id."""
        text = self.text(message, **changed)
        self.save(phone, Changes(texts=[(phone, text)]))
        return text.message

    def lease(
        self,
        rows: int = 10,
        *,
        rate: float | None = None,
        seconds: float = 10.0,
        **more: Any,
    ) -> list[Leased]:
        """Claim texts of the number `main`."""
        given = {"now": self.clock.now(), "seconds": seconds, **more}
        return self.store.lease(["main"], SenderQuota(rows, rate), provider="p", **given)

    def record(self, leased: Leased, verdict: Verdict, **more: Any) -> int:
        """Record what became of a try."""
        result = TryResult(leased=leased, verdict=verdict, at=self.clock.now(), **more)
        return self.store.record([result])

    def message(self, phone: str, message: str) -> Message:
        """A message as it stands."""
        return next(each for each in self.store.messages_of(phone) if each.id == message)

    def session(self, session: str, started_at: datetime | None = None, **more: Any) -> Session:
        """A session of the flow `poll`."""
        return Session(
            id=session,
            flow="poll",
            version="v1",
            key="k",
            started_at=started_at or self.clock.now(),
            language="en",
            trigger={"kind": "keyword"},
            **more,
        )


@pytest.fixture
def desk(store: Store, clock: Any) -> Desk:
    """The desk on each database."""
    return Desk(store, clock)


@pytest.fixture
def another_process(database_url: str) -> Iterator[Callable[[], Store]]:
    """Opens the same database once more, as another process would; it waits 50 ms for locks."""
    with ExitStack() as stack:

        def connect() -> Store:
            return stack.enter_context(closing(Store.connect(database_url, patience=0.05)))

        yield connect


@pytest.fixture
def at_once() -> Callable[[int, Callable[[int], T]], list[T]]:
    """Runs a function in many threads at the same time; gives their results in order."""

    def run(threads: int, work: Callable[[int], T]) -> list[T]:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(work, range(threads)))

    return run
