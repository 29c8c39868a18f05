"""The connection: engine, transactions, and what is raised when they fail.

It exists so that the verbs of the store say `with self._db.write() as connection` and nothing of
pools, of SQLite's single writer, or of drivers.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
)

from smsflow.errors import Conflict, SettingsInvalid
from smsflow.store.dialect import Dialect, Postgres, Sqlite

# PostgreSQL: lock_not_available, deadlock_detected, serialization_failure, and our own trigger's
# "this contact has opted out", which only a race can reach.
_CONFLICTS = {"55P03", "40P01", "40001", "SF001"}
_SQLITE_BUSY = 5

IDLE = 0.5  # seconds after which a pooled connection is asked whether it still is one


class Database:
    """One database and its transactions. `patience` is in seconds: how long to wait for a lock;
    `key` is for the digests of numbers that were erased."""

    def __init__(self, url: URL, patience: float, key: bytes = b"") -> None:
        self.url = url
        self.key = key
        self.patience = patience
        self.dialect: Dialect
        if url.get_backend_name() == "sqlite":
            self.dialect = Sqlite()
            self.engine = _sqlite(url, patience)
        else:
            self.dialect = Postgres()
            self.engine = _postgres(url, patience)
        self._writing = self.engine.execution_options(smsflow_writes=True)
        # SQLite has one writer: threads queue here, fairly, instead of polling its lock.
        self._writer = threading.Lock() if self.is_sqlite else None

    @classmethod
    def connect(cls, url: str, patience: float, key: bytes = b"") -> Database:
        """A database that answers; SettingsInvalid names what is wrong with the URL or server."""
        database = cls(_read_url(url), patience, key)
        try:
            with database.read() as connection:
                connection.execute(text("SELECT 1"))
        except DBAPIError as error:
            database.close()
            raise SettingsInvalid(_unreachable(database.url)) from error
        return database

    @property
    def is_sqlite(self) -> bool:
        """True for SQLite."""
        return isinstance(self.dialect, Sqlite)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end, rolled back by an exception.

        Conflict when a lock can't be had. On SQLite a second `write` inside this one would wait
        for itself, and ends in Conflict too.
        """
        if self._writer is not None and not self._writer.acquire(timeout=self.patience):
            raise Conflict("another thread is writing to the database for too long")
        try:
            with self._writing.begin() as connection:
                yield connection
        except DBAPIError as error:
            if _is_conflict(error):
                raise Conflict(words_of(error)) from error
            raise
        finally:
            if self._writer is not None:
                self._writer.release()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _read_url(url: str) -> URL:
    """The URL with our driver; SettingsInvalid says which URLs are understood."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    match parsed and parsed.drivername.partition("+")[0]:
        case "sqlite" if parsed is not None and parsed.database not in (None, "", ":memory:"):
            return parsed.set(drivername="sqlite")
        case "postgresql" | "postgres" if parsed is not None:
            return parsed.set(drivername="postgresql+psycopg")
        case _:
            raise SettingsInvalid(
                "the database's URL is not understood: write sqlite:///smsflow.db, "
                "or postgresql://user:password@host/name"
            )


def _unreachable(url: URL) -> str:
    """A sentence with the place and the cure, and without the password."""
    if url.get_backend_name() == "sqlite":
        return f"{url.database} can't be opened: check that its folder exists and may be written"
    return (
        f"PostgreSQL at {url.host or 'the local socket'}, port {url.port or 5432}, database "
        f"{url.database or 'of the user'} can't be used: check that it runs and that the URL's "
        "host, user, password and database are right"
    )


# The statistics of a queue are wrong when they are used: it was empty when they were gathered, and
# holds ten thousand rows five minutes later. Every statement of the store has an index to follow,
# so a plan that reads a whole table, or sorts what an index has in order, is never the better one.
_INDEXES_ONLY = "; ".join(
    f"SET enable_{way} = off" for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin")
)

# A host that vanishes (power, network, a frozen machine) takes its transactions' locks with it, and
# by the system's defaults the other side notices after two hours.
ABANDONED = 60.0  # seconds without a statement until the server ends a transaction
_KEEPALIVE = {  # libpq's: some 25 seconds until a server that does not answer is given up
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # milliseconds
}


def _postgres(url: URL, patience: float) -> Engine:
    """An engine on psycopg; SettingsInvalid when that is not installed."""
    try:
        engine = create_engine(
            url,
            pool_size=8,
            max_overflow=16,
            connect_args={"connect_timeout": 5, **_KEEPALIVE},
            hide_parameters=True,  # errors are logged, and parameters are numbers and texts
        )
    except ImportError as error:
        raise SettingsInvalid(
            "PostgreSQL needs a driver: pip install 'smsflow[postgres]'"
        ) from error

    def on_connect(connection: Any, _: object) -> None:
        lock = f"SET lock_timeout = {max(1, int(patience * 1000))}"
        abandoned = f"SET idle_in_transaction_session_timeout = {int(ABANDONED * 1000)}"
        connection.execute(f"{_INDEXES_ONLY}; {lock}; {abandoned}")
        connection.commit()

    def on_checkin(_: object, record: Any) -> None:
        record.info["used"] = time.monotonic()

    def on_checkout(connection: Any, record: Any, _: object) -> None:
        # A restart of the database costs nobody an error; a ping for each use would cost everyone.
        if time.monotonic() - record.info.get("used", 0.0) > IDLE:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error

    for name, listener in (
        ("connect", on_connect),
        ("checkin", on_checkin),
        ("checkout", on_checkout),
    ):
        event.listen(engine, name, listener)
    return engine


def _sqlite(url: URL, patience: float) -> Engine:
    """An engine on SQLite's own driver, with transactions that we begin ourselves."""
    engine = create_engine(
        url,
        connect_args={"timeout": patience},
        pool_size=8,
        max_overflow=16,
        hide_parameters=True,
    )

    def on_connect(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        _use_wal(connection, patience)
        for pragma in ("synchronous=FULL", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")

    def on_begin(connection: Connection) -> None:
        # A reader that turns writer half-way fails at once, whatever the busy timeout.
        writes = connection.get_execution_options().get("smsflow_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    listen: Callable[..., None] = event.listen
    listen(engine, "connect", on_connect)
    listen(engine, "begin", on_begin)
    return engine


def _use_wal(connection: sqlite3.Connection, patience: float) -> None:
    """Let readers and the writer go side by side; the file keeps this setting.

    SQLite's own busy timeout does not cover this one switch, and two processes that start on a
    new file both want it.
    """
    until = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != _SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def words_of(error: DBAPIError) -> str:
    """What the database says, for a log: its first line, as the others quote rows."""
    return str(error.orig).partition("\n")[0]


def _is_conflict(error: DBAPIError) -> bool:
    """True when somebody else holds a lock that this needs."""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    return code == _SQLITE_BUSY or getattr(error.orig, "sqlstate", None) in _CONFLICTS


def out_of_reach(error: Exception) -> bool:
    """True when the connection failed or a lock was not to be had, and no row is to blame: the
    commit may even have happened."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, Conflict | OperationalError | InterfaceError)


class Part:
    """What the parts of the store share: the database."""

    def __init__(self, database: Database) -> None:
        self._db = database
