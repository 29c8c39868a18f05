"""Reading what a batch of events touches: one query for each kind of thing, not for each event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, exists, select

from smsflow.engine.state import Contact, Conversation, Plan, Session
from smsflow.sms.states import State
from smsflow.store.dialect import Dialect
from smsflow.store.rows import Message
from smsflow.store.schema import contacts, messages, sessions


class Loader:
    """The queries of a batch, built once."""

    def __init__(self, dialect: Dialect) -> None:
        self._contacts = select(contacts.c.state).where(dialect.one_of(contacts.c.phone, "phones"))
        self._people = (
            select(contacts.c.state)
            .where(contacts.c.phone > bindparam("after"), contacts.c.opted_out.is_(False))
            .order_by(contacts.c.phone)
            .limit(bindparam("limit"))
        )
        self._sessions = (
            select(sessions.c.phone, sessions.c.state)
            .where(dialect.one_of(sessions.c.phone, "phones"), sessions.c.outcome.is_(None))
            .order_by(sessions.c.started_at, sessions.c.seq)
        )
        self._messages = select_messages().where(dialect.one_of(messages.c.id, "ids"))

    def conversations(
        self, connection: Connection, phones: Iterable[str]
    ) -> dict[str, Conversation]:
        """Contacts with their open sessions, oldest first; an unknown contact is a new one."""
        found = {phone: Conversation(Contact(phone)) for phone in phones}
        given = {"phones": list(found)}
        for state in connection.scalars(self._contacts, given):
            contact = Contact.from_json(state)
            found[contact.phone].contact = contact
        for phone, state in connection.execute(self._sessions, given):
            found[phone].sessions.append(Session.from_json(state))
        return found

    def people(self, connection: Connection, after: str, limit: int) -> list[Contact]:
        """Contacts in the order of their phones, from the one behind `after`."""
        page = {"after": after, "limit": limit}
        return [Contact.from_json(state) for state in connection.scalars(self._people, page)]

    def messages(self, connection: Connection, ids: Iterable[str]) -> dict[str, Message]:
        """The messages that exist, by id."""
        rows = connection.execute(self._messages, {"ids": list(ids)}).mappings()
        return {row["id"]: read_message(row) for row in rows}


def select_messages() -> Select[Any]:
    """Messages, each with whether a resend or failover has taken its place."""
    later = messages.alias("later")
    replaced = exists().where(later.c.replaces == messages.c.id)
    return select(messages, replaced.label("replaced"))


def read_message(row: RowMapping) -> Message:
    """A row of `select_messages` as the border shows it."""
    return Message(
        id=row["id"],
        root=row["root"],
        replaces=row["replaces"],
        replaced=row["replaced"],
        contact=row["contact"],
        session=row["session"],
        flow=row["flow"],
        step=row["step"],
        number=row["number"],
        text=row["text"],
        masked=row["masked"],
        kind=row["kind"],
        plan=Plan.from_json(row["plan"]),
        state=State(row["state"]),
        status=row["status"],
        error=row["error"],
        epoch=row["epoch"],
        segments=row["segments"],
        made_at=row["made_at"],
        accepted_at=row["accepted_at"],
        final_at=row["final_at"],
        owner=row["owner"],
    )
