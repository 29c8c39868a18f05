"""The inbox: every event is a row here, committed before anybody is told that it arrived.

A row leaves in the same transaction that writes what it caused (`work`), so a crash at any moment
repeats all of it or nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)

from smsflow.sms.numbers import number_hash
from smsflow.store.batch import Batch
from smsflow.store.columns import Instant, clean
from smsflow.store.committer import Committer
from smsflow.store.database import Database, Part
from smsflow.store.dialect import ALWAYS, Dialect
from smsflow.store.erased import ErasedContacts
from smsflow.store.loading import Loader
from smsflow.store.rows import InboxRow, Kind, NewRow
from smsflow.store.saving import Saver
from smsflow.store.schema import dead_letters, inbox, partitions, seen
from smsflow.store.writing import INBOX, inbox_row

LOOK_AHEAD = 2000  # due rows that are looked at to see which partitions have work
OF_ONE_CONTACT = 20  # rows in a batch: a flood from one number must not hold up the others

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Inbox(Part):
    """Putting events in, and taking them out partition by partition."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        dialect = database.dialect
        self._insert = dialect.inserts(inbox, INBOX)
        self._remember = (
            dialect.insert(seen)
            .from_select(
                ["key", "at"],
                dialect.listed("keys").add_columns(dialect.clock_micros).where(ALWAYS),
            )
            .on_conflict_do_nothing()
            .returning(seen.c.key)
        )
        self._committer = Committer(self._write)
        self._free = _free_partitions(dialect)
        self._loader = Loader(dialect)
        self._erased = ErasedContacts(database)
        self._saver = Saver(dialect)

    # --- in ---------------------------------------------------------------------------------------

    def insert(self, rows: Sequence[NewRow]) -> list[bool]:
        """Insert rows, committed on return; False for each whose dedupe key was seen before.

        Callers that come at the same time share a transaction; a row that can't be written is an
        error for its own caller only.
        """
        return self._committer.insert(rows) if rows else []

    def after_insert(self, tell: Callable[[], None]) -> None:
        """Have `tell` called after each commit of new rows, once for all who shared it."""
        self._committer.after = tell

    def _write(self, rows: Sequence[NewRow]) -> list[bool]:
        """One transaction: take the keys, then insert the rows whose keys were free."""
        with self._db.write() as connection:
            fresh = self._take_keys(connection, rows)
            new = [inbox_row(row) for row, is_new in zip(rows, fresh, strict=True) if is_new]
            self._insert.run(connection, new)
        return fresh

    def _take_keys(self, connection: Connection, rows: Sequence[NewRow]) -> list[bool]:
        """For each row, whether its key is free; the first of several with one key gets it."""
        keys = [None if row.dedupe is None else clean(row.dedupe) for row in rows]
        # In one order everywhere, for two processes that wait for each other's keys.
        wanted = sorted({key for key in keys if key is not None})
        if not wanted:
            return [True] * len(rows)
        free = set(connection.scalars(self._remember, {"keys": wanted}))
        fresh = []
        for key in keys:
            fresh.append(key is None or key in free)
            free.discard(key or "")
        return fresh

    # --- out --------------------------------------------------------------------------------------

    @cached_property
    def partitions(self) -> int:
        """How many partitions there are; a row's is `number_hash * partitions >> 32`."""
        with self._db.read() as connection:
            return connection.scalar(select(func.count()).select_from(partitions)) or 0

    @cached_property
    def _due_partitions(self) -> Select[Any]:
        return _due_partitions(self.partitions, look_ahead=LOOK_AHEAD)

    @cached_property
    def _all_due_partitions(self) -> Select[Any]:
        return _due_partitions(self.partitions, look_ahead=None)

    @cached_property
    def _due_rows(self) -> Select[Any]:
        return _due_rows(self._db.dialect, self.partitions)

    @contextmanager
    def work(self, now: datetime, limit: int) -> Iterator[Batch]:
        """A transaction over rows that are due by `now`, oldest first, of the partitions that
        are free: nobody else sees a row of theirs until it ends.

        At most `limit` rows and 20 of one contact; none when nothing is due, or when others have
        all that is. It commits at the end and rolls back when the block raises. Nothing else of
        the store may be written inside the block: on SQLite it would wait for itself.
        """
        with self._db.write() as connection:
            free = self._lock(connection, now)
            rows = self._due(connection, free, now, limit) if free else []
            yield Batch(connection, rows, now, self._loader, self._saver, self._erased)

    @contextmanager
    def holding(self, phone: str, now: datetime) -> Iterator[Batch]:
        """A transaction in which nobody else works off what happens to a contact: a worker that is
        busy with it is waited for. It has no rows; it ends as that of `work` does."""
        with self._db.write() as connection:
            self._lock_contact(connection, phone)
            yield Batch(connection, [], now, self._loader, self._saver, self._erased)

    def _lock_contact(self, connection: Connection, phone: str) -> None:
        share = number_hash(phone) * self.partitions >> 32
        lock = select(partitions.c.number).where(partitions.c.number == share)
        connection.execute(lock.with_for_update()).all()

    def _lock(self, connection: Connection, now: datetime) -> list[int]:
        """Lock partitions that have rows due and that nobody has: half of all at the most, so
        that a second worker finds some too."""
        found = connection.execute(self._due_partitions, {"now": now}).all()
        due = [row.number for row in found]
        if sum(row.rows for row in found) == LOOK_AHEAD and len(due) < self.partitions:
            # A flood of few numbers stands before all others: look past it, though it takes longer.
            due = list(connection.scalars(self._all_due_partitions, {"now": now}))
        if not due or self._db.is_sqlite:
            return due  # SQLite has one writer, who has everything
        most = max(1, self.partitions // 2)
        return list(connection.scalars(self._free, {"due": due, "most": most}))

    def _due(
        self, connection: Connection, numbers: Sequence[int], now: datetime, limit: int
    ) -> list[InboxRow]:
        """The due rows in order, page by page, leaving out contacts that have their 20."""
        place: dict[str, Any] = {"due_after": _LONG_AGO, "id_after": 0}
        limits = {"now": now, "partitions": list(numbers), "limit": limit}
        taken: list[InboxRow] = []
        count: Counter[str] = Counter()
        while len(taken) < limit:
            full = [contact for contact, rows in count.items() if rows == OF_ONE_CONTACT]
            page = connection.execute(self._due_rows, {**limits, **place, "full": full}).all()
            for row in page:
                if len(taken) < limit and count[row.contact] < OF_ONE_CONTACT:
                    count[row.contact] += 1
                    taken.append(_inbox_row(row))
            if len(page) < limit:
                break
            place = {"due_after": page[-1].due, "id_after": page[-1].id}
        return taken

    def has_due(self, now: datetime) -> bool:
        """True when rows are due by `now`."""
        with self._db.read() as connection:
            return (
                connection.scalar(select(inbox.c.id).where(inbox.c.due <= now).limit(1)) is not None
            )

    # --- what went wrong --------------------------------------------------------------------------

    def failed(self, row: InboxRow, error: str, limit: int = 3) -> bool:
        """Count a failed try; at the `limit`-th the row moves to the dead letters: True then.

        Call it after `work` has ended, for it is a transaction of its own.
        """
        with self._db.write() as connection:
            count = (
                update(inbox)
                .where(inbox.c.id == row.id)
                .values(tries=inbox.c.tries + 1)
                .returning(inbox.c.tries)
            )
            tries = connection.scalar(count)
            if tries is None or tries < limit:
                return False
            connection.execute(delete(inbox).where(inbox.c.id == row.id))
            self._bury(connection, row.kind, row.contact, row.payload, error, row.due)
            return True

    def dead_letter(self, source: str, payload: Any, error: str) -> None:
        """Keep something that could not even be read; `payload` is plain JSON or a text."""
        with self._db.write() as connection:
            self._bury(connection, source, None, payload, error, None)

    def _bury(
        self,
        connection: Connection,
        source: str,
        contact: str | None,
        payload: Any,
        error: str,
        due: datetime | None,
    ) -> None:
        """A row of the dead letters."""
        values = {"source": source, "contact": contact, "payload": payload, "error": error}
        at = self._db.dialect.clock_micros
        connection.execute(insert(dead_letters).values(**values, at=at, due=due))


def _partition(count: int) -> ColumnElement[int]:
    """The partition of a row."""
    return (inbox.c.number_hash * count).bitwise_rshift(literal_column("32"))


def _due_partitions(count: int, look_ahead: int | None) -> Select[Any]:
    """The partitions of the rows that are due, as far as the oldest of them tell, and how many
    of those each has."""
    due = select(_partition(count).label("number"))
    due = due.where(inbox.c.due <= bindparam("now", type_=Instant()))
    if look_ahead is not None:
        due = due.order_by(inbox.c.due, inbox.c.id).limit(look_ahead)
    oldest = due.subquery()
    return select(oldest.c.number, func.count().label("rows")).group_by(oldest.c.number)


def _free_partitions(dialect: Dialect) -> Select[Any]:
    """Those of the list that nobody has; they are the transaction's until it ends.

    In any order, so that a flood which fills some of them does not keep one worker there.
    """
    return (
        select(partitions.c.number)
        .where(dialect.one_of(partitions.c.number, "due"))
        .order_by(func.random())
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )


def _due_rows(dialect: Dialect, count: int) -> Select[Any]:
    """Due rows of some partitions after a place in the order, without those of full contacts."""
    after = tuple_(bindparam("due_after", type_=Instant()), bindparam("id_after"))
    return (
        select(inbox)
        .where(
            inbox.c.due <= bindparam("now", type_=Instant()),
            dialect.one_of(_partition(count), "partitions"),
            tuple_(inbox.c.due, inbox.c.id) > after,
            ~dialect.one_of(inbox.c.contact, "full"),
        )
        .order_by(inbox.c.due, inbox.c.id)
        .limit(bindparam("limit"))
    )


def _inbox_row(row: Row[Any]) -> InboxRow:
    """A row as the border shows it."""
    return InboxRow(row.id, Kind(row.kind), row.contact, row.payload, row.due, row.tries)
