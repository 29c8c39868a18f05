"""Writing what a batch of events changed: a handful of statements, however many events.

Rows are locked in one order everywhere (outbox by id, then messages by id), so that a batch, a
claim and a sender's results never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, union_all

from smsflow.engine.effects import DropQueued
from smsflow.sms.numbers import number_hash
from smsflow.sms.states import State
from smsflow.store.dialect import Dialect
from smsflow.store.handoffs import HandoffWriter
from smsflow.store.refusing import Refusal, Refuser
from smsflow.store.rows import Changes, Kind, NewRow
from smsflow.store.schema import (
    clicks,
    consent,
    contacts,
    errands,
    inbox,
    messages,
    outbox,
    received,
    requests,
    sessions,
    traces,
)
from smsflow.store.withdrawing import Withdrawer
from smsflow.store.writing import (
    ERRAND,
    INBOX,
    MESSAGE,
    OUTBOX,
    again_row,
    errand_row,
    inbox_row,
    no_report_rows,
    outbox_row,
    text_row,
)

_REFUSED_LATER = (State.REJECTED, State.REFUSED)


class Saver:
    """The statements that write a batch's changes, built once."""

    def __init__(self, dialect: Dialect) -> None:
        self._contacts = dialect.inserts(
            contacts, "phone number_hash opted_out state", replacing="phone"
        )
        self._sessions = dialect.inserts(
            sessions, "id phone flow version outcome started_at ended_at state", replacing="id"
        )
        self._messages = dialect.inserts(messages, MESSAGE)
        self._outbox = dialect.inserts(outbox, OUTBOX)
        self._inbox = dialect.inserts(inbox, INBOX)
        self._errands = dialect.inserts(errands, ERRAND)
        self._received = dialect.inserts(received, "phone number text at")
        self._clicks = dialect.inserts(clicks, "contact message session flow step url at")
        self._consent = dialect.inserts(consent, "phone opted_out list source wording number at")
        self._requests = dialect.inserts(requests, "request result at", replacing="request")
        self._traces = dialect.inserts(traces, "contact session step what detail place at")
        self._replaced = select(messages).where(dialect.one_of(messages.c.id, "ids"))
        self._end_timers = delete(inbox).where(
            inbox.c.session.is_not(None), dialect.one_of(inbox.c.session, "sessions")
        )
        self._finish = delete(inbox).where(dialect.one_of(inbox.c.id, "ids"))
        self._handoffs = HandoffWriter(dialect)
        self._leaving = Leaving(dialect)
        self._withdrawer = Withdrawer(dialect)

    def save(self, connection: Connection, changes: Changes, now: datetime) -> None:
        """Write everything; the caller's transaction makes it whole or nothing."""
        self._people(connection, changes)
        self._texts(connection, changes, now)
        self._leaving.save(connection, changes, now)
        self._withdrawer.save(connection, changes, now)
        self._errands.run(connection, [errand_row(*each) for each in changes.errands])
        self._handoffs.save(connection, changes.handoffs, now)
        self._timers(connection, changes)
        self._history(connection, changes, now)
        if changes.finished:
            connection.execute(self._finish, {"ids": changes.finished})

    def _people(self, connection: Connection, changes: Changes) -> None:
        """Contacts and sessions."""
        people = [
            {
                "phone": phone,
                "number_hash": number_hash(phone),
                "opted_out": contact.opted_out,
                "state": contact.to_json(),
            }
            for phone, contact in changes.contacts.items()
        ]
        self._contacts.run(connection, people)
        runs = [
            {
                "id": session.id,
                "phone": phone,
                "flow": session.flow,
                "version": session.version,
                "outcome": session.outcome,
                "started_at": session.started_at,
                "ended_at": session.ended_at,
                "state": session.to_json(),
            }
            for phone, session in changes.sessions.values()
        ]
        self._sessions.run(connection, runs)

    def _texts(self, connection: Connection, changes: Changes, now: datetime) -> None:
        """New texts, and texts once more, each with its outbox row."""
        made = [text_row(phone, text, now) for phone, text in changes.texts]
        waiting = [
            outbox_row(row, text.due) for row, (_, text) in zip(made, changes.texts, strict=True)
        ]
        self._messages.run(connection, made)
        if changes.again:
            ids = [again.replaces for again in changes.again]
            found = connection.execute(self._replaced, {"ids": ids}).mappings()
            replaced = {row["id"]: row for row in found}
            copies = [again_row(replaced[each.replaces], each, now) for each in changes.again]
            waiting += [
                outbox_row(row, again.due) for row, again in zip(copies, changes.again, strict=True)
            ]
            self._messages.run(connection, copies)
        self._outbox.run(connection, waiting)

    def _timers(self, connection: Connection, changes: Changes) -> None:
        """Timers, and other events of our own: rows that are due later, or at once. Timers of a
        session end with it."""
        timers = [
            inbox_row(
                NewRow(
                    Kind.TIMER,
                    phone,
                    {"session": timer.session, "serial": timer.serial, "name": timer.name},
                    timer.due,
                ),
                timer.session,
            )
            for phone, timer in changes.timers
        ]
        self._inbox.run(connection, timers + [inbox_row(row) for row in changes.further])
        # A session that never waited has none, and most are such.
        over = [
            session.id
            for _, session in changes.sessions.values()
            if session.outcome is not None and session.serial
        ]
        if over:
            connection.execute(self._end_timers, {"sessions": over})

    def _history(self, connection: Connection, changes: Changes, now: datetime) -> None:
        """What is only ever read: texts that came in, clicks, consent, results, traces."""
        came = [dict(zip(_RECEIVED, each, strict=True)) for each in changes.received]
        self._received.run(connection, came)
        self._clicks.run(connection, [asdict(each) for each in changes.clicks])
        agreed = [
            {
                "phone": phone,
                "opted_out": change.opted_out,
                "list": change.list,
                "source": change.source,
                "wording": change.wording,
                "number": change.number,
                "at": now,
            }
            for phone, change in changes.consent
        ]
        self._consent.run(connection, agreed)
        # One upsert can't meet a key twice: the last result of a request stands.
        results = {each.request: each.result for each in changes.answered}
        answered = [
            {"request": request, "result": result, "at": now} for request, result in results.items()
        ]
        self._requests.run(connection, answered)
        lines = [
            {
                "contact": phone,
                "session": line.session,
                "step": line.step,
                "what": line.what,
                "detail": line.detail,
                "place": None
                if line.place is None
                else [line.place.file, line.place.line, line.place.column, line.place.length],
                "at": now,
            }
            for phone, line in changes.traced
        ]
        self._traces.run(connection, lines)


