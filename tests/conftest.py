"""Shared fixtures: a clock that tests move, and a store on each database that can be reached.

SQLite is always tested. PostgreSQL and Redis are used when they answer; under CI they have to.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from smsflow.store import Store
from smsflow.store.schema import metadata

# --- time -----------------------------------------------------------------------------------------


class FakeClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by


@pytest.fixture
def clock() -> FakeClock:
    """A clock of the test's own: Monday, 2 March 2026, 09:00 UTC."""
    return FakeClock()


# --- servers --------------------------------------------------------------------------------------

_POSTGRES = "postgresql://127.0.0.1:5432/test"
_REDIS = "redis://127.0.0.1:6379/0"
_CI = os.environ.get("CI") == "true"


@cache
def _postgres() -> tuple[str | None, str]:
    """The URL when PostgreSQL answers, and what was found."""
    given = os.environ.get("SMSFLOW_TEST_DATABASE_URL")
    urls = [given] if given else [_POSTGRES, _POSTGRES.replace("//", "//postgres@")]
    for url in urls:
        try:
            engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        except ImportError:
            return None, "not used (no driver); install psycopg"
        try:
            with engine.connect():
                return url, f"used, at {make_url(url).host}"
        except OperationalError as error:
            reason = str(error.orig).splitlines()[0]
        finally:
            engine.dispose()
    return None, f"not used ({reason}); set SMSFLOW_TEST_DATABASE_URL"


@cache
def _redis() -> tuple[str | None, str]:
    """The URL when Redis answers, and what was found."""
    url = os.environ.get("SMSFLOW_TEST_REDIS_URL", _REDIS)
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), 2):
            return url, f"used, at {parts.hostname}"
    except OSError as error:
        return None, f"not used ({error}); set SMSFLOW_TEST_REDIS_URL"


def postgres_url() -> str:
    """The URL of a PostgreSQL server to test on; skips, or fails under CI, when none answers."""
    return _required("PostgreSQL", *_postgres())


def redis_url() -> str:
    """The URL of a Redis server to test on; skips, or fails under CI, when none answers."""
    return _required("Redis", *_redis())


def _required(name: str, url: str | None, found: str) -> str:
    if url is None:
        (pytest.fail if _CI else pytest.skip)(f"{name} {found}")
    return url


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which servers the tests ran on, so that a skip is never taken for a pass."""
    terminalreporter.write_line(f"PostgreSQL: {_postgres()[1]}. Redis: {_redis()[1]}.")


# --- stores ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    store = Store.connect(f"sqlite:///{path}")
    store.upgrade()
    store.close()
    return path


@pytest.fixture(scope="session")
def scratch_postgres() -> Callable[[], AbstractContextManager[str]]:
    """Makes an empty PostgreSQL database, gives its URL, and drops it at the end."""
    return _scratch_postgres


@contextmanager
def _scratch_postgres() -> Iterator[str]:
    server = make_url(postgres_url()).set(drivername="postgresql+psycopg")
    name = f"smsflow_test_{uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            try:
                yield server.set(database=name).render_as_string(hide_password=False)
            finally:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """The URL of a database of this session's own, with the schema; dropped at the end."""
    with _scratch_postgres() as url:
        store = Store.connect(url)
        store.upgrade()
        store.close()
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with the schema and no rows, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "smsflow.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_database")
    _empty(url)
    return url


def _empty(url: str) -> None:
    """Remove all rows; the partitions belong to the schema and stay."""
    tables = [table for name, table in metadata.tables.items() if name != "partitions"]
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            # A handful of small deletes is quicker than TRUNCATE, which makes new files.
            for table in tables:
                connection.execute(table.delete())
    finally:
        engine.dispose()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store without rows, on SQLite and on PostgreSQL."""
    store = Store.connect(database_url)
    yield store
    store.close()
