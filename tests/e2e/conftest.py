"""A town to test in: smsflow as a whole, sandboxes as its providers, and people with phones.

Everything talks real HTTP. It runs twice: embedded (SQLite, queues in the process) and as in
production (PostgreSQL, Redis), with the same code but for the URLs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import urllib3

from smsflow.config import Settings
from smsflow.sandbox import fates
from smsflow.sandbox.records import Message
from smsflow.service import Service

SAMPLES = Path(__file__).parents[2]
TOKEN = "token-of-the-tests-0123456789"
T = TypeVar("T")

PATIENCE = 10.0  # seconds until a test gives up; everything here takes a fraction of one


class TownClock:
    """Real time, moved forward by hand."""

    def __init__(self, start: datetime) -> None:
        self._offset = start - datetime.now(UTC)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def jump_to(self, moment: datetime) -> None:
        self._offset = max(self._offset, moment - datetime.now(UTC))


def until(look: Callable[[], T], why: str) -> T:
    """Look until there is something to see."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s for {why}"
        pause.wait(0.01)


class Phone:
    """One person's phone."""

    def __init__(self, town: Town, number: str) -> None:
        self.town = town
        self.number = number
        self._heard: set[str] = set()  # the provider forgets after 48 h, so ids are kept

    def says(self, text: str, to: str = "main") -> None:
        """Text one of our numbers."""
        own = self.town.project.numbers[to]
        sandbox = self.town.service.sandboxes[own.provider]
        sandbox.network.receive(self.number[1:], own.address[1:], text, self.town.clock.now())

    def _unheard(self) -> list[tuple[str, str, str]]:
        """The texts that came since the last look: id, words, name of our number."""
        names = {own.address[1:]: own.name for own in self.town.project.numbers.values()}
        talks = [
            (talk.at, talk.text)
            for sandbox in self.town.service.sandboxes.values()
            for talk in sandbox.network.talk(self.number[1:])
            if isinstance(talk.text, Message) and talk.text.status.name == "DELIVERED_TO_HANDSET"
        ]
        return [
            (message.message_id, message.order.text, names[message.order.sender])
            for _, message in sorted(talks, key=lambda pair: pair[0])
            if message.message_id not in self._heard
        ]

    def hears(self) -> tuple[str, str]:
        """The next text, and the name of the number that it came from."""
        name, text, number = until(self._unheard, f"a text to {self.number}")[0]
        self._heard.add(name)
        return text, number

    def hears_nothing(self) -> None:
        """Everything is quiet, and no further text came."""
        self.town.settles()
        assert self._unheard() == []

    def fate(self, fate: fates.Fate, number: str = "main") -> None:
        """Decide what becomes of texts to this phone by one of our numbers."""
        own = self.town.project.numbers[number]
        self.town.service.sandboxes[own.provider].network.script(self.number[1:], fate)


class Town:
    """The service, and people around it."""

    def __init__(self, service: Service, clock: TownClock) -> None:
        self.service = service
        self.clock = clock
        self.store = service.runtime.store
        self.project = service.runtime.project
        self.http = urllib3.PoolManager(maxsize=32, retries=False)

    def phone(self, number: str = "+447700900123") -> Phone:
        return Phone(self, number)

    def settles(self) -> None:
        """Wait until nothing is due any more, here and at the providers."""
        until(self._quiet, "quiet")

    def _quiet(self) -> bool:
        now = self.clock.now()
        soon = now + timedelta(seconds=5)
        for sandbox in self.service.sandboxes.values():
            pending = sandbox.network.pending()
            if pending.pushes or (pending.next_due is not None and pending.next_due < soon):
                return False
        return self.store.quiet(now)

    def at(self, moment: datetime) -> None:
        """Let time pass until then, in jumps from one thing that is due to the next."""
        while True:
            self.settles()
            due = [self.store.next_due()]
            due += [sandbox.network.next_due() for sandbox in self.service.sandboxes.values()]
            upcoming = min((each for each in due if each is not None), default=moment)
            if upcoming >= moment:
                self.clock.jump_to(moment)
                return
            self.clock.jump_to(upcoming)

    def hook(self, what: str, provider: str = "primary") -> str:
        secret = self.service.runtime.secrets[provider][0]
        return f"{self.service.url}/webhooks/{provider}/{secret}/{what}"

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        answer = self.http.request(
            method,
            f"{self.service.url}/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}", **headers},
        )
        return answer.status, answer.json()

    def start(self, flow: str, phone: Phone, **inputs: Any) -> str:
        status, answer = self.api(
            "POST", f"/flows/{flow}/sessions", {"contact": phone.number, "inputs": inputs}
        )
        assert status == 202, answer
        session: str = answer["session"]
        return session

    def outcome(self, session: str) -> str:
        """The outcome of a session, once it has ended."""

        def look() -> str | None:
            found = self.store.session(session)
            return found[1].outcome if found else None

        return until(look, "the session's end") or ""


def environment(database_url: str, redis_url: str) -> dict[str, str]:
    return {
        "SMSFLOW_DATABASE_URL": database_url,
        "SMSFLOW_REDIS_URL": redis_url,
        "SMSFLOW_SECRET_KEY": "the-secret-of-the-tests-0123456789",
        "SMSFLOW_API_TOKEN": TOKEN,
    }


@pytest.fixture(params=["embedded", "production"])
def make_town(request: pytest.FixtureRequest) -> Iterator[Callable[..., Town]]:
    """Builds a town around a project folder, in both ways in which smsflow runs."""
    embedded = request.param == "embedded"
    queues = "memory://" if embedded else request.getfixturevalue("redis_database")
    url = _database(request, "sqlite" if embedded else "postgresql")
    running: list[Service] = []

    def make(project: Path = SAMPLES, start: datetime | None = None) -> Town:
        clock = TownClock(start or datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
        settings = Settings.from_environment(environment(url, queues), project=project)
        service = Service(settings, clock=clock, sweep_every=0.1, sandboxed=True)
        service.start()
        running.append(service)
        return Town(service, clock)

    yield make
    for service in running:
        service.stop()


def _database(request: pytest.FixtureRequest, kind: str) -> str:
    from tests.conftest import _empty

    if kind == "sqlite":
        import shutil

        path = request.getfixturevalue("tmp_path") / "smsflow.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_database")
    _empty(url)
    return url


@pytest.fixture
def town(make_town: Callable[..., Town]) -> Town:
    """The sample project at work."""
    return make_town()
