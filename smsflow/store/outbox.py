"""The outbox: texts that have not left, and the one place where they are handed to a sender.

The gate stands inside the claim, so that what changed while a text waited counts: an opt-out, the
end of its validity, quiet hours, the provider's rate. Rows are claimed for some seconds only; a
sender that dies leaves nothing behind but a lease that runs out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from smsflow.engine.policy import Rules
from smsflow.engine.state import CLOCKS_DIFFER
from smsflow.sms.options import Options
from smsflow.sms.states import State
from smsflow.store.bucket import Bucket
from smsflow.store.columns import Instant
from smsflow.store.database import Database, Part
from smsflow.store.dialect import Dialect
from smsflow.store.gate import Gate, refusal
from smsflow.store.leases import token_of
from smsflow.store.refusing import Refusal, Refuser
from smsflow.store.rows import Leased, SenderQuota, Verdict
from smsflow.store.schema import attempts, contacts, inbox, messages, outbox
from smsflow.store.writing import INBOX, PRIORITIES, report_row

_NOW = bindparam("now", type_=Instant())
_CLOCKS_APART: ColumnElement[Any] = literal_column(str(CLOCKS_DIFFER // timedelta(microseconds=1)))
_STRAYS = 500  # rows that one call refuses at the most


class Outbox(Part):
    """Leasing texts to senders."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        dialect = database.dialect
        until = dialect.clock + bindparam("seconds", type_=Float())
        self._claim = _claim(dialect)
        self._mark = (
            update(outbox)
            .where(dialect.one_of(outbox.c.id, "rows"))
            .values(
                lease_token=bindparam("token"),
                lease_until=until,
                first_try_at=func.coalesce(outbox.c.first_try_at, _NOW),
                # Each claim's is later than the one before: the trigger takes no old one.
                claimed_at=case(
                    (outbox.c.claimed_at >= _NOW, outbox.c.claimed_at + literal_column("1")),
                    else_=_NOW,
                ),
                # A lease that ran out without a result was a try that may have gone out.
                tries=outbox.c.tries + case((outbox.c.lease_token.is_not(None), 1), else_=0),
            )
        )
        self._uncertain = (
            update(messages)
            .where(dialect.one_of(messages.c.id, "ids"), messages.c.state == State.QUEUED)
            .values(state=State.UNCERTAIN)
        )
        self._due_numbers = _due_numbers(dialect)
        self._strays = _strays(dialect)
        self._lapsed = dialect.inserts(attempts, "message wire_id at verdict detail")
        self._reports = dialect.inserts(inbox, INBOX)
        self._refuse = Refuser(dialect)
        self._bucket = Bucket(dialect)
        self._gate = Gate(dialect)

    def lease(
        self,
        numbers: Sequence[str],
        quota: SenderQuota,
        *,
        provider: str,
        now: datetime,
        seconds: float = 10.0,
        rules: Rules | None = None,
        holder: str = "",
        repeatable: bool = True,
    ) -> list[Leased]:
        """Claim texts that may leave now on these numbers (by name) for `seconds`.

        Codes go first and marketing last, by due time; texts of one contact go one by one, in the
        order they were made. Opted-out contacts' and expired texts are refused on the way, as is
        what `rules` has a cap for; texts outside their hours, and marketing that comes too often,
        wait for when it may. `holder` is whose the lease is, for `give_back`. A text whose lease
        ran out may be out: it is claimed anew when the provider is `repeatable`, else it is held.
        """
        while True:
            with self._db.write() as connection:
                room = self._bucket.room(connection, provider, quota)
                found = self._candidates(connection, numbers, room.rows, now)
                refusals = [refused for row in found if (refused := _gate(row, now, repeatable))]
                self._turn_away(connection, refusals, now)
                gone = {refusal.row for refusal in refusals}
                rest = [row for row in found if row.id not in gone]
                gone |= self._gate.hours(connection, rest, rules, now).rows
                taken = room.take([row for row in found if row.id not in gone])
                over = self._gate.caps(connection, taken, rules, now)
                self._turn_away(connection, over.refusals, now)
                gone |= over.rows
                taken = [row for row in taken if row.id not in gone]
                leased = self._hand_out(connection, taken, token_of(holder), now, seconds)
                self._bucket.charge(connection, provider, room, taken)
            if leased or not gone:
                return leased

    def _candidates(
        self, connection: Connection, numbers: Sequence[str], rows: int, now: datetime
    ) -> list[Row[Any]]:
        """Up to `rows` texts that may be claimed, locked, most urgent first."""
        found: list[Row[Any]] = []
        for priority in sorted(PRIORITIES.values()):
            if len(found) < rows:
                given = {
                    "numbers": list(numbers),
                    "priority": priority,
                    "now": now,
                    "rows": rows - len(found),
                }
                found += connection.execute(self._claim, given)
        return found

    def _turn_away(
        self, connection: Connection, refusals: Sequence[Refusal], now: datetime
    ) -> None:
        """Refuse texts, and tell their sessions."""
        final = self._refuse.refuse(connection, refusals, now)
        reports = [report_row(r.contact, r.message, r.state, r.reason, now) for r in final]
        self._reports.run(connection, reports)

    def _hand_out(
        self,
        connection: Connection,
        rows: Sequence[Row[Any]],
        token: str,
        now: datetime,
        seconds: float,
    ) -> list[Leased]:
        """Mark the rows as leased under a token."""
        if not rows:
            return []
        given = {"rows": [r.id for r in rows], "token": token, "seconds": seconds, "now": now}
        connection.execute(self._mark, given)
        lapsed = [row for row in rows if row.lease_token is not None]
        if lapsed:
            connection.execute(self._uncertain, {"ids": [row.message for row in lapsed]})
            self._lapsed.run(connection, [_lapsed_try(row, now) for row in lapsed])
        return [_leased(row, token) for row in rows]

    def due_numbers(self, now: datetime, among: Sequence[str]) -> list[str]:
        """Those of our numbers (by name) that have texts to claim."""
        with self._db.read() as connection:
            return sorted(connection.scalars(self._due_numbers, {"now": now, "among": list(among)}))

    def refuse_strays(self, numbers: Sequence[str], before: datetime, now: datetime) -> int:
        """Refuse texts on other numbers than these whose time came before then; how many.

        Nobody claims them, and each would hold up all later texts of its contact.
        """
        given = {"numbers": list(numbers), "before": before, "rows": _STRAYS}
        with self._db.write() as connection:
            found = connection.execute(self._strays, given).all()
            refusals = [
                refusal(row, State.REFUSED, f"smsflow.yaml has no number '{row.number}'")
                for row in found
            ]
            self._turn_away(connection, refusals, now)
        return len(refusals)


