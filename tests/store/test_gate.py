"""The gate in the database: SQL that goes past the claim's own gate is stopped by the trigger."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import create_engine, insert, update
from sqlalchemy.exc import DBAPIError

from smsflow.store.schema import outbox

ANN = "+12025550101"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def engine(database_url):
    """The same database, without smsflow."""
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    yield engine
    engine.dispose()


@pytest.fixture
def claim(desk, engine):
    """Claims everything with plain SQL, and tells the engine's time unless asked not to."""

    def claim(**values) -> None:
        values = {"lease_token": "mine", "claimed_at": desk.clock.now()} | values
        with engine.begin() as connection:
            connection.execute(update(outbox).values(**values))

    return claim


def test_a_text_that_may_leave_is_claimed(desk, claim):
    """The trigger is in nobody's way."""
    desk.queue(ANN, expires=desk.clock.now() + MINUTE, closes=desk.clock.now() + MINUTE)
    claim()


def test_not_for_a_contact_who_has_opted_out(desk, claim):
    """However the rest of the claim looks; the confirmation of STOP passes."""
    desk.queue(ANN)
    desk.opt_out(ANN)
    with pytest.raises(DBAPIError, match="opted out"):
        claim()
    with pytest.raises(DBAPIError, match="opted out"):
        claim(passes_block=True)


def test_the_confirmation_of_stop_is_claimed(desk, claim):
    """It was made to pass."""
    desk.queue(ANN, passes_block=True)
    desk.opt_out(ANN)
    claim()


@pytest.mark.parametrize(
    ("text", "wait", "why"),
    [
        ({"expires": MINUTE}, MINUTE, "expired"),
        ({"closes": MINUTE}, MINUTE, "outside its hours"),
        ({"due": HOUR, "closes": 2 * HOUR}, MINUTE, "outside its hours"),
    ],
    ids=["expired", "after its hours", "before its hours"],
)
def test_not_outside_its_time(desk, claim, text, wait, why):
    """Held against the row as it was: changing it in the same statement is no way around."""
    start = desk.clock.now()
    desk.queue(ANN, **{name: start + length for name, length in text.items()})
    desk.clock.advance(wait)
    with pytest.raises(DBAPIError, match=why):
        claim()
    with pytest.raises(DBAPIError, match=why):
        claim(expires=None, closes=None, first_due=start, due=start)


@pytest.mark.parametrize("claimed_at", [None, -MINUTE], ids=["no time", "an old time"])
def test_not_without_telling_the_time(desk, claim, claimed_at):
    """A second claim can't pass on the time of the first one, nor on an earlier one."""
    desk.queue(ANN)
    with pytest.raises(DBAPIError, match="must tell its time"):
        claim(claimed_at=None)
    desk.lease(seconds=0)
    now = desk.clock.now()
    with pytest.raises(DBAPIError, match="must tell its time"):
        claim(claimed_at=None if claimed_at is None else now + claimed_at)
    with pytest.raises(DBAPIError, match="must tell its time"):
        claim(claimed_at=now)


def test_not_by_entering_claimed(desk, engine):
    """A text enters the outbox unclaimed."""
    desk.queue(ANN)
    with engine.connect() as connection:
        row = dict(connection.execute(outbox.select()).mappings().one())
        del row["id"]
        claimed = insert(outbox).values(**row | {"message": "m", "lease_token": "mine"})
        with pytest.raises(DBAPIError, match="unclaimed"):
            connection.execute(claimed)


def test_a_text_whose_hours_are_over_waits_for_a_sender_who_knows_the_rules(desk):
    """A claim without rules does not guess."""
    desk.queue(ANN, closes=desk.clock.now() + MINUTE)
    desk.clock.advance(MINUTE)
    assert desk.lease() == []
    desk.clock.advance(HOUR)
    assert desk.lease() == []
