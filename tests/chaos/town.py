"""smsflow as it is deployed, with servers of its own: what runs, and what of it can be hit."""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import redis
import urllib3

from benchmarks.processes import free_port
from tests.chaos import project, servers
from tests.chaos.keeper import ChaosError, Keeper, Kept
from tests.chaos.provider import PASSWORD, USER, Provider
from tests.chaos.servers import READY_SECONDS, until

_SECRET = secrets.token_urlsafe(24)
_PYTHON = [sys.executable, "-m"]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can be hit: the processes that it is, one of which is chosen."""

    name: str
    pids: Callable[[], list[int]]
    fatal: signal.Signals = signal.SIGKILL


class Town:
    """smsflow that runs. `database_url` is where it keeps things, `targets` what can be hit."""

    def __init__(self, keeper: Keeper, provider: Provider) -> None:
        self.folder = keeper.folder / "project"
        project.write(self.folder, project.VERSIONS[0])
        self.port = free_port()
        self.redis_port: int | None = None
        self.database_url = ""
        self.targets: list[Target] = []
        self.parts: list[Kept] = []  # what a new version has to be rolled out to, in this order
        self._keeper = keeper
        self.url = f"http://127.0.0.1:{self.port}"
        self.hook = f"{self.url}/webhooks/{project.PROVIDER}/{_SECRET}/mo"
        self.environment = {
            "SMSFLOW_PROJECT": str(self.folder),
            "SMSFLOW_PUBLIC_URL": self.url,
            "SMSFLOW_SECRET_KEY": secrets.token_hex(16),
            "SMS_URL": provider.url,
            "SMS_USER": USER,
            "SMS_PASSWORD": PASSWORD,
            "SMS_WEBHOOK_SECRET": _SECRET,
            "PORT": str(self.port),
        }

    def smsflow(self, *arguments: str) -> tuple[int, str]:
        """Run a command of smsflow to its end; its status and what it said."""
        return self._keeper.run([*_PYTHON, "smsflow", *arguments], self.environment)

    def roll_out(self, version: int) -> None:
        """A new version of the flows, part by part, each ended in good order."""
        project.write(self.folder, version)
        for part in self.parts:
            part.restart()
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return when pushes can be taken."""
        until(self.ready, "the web", READY_SECONDS)

    def ready(self) -> bool:
        """True when pushes can be taken now."""
        try:
            return (
                urllib3.request("GET", f"{self.url}/healthz", retries=False, timeout=2).status
                == 200
            )
        except urllib3.exceptions.HTTPError:
            return False

    def flush_redis(self) -> bool:
        """Empty Redis; False when it is away or there is none."""
        if self.redis_port is None:
            return False
        try:
            with servers.redis_at(self.redis_port) as connection:
                return bool(connection.flushall())
        except redis.RedisError:
            return False


def production(keeper: Keeper, provider: Provider) -> Town:
    """Web and worker over PostgreSQL and Redis, as the README's `Procfile` has them."""
    town = Town(keeper, provider)
    town.redis_port = free_port()
    queues = servers.start_redis(keeper, town.redis_port)
    postgres, town.database_url = servers.start_postgres(keeper, free_port())
    town.environment |= {
        "SMSFLOW_DATABASE_URL": town.database_url,
        "SMSFLOW_REDIS_URL": f"redis://127.0.0.1:{town.redis_port}/0",
    }
    status, said = town.smsflow("db", "upgrade")
    if status:
        raise ChaosError(f"smsflow db upgrade failed:\n{said[-2000:]}")
    web = keeper.keep("web", [*_PYTHON, "smsflow", "web"], town.environment)
    worker = keeper.keep("worker", [*_PYTHON, "smsflow", "worker"], town.environment)
    town.parts = [web, worker]
    town.targets = [
        _itself("web", web),
        Target("web child", web.children),
        _itself("worker supervisor", worker),
        Target("inbox worker", lambda: _called(worker, "smsflow-inbox")),
        Target("outbox worker", lambda: _called(worker, "smsflow-outbox")),
        Target("sweep", lambda: _called(worker, "smsflow-sweep")),
        _itself("redis", queues),
        _itself("postgres (immediate)", postgres, signal.SIGQUIT),
        Target("postgres connection", lambda: _having(postgres, "127.0.0.1(")),
    ]
    town.wait_until_ready()
    return town


def embedded(keeper: Keeper, provider: Provider) -> Town:
    """All of it in one process over SQLite, with the queues in its memory."""
    town = Town(keeper, provider)
    town.database_url = f"sqlite:///{keeper.folder / 'smsflow.db'}"
    environment: Mapping[str, str] = {
        **town.environment,
        "SMSFLOW_DATABASE_URL": town.database_url,
    }
    town.environment = dict(environment)
    service = keeper.keep("service", [*_PYTHON, "benchmarks.embedded"], environment)
    town.parts = [service]
    town.wait_until_ready()
    town.targets = [Target("service", _Lone(town, service).pids)]
    return town


class _Lone:
    """The only process, which is hit when it was up at the last blow already; on a busy machine it
    would else be ended before it has done anything."""

    def __init__(self, town: Town, kept: Kept) -> None:
        self._town = town
        self._kept = kept
        self._up = kept.pid

    def pids(self) -> list[int]:
        """Its process, at the second look that finds it up."""
        now = self._kept.pid if self._town.ready() else 0
        before, self._up = self._up, now
        return [now] if now and now == before else []


def _itself(name: str, kept: Kept, fatal: signal.Signals = signal.SIGKILL) -> Target:
    return Target(name, lambda: [kept.pid] if _alive(kept.pid) else [], fatal)


def _having(kept: Kept, words: str) -> list[int]:
    """The processes under that one whose command line has these words."""
    found = []
    for pid in kept.children():
        with suppress(OSError):
            if words.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def _called(kept: Kept, name: str) -> list[int]:
    """The processes under that one that call themselves so."""
    found = []
    for pid in kept.children():
        with suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text().strip() == name:
                found.append(pid)
    return found


def _alive(pid: int) -> bool:
    with suppress(OSError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
