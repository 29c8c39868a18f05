"""Parts of long texts that came in, until all of a text's parts are here.

A part is committed before its push is answered, in a transaction with the key that tells its
redelivery. Joining is a transaction of its own: the parts go where the text is inserted, so that
neither a crash nor two processes that join at once lose a text or make two of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, or_, select

from smsflow.store.columns import clean
from smsflow.store.database import Database, Part
from smsflow.store.rows import NewRow
from smsflow.store.schema import inbox, parts, seen
from smsflow.store.writing import INBOX, inbox_row


@dataclass(frozen=True, slots=True)
class Whole:
    """What the parts of one text have in common."""

    provider: str
    sender: str
    receiver: str  # "" when the provider does not say
    reference: int
    total: int


@dataclass(frozen=True, slots=True)
class NewPart:
    """A part to keep. `dedupe` is as that of an inbox row; `payload` is plain JSON."""

    whole: Whole
    number: int
    payload: dict[str, Any]
    at: datetime
    dedupe: str | None = None


# What the parts make: the event of their text, or None to leave them where they are.
Join = Callable[[Whole, Sequence[dict[str, Any]]], NewRow]


class Parts(Part):
    """Keeping parts, and joining them."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        dialect = database.dialect
        self._insert_text = dialect.inserts(inbox, INBOX)
        self._keep = dialect.insert(parts).on_conflict_do_nothing().returning(parts.c.id)
        self._take = dialect.insert(seen).on_conflict_do_nothing().returning(seen.c.key)

    def keep_part(self, part: NewPart) -> bool:
        """Keep a part, committed on return; False for one that came before."""
        whole = part.whole
        row = {
            "provider": whole.provider,
            "sender": whole.sender,
            "receiver": whole.receiver,
            "reference": whole.reference,
            "total": whole.total,
            "number": part.number,
            "payload": part.payload,
            "at": part.at,
        }
        with self._db.write() as connection:
            if part.dedupe is not None:
                key = {"key": clean(part.dedupe), "at": part.at}
                if connection.scalar(self._take, key) is None:
                    return False
            return connection.scalar(self._keep, row) is not None

    def wholes(self, before: datetime) -> list[Whole]:
        """Texts whose parts are all here, and those whose first part came before that time."""
        known = (
            parts.c.provider,
            parts.c.sender,
            parts.c.receiver,
            parts.c.reference,
            parts.c.total,
        )
        due = or_(func.count() >= parts.c.total, func.min(parts.c.at) < before)
        found = select(*known).group_by(*known).having(due).order_by(func.min(parts.c.at))
        with self._db.read() as connection:
            return [Whole(*row) for row in connection.execute(found)]

    def join_parts(self, whole: Whole, before: datetime, join: Join) -> bool:
        """Turn the parts of a text into its event, if all are here or the first came before that
        time; False when they are not, or when somebody else was quicker."""
        ours = (
            (parts.c.provider == whole.provider)
            & (parts.c.sender == whole.sender)
            & (parts.c.receiver == whole.receiver)
            & (parts.c.reference == whole.reference)
            & (parts.c.total == whole.total)
        )
        with self._db.write() as connection:
            rows: Sequence[Row[Any]] = connection.execute(
                select(parts).where(ours).order_by(parts.c.number).with_for_update()
            ).all()
            late = any(row.at < before for row in rows)
            if not rows or (len(rows) < whole.total and not late):
                return False
            event = join(whole, [row.payload for row in rows])
            connection.execute(delete(parts).where(parts.c.id.in_([row.id for row in rows])))
            self._insert_text.run(connection, [inbox_row(event)])
        return True
