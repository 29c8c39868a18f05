"""What differs between PostgreSQL and SQLite: the clock, lists as parameters, and bulk writes.

Everything else is written once. Lists and rows travel as one parameter, so that a statement's text
is the same for 1 row and for 200, PostgreSQL prepares it once, and a batch costs it one round trip.
The parameter is JSON: it is written and read in C on both ends, arrays of the driver are not.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Executable,
    Float,
    FromClause,
    Select,
    SelectBase,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy import table as sqlalchemy_table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.types import TypeDecorator

from smsflow.store.columns import Json

Row = Mapping[str, Any]


class Bulk(ABC):
    """A statement that writes any number of rows at once; built once, run often."""

    @abstractmethod
    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Write the rows, in their order; nothing at all for no rows."""


class Dialect(ABC):
    """The small part of SQL that the two databases say differently."""

    clock: ColumnElement[float]  # the database's clock at this statement, seconds since 1970

    @property
    def clock_micros(self) -> ColumnElement[int]:
        """The database's clock as the tables keep instants."""
        return cast(self.clock * 1_000_000, BigInteger)

    @abstractmethod
    def listed(self, name: str) -> Select[Any]:
        """The items of the list parameter `name`, texts, as rows."""

    @abstractmethod
    def one_of(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """The condition that the column is an item of the list parameter `name`."""

    @abstractmethod
    def among(self, column: ColumnElement[Any], few: SelectBase) -> ColumnElement[bool]:
        """The condition that the column is one of the few values of that query."""

    @abstractmethod
    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """INSERT that knows ON CONFLICT."""

    @abstractmethod
    def inserts(self, table: Table, columns: str, *, replacing: str | None = None) -> Bulk:
        """Insert rows; with `replacing`, a unique column, a row that is there is overwritten."""

    @abstractmethod
    def updates(self, table: Table, key: str, columns: str) -> Bulk:
        """Update rows by their key."""

    @abstractmethod
    def last_serial(self, table: Table) -> Select[Any]:
        """The last `id` that was given out in the table, however many rows are left; or NULL."""


class Postgres(Dialect):
    """JSON for lists and for rows: one statement and one round trip for all of them."""

    clock = cast(func.extract("epoch", func.clock_timestamp()), Float(53))

    def listed(self, name: str) -> Select[Any]:
        """json_array_elements_text of a JSON array."""
        items = func.json_array_elements_text(cast(bindparam(name, type_=Json()), postgresql.JSON))
        return select(items.table_valued("value", name=f"{name}_list").render_derived().c.value)

    def one_of(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """= ANY of an array, which never becomes a join: joins lose an index's order."""
        (value,) = self.listed(name).selected_columns
        plain = column.type.impl if isinstance(column.type, TypeDecorator) else BigInteger()
        return self.among(column, select(cast(value, plain)))

    def among(self, column: ColumnElement[Any], few: SelectBase) -> ColumnElement[bool]:
        """= ANY of an array, for the same reason; with old statistics a join walks the table."""
        return column == any_(func.array(few.scalar_subquery()))

    def insert(self, table: Table) -> postgresql.Insert:
        """PostgreSQL's INSERT."""
        return postgresql.insert(table)

    def inserts(self, table: Table, columns: str, *, replacing: str | None = None) -> Bulk:
        """INSERT ... SELECT FROM json_to_recordset, in the order of the rows."""
        names = columns.split()
        given = _recordset(table, names)
        rows = select(*(given.c[name] for name in names)).order_by(given.c[_PLACE])
        statement = postgresql.insert(table).from_select(names, rows)
        if replacing is not None:
            statement = statement.on_conflict_do_update(
                index_elements=[replacing],
                set_={name: statement.excluded[name] for name in names if name != replacing},
            )
        return _OneStatement(statement, table, names)

    def updates(self, table: Table, key: str, columns: str) -> Bulk:
        """UPDATE ... FROM json_to_recordset."""
        names = columns.split()
        given = _recordset(table, [key, *names])
        statement = (
            update(table)
            .where(table.c[key] == given.c[key])
            .values({name: given.c[name] for name in names})
        )
        return _OneStatement(statement, table, [key, *names])

    def last_serial(self, table: Table) -> Select[Any]:
        """The last value of its sequence; a transaction that was rolled back leaves a gap."""
        name = func.pg_get_serial_sequence(literal(table.name), literal("id"))
        return select(func.pg_sequence_last_value(cast(name, postgresql.REGCLASS)))


_PLACE = "place_of_row"
_PLAIN_DIALECT = DefaultDialect()


def _recordset(table: Table, names: Sequence[str]) -> FromClause:
    """The rows of the parameter `rows` as a table with these columns, and each row's place."""
    columns = [column(name, _plain_type(table.c[name])) for name in names]
    rows = func.json_to_recordset(cast(bindparam("rows", type_=Text()), postgresql.JSON))
    given = rows.table_valued(*columns, column(_PLACE, BigInteger()), name="given")
    return given.render_derived(with_types=True)


def _plain_type(column: Column[Any]) -> Any:
    """The database's own type of a column."""
    return column.type.impl if isinstance(column.type, TypeDecorator) else column.type


class _OneStatement(Bulk):
    """One execution with all rows in one parameter."""

    def __init__(self, statement: Executable, table: Table, names: Sequence[str]) -> None:
        self._statement = statement
        self._writers = [(name, _writer(table.c[name])) for name in names]

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """One round trip."""
        if rows:
            plain = [
                {name: write(row[name]) for name, write in self._writers} | {_PLACE: place}
                for place, row in enumerate(rows)
            ]
            text_ = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
            connection.execute(self._statement, {"rows": text_})


def _writer(column: Column[Any]) -> Callable[[Any], Any]:
    """What makes a column's value a plain one, as the column's type does for a parameter."""
    processor = column.type.bind_processor(_PLAIN_DIALECT)
    return processor or _unchanged


def _unchanged(value: Any) -> Any:
    return value


class Sqlite(Dialect):
    """JSON for lists, and executemany for rows: there is no round trip to save."""

    clock = literal_column("((julianday('now') - 2440587.5) * 86400.0)", Float)

    def listed(self, name: str) -> Select[Any]:
        """json_each of a JSON array."""
        array = bindparam(name, type_=Json())
        return select(func.json_each(array).table_valued("value", name=f"{name}_list").c.value)

    def one_of(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """IN of the array's items, which have their own types."""
        return column.in_(self.listed(name))

    def among(self, column: ColumnElement[Any], few: SelectBase) -> ColumnElement[bool]:
        """IN of the query."""
        return column.in_(few)

    def insert(self, table: Table) -> sqlite.Insert:
        """SQLite's INSERT."""
        return sqlite.insert(table)

    def inserts(self, table: Table, columns: str, *, replacing: str | None = None) -> Bulk:
        """INSERT of a row, many times."""
        names = columns.split()
        statement = sqlite.insert(table).values({name: bindparam(f"all_{name}") for name in names})
        if replacing is not None:
            statement = statement.on_conflict_do_update(
                index_elements=[replacing],
                set_={name: statement.excluded[name] for name in names if name != replacing},
            )
        return _ManyExecutions(statement, names)

    def updates(self, table: Table, key: str, columns: str) -> Bulk:
        """UPDATE of a row, many times."""
        names = columns.split()
        statement = (
            update(table)
            .where(table.c[key] == bindparam(f"all_{key}"))
            .values({name: bindparam(f"all_{name}") for name in names})
        )
        return _ManyExecutions(statement, [key, *names])

    def last_serial(self, table: Table) -> Select[Any]:
        """What AUTOINCREMENT notes; the table must have it."""
        noted = sqlalchemy_table("sqlite_sequence", column("name", Text), column("seq", BigInteger))
        return select(noted.c.seq).where(noted.c.name == table.name)


class _ManyExecutions(Bulk):
    """executemany with a mapping for each row."""

    def __init__(self, statement: Executable, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = tuple(names)

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """One execution for each row."""
        if rows:
            named = [{f"all_{name}": row[name] for name in self._names} for row in rows]
            connection.execute(self._statement, named)


# SQLite takes ON CONFLICT after INSERT ... SELECT only when the SELECT has a WHERE.
ALWAYS = text("true")
