"""PostgreSQL and Redis where they run: tests borrow a part of them that nobody else uses.

A run has several processes, and other runs may go on at the same time, so nothing is shared: on
PostgreSQL each process makes databases of its own, and on Redis a test borrows a numbered database
that was empty. What is there already is never touched.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import redis
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

_POSTGRES = "postgresql://127.0.0.1:5432/test"
_REDIS = "redis://127.0.0.1:6379/14"
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


def found() -> str:
    """Which servers the tests run on, in a line."""
    return f"PostgreSQL: {_postgres()[1]}. Redis: {_redis()[1]}."


def _required(name: str, url: str | None, told: str) -> str:
    """The URL; skips, or fails under CI, when no such server answers."""
    if url is None:
        (pytest.fail if _CI else pytest.skip)(f"{name} {told}")
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
                yield server.set(database=name).render_as_string(hide_password=False)
            finally:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()


# --- Redis ----------------------------------------------------------------------------------------

# A loan is a key with an end. The other key stays when a run was killed, and says that what is
# left in the database is nobody's.
_OURS, _LOAN, _LOAN_SECONDS = "smsflow-tests", "smsflow-tests:loan", 600
_BORROW = f"""
if redis.call('exists', '{_LOAN}') == 1 then return 0 end
if redis.call('dbsize') > 0 and redis.call('exists', '{_OURS}') == 0 then return 0 end
redis.call('flushdb')
redis.call('set', '{_OURS}', ARGV[1])
redis.call('set', '{_LOAN}', ARGV[1], 'ex', {_LOAN_SECONDS})
return 1
"""
_GIVE_BACK = f"if redis.call('get', '{_OURS}') == ARGV[1] then redis.call('flushdb') end"
_NUMBERS = range(14, 0, -1)  # 0 is everybody's, and 15 is that of the benchmarks


@contextmanager
def scratch_redis() -> Iterator[str]:
    """The URL of a Redis database that was empty, and is again at the end."""
    url, loan = _required("Redis", *_redis()), uuid4().hex
    own = int(urlsplit(url).path.strip("/") or 0)
    for number in dict.fromkeys([own, *_NUMBERS]):
        lent = urlsplit(url)._replace(path=f"/{number}").geturl()
        with redis.Redis.from_url(lent) as connection:
            if _borrow(connection, loan):
                try:
                    yield lent
                finally:
                    connection.eval(_GIVE_BACK, 0, loan)
                return
    pytest.fail(f"Redis at {urlsplit(url).hostname}: all databases are in use; empty one")


def _borrow(connection: redis.Redis, loan: str) -> bool:
    try:
        return bool(connection.eval(_BORROW, 0, loan))
    except redis.ResponseError as error:
        if "out of range" in str(error):  # a server may have less than sixteen
            return False
        raise
