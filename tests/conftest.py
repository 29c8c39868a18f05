"""Shared fixtures: a clock that tests move, and a store on each database that can be reached.

SQLite is always tested. PostgreSQL and Redis are used when they answer; under CI they have to.
"""

from __future__ import annotations

import gc
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import create_engine

from smsflow.store import Store
from smsflow.store.schema import metadata
from tests import servers

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


# --- logging --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """What a command set up for its own process, or a test for itself, ends with the test."""
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**config)


# --- how the tests run ----------------------------------------------------------------------------

_PROCESSES = 3

# Tests that start whole families of processes: one after the other, for two at a time would only
# wait for each other.
_FAMILIES = (
    "tests/browser/",
    "tests/chaos/",
    "tests/e2e/",
    "tests/providers/test_kannel.py",
    "tests/test_benchmarks.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """The whole suite runs in three processes, one of which mostly waits for others, unless `-n`
    says otherwise or xdist is not there."""
    if not config.pluginmanager.hasplugin("xdist") or hasattr(config, "workerinput"):
        return
    option = config.option
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if whole and option.numprocesses is None and option.dist == "no" and not option.usepdb:
        option.numprocesses = _PROCESSES
    if option.numprocesses and option.dist == "no":
        option.dist = "loadfile"
        option.loadscopereorder = False  # the families are collected first, and take longest


def pytest_collection_finish() -> None:
    """What was collected stays to the end. Python's collector looked through it a hundred times,
    which was a sixth of the suite's time."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A module stays in one process, and all families of processes do."""
    if config.option.dist != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduler(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "families" if nodeid.startswith(_FAMILIES) else super()._split_scope(nodeid)

    return Scheduler(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which servers the tests ran on, so that a skip is never taken for a pass."""
    terminalreporter.write_line(servers.found())


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
    return servers.scratch_postgres


@pytest.fixture
def redis_database() -> Iterator[str]:
    """The URL of an empty Redis database that nobody else uses."""
    with servers.scratch_redis() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_database() -> Iterator[str]:
    """The URL of a database of this process's own, with the schema; dropped at the end."""
    with servers.scratch_postgres() as url:
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
