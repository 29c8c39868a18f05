"""Erasing a person: every row that tells of them, and the traces that deleting leaves in a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, insert, or_, select

from smsflow.store.database import Database
from smsflow.store.erased import ErasedContacts
from smsflow.store.inbox import Inbox
from smsflow.store.schema import (
    actions,
    attempts,
    clicks,
    consent,
    contacts,
    dead_letters,
    errands,
    handoffs,
    inbox,
    messages,
    outbox,
    parts,
    received,
    requests,
    seen,
    sessions,
    tallies,
    traces,
    unplaced,
)
from smsflow.store.withdrawing import Withdrawer

_ERASED = "erased:"  # and the id of a message: a key among those of what was seen


@dataclass(frozen=True, slots=True)
class Erasure:
    """What erasing a number did: rows by table, and whether its STOP is kept as a digest."""

    rows: dict[str, int]
    opted_out: bool


class Erasing(Inbox):
    """The verb of whoever answers for the data."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._list = ErasedContacts(database)
        self._held = Withdrawer(database.dialect)
        self._texts_that_were = select(seen.c.key).where(
            database.dialect.one_of(seen.c.key, "keys")
        )

    def erase(self, phone: str, *, by: str, now: datetime) -> Erasure:
        """Delete all that tells of a number, in one transaction; a worker that is busy with it is
        waited for. What a provider holds for later is withdrawn there, by errands that name no
        contact. Then `scrub`, for the file may still hold what was deleted."""
        with self._db.write() as connection:
            self._lock_contact(connection, phone)
            known = select(contacts.c.opted_out).where(contacts.c.phone == phone)
            opted_out = bool(connection.scalar(known))
            self._held.erase(connection, phone, now, stopped=opted_out)
            # Their ids tell nothing of anybody, and an audit finds them in the provider's logs.
            texts = connection.scalars(select(messages.c.id).where(_theirs(phone)))
            connection.execute(self._remember, {"keys": [_ERASED + text for text in texts]})
            rows = {
                table.name: connection.execute(delete(table).where(which)).rowcount
                for table, which in _rows_of(phone)
            }
            if opted_out:
                self._list.add(connection, phone)
            self._note_erasure(connection, rows, by)
        return Erasure({name: count for name, count in rows.items() if count}, opted_out)

    def erased_texts(self, ids: Collection[str]) -> set[str]:
        """Those of these ids that belonged to texts which were erased in the last 30 days."""
        with self._db.read() as connection:
            keys = {"keys": [_ERASED + each for each in ids]}
            found = connection.scalars(self._texts_that_were, keys)
            return {key.removeprefix(_ERASED) for key in found}

    def _note_erasure(self, connection: Connection, rows: dict[str, int], by: str) -> None:
        """A line of the record, which holds no numbers."""
        line = {"who": by, "what": "erase", "about": "", "detail": f"{sum(rows.values())} rows"}
        connection.execute(insert(actions).values(**line, at=self._db.dialect.clock_micros))

    def scrub(self) -> bool:
        """Have the database overwrite what was deleted; False when others are using the file, so
        that the rest stays until this is done again.

        SQLite writes the whole file anew. PostgreSQL frees the rows, and overwrites them in time.
        """
        with closing(self._db.engine.raw_connection()) as raw:
            connection: Any = raw.driver_connection
            if self._db.is_sqlite:
                return _rewritten(connection)
            connection.autocommit = True
            for table in sorted({table.name for table, _ in _rows_of("")}):
                connection.execute(f"VACUUM {table}")
            connection.autocommit = False
            return True


def _rewritten(connection: sqlite3.Connection) -> bool:
    """True when the file was written anew and its log emptied."""
    try:
        connection.execute("VACUUM")
        (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        return False
    return not busy


def _theirs(phone: str) -> ColumnElement[bool]:
    """The messages to a number, or from its sessions."""
    return or_(messages.c.contact == phone, messages.c.owner == phone)


def _rows_of(phone: str) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """What tells of the number; rows that others refer to come after those."""
    texts = select(messages.c.id).where(_theirs(phone))
    runs = select(sessions.c.id).where(sessions.c.phone == phone)
    yield inbox, inbox.c.contact == phone
    yield errands, errands.c.contact == phone
    yield parts, parts.c.sender == phone
    yield unplaced, unplaced.c.contact == phone
    # A push that nobody could read has the number somewhere in it, with or without the plus.
    bare = phone.removeprefix("+")
    quoted = dead_letters.c.payload.cast(messages.c.text.type).contains(bare, autoescape=True)
    about = or_(quoted, dead_letters.c.error.contains(bare, autoescape=True))
    yield dead_letters, or_(dead_letters.c.contact == phone, about)
    yield outbox, or_(outbox.c.contact == phone, outbox.c.owner == phone)
    yield attempts, attempts.c.message.in_(texts)
    yield clicks, or_(clicks.c.contact == phone, clicks.c.session.in_(runs))
    yield messages, _theirs(phone)
    yield requests, requests.c.request.in_(runs)
    yield sessions, sessions.c.phone == phone
    yield handoffs, handoffs.c.contact == phone
    yield traces, traces.c.contact == phone
    yield received, received.c.phone == phone
    yield consent, consent.c.phone == phone
    yield tallies, tallies.c.scope.in_([f"{name}:{phone}" for name in ("texts", "marketing")])
    yield contacts, contacts.c.phone == phone
