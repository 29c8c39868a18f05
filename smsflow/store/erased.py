"""Contacts who had opted out before they were erased: a keyed digest is all that is kept of them.

Their number may come up again, in a text of theirs or in a list of somebody's. Then the contact is
there again, opted out, for the gate in the database to see; START lifts it like any other STOP.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete

from smsflow.engine.state import Contact
from smsflow.sms.numbers import number_hash
from smsflow.store.database import Database
from smsflow.store.schema import contacts, erased


class ErasedContacts:
    """The list of digests."""

    def __init__(self, database: Database) -> None:
        dialect = database.dialect
        self._key = database.key
        self._take = (
            delete(erased)
            .where(dialect.one_of(erased.c.digest, "digests"))
            .returning(erased.c.digest)
        )
        self._add = dialect.insert(erased).on_conflict_do_nothing()
        self._contacts = dialect.inserts(
            contacts, "phone number_hash opted_out state", replacing="phone"
        )

    def add(self, connection: Connection, phone: str) -> None:
        """Remember that this contact, who is erased now, had opted out."""
        connection.execute(self._add, {"digest": self._digest(phone)})

    def recall(self, connection: Connection, phones: Sequence[str]) -> set[str]:
        """Those of these unknown phones that are on the list; they are contacts again."""
        if not phones:
            return set()
        digests = {self._digest(phone): phone for phone in phones}
        taken = connection.scalars(self._take, {"digests": sorted(digests)})
        found = {digests[digest] for digest in taken}
        self._contacts.run(connection, [_opted_out(phone) for phone in sorted(found)])
        return found

    def _digest(self, phone: str) -> str:
        """Keyed, for there are few enough numbers to try them all."""
        return hmac.digest(self._key, b"smsflow.erased\0" + phone.encode(), "sha256").hex()


def _opted_out(phone: str) -> dict[str, Any]:
    """The row of a contact of whom nothing else is known."""
    state = Contact(phone, opted_out=True).to_json()
    return {
        "phone": phone,
        "number_hash": number_hash(phone),
        "opted_out": True,
        "state": state,
    }
