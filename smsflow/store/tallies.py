"""Counting what leaves, for the caps of `limits`: by contact, by prefix, and all together.

A tally of one contact has a row for each moment, so that a day is a day to the second. Those of
many contacts have a row for each hundredth of the time, dated at its end: what they let through
is never more than the cap, and what they hold back may wait one hundredth longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, bindparam, literal_column, select

from smsflow.engine.model import Caps, StartLimit
from smsflow.engine.policy import earliest
from smsflow.store.columns import Instant
from smsflow.store.dialect import ALWAYS, Dialect
from smsflow.store.schema import tallies

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SLICES = 100
_NEIGHBOURS = 4  # last digits in which numbers of one prefix differ


@dataclass(frozen=True, slots=True)
class Over:
    """Rows that are over a cap: when they may leave, or the name of the cap that refuses them."""

    later: dict[int, datetime] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Charge:
    """One tally that a text counts in."""

    name: str
    scope: str
    limit: StartLimit
    at: datetime

    def since(self, now: datetime) -> datetime:
        """What happened after that counts."""
        return now - _length(self.limit)


class Tallies:
    """The statements on tallies, built once."""

    def __init__(self, dialect: Dialect) -> None:
        scopes = dialect.listed("scopes")
        zero: ColumnElement[int] = literal_column("0", BigInteger())
        self._open = (
            dialect.insert(tallies)
            .from_select(["scope", "at", "texts"], scopes.add_columns(zero, zero).where(ALWAYS))
            .on_conflict_do_nothing()
        )
        mine = dialect.one_of(tallies.c.scope, "scopes")
        # The row at 0 stands for the whole tally: whoever has it counts alone.
        self._lock = (
            select(tallies.c.scope)
            .where(mine, tallies.c.at == zero)
            .order_by(tallies.c.scope)
            .with_for_update()
        )
        since = tallies.c.at > bindparam("since", type_=Instant())
        self._read = select(tallies).where(mine, since).order_by(tallies.c.at)
        new = dialect.insert(tallies)
        self._add = new.on_conflict_do_update(
            index_elements=["scope", "at"],
            set_={"texts": tallies.c.texts + new.excluded.texts},
        )

    def count(
        self,
        connection: Connection,
        rows: Sequence[Row[Any]],
        caps: Caps,
        zones: Mapping[str, str],
        now: datetime,
    ) -> Over:
        """Count rows that are about to leave, in their order; what is over a cap is not counted.

        `zones` has the time zone of each contact whose text opens a marketing session.
        """
        charges = {row.id: list(_charges(row, caps, now)) for row in rows}
        all_ = [charge for each in charges.values() for charge in each]
        if not all_:
            return Over()
        known = self._known(connection, all_, now)
        over = Over()
        spent: dict[tuple[str, datetime], int] = {}
        for row in rows:
            if self._fits(row, charges[row.id], known, zones, over, now):
                for charge in charges[row.id]:
                    known.setdefault(charge.scope, []).append((charge.at, 1))
                    key = (charge.scope, charge.at)
                    spent[key] = spent.get(key, 0) + 1
        if spent:
            lines = [
                {"scope": scope, "at": at, "texts": texts} for (scope, at), texts in spent.items()
            ]
            connection.execute(self._add, lines)
        return over

    def _known(
        self, connection: Connection, charges: Sequence[_Charge], now: datetime
    ) -> dict[str, list[tuple[datetime, int]]]:
        """What was counted before, locked until the claim is committed."""
        scopes = {"scopes": sorted({charge.scope for charge in charges})}
        connection.execute(self._open, scopes)
        connection.execute(self._lock, scopes).all()
        since = min(charge.since(now) for charge in charges) - timedelta(hours=1)
        known: dict[str, list[tuple[datetime, int]]] = {}
        for row in connection.execute(self._read, {**scopes, "since": since}):
            known.setdefault(row.scope, []).append((row.at, row.texts))
        return known

    def _fits(
        self,
        row: Row[Any],
        charges: Sequence[_Charge],
        known: Mapping[str, Sequence[tuple[datetime, int]]],
        zones: Mapping[str, str],
        over: Over,
        now: datetime,
    ) -> bool:
        """Whether a row is within every cap; if not, `over` learns what becomes of it."""
        for charge in charges:
            before = known.get(charge.scope, ())
            if charge.name == "marketing":
                times = [at for at, texts in before for _ in range(texts)]
                allowed = earliest(times, charge.limit, now, zones[row.contact])
                if allowed > now:
                    over.later[row.id] = allowed
                    return False
            elif sum(n for at, n in before if at > charge.since(now)) >= charge.limit.times:
                over.refused[row.id] = charge.name
                return False
        return True


def _charges(row: Row[Any], caps: Caps, now: datetime) -> Iterator[_Charge]:
    """The tallies that a text counts in; the answer to STOP counts in none."""
    if row.passes_block:
        return
    if caps.texts is not None:
        yield _Charge("texts", f"texts:{row.contact}", caps.texts, now)
    if caps.prefix is not None:
        scope = f"prefix:{row.contact[:-_NEIGHBOURS]}"
        yield _Charge("prefix", scope, caps.prefix, _slice(caps.prefix, now))
    if caps.total is not None:
        yield _Charge("total", "total", caps.total, _slice(caps.total, now))
    if row.opener:
        yield _Charge("marketing", f"marketing:{row.contact}", caps.marketing, now)


def _length(limit: StartLimit) -> timedelta:
    return timedelta(days=limit.per.days, seconds=limit.per.seconds)


def _slice(limit: StartLimit, now: datetime) -> datetime:
    """The end of the hundredth of the time that this moment lies in."""
    width = _length(limit) / _SLICES
    return _EPOCH + ((now - _EPOCH) // width + 1) * width
