"""PostgreSQL and Redis where they run: tests borrow a part of them that nobody else uses.

A run has several processes, and other runs may go on at the same time, so nothing is shared: on
PostgreSQL each process makes databases of its own, and on Redis a test borrows a numbered database
that was empty. What is there already is never touched.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from benchmarks.loans import NoneEmpty, borrowed

_POSTGRES = "postgresql://127.0.0.1:5432/test"
_REDIS = "redis://127.0.0.1:6379/14"
CI = os.environ.get("CI") == "true"


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


def found() -> str:
    """Which servers the tests run on, in a line."""
    return f"PostgreSQL: {_postgres()[1]}. Redis: {_redis()[1]}."


def _required(name: str, url: str | None, told: str) -> str:
    """The URL; skips, or fails under CI, when no such server answers."""
    if url is None:
        (pytest.fail if CI else pytest.skip)(f"{name} {told}")
    return url


# --- PostgreSQL -----------------------------------------------------------------------------------


@contextmanager
def scratch_postgres() -> Iterator[str]:
    """The URL of an empty PostgreSQL database, which is dropped at the end."""
    server = make_url(_required("PostgreSQL", *_postgres())).set(drivername="postgresql+psycopg")
    name = f"smsflow_test_{uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            try:
                # Nobody pulls the plug on a test, and what a killed process has committed is kept.
                connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
                yield server.set(database=name).render_as_string(hide_password=False)
            finally:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()


# --- Redis ----------------------------------------------------------------------------------------

_NUMBERS = range(14, 0, -1)  # 0 is everybody's, and 15 is where benchmarks begin


@contextmanager
def scratch_redis() -> Iterator[str]:
    """The URL of a Redis database that was empty, and is again at the end."""
    with ExitStack() as stack:
        try:
            lent = stack.enter_context(borrowed(_required("Redis", *_redis()), _NUMBERS))
        except NoneEmpty as error:
            pytest.fail(str(error))
        yield lent
