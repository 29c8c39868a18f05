"""What time does to rows: what has served its time is deleted, and secrets get their masks.

Each table loses its oldest rows in a transaction of its own, of so few that nobody waits for it.
Consent, contacts and what operators did stay for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Delete, Select, Table, delete, exists, func, or_, select, update

from smsflow.engine.model import Keep
from smsflow.sms.states import State
from smsflow.store.database import Part
from smsflow.store.schema import (
    attempts,
    clicks,
    dead_letters,
    flow_versions,
    handoffs,
    messages,
    outbox,
    received,
    requests,
    seen,
    sessions,
    tallies,
    traces,
    unplaced,
)

ROWS = 1000  # of one table in one transaction

_DEFAULT = Keep()
_DEDUPE = timedelta(days=30)
_UNPLACED = timedelta(hours=48)
_TALLIES = timedelta(days=32)  # more than a cap may look back

# A text's secret goes when nothing can need it: the text arrived, or its failure was answered with
# a resend long ago, or an hour has passed. A resend copies the text, so it must come first.
_MASK_FAILED_AFTER = timedelta(minutes=10)
_MASK_ANY_AFTER = timedelta(hours=1)


class Retention(Part):
    """Forgetting in time."""

    def tidy(self, now: datetime, keep: Keep = _DEFAULT) -> bool:
        """Delete up to 1,000 rows of each table that have served their time, and mask secrets that
        nothing needs; True when more is left, so that another call soon is worth it."""
        more = False
        for statement in _deletions(now, keep):
            with self._db.write() as connection:
                more |= connection.execute(statement).rowcount >= ROWS
        with self._db.write() as connection:
            connection.execute(_masks(now))
        return more


def _deletions(now: datetime, keep: Keep) -> Iterable[Delete]:
    """A statement for each table."""
    sent = func.coalesce(messages.c.final_at, messages.c.accepted_at, messages.c.made_at)
    waits = exists().where(outbox.c.message == messages.c.id)
    heads = (
        (received, received.c.at, now - keep.texts),
        (traces, traces.c.at, now - keep.traces),
        (attempts, attempts.c.at, now - keep.attempts),
        (clicks, clicks.c.at, now - keep.sessions),
        (dead_letters, dead_letters.c.at, now - keep.dead_letters),
    )
    yield _head(messages, select(messages.c.seq, sent.label("at")).where(~waits), now - keep.texts)
    for table, at, before in heads:
        yield _head(table, select(table.c.id, at.label("at")), before)
    ended = (sessions.c.outcome.is_not(None), sessions.c.ended_at < now - keep.sessions)
    yield _some(sessions, sessions.c.seq, ended, sessions.c.ended_at)
    over = (handoffs.c.state == "closed", handoffs.c.closed_at < now - keep.sessions)
    yield _some(handoffs, handoffs.c.id, over, handoffs.c.closed_at)
    for table, key, kept in (
        (seen, seen.c.key, _DEDUPE),
        (requests, requests.c.request, _DEDUPE),
        (unplaced, unplaced.c.id, _UNPLACED),
        (tallies, tallies.c.at, _TALLIES),
    ):
        yield _some(table, key, (table.c.at < now - kept,), table.c.at)
    runs = exists().where(
        sessions.c.flow == flow_versions.c.flow,
        sessions.c.version == flow_versions.c.version,
        sessions.c.outcome.is_(None),
    )
    yield delete(flow_versions).where(flow_versions.c.used_at < now - keep.sessions, ~runs)


def _head(table: Table, rows: Select[Any], before: datetime) -> Delete:
    """Delete what is too old among the first rows by primary key, whose order is that of time."""
    (key,) = table.primary_key.columns
    head = rows.order_by(key).limit(ROWS).subquery()
    old = select(head.c[key.name]).where(head.c.at < before)
    return delete(table).where(key.in_(old))


def _some(table: Table, key: Column[Any], old: Iterable[Any], order: Column[Any]) -> Delete:
    """Delete the oldest of these rows, which an index finds."""
    return delete(table).where(key.in_(select(key).where(*old).order_by(order).limit(ROWS)))


def _masks(now: datetime) -> Any:
    """Put the mask over secrets that are not needed."""
    unneeded = or_(
        messages.c.state == State.DELIVERED,
        messages.c.final_at <= now - _MASK_FAILED_AFTER,
        messages.c.made_at <= now - _MASK_ANY_AFTER,
    )
    unsent = exists().where(outbox.c.message == messages.c.id)
    return (
        update(messages)
        .where(
            messages.c.masked.is_not(None),
            messages.c.text != messages.c.masked,
            unneeded,
            ~unsent,
        )
        .values(text=messages.c.masked)
    )
