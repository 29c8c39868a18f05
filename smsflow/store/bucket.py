"""The token bucket of a provider: segments a second, with a burst of one second.

It is a row in SQL, charged in the claim itself and by the database's clock, so that senders on
any number of hosts keep one rate together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from smsflow.store.dialect import Dialect
from smsflow.store.rows import SenderQuota
from smsflow.store.schema import buckets


@dataclass(frozen=True, slots=True)
class Room:
    """What a claim may take: rows, and segments when there is a rate."""

    rows: int
    segments: float | None  # None for no limit
    full: bool
    at: float  # the database's clock, seconds since 1970

    def take(self, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
        """The first rows that fit; when the bucket is full, at least one, however long."""
        if self.segments is None:
            return list(rows)
        left = self.segments
        taken: list[Row[Any]] = []
        for row in rows:
            left -= row.segments
            if left < 0 and (taken or not self.full):
                break
            taken.append(row)
        return taken


class Bucket:
    """The statements on buckets, built once."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def room(self, connection: Connection, provider: str, quota: SenderQuota) -> Room:
        """What the bucket holds now, locked until the claim is committed."""
        if quota.rate is None:
            return Room(quota.rows, None, full=True, at=0.0)
        burst = max(1.0, quota.rate)
        level = select(buckets.c.tokens, buckets.c.at, self._dialect.clock.label("clock"))
        level = level.where(buckets.c.provider == provider).with_for_update()
        row = connection.execute(level).one_or_none()
        if row is None:
            new = self._dialect.insert(buckets).values(
                provider=provider, tokens=burst, at=self._dialect.clock
            )
            connection.execute(new.on_conflict_do_nothing())
            row = connection.execute(level).one()
        tokens = min(burst, row.tokens + max(0.0, row.clock - row.at) * quota.rate)
        rows = min(quota.rows, max(1, int(tokens)))
        return Room(rows, tokens, full=tokens >= burst, at=row.clock)

    def charge(
        self, connection: Connection, provider: str, room: Room, taken: Sequence[Row[Any]]
    ) -> None:
        """Take the segments of the rows out of the bucket; a large text leaves a debt."""
        if room.segments is None:
            return
        left = room.segments - sum(row.segments for row in taken)
        level = update(buckets).where(buckets.c.provider == provider)
        connection.execute(level.values(tokens=left, at=room.at))
