"""How far behind the service is, and what an audit reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from smsflow.store import watching
from smsflow.store.rows import Verdict

ANN = "+12025550101"
BEN = "+12025550102"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def test_an_empty_store_is_well(desk):
    """All figures are 0."""
    health = desk.store.health(desk.clock.now())
    assert (health.inbox_due, health.inbox_age, health.outbox_due, health.outbox_age) == (0,) * 4
    assert (health.held, health.dead_letters, health.circuits) == (0, 0, frozenset())


def test_the_oldest_event_that_is_due_gives_the_age(desk):
    """A timer of tomorrow has no age."""
    now = desk.clock.now()
    desk.store.insert([desk.mo(ANN), desk.mo(BEN)])
    desk.clock.advance(HOUR)
    desk.store.insert([desk.mo(ANN)])
    assert desk.store.health(now - MINUTE).inbox_due == 0
    health = desk.store.health(desk.clock.now())
    assert (health.inbox_due, health.inbox_age) == (3, 3600)
    assert health.events >= 3


def test_a_text_that_is_tried_again_and_again_grows_old(desk):
    """Its age counts from when it was first due, although its next try is minutes ahead."""
    desk.queue(ANN)
    desk.queue(BEN, due=desk.clock.now() + 9 * HOUR)
    desk.clock.advance(HOUR)
    (leased,) = desk.lease()
    desk.record(leased, Verdict.NOT_SENT, retry_at=desk.clock.now() + 4 * MINUTE)
    health = desk.store.health(desk.clock.now())
    assert (health.outbox_due, health.outbox_age, health.tries > 0) == (1, 3600, True)


def test_a_held_text_is_counted_apart(desk):
    """It waits for a person, and no worker is late with it."""
    desk.queue(ANN)
    desk.record(desk.lease()[0], Verdict.HOLD)
    desk.store.dead_letter("dlr:p", "{}", "no")
    health = desk.store.health(desk.clock.now())
    assert (health.held, health.outbox_due, health.dead_letters) == (1, 0, 1)


def test_a_circuit_is_open_until_its_time(desk):
    """Then the provider is tried again."""
    now = desk.clock.now()
    desk.store.open_circuit("p", now + MINUTE, "401")
    assert desk.store.health(now).circuits == {"p"}
    assert desk.store.health(now + MINUTE).circuits == frozenset()


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_tries_are_found_back_to_a_time_whatever_the_page(desk, page):
    """Each message with the time of its last try."""
    store = watching.Watching(desk.store._db, page=page)
    start = desk.clock.now()
    for n in range(5):
        desk.queue(ANN, f"m{n}", kind="otp")
        desk.record(desk.lease()[0], Verdict.ACCEPTED)
        desk.clock.advance(HOUR)
    assert store.tried_since(start + 3 * HOUR) == {"m3": start + 3 * HOUR, "m4": start + 4 * HOUR}
    assert set(store.tried_since(start)) == {f"m{n}" for n in range(5)}


def test_first_tries_are_the_first_ones(desk):
    """However often a text was tried since."""
    first = desk.clock.now()
    desk.queue(ANN, "m1")
    desk.record(desk.lease()[0], Verdict.AMBIGUOUS, retry_at=first)
    desk.clock.advance(HOUR)
    desk.record(desk.lease()[0], Verdict.ACCEPTED)
    assert desk.store.first_tries(["m1", "nobody"]) == {"m1": first}


def test_what_is_overdue_is_told_oldest_first(desk):
    """Texts and events, with what is known; held texts are no worker's fault."""
    desk.queue(ANN, "m1")
    desk.queue(BEN, "m2")
    desk.record(desk.lease(1)[0], Verdict.HOLD)
    desk.store.insert([desk.mo(ANN)])
    now = desk.clock.now()
    assert desk.store.overdue_texts(now, 9) == desk.store.overdue_events(now, 9) == []
    (text,) = desk.store.overdue_texts(now + MINUTE, 9)
    (event,) = desk.store.overdue_events(now + MINUTE, 9)
    assert (text.id, text.what, text.contact, text.since) == ("m2", "queued", BEN, now)
    assert (event.what, event.contact, event.since) == ("mo", ANN, now)


def test_messages_are_found_by_id_in_any_number(desk):
    """Unknown ids are left out."""
    ids = [desk.queue(ANN) for _ in range(3)]
    wanted = [*ids, *(f"x{n}" for n in range(1200))]
    assert sorted(each.id for each in desk.store.messages_by_id(wanted)) == sorted(ids)


def test_the_figures_read_no_table_whole(desk):
    """Ten thousand texts of tomorrow cost a scrape of today nothing, on SQLite as it plans it."""
    if not desk.store._db.is_sqlite:
        pytest.skip("PostgreSQL is told to follow indexes in any case")
    now = desk.clock.now()
    with desk.store._db.read() as connection:
        statement = desk.store._figures.params(now=now, soon=now)
        compiled = statement.compile(connection.engine, compile_kwargs={"literal_binds": True})
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]
    whole = [line for line in plan if line.startswith("SCAN") and "INDEX" not in line]
    assert set(whole) <= {"SCAN dead_letters", "SCAN CONSTANT ROW", "SCAN sqlite_sequence"}
    assert any("outbox_held" in line for line in plan)
