"""Errands: what is to be done outside, leased to workers as texts are to senders.

A lease is for some seconds by the database's clock. The result of an errand and the end of its row
are one transaction, in which the token has to match: however often it was done, its session hears
of it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Float, Select, bindparam, case, delete, select, update

from smsflow.store.columns import Instant
from smsflow.store.database import Database, Part
from smsflow.store.dialect import Dialect
from smsflow.store.rows import Kind, LeasedErrand, NewRow
from smsflow.store.schema import errands, inbox
from smsflow.store.writing import INBOX, inbox_row

_NOW = bindparam("now", type_=Instant())


class Errands(Part):
    """Leasing errands, and recording how they went."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        dialect = database.dialect
        until = dialect.clock + bindparam("seconds", type_=Float())
        self._errands_due = _due(dialect)
        self._errands_taken = (
            update(errands)
            .where(dialect.one_of(errands.c.id, "ids"))
            .values(
                lease_token=bindparam("token"),
                lease_until=until,
                # A lease that ran out without a result was a try.
                tries=errands.c.tries + case((errands.c.lease_token.is_not(None), 1), else_=0),
            )
        )
        self._errands_held = (
            update(errands)
            .where(errands.c.lease_token == bindparam("token"))
            .values(lease_until=until)
        )
        self._errands_over = dialect.inserts(inbox, INBOX)

    def lease_errands(self, now: datetime, limit: int, seconds: float) -> list[LeasedErrand]:
        """Take up to `limit` errands that are due and in nobody's hands, oldest first."""
        with self._db.write() as connection:
            given = {"now": now, "limit": limit}
            found = connection.execute(self._errands_due, given).mappings().all()
            if not found:
                return []
            token = uuid4().hex
            ids = [row["id"] for row in found]
            mark = {"ids": ids, "token": token, "seconds": seconds}
            connection.execute(self._errands_taken, mark)
        return [
            LeasedErrand(
                id=row["id"],
                token=token,
                contact=row["contact"],
                session=row["session"],
                serial=row["serial"],
                kind=row["kind"],
                order=row["payload"],
                tries=row["tries"] + (row["lease_token"] is not None),
                expires=row["expires"],
            )
            for row in found
        ]

    def renew_errands(self, token: str, seconds: float) -> None:
        """Prolong the leases under this token to `seconds` from now."""
        with self._db.write() as connection:
            connection.execute(self._errands_held, {"token": token, "seconds": seconds})

    def retry_errand(self, errand: LeasedErrand, due: datetime, error: str) -> bool:
        """Give it back, to be tried again at `due`; False when the lease was lost meanwhile."""
        again = (
            update(errands)
            .where(errands.c.id == errand.id, errands.c.lease_token == errand.token)
            .values(due=due, tries=errand.tries + 1, error=error, lease_token=None, lease_until=0.0)
            .returning(errands.c.id)
        )
        with self._db.write() as connection:
            return connection.scalar(again) is not None

    def finish_errand(self, errand: LeasedErrand, result: Mapping[str, Any], now: datetime) -> bool:
        """End it and tell its session; False when the lease was lost meanwhile."""
        over = (
            delete(errands)
            .where(errands.c.id == errand.id, errands.c.lease_token == errand.token)
            .returning(errands.c.id)
        )
        payload = {
            "session": errand.session,
            "serial": errand.serial,
            "errand": errand.id,
            "result": dict(result),
        }
        with self._db.write() as connection:
            if connection.scalar(over) is None:
                return False
            row = NewRow(Kind.ERRAND_DONE, errand.contact, payload, now)
            self._errands_over.run(connection, [inbox_row(row)])
        return True

    def end_errand(self, errand: LeasedErrand) -> bool:
        """End one that nobody waits for; False when the lease was lost meanwhile."""
        over = (
            delete(errands)
            .where(errands.c.id == errand.id, errands.c.lease_token == errand.token)
            .returning(errands.c.id)
        )
        with self._db.write() as connection:
            return connection.scalar(over) is not None

    def errands_due(self, now: datetime) -> bool:
        """True when errands are due and in nobody's hands."""
        free = errands.c.lease_until <= self._db.dialect.clock
        first = select(errands.c.id).where(errands.c.due <= now, free).limit(1)
        with self._db.read() as connection:
            return connection.scalar(first) is not None


def _due(dialect: Dialect) -> Select[Any]:
    return (
        select(errands)
        .where(errands.c.due <= _NOW, errands.c.lease_until <= dialect.clock)
        .order_by(errands.c.due, errands.c.seq)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True)
    )
