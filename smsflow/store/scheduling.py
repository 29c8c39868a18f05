"""When each line of cron came last: the memory of flows that start by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update

from smsflow.engine.state import Contact
from smsflow.store.database import Part
from smsflow.store.loading import Loader
from smsflow.store.rows import NewRow
from smsflow.store.schema import inbox, schedules
from smsflow.store.writing import INBOX, inbox_row


class Scheduling(Part):
    """The verbs of schedules, and of whom they are for."""

    def people(self, after: str, limit: int) -> list[Contact]:
        """Contacts who have not opted out, in the order of their phones, behind `after`."""
        with self._db.read() as connection:
            return Loader(self._db.dialect).people(connection, after, limit)

    def schedule_came(self, key: str, now: datetime) -> datetime:
        """When that schedule came last; `now`, and noted so, when it is new."""
        with self._db.write() as connection:
            at = connection.scalar(select(schedules.c.at).where(schedules.c.key == key))
            if at is None:
                connection.execute(insert(schedules).values(key=key, at=now))
            return at or now

    def schedule_comes(
        self, key: str, last: datetime, moment: datetime, rows: Sequence[NewRow]
    ) -> bool:
        """Let it come at `moment` with these events, all of it or nothing; False when somebody
        else let it come since `last`."""
        with self._db.write() as connection:
            mine = (schedules.c.key == key) & (schedules.c.at == last)
            moved = connection.execute(update(schedules).where(mine).values(at=moment))
            if not moved.rowcount:
                return False
            self._db.dialect.inserts(inbox, INBOX).run(connection, [inbox_row(row) for row in rows])
            return True
