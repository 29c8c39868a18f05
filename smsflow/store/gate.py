"""The gate of the claim: what may leave at this very moment, by the rules of the project.

It refuses what must never leave, and puts off what may leave later. The trigger in the database
(`migrations`) repeats the parts that no mistake here may get past: opting out, expiry, hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from smsflow.engine.policy import REPLY_WINDOW, Rules, Window
from smsflow.engine.state import Contact, Plan
from smsflow.sms.states import State
from smsflow.store.dialect import Dialect
from smsflow.store.refusing import Refusal
from smsflow.store.schema import contacts, outbox
from smsflow.store.tallies import Tallies


@dataclass(slots=True)
class Judged:
    """Claimed rows that don't leave now: to be refused, or put off in this transaction."""

    refusals: list[Refusal] = field(default_factory=list)
    put_off: set[int] = field(default_factory=set)  # row ids

    @property
    def rows(self) -> set[int]:
        """The ids of all of them."""
        return self.put_off | {each.row for each in self.refusals}


class Gate:
    """The statements of the gate, built once."""

    def __init__(self, dialect: Dialect) -> None:
        self._contacts = select(contacts.c.state).where(dialect.one_of(contacts.c.phone, "phones"))
        self._windows = dialect.updates(outbox, "id", "due first_due closes")
        self._tallies = Tallies(dialect)

    def hours(
        self, connection: Connection, rows: Sequence[Row[Any]], rules: Rules | None, now: datetime
    ) -> Judged:
        """Put off texts whose hours are over, or so long due that their hours say nothing."""
        asked = [row for row in rows if _is_closed(row, now) or _is_late(row, now)]
        found = self._of(connection, asked) if rules is not None else {}
        judged, changed = Judged(), []
        for row in asked:
            window = _unknown_hours(row, now)
            if rules is not None:
                window = rules.window(now, row.kind, found[row.contact], **_own_hours(row))
            if window is None:
                continue
            if window.opens > now:
                judged.put_off.add(row.id)
                changed.append(_moved(row, window))
            elif _is_closed(row, now):  # an answer came meanwhile, or the hours have changed
                changed.append(_moved(row, Window(row.first_due, window.closes), due=row.due))
        self._windows.run(connection, changed)
        return judged

    def caps(
        self, connection: Connection, rows: Sequence[Row[Any]], rules: Rules | None, now: datetime
    ) -> Judged:
        """Count texts that are claimed for the first time; refuse or put off what is over."""
        new = [row for row in rows if row.claimed_at is None]
        if rules is None or not new:
            return Judged()
        openers = self._of(connection, [row for row in new if row.opener])
        zones = {phone: rules.zone(contact) for phone, contact in openers.items()}
        over = self._tallies.count(connection, new, rules.caps, zones, now)
        judged, changed = Judged(), []
        for row in new:
            if row.id in over.later:
                allowed = over.later[row.id]
                window = rules.window(allowed, row.kind, openers[row.contact], **_own_hours(row))
                judged.put_off.add(row.id)
                changed.append(_moved(row, window))
            elif row.id in over.refused:
                reason = f"over the limit '{over.refused[row.id]}'"
                judged.refusals.append(refusal(row, State.REFUSED, reason))
        self._windows.run(connection, changed)
        return judged

    def _of(self, connection: Connection, rows: Iterable[Row[Any]]) -> dict[str, Contact]:
        """The contacts of these rows by phone."""
        found = {row.contact: Contact(row.contact) for row in rows}
        if found:
            for state in connection.scalars(self._contacts, {"phones": sorted(found)}):
                contact = Contact.from_json(state)
                found[contact.phone] = contact
        return found


def _own_hours(row: Row[Any]) -> dict[str, Any]:
    """What the flow that made the text says of quiet hours, for `Rules.window`."""
    plan = Plan.from_json(row.plan)
    return {"own": plan.quiet, "holds": plan.holds}


def _is_closed(row: Row[Any], now: datetime) -> bool:
    """True when the hours in which the text may leave are over."""
    return row.closes is not None and row.closes <= now


def _is_late(row: Row[Any], now: datetime) -> bool:
    """True for a text whose time came so long ago that the project may say something else by now:
    the provider was away, or the texts before it took long."""
    return bool(now - row.first_due > REPLY_WINDOW)


def _unknown_hours(row: Row[Any], now: datetime) -> Window | None:
    """Nobody here knows the rules: a text whose hours are over waits for one who does."""
    return Window(now + REPLY_WINDOW, row.closes) if _is_closed(row, now) else None


def _moved(row: Row[Any], window: Window, due: datetime | None = None) -> dict[str, Any]:
    """The row with other hours; what expires before them is told so when it does."""
    opens = window.opens if row.expires is None else min(window.opens, row.expires)
    return {"id": row.id, "due": due or opens, "first_due": opens, "closes": window.closes}


def refusal(row: Row[Any], state: State, reason: str) -> Refusal:
    """An outbox row, with its message's state, that is turned away."""
    return Refusal(
        row=row.id,
        message=row.message,
        contact=row.contact,
        may_be_out=row.state == State.UNCERTAIN or row.lease_token is not None,
        state=state,
        reason=reason,
    )
