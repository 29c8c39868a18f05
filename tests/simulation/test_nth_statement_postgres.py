"""The n-th statement fails on PostgreSQL: the main story again, played by hand in one thread.

There a failed statement spoils its whole transaction, which SQLite does not do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Float, cast, event, func, make_url, text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import Client

from smsflow import jobs
from smsflow.delivery import Delivery, channels
from smsflow.errors import Conflict
from smsflow.extending import read_project
from smsflow.providers.pigeonhost import PigeonHost
from smsflow.runtime import Runtime, StandIns
from smsflow.store import Store
from smsflow.store.database import Database
from smsflow.store.dialect import Postgres
from smsflow.store.schema import metadata
from smsflow.web import create_app
from tests.simulation.database import EPOCH
from tests.simulation.faults import NthCall
from tests.simulation.kernel import Kernel
from tests.simulation.network import DELIVERED, UNDELIVERABLE, Network, Provider, Push
from tests.simulation.queue import SimulatedRedis
from tests.simulation.slot import PROJECT, SECRET, SETTINGS
from tests.simulation.surroundings import quiet_logs

STEP = 43  # which statement of a transaction fails makes no odds, and each run costs its time
ROUNDS = 60  # a story has some ten


class SimulatedPostgres(Postgres):
    """PostgreSQL's dialect, with a clock that a setting of the transaction tells."""

    clock = cast(func.current_setting("simulated.now"), Float(53))


class Scene:
    """One process that does everything in turn, and two providers."""

    def __init__(self, url: str, fails_at: int) -> None:
        self.calls = 0
        self.struck = False
        self._fails_at = fails_at
        self._kernel = Kernel(Random(1), NthCall("", 0, ""), most_steps=0, verbose=False)
        self._requests: list[tuple[Push, Callable[[int], None]]] = []
        database = Database(make_url(url).set(drivername="postgresql+psycopg"), 10.0)
        database.dialect = SimulatedPostgres()
        self.engine = database.engine
        self.store = Store(database)
        event.listen(self.engine, "begin", self._set_clock)
        self._empty()
        queue: Any = SimulatedRedis()
        project, loaded = read_project(PROJECT)
        runtime = Runtime(
            SETTINGS,
            project,
            loaded,
            self.store,
            queue,
            clock=self,
            rng=Random(2),
            stand_ins=StandIns(),
        )
        network = Network(self._kernel, Random(3), self._deliver, rough=0.0, fate=_fate)
        self.providers = {
            name: Provider(network, name, f"/webhooks/{name}/{SECRET}")
            for name in project.providers
        }
        runtime.providers = {
            name: PigeonHost(name, project.providers[name].url, "user", "password", transport=each)
            for name, each in self.providers.items()
        }
        runtime.channels = channels(project, runtime.providers, runtime.report_url)
        runtime.delivery = Delivery(self.store, runtime.channels, clock=self, rng=Random(4))
        self._client = Client(create_app(runtime))
        jobs.use(runtime)
        event.listen(self.engine, "before_cursor_execute", self._count)

    def now(self) -> datetime:
        """The clock of the process."""
        return datetime.fromtimestamp(EPOCH + self._kernel.now, UTC)

    def play(self) -> None:
        """One text comes in; then everything takes its turn until nothing is left to do."""
        self.providers["primary"].receive("mo0", "447700900100", "fast b", lambda: None)
        self._kernel.advance(0.0)
        for _ in range(ROUNDS):
            for turn in (self._serve, jobs.drain, *self._senders(), jobs.drain):
                try:
                    turn()
                except (Conflict, DBAPIError):
                    continue
            following = min(self._kernel.next_entry, self._next_due())
            if following == float("inf"):
                break
            self._kernel.advance(max(following, self._kernel.now + 1.0))
        self._fails_at = 0

    def _next_due(self) -> float:
        """When the store has something to do; asked past the fault."""
        fails_at, self._fails_at = self._fails_at, 0
        due = self.store.next_due()
        self._fails_at = fails_at
        return float("inf") if due is None else due.timestamp() - EPOCH

    def states(self) -> list[str]:
        """The states of our messages, in the order in which they were made."""
        with self.engine.connect() as connection:
            found = connection.execute(text("SELECT state FROM messages ORDER BY seq"))
            return [state for (state,) in found]

    def _senders(self) -> list[Callable[[], Any]]:
        return [lambda name=name: jobs.deliver(name) for name in ("primary", "secondary")]  # type: ignore[misc]

    def _serve(self) -> None:
        requests, self._requests = self._requests, []
        for push, over in requests:
            kind = "application/json" if push.body else None
            answer = self._client.open(
                push.target, method=push.method, data=push.body, content_type=kind
            )
            over(answer.status_code)

    def _deliver(self, push: Push, over: Callable[[int], None]) -> bool:
        self._requests.append((push, over))
        return True

    def _count(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("SET LOCAL"):
            self.calls += 1
            if self.calls == self._fails_at:
                self.struck = True
                raise psycopg.OperationalError("simulated: the statement failed")

    def _set_clock(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL simulated.now = '{EPOCH + self._kernel.now}'")
        # No server is killed here, so no commit has to wait for the disk.
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

    def _empty(self) -> None:
        with self.engine.begin() as connection:
            for name, table in metadata.tables.items():
                if name != "partitions":
                    connection.execute(table.delete())


def _fate(provider: str) -> Any:
    return UNDELIVERABLE if provider == "primary" else DELIVERED


@pytest.fixture(autouse=True)
def _no_logs() -> Iterator[None]:
    with quiet_logs():
        yield


def test_the_nth_statement_fails(postgres_database: str) -> None:
    """Whatever statement fails: two texts, the second delivered, and nothing left over."""
    failing = 1
    while True:
        scene = Scene(postgres_database, failing)
        try:
            scene.play()
            assert (failing, scene.states()) == (failing, ["undeliverable", "delivered"])
            counts = scene.store.counts()
            left = {name: counts[name] for name in ("inbox", "outbox", "held", "dead_letters")}
            assert set(left.values()) == {0}, left
            for provider in scene.providers.values():
                assert sum(each.accepted for each in provider.texts.values()) == 1
        finally:
            scene.store.close()
        if not scene.struck:
            break
        failing += STEP
    assert failing > STEP
