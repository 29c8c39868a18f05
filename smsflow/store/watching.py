"""How far behind the service is, and what an audit compares: questions that change nothing.

What is asked at every scrape has an index to follow, so that watching costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select

from smsflow.store.columns import Instant
from smsflow.store.database import Database, Part
from smsflow.store.loading import read_message, select_messages
from smsflow.store.rows import Health, Message, Overdue
from smsflow.store.schema import (
    attempts,
    circuits,
    dead_letters,
    errands,
    handoffs,
    inbox,
    messages,
    outbox,
)
from smsflow.store.writing import PRIORITIES

# A text that is tried again waits for some minutes; its turn has come all the same.
_BACK_OFF = timedelta(minutes=5)
_PAGE = 2000  # attempts
_IDS = 500  # in one question
_OUT_OF_ORDER = timedelta(minutes=10)  # how far the clocks of hosts may be apart


class Watching(Part):
    """The figures of health, and the reading for an audit."""

    def __init__(self, database: Database, *, page: int = _PAGE) -> None:
        super().__init__(database)
        self._page = page
        dialect = database.dialect
        self._figures = _figures(dialect.last_serial(inbox))
        ids = dialect.one_of(messages.c.id, "ids")
        self._of_ids = select_messages().where(ids)
        self._first_tries = (
            select(attempts.c.message, func.min(attempts.c.at))
            .where(dialect.one_of(attempts.c.message, "ids"))
            .group_by(attempts.c.message)
        )

    def health(self, now: datetime) -> Health:
        """The figures at this moment."""
        given = {"now": now, "soon": now + _BACK_OFF}
        open_now = select(circuits.c.provider).where(circuits.c.until > now)
        with self._db.read() as connection:
            row = connection.execute(self._figures, given).one()
            circuits_open = frozenset(connection.scalars(open_now))
        return Health(
            inbox_due=row.inbox_due,
            inbox_age=_age(row.inbox_oldest, now),
            outbox_due=row.outbox_due,
            outbox_age=_age(row.outbox_oldest, now),
            held=row.held,
            dead_letters=row.dead_letters,
            events=row.events or 0,
            tries=row.tries or 0,
            handoffs=row.handoffs,
            handoffs_age=_age(row.handoffs_oldest, now),
            circuits=circuits_open,
            errands_due=row.errands_due,
            errands_age=_age(row.errands_oldest, now),
            errands_failing=row.errands_failing,
        )

    # --- for an audit -----------------------------------------------------------------------------

    def tried_since(self, since: datetime) -> dict[str, datetime]:
        """The messages that a try was recorded for since then, each with its last one's time.

        It reads the record backwards, whose order is that of time but for the clocks of hosts.
        """
        found: dict[str, datetime] = {}
        for page in self._tries_backwards():
            for row in page:
                if row.at >= since:
                    found[row.message] = max(row.at, found.get(row.message, row.at))
            if page[0].at < since - _OUT_OF_ORDER:
                break
        return found

    def _tries_backwards(self) -> Iterator[list[Row[Any]]]:
        """The attempts, page by page, latest first."""
        latest_first = select(attempts).order_by(attempts.c.id.desc()).limit(self._page)
        before: int | None = None
        while True:
            statement = latest_first
            if before is not None:
                statement = statement.where(attempts.c.id < before)
            with self._db.read() as connection:
                page = list(connection.execute(statement))
            if not page:
                return
            yield page
            before = page[-1].id

    def first_tries(self, ids: Sequence[str]) -> dict[str, datetime]:
        """When each of these messages was tried first."""
        found: dict[str, datetime] = {}
        for some in _portions(ids):
            with self._db.read() as connection:
                rows = connection.execute(self._first_tries, {"ids": some})
                found |= {row[0]: row[1] for row in rows}
        return found

    def messages_by_id(self, ids: Sequence[str]) -> Iterator[Message]:
        """The messages that exist."""
        for some in _portions(ids):
            with self._db.read() as connection:
                rows = connection.execute(self._of_ids, {"ids": some}).mappings().all()
            yield from map(read_message, rows)

    def overdue_texts(self, before: datetime, limit: int) -> list[Overdue]:
        """Texts in the outbox, none of them held, whose time came before then; oldest first."""
        statement = (
            select(outbox, messages.c.state, messages.c.error)
            .join(messages, messages.c.id == outbox.c.message)
            .where(~outbox.c.held, outbox.c.first_due < before)
            .order_by(outbox.c.first_due, outbox.c.id)
            .limit(limit)
        )
        with self._db.read() as connection:
            return [
                Overdue(
                    id=row.message,
                    what=row.state,
                    contact=row.contact,
                    since=row.first_due,
                    detail=row.error or "",
                )
                for row in connection.execute(statement)
            ]

    def overdue_events(self, before: datetime, limit: int) -> list[Overdue]:
        """Inbox rows that were due before then; oldest first."""
        statement = (
            select(inbox).where(inbox.c.due < before).order_by(inbox.c.due, inbox.c.id).limit(limit)
        )
        with self._db.read() as connection:
            return [
                Overdue(
                    id=str(row.id),
                    what=row.kind,
                    contact=row.contact,
                    since=row.due,
                    detail=f"tried {row.tries} times" if row.tries else "",
                )
                for row in connection.execute(statement)
            ]


def _portions(ids: Sequence[str]) -> Iterator[list[str]]:
    """Ids in lists that are short enough for one question."""
    for start in range(0, len(ids), _IDS):
        yield list(ids[start : start + _IDS])


def _figures(events: Select[Any]) -> Select[Any]:
    """One row with every figure."""
    now, soon = bindparam("now", type_=Instant()), bindparam("soon", type_=Instant())
    due = inbox.c.due <= now
    waiting = (
        outbox.c.priority.in_(sorted(PRIORITIES.values())),
        outbox.c.due <= soon,
        outbox.c.first_due <= now,
        ~outbox.c.held,
    )
    tried = (errands.c.due <= soon, errands.c.first_due <= now)
    figures = {
        "inbox_due": select(func.count()).select_from(inbox).where(due),
        "inbox_oldest": select(func.min(inbox.c.due)).where(due),
        "outbox_due": select(func.count()).select_from(outbox).where(*waiting),
        "outbox_oldest": select(func.min(outbox.c.first_due)).where(*waiting),
        "held": select(func.count()).select_from(outbox).where(outbox.c.held),
        "handoffs": select(func.count()).select_from(handoffs).where(handoffs.c.state == "open"),
        "handoffs_oldest": select(func.min(handoffs.c.waits_since)).where(
            handoffs.c.state == "open"
        ),
        "dead_letters": select(func.count()).select_from(dead_letters),
        "errands_due": select(func.count()).select_from(errands).where(*tried),
        "errands_oldest": select(func.min(errands.c.first_due)).where(*tried),
        "errands_failing": select(func.count()).select_from(errands).where(errands.c.tries > 0),
        "events": events,
        "tries": select(func.max(attempts.c.id)),
    }
    return select(*(each.scalar_subquery().label(name) for name, each in figures.items()))


def _age(oldest: datetime | None, now: datetime) -> float:
    return 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
