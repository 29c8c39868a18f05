"""A PostgreSQL and a Redis of a run's own, from the binaries that are installed here.

Servers that others use too can't be killed every two seconds.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Event

import psycopg
import redis

from tests.chaos.keeper import ChaosError, Keeper, Kept

READY_SECONDS = 30.0
_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_USER = "postgres"  # PostgreSQL refuses to run as root


@cache
def _binary(name: str) -> str | None:
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, _PLACES)])
    return shutil.which(name, path=places)


def missing(*, postgres: bool = True) -> str | None:
    """Why a run can't be made here, or None."""
    names = ["redis-server", *(["initdb", "postgres"] if postgres else [])]
    absent = [name for name in names if _binary(name) is None]
    if absent:
        return f"not installed here: {', '.join(absent)}"
    return None if Path("/proc/self/environ").exists() else "there is no /proc here"


def _path(name: str) -> str:
    found = _binary(name)
    if found is None:
        raise ChaosError(f"{name} is not installed here")
    return found


def start_redis(keeper: Keeper, port: int) -> Kept:
    """Redis without persistence: what it knew is gone when it is killed."""
    command = [_path("redis-server"), "--port", str(port), "--bind", "127.0.0.1"]
    kept = keeper.keep("redis", [*command, "--save", "", "--appendonly", "no"], {})
    wait_for_redis(port)
    return kept


def redis_at(port: int) -> redis.Redis:
    """A connection that gives up after a second."""
    return redis.Redis(port=port, socket_timeout=1, socket_connect_timeout=1)


def wait_for_redis(port: int) -> None:
    """Return when it answers."""

    def answers() -> bool:
        try:
            with redis_at(port) as connection:
                return bool(connection.ping())
        except redis.RedisError:
            return False

    until(answers, f"Redis on port {port}", READY_SECONDS)


def start_postgres(keeper: Keeper, port: int) -> tuple[Kept, str]:
    """An empty PostgreSQL with its own settings, and the URL of a database there.

    It ends by an immediate shutdown (SIGQUIT, as `pg_ctl stop -m immediate` sends): connections
    break in the middle of whatever they do, and the next start recovers from the log.
    """
    user = _USER if os.geteuid() == 0 else None
    data = keeper.folder / "postgres"
    data.mkdir(mode=0o700)
    if user is not None:
        shutil.chown(data, user, user)
    initdb = [_path("initdb"), "-D", str(data), "-U", _USER, "-A", "trust", "-E", "UTF8"]
    status, said = keeper.run([*initdb, "--no-locale", "--no-sync"], {}, user=user)
    if status:
        raise ChaosError(f"initdb failed:\n{said[-2000:]}")
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
        # One call instead of one for each of a thousand files, for it is restarted all the time.
        "recovery_init_sync_method": "syncfs",
    }
    command = [_path("postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    kept = keeper.keep("postgres", command, {}, user=user, gentle=signal.SIGQUIT)
    url = f"postgresql://{_USER}@127.0.0.1:{port}/postgres"
    wait_for_postgres(url)
    return kept, url


def wait_for_postgres(url: str) -> None:
    """Return when it takes connections."""

    def answers() -> bool:
        try:
            with psycopg.connect(url, connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    until(answers, "PostgreSQL", READY_SECONDS)


def until(look: Callable[[], object], what: str, seconds: float) -> None:
    """Look until it is so; ChaosError says what never was."""
    deadline = time.monotonic() + seconds
    pause = Event()
    while not look():
        if time.monotonic() > deadline:
            raise ChaosError(f"waited {seconds:.0f} s for {what}")
        pause.wait(0.05)
