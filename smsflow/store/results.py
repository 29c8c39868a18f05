"""What became of tries: recorded once, only for the holder of the lease, and never forgotten.

`attempts` is append-only and takes late results too; everything else needs a token that still
matches, for another sender may have the text by now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select

from smsflow.sms.states import State
from smsflow.store.database import Database, Part
from smsflow.store.loading import read_message, select_messages
from smsflow.store.rows import Message, TryResult, Verdict
from smsflow.store.schema import attempts, inbox, messages, outbox
from smsflow.store.writing import INBOX, no_report_rows, report_row


class Results(Part):
    """Recording tries, and what is held for an operator."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        dialect = database.dialect
        self._held_rows = (
            select(
                outbox.c.id,
                outbox.c.due,
                outbox.c.first_due,
                outbox.c.tries,
                outbox.c.first_try_at,
                outbox.c.lease_token,
            )
            .where(dialect.one_of(outbox.c.id, "rows"))
            .order_by(outbox.c.id)
            .with_for_update()
        )
        self._known = (
            select(messages)
            .where(dialect.one_of(messages.c.id, "ids"))
            .order_by(messages.c.id)
            .with_for_update()
        )
        self._gone = delete(outbox).where(dialect.one_of(outbox.c.id, "rows"))
        self._messages = dialect.updates(
            messages, "id", "state status error epoch accepted_at final_at"
        )
        self._outbox = dialect.updates(
            outbox, "id", "due first_due tries first_try_at held lease_token lease_until"
        )
        self._attempts = dialect.inserts(attempts, "message wire_id at verdict detail")
        self._events = dialect.inserts(inbox, INBOX)

    def record(self, results: Sequence[TryResult]) -> int:
        """Record the results of tries in one transaction; returns how many were not too late."""
        if not results:
            return 0
        with self._db.write() as connection:
            rows = {row["id"]: row for row in self._locked(connection, results)}
            timely = [
                result
                for result in results
                if result.leased.row in rows
                and rows[result.leased.row]["lease_token"] == result.leased.token
            ]
            self._attempts.run(connection, _attempts(results, timely))
            given = {"ids": sorted({result.leased.message for result in timely})}
            known = {
                row["id"]: dict(row) for row in connection.execute(self._known, given).mappings()
            }
            self._apply(connection, timely, rows, known)
        return len(timely)

    def _locked(self, connection: Connection, results: Sequence[TryResult]) -> list[Any]:
        """The outbox rows that are still there."""
        given = {"rows": sorted({result.leased.row for result in results})}
        return list(connection.execute(self._held_rows, given).mappings())

    def _apply(
        self,
        connection: Connection,
        timely: Sequence[TryResult],
        rows: dict[int, Any],
        known: dict[str, dict[str, Any]],
    ) -> None:
        """Move messages, let outbox rows go or wait, and raise the events that follow."""
        events: list[dict[str, Any]] = []
        gone: list[int] = []
        waiting: list[dict[str, Any]] = []
        for result in timely:
            message = known[result.leased.message]
            events += _settle(message, result)
            if result.verdict in (Verdict.ACCEPTED, Verdict.REJECTED):
                gone.append(result.leased.row)
            else:
                waiting.append(_waiting(rows[result.leased.row], result))
        if gone:
            connection.execute(self._gone, {"rows": gone})
        self._outbox.run(connection, waiting)
        self._messages.run(connection, list(known.values()))
        self._events.run(connection, events)

    def held(self, limit: int) -> list[Message]:
        """Texts that an operator has to decide about, oldest first."""
        statement = (
            select_messages()
            .join(outbox, outbox.c.message == messages.c.id)
            .where(outbox.c.held)
            .order_by(outbox.c.id)
            .limit(limit)
        )
        with self._db.read() as connection:
            return [read_message(row) for row in connection.execute(statement).mappings()]


def _attempts(results: Sequence[TryResult], timely: Sequence[TryResult]) -> list[dict[str, Any]]:
    """A line for each try; a late one says so."""
    in_time = {id(result) for result in timely}
    return [
        {
            "message": result.leased.message,
            "wire_id": result.leased.wire_id,
            "at": result.at,
            "verdict": result.verdict,
            "detail": result.detail
            if id(result) in in_time
            else ": ".join(filter(None, ("late", result.detail))),
        }
        for result in results
    ]


def _settle(message: dict[str, Any], result: TryResult) -> list[dict[str, Any]]:
    """Write a result into its message; returns the events that follow from it."""
    message["status"] = result.status or None
    match result.verdict:
        case Verdict.ACCEPTED:
            return _accept(message, result)
        case Verdict.REJECTED:
            _become(message, result.state, result.detail)
            message["final_at"] = result.at
            id_, contact = message["id"], message["contact"]
            return [report_row(contact, id_, result.state, result.detail, result.at)]
        case Verdict.AMBIGUOUS:
            _become(message, State.UNCERTAIN, result.detail)
        case Verdict.HOLD:
            _become(message, State.HELD, result.detail)
        case Verdict.FOR_NOW:
            # The refused try may have used up the wire id; the next epoch is a text never tried.
            message.update(state=State.QUEUED, error=result.detail, epoch=message["epoch"] + 1)
        case Verdict.NOT_SENT:
            message["error"] = result.detail
    return []


def _accept(message: dict[str, Any], result: TryResult) -> list[dict[str, Any]]:
    """The provider has the text; somebody may wait for its report only so long."""
    _become(message, State.ACCEPTED, None)
    message["accepted_at"] = message["accepted_at"] or result.at
    return no_report_rows(message)


def _become(message: dict[str, Any], state: State, error: str | None) -> None:
    """The new state if it is news, and what was said with it."""
    if State(message["state"]).may_become(state):
        message["state"] = state
    message["error"] = error


def _waiting(row: Any, result: TryResult) -> dict[str, Any]:
    """The outbox row of a text that stays, free for the next claim unless it is held."""
    burnt = result.verdict in (Verdict.AMBIGUOUS, Verdict.FOR_NOW)
    # The time of the first try is that of the present wire id, if it was ever on its way.
    fresh_id = result.verdict is Verdict.FOR_NOW
    never_left = result.verdict is Verdict.NOT_SENT and row["tries"] == 0
    due = result.retry_at or row["due"]
    return {
        "id": row["id"],
        "due": due,
        "first_due": due if result.put_off else row["first_due"],
        "tries": row["tries"] + burnt,
        "first_try_at": None if fresh_id or never_left else row["first_try_at"],
        "held": result.verdict is Verdict.HOLD,
        "lease_token": None,
        "lease_until": 0.0,
    }