def claimable(dialect: Dialect) -> ColumnElement[bool]:
    """The condition of an outbox row that may be claimed at the parameter `now`.

    It is due, nobody has it, and no earlier text of its contact goes first.
    """
    in_time = and_(outbox.c.due <= _NOW, outbox.c.first_due <= _NOW)
    waits = goes_after_another(_NOW)
    return and_(in_time, ~outbox.c.held, outbox.c.lease_until <= dialect.clock, ~waits)


def goes_after_another(moment: ColumnElement[datetime]) -> ColumnElement[bool]:
    """The condition that an earlier text of an outbox row's contact is still here at that moment.

    Only texts whose own time had come count as earlier, so one that is planned for tomorrow holds
    up nothing but its own session; one that waits for an operator holds up nothing. Which came
    first is told by their order in the table, as two workers' clocks may disagree about moments.
    """
    earlier = outbox.alias("earlier")
    return exists().where(
        earlier.c.order_key == outbox.c.order_key,
        earlier.c.id < outbox.c.id,
        or_(
            earlier.c.first_due <= moment,
            earlier.c.first_due <= outbox.c.first_due + _CLOCKS_APART,
            earlier.c.session == outbox.c.session,
        ),
        ~earlier.c.held,
    )


# Told to the planner, so that the index of claims leads past all that is planned for later.
_ANY_PRIORITY = outbox.c.priority.in_(sorted(PRIORITIES.values()))


