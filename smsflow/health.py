"""Is it well? What probes, scrapes and the worker's log say of a running service.

Ages tell more than counts: a queue of ten thousand that is a second old is fine, and a single text
that has waited for an hour is not. Nothing here names a contact or a text.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import redis
from sqlalchemy.exc import SQLAlchemyError

from smsflow.errors import SettingsInvalid
from smsflow.store import Store
from smsflow.store.rows import Health


class Tally:
    """What this process has done since it started; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.rows = 0
        self.texts = 0
        self.errands = 0

    def add(self, *, rows: int = 0, texts: int = 0, errands: int = 0) -> None:
        """Count inbox rows that were worked off, and texts and errands that were tried."""
        with self._lock:
            self.rows += rows
            self.texts += texts
            self.errands += errands


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether requests can be taken, and the state of each part: "ok", or what is wrong."""

    database: str
    schema: str
    redis: str

    @property
    def ready(self) -> bool:
        """True when what is pushed can be kept. Without Redis it can: the sweep finds it in SQL."""
        return self.database == self.schema == "ok"

    @property
    def status(self) -> str:
        """ready, degraded (slower, nothing lost) or unavailable."""
        if not self.ready:
            return "unavailable"
        return "ready" if self.redis == "ok" else "degraded"


def readiness(store: Store, connection: redis.Redis) -> Readiness:
    """Ask the database and Redis; both answer or give up within seconds."""
    database, schema = "ok", "ok"
    try:
        store.check_schema()
    except SettingsInvalid as error:
        schema = str(error)
    except SQLAlchemyError:
        database, schema = "out of reach", "not known"
    return Readiness(database, schema, _redis(connection))


def _redis(connection: redis.Redis) -> str:
    try:
        connection.ping()
    except redis.RedisError:
        return "out of reach"
    return "ok"


def log_fields(health: Health) -> dict[str, object]:
    """The figures as fields of the log's event `health`; ages in seconds."""
    return {
        "inbox_due": health.inbox_due,
        "inbox_age": round(health.inbox_age, 1),
        "outbox_due": health.outbox_due,
        "outbox_age": round(health.outbox_age, 1),
        "errands_due": health.errands_due,
        "errands_age": round(health.errands_age, 1),
        "errands_failing": health.errands_failing,
        "held": health.held,
        "dead_letters": health.dead_letters,
        "handoffs": health.handoffs,
        "handoffs_age": round(health.handoffs_age, 1),
        "circuits_open": sorted(health.circuits),
    }
