"""What concerns many: events that somebody has to be found for, and flows that start with a group.

Such a row belongs to nobody. Working it off makes a row for each person, in the same transaction; a
large audience is taken page by page, each page leaving the row of the next, so a crash in the
middle repeats no one and forgets no one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from smsflow.engine import addressing, policy
from smsflow.engine.clockwork import moment_of
from smsflow.engine.effects import StartFlow
from smsflow.engine.events import StartRequested
from smsflow.engine.state import Contact, decode
from smsflow.engine.world import World
from smsflow.store.rows import InboxRow, Kind, NewRow
from smsflow.store.store import Batch
from smsflow.store.writing import EVERYBODY

PAGE = 500  # contacts

# A time that was missed for longer is left out: good morning at five o'clock helps nobody.
LATE = timedelta(hours=1)


# --- rows -----------------------------------------------------------------------------------------


def event_row(name: str, data: Any, now: datetime, *, dedupe: str | None = None) -> NewRow:
    """An event that came in; `data` as `encode` makes it."""
    return NewRow(Kind.EVENT, EVERYBODY, {"name": name, "data": data}, now, dedupe)


def start_row(start: StartFlow, *, rate: float | None = None, dedupe: str | None = None) -> NewRow:
    """A flow that is to start with one phone, or with many, so many in a second."""
    payload = {
        "flow": start.flow,
        "session": start.session,
        "inputs": start.inputs,
        "contact": {},
        "kind": start.kind,
        "data": start.data,
        "group": start.group,
        "where": start.where,
    }
    if start.phone is not None:
        return NewRow(Kind.START, start.phone, payload, start.due, dedupe)
    return NewRow(Kind.AUDIENCE, EVERYBODY, {**payload, "rate": rate}, start.due, dedupe)


def start_requested(payload: Mapping[str, Any]) -> StartRequested:
    """What the row of a start means."""
    return StartRequested(
        flow=payload["flow"],
        session=payload["session"],
        inputs=decode(payload["inputs"]),
        contact=decode(payload["contact"]),
        kind=payload.get("kind", "api"),
        data=decode(payload.get("data", {})),
        group=payload.get("group"),
        where=payload.get("where"),
    )


# --- for each -------------------------------------------------------------------------------------


def rows_for_each(world: World, batch: Batch, row: InboxRow, now: datetime) -> list[NewRow]:
    """The rows of the people that a row for everybody concerns, and of the next page."""
    if row.kind is Kind.EVENT:
        data = decode(row.payload["data"])
        found = addressing.phones(world, row.payload["name"], data, now)
        return [NewRow(Kind.EVENT, phone, row.payload, row.due) for phone in found]
    people = batch.people(row.payload.get("after", ""), PAGE)
    rows = list(_starts(world, row, people))
    if len(people) == PAGE:
        count = row.payload.get("count", 0) + len(rows)
        following = {**row.payload, "after": people[-1].phone, "count": count}
        rows.append(NewRow(Kind.AUDIENCE, EVERYBODY, following, row.due))
    return rows


def _starts(world: World, row: InboxRow, people: Iterable[Contact]) -> Iterable[NewRow]:
    """A start for each of them; whoever a condition leaves out is left out when it is due."""
    payload = row.payload
    rate, group, count = payload.get("rate"), payload.get("group"), payload.get("count", 0)
    shared = {key: value for key, value in payload.items() if key not in _OF_PAGES}
    for contact in people:
        if group is not None and group not in contact.groups:
            continue
        due = _due(world, row, contact)
        if due is None:
            continue
        if rate:
            due += timedelta(seconds=count / rate)
        count += 1
        session = f"{payload['session']}-{contact.phone.removeprefix('+')}"
        yield NewRow(Kind.START, contact.phone, {**shared, "session": session}, due)


_OF_PAGES = frozenset({"after", "count", "rate", "local", "noticed"})


def _due(world: World, row: InboxRow, contact: Contact) -> datetime | None:
    """When it starts with this contact: now, or at a local time in their own zone; None when that
    was over for long as somebody noticed."""
    local = row.payload.get("local")
    if local is None:
        return row.due
    zone = policy.zone_of(contact.phone, known=contact.timezone, project=world.project.timezone)
    theirs = moment_of(datetime.fromisoformat(local), zone)
    noticed = decode(row.payload.get("noticed")) or row.due
    return None if theirs + LATE < noticed else max(row.due, theirs)
