"""SQLite with the scheduler at every statement and commit, and with simulated time.

The driver's connection is replaced by one that comes to the kernel first; all above it, SQLAlchemy
and the store, is what runs in production. A transaction that is open when its process is killed is
rolled back by closing the connection, as the operating system would do.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Self

from sqlalchemy import Float, event, literal_column, make_url

from smsflow.store.database import Database
from smsflow.store.dialect import Sqlite
from tests.simulation.kernel import Kernel

PATIENCE = 10.0  # simulated seconds until a writer gives up waiting for another
EPOCH = 1_772_442_000.0  # 2 March 2026, 09:00 UTC

_BUSY = 5
_NEVER = float("inf")
_WORK = """
SELECT min(due) FROM (
  SELECT min(due) / 1e6 AS due FROM inbox
  UNION ALL
  SELECT min(max(due / 1e6, first_due / 1e6, lease_until)) FROM outbox
  WHERE NOT held AND NOT EXISTS (
    SELECT 1 FROM outbox earlier WHERE earlier.order_key = outbox.order_key
    AND earlier.id < outbox.id AND NOT earlier.held
    AND (earlier.first_due <= outbox.due OR earlier.session = outbox.session)))
"""  # a text that waits for an earlier one is nothing to find


class SimulatedSqlite(Sqlite):
    """SQLite's dialect, with a clock that the simulation moves."""

    clock = literal_column("simulated_now()", Float)


class SimulatedDatabase(Database):
    """One database file that all simulated processes share."""

    guarded = True  # the gate that stands in the database repeats what the claim looks at

    def __init__(self, path: str) -> None:
        super().__init__(make_url(f"sqlite:///{path}"), PATIENCE)
        self.dialect = SimulatedSqlite()
        self._writer = None  # processes don't share a lock in memory; the kernel lets them wait
        self.kernel: Kernel | None = None
        self.writer: SimulatedConnection | None = None
        self.down_until = 0.0
        self.changes = 0  # commits that were not a sweep's
        self.work_due = _NEVER  # simulated seconds; when there is something for a sweep to find
        self.opt_outs: dict[str, list[tuple[int, bool]]] = {}  # phone -> (step of the commit, out)
        self.ever_held: set[str] = set()  # messages
        self.ever_put_off: set[str] = set()  # messages that were planned for later
        self._connections: list[SimulatedConnection] = []
        self._observer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._observer.create_function("simulated_now", 0, self.clock)
        self._guard = self._observer.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name = 'outbox_gate'"
        ).fetchone()
        self._is_guarded = True
        event.listen(self.engine, "do_connect", self._connect)

    def clock(self) -> float:
        """The database's clock, in seconds since 1970."""
        return EPOCH + (0.0 if self.kernel is None else self.kernel.now)

    def begin_run(self, kernel: Kernel) -> None:
        """Empty all tables, and serve that run."""
        self.kernel = None
        names = self._observer.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            " AND name NOT IN ('partitions', 'alembic_version')"
        ).fetchall()
        self._observer.execute("BEGIN")
        for (name,) in names:
            self._observer.execute(f"DELETE FROM {name}")  # noqa: S608
        self._observer.execute("COMMIT")
        if self._is_guarded != self.guarded:
            name, sql = self._guard
            self._observer.execute(sql if self.guarded else f"DROP TRIGGER {name}")
            self._is_guarded = self.guarded
        self.kernel, self.writer, self.down_until = kernel, None, 0.0
        self.work_due, self.opt_outs, self.ever_held = _NEVER, {}, set()
        self.ever_put_off, self.changes = set(), 0

    def ask(self, statement: str, *given: Any) -> list[Any]:
        """What the auditor wants to know, past all simulated faults."""
        return self._observer.execute(statement, given).fetchall()

    def restart(self) -> None:
        """All open transactions fail, and for a moment nobody gets in."""
        assert self.kernel is not None
        self.kernel.tell("database", "restarts")
        self.down_until = self.kernel.now + 1.5
        for connection in list(self._connections):
            connection.cut_off()

    def committed(self) -> None:
        """Look at what the world can see now."""
        assert self.kernel is not None
        due = self.ask(_WORK)[0][0]
        self.work_due = _NEVER if due is None else due - EPOCH
        for phone, out in self.ask("SELECT phone, opted_out FROM contacts"):
            log = self.opt_outs.setdefault(phone, [(0, False)])
            if log[-1][1] != bool(out):
                log.append((self.kernel.steps, bool(out)))
        held = self.ask("SELECT message FROM outbox WHERE held")
        self.ever_held.update(message for (message,) in held)
        later = (self.clock() + 60.0) * 1e6
        put_off = self.ask("SELECT message FROM outbox WHERE first_due > ?", later)
        self.ever_put_off.update(message for (message,) in put_off)
        if self.kernel.current is not None:
            self.changes += not self.kernel.current.process.name.startswith("sweep")
            self.kernel.current.last_commit = self.kernel.steps
            self.kernel.current.last_commit_at = self.kernel.current.looked

    def _connect(self, _dialect: Any, _record: Any, args: Any, given: Any) -> SimulatedConnection:
        connection = sqlite3.connect(
            *args, **{**given, "timeout": 0.0, "factory": SimulatedConnection}
        )
        assert isinstance(connection, SimulatedConnection)
        connection.join(self, self._connections)
        return connection

    def close(self) -> None:
        """Close all connections."""
        super().close()
        self._observer.close()


