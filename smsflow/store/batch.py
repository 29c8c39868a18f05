"""One batch of due events: what a worker may read and write inside its transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert

from smsflow.engine.state import Contact, Conversation
from smsflow.store.erased import ErasedContacts
from smsflow.store.loading import Loader
from smsflow.store.rows import Changes, InboxRow, Message
from smsflow.store.saving import Saver
from smsflow.store.schema import unplaced


@dataclass(frozen=True, slots=True)
class Batch:
    """The due `rows` of one partition, and the transaction that holds it."""

    _connection: Connection
    rows: list[InboxRow]
    now: datetime
    _loader: Loader
    _saver: Saver
    _erased: ErasedContacts

    def conversations(self, phones: Iterable[str]) -> dict[str, Conversation]:
        """Contacts with their open sessions, oldest first; an unknown contact is a new one, who
        has opted out if they had before they were erased."""
        found = self._loader.conversations(self._connection, phones)
        new = [phone for phone, each in found.items() if each.contact == Contact(phone)]
        for phone in self._erased.recall(self._connection, new):
            found[phone].contact.opted_out = True
        return found

    def people(self, after: str, limit: int) -> list[Contact]:
        """Contacts who have not opted out, in the order of their phones, behind `after`."""
        return self._loader.people(self._connection, after, limit)

    def messages(self, ids: Iterable[str]) -> dict[str, Message]:
        """The messages that exist, by id."""
        return self._loader.messages(self._connection, ids)

    def unplaced(self, row: InboxRow) -> None:
        """Keep a report whose wire id nobody knows, for 48 hours; the row is still to finish."""
        values = {"contact": row.contact, "payload": row.payload, "at": self.now}
        self._connection.execute(insert(unplaced).values(**values))

    def save(self, changes: Changes) -> None:
        """Write all changes in bulk; they count when the batch's transaction commits."""
        self._saver.save(self._connection, changes, self.now)
