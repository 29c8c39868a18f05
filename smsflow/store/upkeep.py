"""What keeps a running service going: circuits, leaders, versions of flows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, exists, func, or_, select

from smsflow.store.columns import Instant
from smsflow.store.database import Database, Part
from smsflow.store.outbox import claimable, goes_after_another
from smsflow.store.schema import (
    circuits,
    errands,
    flow_versions,
    inbox,
    leaders,
    outbox,
)


class Upkeep(Part):
    """Small tables, and questions about the whole."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        dialect = database.dialect
        new = dialect.insert(leaders).values(
            name=bindparam("new_name"),
            holder=bindparam("new_holder"),
            until=dialect.clock + bindparam("seconds"),
        )
        self._lead = new.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": new.excluded.holder, "until": new.excluded.until},
            where=or_(leaders.c.holder == new.excluded.holder, leaders.c.until <= dialect.clock),
        ).returning(leaders.c.holder)
        due = inbox.c.due <= bindparam("now", type_=Instant())
        leased = and_(outbox.c.lease_token.is_not(None), outbox.c.lease_until > dialect.clock)
        self._busy = select(
            or_(
                exists().where(due),
                exists().where(claimable(dialect)),
                exists().where(leased),
                exists().where(errands.c.due <= bindparam("now", type_=Instant())),
                exists().where(errands.c.lease_until > dialect.clock),
            )
        )

    # --- circuits ---------------------------------------------------------------------------------

    def circuit(self, provider: str) -> datetime | None:
        """Until when nothing is sent through this provider; None when its circuit is closed."""
        with self._db.read() as connection:
            until = select(circuits.c.until).where(circuits.c.provider == provider)
            return connection.scalar(until)

    def open_circuit(self, provider: str, until: datetime, reason: str) -> None:
        """Stop a provider until then; of two openings the one that ends later holds."""
        new = self._db.dialect.insert(circuits).values(
            provider=provider, until=until, reason=reason
        )
        with self._db.write() as connection:
            connection.execute(
                new.on_conflict_do_update(
                    index_elements=["provider"],
                    set_={"until": new.excluded.until, "reason": new.excluded.reason},
                    where=circuits.c.until < new.excluded.until,
                )
            )

    def close_circuit(self, provider: str) -> None:
        """Let a provider send again."""
        with self._db.write() as connection:
            connection.execute(delete(circuits).where(circuits.c.provider == provider))

    # --- leaders ----------------------------------------------------------------------------------

    def lead(self, name: str, holder: str, seconds: float) -> bool:
        """Take or prolong a leadership by the database's clock; False while another holds it."""
        given = {"new_name": name, "new_holder": holder, "seconds": seconds}
        with self._db.write() as connection:
            return connection.scalar(self._lead, given) is not None

    # --- versions of flows ------------------------------------------------------------------------

    def remember_versions(self, entries: Sequence[tuple[str, str, str]]) -> None:
        """Keep (flow, version, source in JSON) for sessions that run on; known ones stay, and it
        is noted that they are in use."""
        names = ("flow", "version", "source")
        rows = [dict(zip(names, entry, strict=True)) for entry in entries]
        if rows:
            dialect = self._db.dialect
            new = dialect.insert(flow_versions).values(used_at=dialect.clock_micros)
            new = new.on_conflict_do_update(
                index_elements=["flow", "version"], set_={"used_at": new.excluded.used_at}
            )
            with self._db.write() as connection:
                connection.execute(new, rows)

    def flow_source(self, flow: str, version: str) -> str | None:
        """The source of a version that was remembered."""
        source = select(flow_versions.c.source).where(
            flow_versions.c.flow == flow, flow_versions.c.version == version
        )
        with self._db.read() as connection:
            return connection.scalar(source)

    # --- time -------------------------------------------------------------------------------------

    def quiet(self, now: datetime) -> bool:
        """True when nothing can be done at `now`: no event is due, no text can be claimed or is
        leased."""
        with self._db.read() as connection:
            return not connection.scalar(self._busy, {"now": now})

    def next_due(self) -> datetime | None:
        """When the next event or text is due; texts that wait for an earlier one don't count."""
        waits = goes_after_another(outbox.c.due)
        event = select(func.min(inbox.c.due))
        text = select(func.min(outbox.c.due)).where(~outbox.c.held, ~waits)
        with self._db.read() as connection:
            errand = select(func.min(errands.c.due))
            dues = [connection.scalar(each) for each in (event, text, errand)]
            return min((due for due in dues if due is not None), default=None)
