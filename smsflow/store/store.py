"""The store: everything that smsflow remembers, behind verbs that are named by intention.

Its parts are classes of their own, one for each story; this puts them on one connection.
"""

from __future__ import annotations

from smsflow.store.batch import Batch as Batch
from smsflow.store.database import Database
from smsflow.store.erasing import Erasing
from smsflow.store.errands import Errands
from smsflow.store.handoffs import Handoffs
from smsflow.store.history import History
from smsflow.store.leases import Leases
from smsflow.store.migrate import Schema
from smsflow.store.operating import Operating
from smsflow.store.outbox import Outbox
from smsflow.store.parts import Parts
from smsflow.store.results import Results
from smsflow.store.retention import Retention
from smsflow.store.scheduling import Scheduling
from smsflow.store.upkeep import Upkeep
from smsflow.store.watching import Watching


class Store(
    Schema,
    Operating,
    Outbox,
    Leases,
    Results,
    Errands,
    Upkeep,
    Parts,
    Retention,
    Erasing,
    Handoffs,
    History,
    Watching,
    Scheduling,
):
    """One project's database. Threads may share it."""

    @classmethod
    def connect(cls, url: str, *, patience: float = 10.0, key: bytes = b"") -> Store:
        """Open sqlite:///path or postgresql://...; `patience` is how many seconds to wait for a
        lock before Conflict, `key` the project's secret. SettingsInvalid says what is wrong
        with the URL or the server."""
        return cls(Database.connect(url, patience, key))

    def close(self) -> None:
        """Close all connections."""
        self._db.close()
