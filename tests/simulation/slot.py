"""One simulated process: the objects of production, with simulated things at their ports."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.test import Client

from smsflow.config import Settings
from smsflow.delivery import Delivery, channels
from smsflow.engine.policy import Rules
from smsflow.extending import read_project
from smsflow.providers.pigeonhost import PigeonHost
from smsflow.runtime import Runtime, StandIns
from smsflow.store import Store
from smsflow.store.committer import Committer
from smsflow.web import create_app
from tests.simulation.network import Push

if TYPE_CHECKING:
    from tests.simulation.town import Town

PROJECT = Path(__file__).parent / "project"
SECRET = "secret-of-the-simulation"
TOKEN = "token-of-the-simulation"

SETTINGS = Settings(
    project=PROJECT,
    database_url="sqlite:///simulated.db",
    secret_key=b"key of the simulation",
    api_token=TOKEN,
    environment={"PASSWORD": "password", "WEBHOOK_SECRET": SECRET},
)


class Slot:
    """The place of one process: its runtime, which outlives it only in what can't change."""

    def __init__(self, town: Town, name: str) -> None:
        self.name = name
        self.town = town
        self.requests: deque[tuple[Push, Callable[[int], None]]] = deque()
        self.store = Store(town.database)
        _ = self.store.partitions  # asked once and kept, so not in the first run alone
        project, self.loaded = read_project(PROJECT)
        queue: Any = town.redis
        self.runtime = Runtime(
            SETTINGS,
            project,
            self.loaded,
            self.store,
            queue,
            clock=town,
            rng=town.rng,
            stand_ins=StandIns(),
        )
        self.runtime.providers = {
            each: PigeonHost(
                each,
                project.providers[each].url,
                "user",
                "password",
                transport=_Transport(town, each),
                now=town.now,
            )
            for each in project.providers
        }
        runtime = self.runtime
        runtime.channels = channels(project, runtime.providers, runtime.report_url)
        self._new_sender()
        self.client = Client(create_app(runtime))

    def forget(self) -> None:
        """Lose what a process loses when it ends: requests, and group commits under way."""
        self.requests.clear()
        self.store._committer = Committer(self.store._write)
        self._new_sender()

    def _new_sender(self) -> None:
        town = self.town
        self.runtime.delivery = Delivery(
            self.store,
            self.runtime.channels,
            clock=town,
            rng=town.rng,
            heartbeat=town.heartbeat,
            wait=lambda seconds: town.kernel.sleep(seconds),
            seat=self.name,
            rules=lambda: Rules(self.runtime.project),
        )


class _Transport:
    """Carries the adapter's requests to the provider of this run."""

    def __init__(self, town: Town, name: str) -> None:
        self._town = town
        self._name = name

    def request(self, *request: Any) -> Any:
        """One HTTP request."""
        return self._town.providers[self._name].request(*request)
