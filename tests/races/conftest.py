"""A stage: the real store, engine and sender, a provider in memory, and people who text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from random import Random
from typing import Any

import pytest

from smsflow.conversation import Conversations
from smsflow.delivery import Delivery, channels
from smsflow.engine import world
from smsflow.engine.language import parse
from smsflow.engine.model import Flow
from smsflow.engine.policy import Rules
from smsflow.engine.world import World
from smsflow.errors import Conflict
from smsflow.providers.memory import MemoryProvider
from smsflow.sms.states import State
from smsflow.store import Store
from smsflow.store.rows import Kind, NewRow
from tests.conftest import FakeClock

ANN = "+447700900123"
PROJECT = b"""
smsflow-project: 1
timezone: Europe/London
numbers: {main: {address: "+447700900000", provider: primary}}
providers: {primary: {kind: pigeonhost, url: env.U, user: env.U, password: env.U}}
limits: {replies: 100000/1d}
"""


@contextmanager
def _no_heartbeat(_beat: Callable[[], None]) -> Iterator[None]:
    yield


class Stage:
    """One service without its processes."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.provider = MemoryProvider("primary", now=clock.now)
        self.versions: dict[tuple[str, str], Flow] = {}
        self.world: World
        self._rng = Random(1)  # of all workers, for ids are made of it

    def play(self, flow: str, *, name: str = "talk") -> None:
        """Make this the newest version of the flow."""
        files = {"smsflow.yaml": PROJECT, f"flows/{name}.yaml": flow.encode()}
        loaded = parse.load(files).sound()
        assert loaded.project is not None
        for each in loaded.flows.values():
            self.versions[each.name, each.version] = each
        self.world = world.build(loaded.project, loaded.flows, secret=b"0123456789abcdef")

    def worker(self) -> Conversations:
        """A worker, as another process would have it."""
        return Conversations(
            self.store,
            lambda: self.world,
            lambda name, version: self.versions.get((name, version)),
            clock=self.clock,
            rng=self._rng,
        )

    def sender(self) -> Delivery:
        """A sender, as another process would have it."""
        project = self.world.project
        return Delivery(
            self.store,
            channels(project, {"primary": self.provider}, lambda _: "https://sms.test/dlr"),
            clock=self.clock,
            rng=Random(1),
            heartbeat=_no_heartbeat,
            rules=lambda: Rules(project),
        )

    def put(self, kind: Kind, payload: dict[str, Any], phone: str, **more: Any) -> bool:
        """One event of now; False for one that was there before."""
        due: datetime = self.clock.now()
        return self.store.insert([NewRow(kind, phone, payload, due, **more)])[0]

    def texts(self, text: str, phone: str = ANN, **more: Any) -> bool:
        """Somebody texts us."""
        return self.put(Kind.MO, {"text": text, "number": "main"}, phone, **more)

    def reports(self, wire_id: str, state: State, phone: str = ANN) -> None:
        """The provider tells what became of a text."""
        self.put(Kind.DLR, {"wire_id": wire_id, "state": state.value, "error": None}, phone)

    def works(self) -> None:
        """One worker, until nothing is due."""
        worker = self.worker()
        while worker.work().rows:
            pass

    def sends(self) -> None:
        """One sender, until nothing is due."""
        sender = self.sender()
        while sender.send("primary"):
            pass

    def sent(self, phone: str = ANN) -> list[str]:
        """The texts that reached a phone."""
        return [text.text for text in self.provider.sent if text.to == phone]

    def at_once(self, *jobs: Callable[[], Any]) -> None:
        """Threads that begin together; one who meets a lock comes again, as workers do."""

        def patient(job: Callable[[], Any]) -> None:
            while True:
                try:
                    job()
                except Conflict:
                    continue
                return

        with ThreadPoolExecutor(len(jobs)) as pool:
            for done in [pool.submit(patient, job) for job in jobs]:
                done.result()


@pytest.fixture
def stage(store: Store, clock: FakeClock) -> Stage:
    """The stage on each database."""
    return Stage(store, clock)
