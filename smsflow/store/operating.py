"""What operators do: decide about held texts, and bring dead letters back to life.

Every deed is a line in `actions`, written in the transaction that does it: who, when, what.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from smsflow.sms.states import State
from smsflow.store.database import Database
from smsflow.store.inbox import Inbox
from smsflow.store.loading import read_message, select_messages
from smsflow.store.rows import Action, DeadLetter, HeldText, NewRow
from smsflow.store.schema import actions, attempts, dead_letters, messages, outbox
from smsflow.store.writing import inbox_row, report_row

_NOBODY_KNOWS = "an operator closed it as sent"
_NOT_OUT = "an operator closed it as not sent"


class Operating(Inbox):
    """The verbs of operators; `by` is who they are."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._last_tries = (
            select(attempts.c.message, attempts.c.at, attempts.c.detail)
            .where(database.dialect.one_of(attempts.c.message, "ids"))
            .order_by(attempts.c.id)
        )

    # --- held texts -------------------------------------------------------------------------------

    def held_texts(self, limit: int) -> list[HeldText]:
        """Texts that wait for an operator, oldest first, each with why."""
        statement = (
            select_messages()
            .add_columns(outbox.c.expires.label("ends"), outbox.c.tries)
            .join(outbox, outbox.c.message == messages.c.id)
            .where(outbox.c.held)
            .order_by(outbox.c.id)
            .limit(limit)
        )
        with self._db.read() as connection:
            rows = connection.execute(statement).mappings().all()
            ids = {"ids": [row["id"] for row in rows]}
            last = {row.message: row for row in connection.execute(self._last_tries, ids)}
        return [_held(row, last.get(row["id"])) for row in rows]

    def release(self, message: str, now: datetime, *, by: str, new_id: bool = False) -> bool:
        """Send a held text again; False when it is not held (any more).

        Under its own wire id, of which the provider drops a double as long as it remembers the
        first; with `new_id` under the next one, which leaves even if the first did too.
        """
        with self._db.write() as connection:
            row = _held_row(connection, message)
            if row is None:
                return False
            connection.execute(
                update(outbox)
                .where(outbox.c.id == row.id)
                # The window in which a try may be repeated begins anew.
                .values(
                    held=False,
                    due=now,
                    first_try_at=None,
                    tries=0 if new_id else outbox.c.tries,
                    lease_token=None,
                    lease_until=0.0,
                )
            )
            state = State.QUEUED if new_id else State.UNCERTAIN
            change = update(messages).where(messages.c.id == message)
            connection.execute(change.values(state=state, epoch=messages.c.epoch + int(new_id)))
            self._note(connection, by, "resend", message, "new id" if new_id else "same id")
            return True

    def drop(self, message: str, now: datetime, *, by: str, sent: bool) -> bool:
        """Close a held text for good and tell its session; False when it is not held (any more).

        As sent its state is UNKNOWN, for no report is waited for; as not sent it is REJECTED,
        which a flow may answer with a resend.
        """
        state, reason = (State.UNKNOWN, _NOBODY_KNOWS) if sent else (State.REJECTED, _NOT_OUT)
        with self._db.write() as connection:
            row = _held_row(connection, message)
            if row is None:
                return False
            connection.execute(delete(outbox).where(outbox.c.id == row.id))
            change = update(messages).where(messages.c.id == message)
            connection.execute(change.values(state=state, error=reason, final_at=now))
            self._insert.run(connection, [report_row(row.contact, message, state, reason, now)])
            self._note(connection, by, "drop", message, "as sent" if sent else "as not sent")
            return True

    # --- dead letters -----------------------------------------------------------------------------

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """What could not be read or worked off, oldest first."""
        statement = select(dead_letters).order_by(dead_letters.c.id).limit(limit)
        with self._db.read() as connection:
            return [_letter(row) for row in connection.execute(statement)]

    def letter(self, id_: int) -> DeadLetter | None:
        """One dead letter."""
        with self._db.read() as connection:
            row = connection.execute(select(dead_letters).where(dead_letters.c.id == id_)).first()
            return None if row is None else _letter(row)

    def replay(self, id_: int, rows: Sequence[NewRow], *, by: str) -> bool:
        """Put these events into the inbox in place of a dead letter; False when it is gone.

        A dedupe key that was seen means that the event came by another way: it is left out.
        """
        with self._db.write() as connection:
            source = _unbury(connection, id_)
            if source is None:
                return False
            fresh = self._take_keys(connection, rows)
            new = [inbox_row(row) for row, is_new in zip(rows, fresh, strict=True) if is_new]
            self._insert.run(connection, new)
            self._note(connection, by, "replay", str(id_), f"{source}: {len(new)} events")
            return True

    def discard(self, id_: int, *, by: str) -> bool:
        """Delete a dead letter; False when it is gone."""
        with self._db.write() as connection:
            source = _unbury(connection, id_)
            if source is not None:
                self._note(connection, by, "discard", str(id_), source)
            return source is not None

    # --- the record -------------------------------------------------------------------------------

    def feed(self, rows: Iterable[tuple[str, NewRow]], *, by: str) -> None:
        """Insert events that an audit found missing, each with the message that it is about."""
        with self._db.write() as connection:
            given = list(rows)
            self._insert.run(connection, [inbox_row(row) for _, row in given])
            for message, row in given:
                self._note(connection, by, "repair", message, str(row.payload.get("state", "")))

    def record_action(self, *, by: str, what: str, about: str, detail: str) -> None:
        """A line for what was done in transactions of its own."""
        with self._db.write() as connection:
            self._note(connection, by, what, about, detail)

    def actions(self, limit: int) -> list[Action]:
        """What operators did, latest first."""
        statement = select(actions).order_by(actions.c.id.desc()).limit(limit)
        with self._db.read() as connection:
            return [
                Action(at=row.at, who=row.who, what=row.what, about=row.about, detail=row.detail)
                for row in connection.execute(statement)
            ]

    def _note(self, connection: Connection, by: str, what: str, about: str, detail: str) -> None:
        """A line of the record."""
        line = {"who": by, "what": what, "about": about, "detail": detail}
        at = self._db.dialect.clock_micros
        connection.execute(insert(actions).values(**line, at=at))


def _held_row(connection: Connection, message: str) -> Any:
    """The outbox row of a held text, locked; None when it is not held."""
    statement = (
        select(outbox.c.id, outbox.c.contact)
        .where(outbox.c.message == message, outbox.c.held)
        .with_for_update()
    )
    row: Any = connection.execute(statement).first()
    return row


def _unbury(connection: Connection, id_: int) -> str | None:
    """Delete a dead letter; its source, or None when it was gone."""
    source: str | None = connection.scalar(
        delete(dead_letters).where(dead_letters.c.id == id_).returning(dead_letters.c.source)
    )
    return source


def _held(row: Any, last: Any) -> HeldText:
    """A held text with its last try, if there was one."""
    message = read_message(row)
    return HeldText(
        message=message,
        since=message.made_at if last is None else last.at,
        why=message.error or (last.detail if last is not None else "") or "no reason was recorded",
        tries=row["tries"],
        expires=row["ends"],
    )


def _letter(row: Row[Any]) -> DeadLetter:
    """A dead letter as the border shows it."""
    return DeadLetter(
        id=row.id,
        source=row.source,
        contact=row.contact,
        payload=row.payload,
        error=row.error,
        at=row.at,
        due=row.due,
    )
