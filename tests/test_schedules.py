"""Flows that start by the clock: once, at the right moment, whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from smsflow.audience import rows_for_each
from smsflow.engine import world as worlds
from smsflow.engine.language.parse import load
from smsflow.engine.state import Contact
from smsflow.schedules import Schedules
from smsflow.store import Store
from smsflow.store.rows import Changes, Kind

PROJECT = b"""\
smsflow-project: 1
timezone: Europe/London
numbers: {main: {address: "+447700900000", provider: one}}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
"""
BEGIN = datetime(2025, 3, 29, 12, 0, tzinfo=UTC)  # the day before clocks go forward in London
HOUR = timedelta(hours=1)


@pytest.fixture
def schedules(store: Store):
    """What makes the schedules of one trigger; several share the store."""

    def build(trigger: str) -> Schedules:
        flow = f"smsflow: 1\ntriggers: [{{{trigger}}}]\nsteps: [{{send: Hello}}]\n"
        loaded = load({"smsflow.yaml": PROJECT, "flows/hello.yaml": flow.encode()}).sound()
        assert loaded.project is not None
        world = worlds.build(loaded.project, loaded.flows, secret=b"of tests")
        return Schedules(store, lambda: world, rng=Random(1))

    return build


def rows(store: Store):
    """What waits: the payloads of audiences."""
    with store.work(datetime(2030, 1, 1, tzinfo=UTC), 100) as batch:
        return [(row.due, row.payload) for row in batch.rows if row.kind is Kind.AUDIENCE]


def test_it_comes_once_at_its_time_whoever_asks(store: Store, schedules) -> None:
    """Two sweeps with memories of their own: the database decides."""
    one, two = (schedules('schedule: "0 9 * * *"') for _ in range(2))
    assert [each.come(BEGIN) for each in (one, two)] == [0, 0]
    nine = datetime(2025, 3, 30, 8, 0, tzinfo=UTC)  # nine in London, after the change
    assert [each.come(nine - timedelta(seconds=1)) for each in (one, two)] == [0, 0]
    assert [each.come(nine) for each in (one, two)] == [1, 0]
    assert [each.come(nine + HOUR) for each in (one, two)] == [0, 0]
    assert [due for due, _ in rows(store)] == [nine]
    assert [each.come(nine + timedelta(days=1)) for each in (one, two)] == [1, 0]


def test_a_time_missed_for_long_is_left_out(store: Store, schedules) -> None:
    """One that was missed for a while comes late, one that was missed for hours never."""
    schedules('schedule: "0 9 * * *"').come(BEGIN)
    late = schedules('schedule: "0 9 * * *"')
    assert late.come(datetime(2025, 3, 30, 8, 59, tzinfo=UTC)) == 1
    assert late.come(datetime(2025, 3, 31, 10, 1, tzinfo=UTC)) == 0
    assert late.come(datetime(2025, 4, 1, 8, 0, tzinfo=UTC)) == 1
    assert len(rows(store)) == 2


def test_what_was_missed_often_comes_once(store: Store, schedules) -> None:
    schedules('schedule: "*/5 * * * *"').come(BEGIN)
    assert schedules('schedule: "*/5 * * * *"').come(BEGIN + HOUR) == 1
    assert [due for due, _ in rows(store)] == [BEGIN + HOUR]


def test_in_the_zones_of_contacts_it_comes_when_the_first_one_has_it(
    store: Store, schedules
) -> None:
    """Fourteen hours before it is that time in Greenwich; each start then has its own moment."""
    found = schedules('schedule: "0 9 * * *", tz: contact')
    found.come(BEGIN)
    moment = datetime(2025, 3, 30, 19, 0, tzinfo=UTC)
    assert found.come(moment) == 1
    assert [payload["local"] for _, payload in rows(store)] == ["2025-03-31T09:00:00"]


def test_another_line_of_cron_begins_anew(schedules) -> None:
    schedules('schedule: "0 9 * * *"').come(BEGIN)
    assert schedules('schedule: "0 12 * * *"').come(BEGIN + timedelta(days=30)) == 0


def test_schedules_that_differ_in_whom_they_are_for_both_come(schedules) -> None:
    """They are alike but for a condition."""
    one = schedules('schedule: "0 9 * * *", audience: {where: contact.city == "Leeds"}')
    one.come(BEGIN)
    other = schedules('schedule: "0 9 * * *", audience: {where: contact.city == "York"}')
    other.come(BEGIN)
    nine = datetime(2025, 3, 30, 8, 0, tzinfo=UTC)
    assert [each.come(nine) for each in (one, other)] == [1, 1]


def test_whose_own_time_is_to_come_is_reached_though_nothing_ran_in_the_east(
    store: Store, schedules
) -> None:
    """Down as it was nine in Kiribati, up before it is nine in London; whoever missed it by more
    than an hour is left out, and after a day and two hours everybody is."""
    zones = {"+447700900123": "Europe/London", "+447700900456": "Pacific/Kiritimati"}
    people = {phone: Contact(phone, timezone=zone) for phone, zone in zones.items()}
    with store.work(BEGIN, 1) as batch:
        batch.save(Changes(contacts=people))
    nine = 'schedule: "0 9 * * *", tz: contact'
    schedules(nine).come(BEGIN)
    found, back = schedules(nine), datetime(2025, 3, 30, 5, 0, tzinfo=UTC)
    assert found.come(back) == 1
    with store.work(back, 100) as batch:
        (row,) = [row for row in batch.rows if row.kind is Kind.AUDIENCE]
        starts = rows_for_each(found._world(), batch, row, back)
    assert [(each.contact, each.due) for each in starts] == [
        ("+447700900123", datetime(2025, 3, 30, 8, 0, tzinfo=UTC))
    ]
    assert schedules(nine).come(BEGIN + timedelta(days=9)) == 1  # the last one, which is today's