def _due_numbers(dialect: Dialect) -> Select[Any]:
    """Those of the listed numbers that have a claimable row: the first one settles it."""
    among = dialect.listed("among").subquery()
    first = (
        select(outbox.c.id)
        .where(_ANY_PRIORITY, outbox.c.number == among.c.value, claimable(dialect))
        .limit(1)
        .correlate(among)
        .scalar_subquery()
    )
    return select(among.c.value).where(first.is_not(None))


def _strays(dialect: Dialect) -> Select[Any]:
    """Rows of numbers that are not in the list, long due and in nobody's hands, locked."""
    return (
        select(outbox, messages.c.state)
        .join(messages, messages.c.id == outbox.c.message)
        .where(
            _ANY_PRIORITY,
            outbox.c.due <= bindparam("before", type_=Instant()),
            ~dialect.one_of(outbox.c.number, "numbers"),
            ~outbox.c.held,
            outbox.c.lease_until <= dialect.clock,
        )
        .order_by(outbox.c.id)
        .limit(bindparam("rows"))
        .with_for_update(of=outbox, skip_locked=True)
    )


def _claim(dialect: Dialect) -> Select[Any]:
    """Claimable rows of one priority, locked, with what the gate and the sender have to know."""
    claimed = (
        select(outbox)
        .where(
            claimable(dialect),
            outbox.c.priority == bindparam("priority"),
            dialect.one_of(outbox.c.number, "numbers"),
        )
        .order_by(outbox.c.due, outbox.c.id)
        .limit(bindparam("rows"))
        .with_for_update(of=outbox, skip_locked=True)
        .cte("claimed")
    )
    return (
        select(
            claimed,
            messages.c.text,
            messages.c.epoch,
            messages.c.segments,
            messages.c.state,
            messages.c.kind,
            messages.c.plan,
            messages.c.options,
            func.coalesce(contacts.c.opted_out, False).label("opted_out"),
        )
        .join_from(claimed, messages, messages.c.id == claimed.c.message)
        .outerjoin(contacts, contacts.c.phone == claimed.c.contact)
        .order_by(claimed.c.due, claimed.c.id)
    )


def _gate(row: Row[Any], now: datetime, repeatable: bool) -> Refusal | None:
    """Why a text may not leave, if so."""
    if row.opted_out and not row.passes_block:
        state, reason = State.REFUSED, "opted out"
    elif row.expires is not None and row.expires <= now:
        state, reason = State.EXPIRED, "expired"
    elif row.lease_token is not None and not repeatable:
        state, reason = State.HELD, "its sender ended before there was an answer"
    else:
        return None
    return refusal(row, state, reason)


def _leased(row: Row[Any], token: str) -> Leased:
    """A claimed row as the sender gets it."""
    return Leased(
        row=row.id,
        token=token,
        message=row.message,
        wire_id=f"{row.message}-{row.epoch}",
        number=row.number,
        to=row.contact,
        text=row.text,
        tries=row.tries + (row.lease_token is not None),
        first_try_at=row.first_try_at,
        expires=row.expires,
        options=Options.from_json(row.options),
    )


def _lapsed_try(row: Row[Any], now: datetime) -> dict[str, Any]:
    """The line in the record of attempts for a lease that ran out without a result."""
    return {
        "message": row.message,
        "wire_id": f"{row.message}-{row.epoch}",
        "at": now,
        "verdict": Verdict.AMBIGUOUS,
        "detail": "the lease ran out",
    }