class SimulatedConnection(sqlite3.Connection):
    """The driver's connection, with the kernel in front."""

    _database: SimulatedDatabase
    _all: list[SimulatedConnection]
    _cut = False

    def join(self, database: SimulatedDatabase, all_: list[SimulatedConnection]) -> None:
        """Take part in a simulated database."""
        self._database, self._all = database, all_
        all_.append(self)
        self.create_function("simulated_now", 0, database.clock)

    def cursor(self, factory: Any = None) -> Any:
        """A cursor that asks here before each statement."""
        return super().cursor(factory or _Cursor)

    def admit(self, statement: str) -> None:
        """One statement comes through the port."""
        kernel = self._database.kernel
        if kernel is None or kernel.current is None or statement.startswith("PRAGMA"):
            return
        fault = kernel.port("sql")
        if statement == "BEGIN IMMEDIATE":
            self._wait_for_turn(kernel)
        if self._cut or kernel.now < self._database.down_until:
            raise sqlite3.OperationalError("the server closed the connection")
        if fault is not None:
            kernel.tell(kernel.current.process.name, "gets an error from the database")
            raise sqlite3.OperationalError("simulated: the statement failed")
        if statement == "BEGIN IMMEDIATE":
            self._database.writer = self

    def _wait_for_turn(self, kernel: Kernel) -> None:
        database = self._database
        until = kernel.now + PATIENCE
        while database.writer is not None:
            if kernel.now >= until:
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = _BUSY
                raise error
            kernel.wait(alarm=lambda: until, condition=lambda: database.writer is None)

    def commit(self) -> None:
        """Commit, or fail before it, or after it, when nobody can know."""
        database, kernel = self._database, self._database.kernel
        if kernel is None or kernel.current is None or not self.in_transaction:
            super().commit()
            return
        fault = kernel.port("commit")
        if fault == "before" or self._cut:
            raise sqlite3.OperationalError("the server closed the connection before the commit")
        super().commit()
        if self._release():
            database.committed()
        if fault == "after":
            kernel.tell(kernel.current.process.name, "commits, and hears an error")
            raise sqlite3.OperationalError("the server closed the connection after the commit")

    def rollback(self) -> None:
        """Undo; a connection that was cut off can be used again."""
        super().rollback()
        self._release()
        self._cut = False

    def close(self) -> None:
        """Close, which undoes what is open."""
        if self in self._all:
            self._all.remove(self)
        super().close()
        self._release()

    def cut_off(self) -> None:
        """The server goes away: an open transaction is undone, and its next statement fails."""
        if self.in_transaction:
            super().rollback()
            self._cut = True
            self._release()

    def _release(self) -> bool:
        if self._database.writer is not self:
            return False
        self._database.writer = None
        return True


class _Cursor(sqlite3.Cursor):
    """The driver's cursor, behind `admit`."""

    connection: SimulatedConnection

    def execute(self, sql: str, parameters: Any = ()) -> Self:
        self.connection.admit(sql)
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any) -> Self:
        self.connection.admit(sql)
        return super().executemany(sql, parameters)
