"""What is kept for how long, and that deleting is done in small steps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import create_engine, func, insert, select, text

from smsflow.engine.effects import ConsentChanged, SetTimer, Traced
from smsflow.engine.model import Keep
from smsflow.engine.state import Contact
from smsflow.store.retention import ROWS
from smsflow.store.rows import Changes, Verdict
from smsflow.store.schema import metadata, traces

ANN = "+12025550101"
DAY = timedelta(days=1)
WEEK = Keep(**dict.fromkeys(("texts", "traces", "attempts", "sessions", "dead_letters"), 7 * DAY))


@pytest.fixture
def engine(database_url):
    """The same database, without smsflow."""
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    yield engine
    engine.dispose()


@pytest.fixture
def left(engine):
    """Counts the rows of a table."""

    def left(table: str) -> int:
        with engine.connect() as connection:
            count = select(func.count()).select_from(metadata.tables[table])
            return connection.scalar(count) or 0

    return left


@pytest.fixture
def history(desk):
    """A row of everything that happened to somebody."""
    now = desk.clock.now()
    ended = desk.session("ended", outcome="done", ended_at=now)
    desk.save(
        ANN,
        Changes(
            contacts={ANN: Contact(ANN)},
            sessions={"ended": (ANN, ended), "open": (ANN, desk.session("open"))},
            texts=[(ANN, desk.text("m1"))],
            consent=[(ANN, ConsentChanged(True, "STOP", "main"))],
            traced=[(ANN, Traced("open", None, "start", ""))],
            received=[(ANN, "main", "hi", now)],
        ),
    )
    desk.store.dead_letter("mo:p", "?", "unreadable")
    desk.record(desk.lease()[0], Verdict.ACCEPTED)
    desk.store.remember_versions([("poll", "v1", "{}"), ("poll", "v2", "{}")])


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(
    ("table", "days"),
    [("messages", 90), ("received", 90), ("attempts", 90), ("traces", 30), ("sessions", 400)],
)
def test_what_happened_is_kept_for_its_time(desk, left, table, days):
    """Not a day less, and not a day more; an open session stays."""
    before = left(table)
    desk.store.tidy(desk.clock.now() + days * DAY)
    assert left(table) == before
    desk.store.tidy(desk.clock.now() + (days + 1) * DAY)
    assert left(table) == before - 1


@pytest.mark.usefixtures("history")
def test_consent_and_open_sessions_stay(desk, left):
    """As do contacts, and the versions of flows that sessions run."""
    desk.store.tidy(desk.clock.now() + 10_000 * DAY)
    kept = {"consent", "contacts", "sessions", "flow_versions"}
    assert {table: left(table) for table in kept} == dict.fromkeys(kept, 1)
    assert desk.store.flow_source("poll", "v1") == "{}"
    for table in ("messages", "received", "attempts", "traces", "dead_letters"):
        assert left(table) == 0


@pytest.mark.usefixtures("history")
def test_a_project_says_how_long(desk, left):
    """`keep` shortens and lengthens."""
    desk.store.tidy(desk.clock.now() + 8 * DAY, WEEK)
    assert (left("messages"), left("traces"), left("sessions")) == (0, 0, 1)


def test_a_text_that_has_not_left_stays(desk, left):
    """However long it waits, and then its report is waited for."""
    desk.queue(ANN, "m1", due=desk.clock.now() + 100 * DAY)
    desk.clock.advance(100 * DAY)
    desk.store.tidy(desk.clock.now())
    desk.record(desk.lease()[0], Verdict.ACCEPTED)
    desk.store.tidy(desk.clock.now())
    assert left("messages") == 1


def test_a_thousand_rows_at_a_time(desk, engine, left):
    """The caller is told when more is left."""
    row = {"contact": ANN, "what": "x", "detail": "", "at": desk.clock.now()}
    with engine.begin() as connection:
        connection.execute(insert(traces), [row] * (ROWS + 1))
    later = desk.clock.now() + 31 * DAY
    assert desk.store.tidy(later)
    assert left("traces") == 1
    assert not desk.store.tidy(later)
    assert left("traces") == 0


# --- timers ---------------------------------------------------------------------------------------


def test_timers_end_with_their_session(desk, left):
    """A question that was answered leaves no timeout for next month; others keep theirs."""
    soon = desk.clock.now() + DAY
    timers = [(ANN, SetTimer(name, 1, "timeout", soon)) for name in ("one", "one", "two")]
    desk.save(ANN, Changes(timers=timers))
    assert left("inbox") == 3
    ended = desk.session("one", outcome="done", ended_at=desk.clock.now(), serial=2)
    desk.save(ANN, Changes(sessions={"one": (ANN, ended)}))
    assert left("inbox") == 1


def test_timers_are_found_by_an_index(desk, engine):
    """A million of other sessions' cost nothing."""
    if engine.dialect.name != "sqlite":
        pytest.skip("the plan of PostgreSQL depends on statistics")
    statement = desk.store._saver._end_timers.compile(engine)
    with engine.connect() as connection:
        given = {"sessions": '["s"]'}
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {_named(statement)}"), given).all()
    assert any("inbox_session" in row.detail for row in plan)


def _named(statement) -> str:
    return str(statement).replace("?", ":sessions")