_RECEIVED = ("phone", "number", "text", "at")


class Leaving:
    """What reports and STOP do to texts that exist: their states, and their outbox rows."""

    def __init__(self, dialect: Dialect) -> None:
        self._waiting = (
            select(
                outbox.c.id,
                outbox.c.message,
                outbox.c.contact,
                outbox.c.owner,
                outbox.c.passes_block,
                outbox.c.held,
                outbox.c.lease_token,
                (outbox.c.lease_until > dialect.clock).label("leased"),
            )
            .where(
                dialect.among(
                    outbox.c.id,
                    union_all(
                        select(outbox.c.id).where(dialect.one_of(outbox.c.message, "ids")),
                        select(outbox.c.id).where(dialect.one_of(outbox.c.contact, "phones")),
                        select(outbox.c.id).where(
                            outbox.c.owner.is_not(None), dialect.one_of(outbox.c.owner, "phones")
                        ),
                    ),
                )
            )
            .order_by(outbox.c.id)
            .with_for_update()
        )
        self._known = (
            select(
                messages.c.id,
                messages.c.root,
                messages.c.contact,
                messages.c.state,
                messages.c.status,
                messages.c.error,
                messages.c.plan,
                messages.c.options,
                messages.c.accepted_at,
                messages.c.final_at,
            )
            .where(dialect.one_of(messages.c.id, "ids"))
            .order_by(messages.c.id)
            .with_for_update()
        )
        self._settle = delete(outbox).where(dialect.one_of(outbox.c.id, "rows"))
        self._states = dialect.updates(messages, "id", "state status error accepted_at final_at")
        self._inbox = dialect.inserts(inbox, INBOX)
        self._refuser = Refuser(dialect)

    def save(self, connection: Connection, changes: Changes, now: datetime) -> None:
        """Settle what was moved, refuse what was dropped."""
        moved = {each.message for each in changes.moved}
        phones = {phone for phone, _ in changes.dropped}
        if not moved and not phones:
            return
        given = {"ids": sorted(moved), "phones": sorted(phones)}
        waiting = connection.execute(self._waiting, given).all()
        settled = [row.id for row in waiting if row.message in moved]
        if settled:
            connection.execute(self._settle, {"rows": settled})
        ids = sorted(moved | {row.message for row in waiting})
        found = connection.execute(self._known, {"ids": ids}).mappings()
        known = {row["id"]: dict(row) for row in found}
        self._move(connection, changes, known)
        left = [row for row in waiting if row.message not in moved]
        self._refuser.refuse(connection, _refusals(changes, left, known), now)

    def _move(
        self, connection: Connection, changes: Changes, known: dict[str, dict[str, Any]]
    ) -> None:
        """States go forward only; another transaction may have moved them since they were read."""
        changed: dict[str, dict[str, Any]] = {}
        first_heard: list[str] = []
        for move in changes.moved:
            row = known.get(move.message)
            if row is None or not State(row["state"]).may_become(move.state):
                continue
            row.update(state=move.state, status=move.status, error=move.error)
            row["final_at"] = move.at if move.state.final else None
            if row["accepted_at"] is None and move.state not in _REFUSED_LATER:
                # The report overtook the answer to the send, and proves what that would say.
                row["accepted_at"] = move.at
                first_heard.append(move.message)
            changed[move.message] = row
        self._states.run(connection, list(changed.values()))
        missed = [row for id_ in first_heard for row in no_report_rows(changed[id_])]
        self._inbox.run(connection, missed)


def _refusals(
    changes: Changes, waiting: Sequence[Row[Any]], known: dict[str, dict[str, Any]]
) -> list[Refusal]:
    """The waiting texts that a drop of their contact means, and that nobody is sending."""
    new = {text.message for _, text in changes.texts} | {each.message for each in changes.again}
    refusals = []
    for row in waiting:
        message = known[row.message]
        reasons = [
            drop.reason
            for phone, drop in changes.dropped
            if _means(phone, drop, row, message["root"], new)
        ]
        if reasons and not (row.passes_block or row.held or row.leased):
            may_be_out = message["state"] == State.UNCERTAIN or row.lease_token is not None
            refusals.append(
                Refusal(
                    row=row.id,
                    message=row.message,
                    contact=row.contact,
                    may_be_out=may_be_out,
                    state=State.REFUSED,
                    reason=reasons[0],
                )
            )
    return refusals


def _means(phone: str, drop: DropQueued, row: Row[Any], root: str, new: set[str]) -> bool:
    """True for a text that this drop is about. A STOP means what was there before it; a chain ends
    with all its resends, whomever they are to."""
    if drop.root is None:
        return phone == row.contact and row.message not in new
    return phone == (row.owner or row.contact) and drop.root == root
