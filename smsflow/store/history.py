"""Reading back: results for callers who wait, and the history that the console shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select

from smsflow.engine.state import Conversation, Session
from smsflow.errors import Place
from smsflow.sms.messages import Received
from smsflow.store.database import Part
from smsflow.store.loading import Loader, read_message, select_messages
from smsflow.store.rows import Click, LiveSession, Message, TraceLine
from smsflow.store.schema import (
    clicks,
    contacts,
    dead_letters,
    flow_versions,
    inbox,
    messages,
    outbox,
    received,
    requests,
    sessions,
    traces,
    unplaced,
)

PAGE = 1000  # sessions that are read at a time


class History(Part):
    """Questions that change nothing."""

    def request_result(self, request: str) -> dict[str, Any] | None:
        """The result of a start or a posted code; None while there is none."""
        result = select(requests.c.result).where(requests.c.request == request)
        with self._db.read() as connection:
            found: dict[str, Any] | None = connection.scalar(result)
            return found

    def session(self, session_id: str) -> tuple[str, Session] | None:
        """A session, open or ended, with its contact's number."""
        statement = select(sessions.c.phone, sessions.c.state).where(sessions.c.id == session_id)
        with self._db.read() as connection:
            row = connection.execute(statement).one_or_none()
            return None if row is None else (row.phone, Session.from_json(row.state))

    def conversation(self, phone: str) -> Conversation:
        """A contact with their open sessions as they are now; somebody unknown is a new contact."""
        with self._db.read() as connection:
            loader = Loader(self._db.dialect)
            return loader.conversations(connection, [phone])[phone]

    def sessions_like(self, prefix: str, limit: int) -> list[tuple[str, Session]]:
        """The latest sessions whose ids begin so, each with its contact's number."""
        statement = (
            select(sessions.c.phone, sessions.c.state)
            .where(sessions.c.id.startswith(prefix, autoescape=True))
            .order_by(sessions.c.seq.desc())
            .limit(limit)
        )
        return self._sessions(statement)

    def sessions_of(self, phone: str, limit: int) -> list[tuple[str, Session]]:
        """The latest sessions of a contact, open and ended."""
        statement = (
            select(sessions.c.phone, sessions.c.state)
            .where(sessions.c.phone == phone)
            .order_by(sessions.c.seq.desc())
            .limit(limit)
        )
        return self._sessions(statement)

    def _sessions(self, statement: Select[Any]) -> list[tuple[str, Session]]:
        with self._db.read() as connection:
            rows = connection.execute(statement).all()
            return [(row.phone, Session.from_json(row.state)) for row in rows]

    def live_sessions(
        self, flow: str | None = None, version: str | None = None
    ) -> Counter[tuple[str, str, str | None]]:
        """How many sessions are open, by flow, version and the step that they wait at; None for
        those that wait for their turn to begin.

        It reads each of them, for SQL never looks into their state: seconds for a million.
        """
        statement = select(sessions.c.flow, sessions.c.version, sessions.c.state).where(
            sessions.c.outcome.is_(None), *_of_flow(flow, version)
        )
        found: Counter[tuple[str, str, str | None]] = Counter()
        with self._db.read() as connection:
            rows = connection.execute(statement.execution_options(yield_per=PAGE))
            for name, its_version, state in rows:
                found[name, its_version, _step_of(state)] += 1
        return found

    def live_on(self, flow: str, version: str) -> Iterator[LiveSession]:
        """The open sessions on a version of a flow, oldest first, read page by page: what happens
        to one meanwhile is seen by whoever takes it up."""
        statement = (
            select(sessions.c.seq, sessions.c.id, sessions.c.phone, sessions.c.state)
            .where(sessions.c.outcome.is_(None), *_of_flow(flow, version))
            .where(sessions.c.seq > bindparam("after"))
            .order_by(sessions.c.seq)
            .limit(PAGE)
        )
        after = 0
        while True:
            with self._db.read() as connection:
                rows = connection.execute(statement, {"after": after}).all()
            for row in rows:
                yield LiveSession(row.id, row.phone, _step_of(row.state))
            if len(rows) < PAGE:
                return
            after = rows[-1].seq

    def versions_of(self, flow: str) -> list[str]:
        """The versions of a flow that are remembered, the last used first."""
        statement = (
            select(flow_versions.c.version)
            .where(flow_versions.c.flow == flow)
            .order_by(flow_versions.c.used_at.desc())
        )
        with self._db.read() as connection:
            return list(connection.scalars(statement))

    def messages_of(self, phone: str) -> list[Message]:
        """Our texts to a contact, oldest first."""
        statement = select_messages().where(messages.c.contact == phone).order_by(messages.c.seq)
        with self._db.read() as connection:
            return [read_message(row) for row in connection.execute(statement).mappings()]

    def waits_until(self, phone: str) -> dict[str, datetime]:
        """When the texts to a contact that wait may leave, by id."""
        statement = select(outbox.c.message, outbox.c.due).where(outbox.c.contact == phone)
        with self._db.read() as connection:
            return {row.message: row.due for row in connection.execute(statement)}

    def received_of(self, phone: str) -> list[Received]:
        """The texts that came from a contact, oldest first; `receiver` is our number's name."""
        statement = select(received).where(received.c.phone == phone).order_by(received.c.id)
        with self._db.read() as connection:
            return [
                Received(row.phone, row.number, row.text, None, row.at)
                for row in connection.execute(statement)
            ]

    def received_after(self, row: int) -> list[tuple[int, Received]]:
        """The texts that came in after that row, with theirs, oldest first; 0 is before the first.

        For one who looks on while it happens: on SQLite rows become visible in their order.
        """
        statement = select(received).where(received.c.id > row).order_by(received.c.id)
        with self._db.read() as connection:
            return [
                (found.id, Received(found.phone, found.number, found.text, None, found.at))
                for found in connection.execute(statement)
            ]

    def last_received(self) -> int:
        """The row of the last text that came in; 0 when none did."""
        with self._db.read() as connection:
            return connection.scalar(select(func.max(received.c.id))) or 0

    def clicks_of(self, phone: str) -> list[Click]:
        """The links that a contact followed, oldest first."""
        return self._clicks(clicks.c.contact == phone)

    def clicks_in(self, session_id: str) -> list[Click]:
        """The links of a session's texts that were followed, oldest first."""
        return self._clicks(clicks.c.session == session_id)

    def _clicks(self, which: ColumnElement[bool]) -> list[Click]:
        with self._db.read() as connection:
            rows = connection.execute(select(clicks).where(which).order_by(clicks.c.id))
            return [
                Click(
                    contact=row.contact,
                    message=row.message,
                    session=row.session,
                    flow=row.flow,
                    step=row.step,
                    url=row.url,
                    at=row.at,
                )
                for row in rows
            ]

    def trace(self, session_id: str) -> list[TraceLine]:
        """What happened in a session, in order."""
        return self._traced(traces.c.session == session_id)

    def trace_of(self, phone: str) -> list[TraceLine]:
        """What happened with a contact, in a session or outside of any, in order."""
        return self._traced(traces.c.contact == phone)

    def _traced(self, which: ColumnElement[bool]) -> list[TraceLine]:
        statement = select(traces).where(which).order_by(traces.c.id)
        with self._db.read() as connection:
            return [
                TraceLine(
                    at=row.at,
                    contact=row.contact,
                    session=row.session,
                    step=row.step,
                    what=row.what,
                    detail=row.detail,
                    place=None if row.place is None else Place(*row.place),
                )
                for row in connection.execute(statement)
            ]

    def counts(self) -> dict[str, int]:
        """How many rows there are: inbox, outbox (held ones apart), dead letters, and so on.

        Messages are counted by state, as `messages.delivered`; states without any are left out.
        """
        whole = {table.name: table for table in (inbox, dead_letters, unplaced, contacts)}
        statements = {
            **{name: select(func.count()).select_from(table) for name, table in whole.items()},
            "outbox": select(func.count()).where(~outbox.c.held),
            "held": select(func.count()).where(outbox.c.held),
            "sessions": select(func.count()).where(sessions.c.outcome.is_(None)),
        }
        by_state = select(messages.c.state, func.count()).group_by(messages.c.state)
        with self._db.read() as connection:
            found = {name: connection.scalar(each) or 0 for name, each in statements.items()}
            for state, count in connection.execute(by_state):
                found[f"messages.{state}"] = count
        return found


def _of_flow(flow: str | None, version: str | None) -> list[ColumnElement[bool]]:
    """What narrows sessions down to a flow, and to one version of it."""
    given = ((sessions.c.flow, flow), (sessions.c.version, version))
    return [column == value for column, value in given if value is not None]


def _step_of(state: Mapping[str, Any]) -> str | None:
    """The step that a session waits at, read from its JSON."""
    waiting = state.get("waiting")
    return None if waiting is None else str(waiting["step"])
