"""Waiting for moments and events: clock changes, weekdays, lateness, what comes meanwhile."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from smsflow.engine.model import Duration, Expression, Moment
from smsflow.engine.moments import moment_of
from smsflow.errors import Place
from tests.engine.conftest import PHONE

PARIS = ZoneInfo("Europe/Paris")
ANY = Expression("x", Place("x", 1, 1))


def at(local: str, fold: int = 0) -> datetime:
    """A local time in Paris, as a moment."""
    return datetime.fromisoformat(local).replace(tzinfo=PARIS, fold=fold).astimezone(UTC)


def found(moment: Moment, base: datetime | None, now: str = "2025-01-06 09:00") -> str:
    """The moment as a clock in Paris shows it, with the zone's name."""
    reckoned = moment_of(moment, base, now=at(now), zone="Europe/Paris")
    return f"{reckoned.astimezone(PARIS):%a %Y-%m-%d %H:%M %Z}"


# --- the two bad hours of the year ----------------------------------------------------------------
# In Paris 30 March 2025 has no 02:30, and 26 October 2025 has it twice.


def test_a_time_that_is_skipped_becomes_the_one_behind_the_gap() -> None:
    moment = Moment(until=ANY, at=150)
    assert found(moment, at("2025-03-30 12:00")) == "Sun 2025-03-30 03:30 CEST"
    assert found(Moment(at=150), None, "2025-03-30 00:00") == "Sun 2025-03-30 03:30 CEST"


def test_a_time_that_happens_twice_is_the_first() -> None:
    assert found(Moment(until=ANY, at=150), at("2025-10-26 12:00")) == "Sun 2025-10-26 02:30 CEST"
    assert found(Moment(at=150), None, "2025-10-26 00:00") == "Sun 2025-10-26 02:30 CEST"


def test_the_second_of_two_is_no_new_one() -> None:
    """Between the two, and at the second, the next 02:30 is tomorrow's."""
    for now in (at("2025-10-26 02:30"), at("2025-10-26 02:30", fold=1)):
        reckoned = moment_of(Moment(at=150), None, now=now, zone="Europe/Paris")
        assert reckoned == at("2025-10-27 02:30")


def test_days_before_keep_the_clock_and_hours_before_are_exact() -> None:
    base = at("2025-03-30 10:30")
    assert found(Moment(until=ANY, offset=Duration(days=-1)), base).endswith("03-29 10:30 CET")
    assert found(Moment(until=ANY, offset=Duration(seconds=-86400)), base).endswith("09:30 CET")
    skipped = Moment(until=ANY, offset=Duration(days=-1))
    assert found(skipped, at("2025-03-31 02:30")) == "Sun 2025-03-30 03:30 CEST"


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (Duration(days=-1), "Fri 2025-01-10 10:00 CET"),  # the day before a Monday
        (Duration(), "Mon 2025-01-13 10:00 CET"),
        (Duration(days=5), "Mon 2025-01-20 10:00 CET"),  # a Saturday
    ],
)
def test_weekdays_go_back_before_a_moment_and_on_after_it(offset, expected) -> None:
    moment = Moment(until=ANY, offset=offset, at=600, weekdays=(0, 1, 2, 3, 4))
    assert found(moment, at("2025-01-13 15:00")) == expected


def test_without_until_it_is_the_next_such_moment() -> None:
    moment = Moment(at=600, weekdays=(0, 4))
    assert found(moment, None, "2025-01-06 09:59") == "Mon 2025-01-06 10:00 CET"
    assert found(moment, None, "2025-01-06 10:00") == "Fri 2025-01-10 10:00 CET"


def test_a_zone_of_its_own() -> None:
    moment = Moment(at=600, tz="America/New_York")
    assert found(moment, None, "2025-01-06 09:00") == "Mon 2025-01-06 16:00 CET"


# --- in a flow ------------------------------------------------------------------------------------


def test_a_wait_over_the_missing_hour(world, phone, clock) -> None:
    """In London 01:30 does not exist on 30 March 2025; it is 02:30 then."""
    clock.shows("2025-03-29 20:00")
    world('triggers: [{keyword: GO}]\nquiet: off\nsteps: [{wait: {at: "01:30"}}, {send: Now}]')
    phone.says("go")
    clock.passes("5h29m")
    phone.heard_nothing()
    clock.passes("1m")
    phone.heard("Now")


def test_a_date_is_its_midnight_where_the_contact_is(world, phone, clock) -> None:
    """So the day before a date, at ten, needs no time in between."""
    world("""
triggers: [{keyword: GO}]
steps:
  - wait: {until: today + days(2), offset: -1d, at: "10:00"}
  - send: It ends tomorrow.
  - wait: {until: today + days(1), tz: America/New_York}
  - send: Over there it is that day now.
    quiet: ignore
""")
    phone.says("go")  # on 10 March at 12:00
    clock.passes("21h59m")
    phone.heard_nothing()
    clock.passes("1m")
    phone.heard("It ends tomorrow.")
    clock.passes("17h59m")  # in London it is four hours later by then
    phone.heard_nothing()
    clock.passes("1m")
    phone.heard("Over there it is that day now.")


def test_late_is_what_comes_after_an_outage(world, phone, place, trace) -> None:
    """The timer rings three hours after its moment."""
    simulator = world("""
triggers: [{keyword: GO}]
steps:
  - wait: {until: now, offset: 1h}
    late_after: 2h
    on_late: {send: Sorry that we are late}
""")
    phone.says("go")
    for alarm in simulator._alarms:
        alarm.due += timedelta(hours=3)
    simulator.move_to(place.now + timedelta(hours=5))
    phone.heard("Sorry that we are late")
    assert trace("late") == ["was due 10 Mar 13:00 (Europe/London)"]


EVENT = """
triggers: [{keyword: GO}]
steps:
  - wait: {event: order.sent, where: event.order == 7}
    timeout: 2h
    save: sent
    on_timeout: {end: never_sent}
  - send: "{{ sent.by }} has it, {{ event.order }}."
"""


def test_an_event_that_is_meant_goes_on_with_its_data(world, phone, ended) -> None:
    simulator = world(EVENT)
    phone.says("go")
    simulator.emit("order.sent", {"phone": PHONE, "order": 8, "by": "Nobody"})
    simulator.emit("order.lost", {"phone": PHONE, "order": 7, "by": "Nobody"})
    simulator.emit("order.sent", {"order": 7, "by": "Nobody", "phone": "+447700900999"})
    simulator.emit("order.sent", {"phone": PHONE, "by": "Nobody"})
    phone.heard_nothing()
    simulator.restart()
    simulator.emit("order.sent", {"order": 7, "by": "Royal Mail", "phone": "+44 7700 900123"})
    phone.heard("Royal Mail has it, 7.")
    assert ended() == ["done"]


def test_an_event_that_does_not_come(world, phone, clock, ended) -> None:
    world(EVENT)
    phone.says("go")
    clock.passes("2h")
    assert ended() == ["never_sent"]
