"""Conversations that people hold: their queues, and what was said on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from smsflow.engine.effects import HandedOff, HandoffClosed, HandoffMoved
from smsflow.store.database import Part
from smsflow.store.dialect import Dialect
from smsflow.store.rows import Handoff, Said
from smsflow.store.schema import handoffs, messages, received, sessions

Effects = Sequence[tuple[str, HandedOff | HandoffMoved | HandoffClosed]]  # with the phone

_NEW = "id queue session flow contact number note state opened_at waits_since"
_END = "state closed_at by reason waits_since"


class HandoffWriter:
    """The statements that write what a batch of events did to handoffs, built once."""

    def __init__(self, dialect: Dialect) -> None:
        self._new = dialect.inserts(handoffs, _NEW)
        self._moved = dialect.updates(handoffs, "id", "waits_since")
        self._ended = dialect.updates(handoffs, "id", _END)

    def save(self, connection: Connection, effects: Effects, now: datetime) -> None:
        """Write them in the caller's transaction; of several changes to one, the last counts."""
        opened, moved, ended = [], {}, {}
        for phone, effect in effects:
            match effect:
                case HandedOff():
                    opened.append(_opened(phone, effect, now))
                case HandoffMoved():
                    moved[effect.handoff] = effect
                case HandoffClosed():
                    ended[effect.handoff] = effect
        self._new.run(connection, opened)
        waits = [{"id": id_, "waits_since": each.waits_since} for id_, each in moved.items()]
        self._moved.run(connection, waits)
        self._ended.run(connection, [_closed(each, now) for each in ended.values()])


def _opened(phone: str, effect: HandedOff, now: datetime) -> dict[str, Any]:
    return {
        "id": effect.handoff,
        "queue": effect.queue,
        "session": effect.session,
        "flow": effect.flow,
        "contact": phone,
        "number": effect.number,
        "note": effect.note,
        "state": "open",
        "opened_at": now,
        "waits_since": now,
    }


def _closed(effect: HandoffClosed, now: datetime) -> dict[str, Any]:
    return {
        "id": effect.handoff,
        "state": "closed",
        "closed_at": now,
        "by": effect.by,
        "reason": effect.reason,
        "waits_since": None,
    }


class Handoffs(Part):
    """Reading the queues."""

    def handoffs(
        self, queue: str | None = None, *, state: str = "open", limit: int = 1000
    ) -> list[Handoff]:
        """The handoffs of a queue, or of all: open ones oldest first, closed ones latest first."""
        order = handoffs.c.opened_at if state == "open" else handoffs.c.closed_at.desc()
        statement = select(handoffs).where(handoffs.c.state == state).order_by(order).limit(limit)
        if queue is not None:
            statement = statement.where(handoffs.c.queue == queue)
        with self._db.read() as connection:
            return [_read(row) for row in connection.execute(statement).mappings()]

    def handoff(self, handoff: str) -> Handoff | None:
        """One of them; None when there is no such."""
        statement = select(handoffs).where(handoffs.c.id == handoff)
        with self._db.read() as connection:
            row = connection.execute(statement).mappings().first()
            return None if row is None else _read(row)

    def said_in(self, handoff: Handoff) -> list[Said]:
        """What the contact and we have texted each other on the handoff's number, in order, from
        the beginning of its session to the end of the handoff. Secrets are masked."""
        began = select(sessions.c.started_at).where(sessions.c.id == handoff.session)
        ours = (
            select(messages).where(messages.c.contact == handoff.contact).order_by(messages.c.seq)
        )
        theirs = select(received).where(received.c.phone == handoff.contact).order_by(received.c.id)
        with self._db.read() as connection:
            since = connection.scalar(began) or handoff.opened_at
            since = min(since, handoff.opened_at)
            ours = ours.where(messages.c.number == handoff.number, messages.c.made_at >= since)
            theirs = theirs.where(received.c.number == handoff.number, received.c.at >= since)
            if handoff.closed_at is not None:
                ours = ours.where(messages.c.made_at <= handoff.closed_at)
                theirs = theirs.where(received.c.at <= handoff.closed_at)
            found = [
                Said(at=row["at"], by="contact", text=row["text"])
                for row in connection.execute(theirs).mappings()
            ]
            found += [_ours(row) for row in connection.execute(ours).mappings()]
        return sorted(found, key=lambda each: each.at)


def _ours(row: RowMapping) -> Said:
    """A text of ours; one of a session that no step wrote was written by a person."""
    person = row["session"] is not None and row["step"] is None
    return Said(
        at=row["made_at"],
        by="person" if person else "flow",
        text=row["masked"] or row["text"],
        message=row["id"],
        state=row["state"],
    )


def _read(row: RowMapping) -> Handoff:
    return Handoff(**{name: row[name] for name in Handoff.__slots__})
