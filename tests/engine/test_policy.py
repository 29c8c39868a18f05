"""Plans, further tries, quiet hours and zones, as pure functions of time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from smsflow.engine.model import Delivery, DeliveryPolicy, Duration, QuietHours
from smsflow.engine.policy import REPLY_WINDOW, next_try, plan, release, zone_of
from smsflow.engine.state import Plan

LONDON = "Europe/London"
NOW = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)
CAREFUL = DeliveryPolicy(
    name="careful",
    via=("main", "backup"),
    report_within=Duration(seconds=7200),
    failover_on=frozenset({"rejected", "undeliverable"}),
    resend_times=1,
    resend_after=Duration(seconds=1800),
    resend_on=frozenset({"expired", "no_report"}),
)


def planned(policy: DeliveryPolicy = CAREFUL, **changes: object) -> Plan:
    options = {
        "delivery": Delivery(),
        "now": NOW,
        "zone": LONDON,
        "talking_on": None,
        "waits": False,
        "question": False,
        **changes,
    }
    delivery = options.pop("delivery")
    return plan(policy, delivery, **options)


# --- plans ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delivery", "talking_on", "via"),
    [
        (Delivery(), None, ("main", "backup")),
        (Delivery(), "third", ("third",)),
        (Delivery(policy="careful"), "third", ("main", "backup")),
        (Delivery(via=("backup",)), "third", ("backup",)),
        (Delivery(policy="careful", via=("backup",)), None, ("backup",)),
    ],
)
def test_the_way_is_the_steps_own_then_the_conversations_then_the_policys(
    delivery, talking_on, via
):
    assert planned(delivery=delivery, talking_on=talking_on).via == via


@pytest.mark.parametrize(
    ("own", "policys", "waits", "seconds"),
    [
        (None, None, False, None),
        (None, None, True, 600),
        (None, Duration(seconds=20), True, 20),
        (Duration(seconds=5), Duration(seconds=20), True, 5),
        (None, Duration(days=1), False, 86_400),
    ],
)
def test_a_step_that_handles_delivery_learns_of_silence_some_time(own, policys, waits, seconds):
    policy = DeliveryPolicy(name="p", via=("main",), report_within=policys)
    assert planned(policy, delivery=Delivery(report_within=own), waits=waits).report_within == (
        seconds
    )


def test_a_day_over_a_clock_change_is_as_long_as_that_day():
    policy = DeliveryPolicy(name="p", via=("main",), report_within=Duration(days=1))
    eve = datetime(2025, 3, 29, 12, 0, tzinfo=UTC)
    assert planned(policy, now=eve).report_within == 23 * 3600


# --- further tries --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "position", "resends", "expected"),
    [
        ("rejected", 0, 1, ("backup", 1, 0)),
        ("undeliverable", 0, 1, ("backup", 1, 0)),
        ("rejected", 1, 1, None),
        ("expired", 0, 1, ("main", 0, 1800)),
        ("expired", 1, 1, ("backup", 0, 1800)),
        ("no_report", 0, 0, None),
        ("delivered", 0, 1, None),
    ],
)
def test_what_follows_on_an_outcome(outcome, position, resends, expected):
    """The next number at once, or the same one later, or nothing."""
    before = replace(planned(), position=position, resend_times=resends)
    following = next_try(before, outcome, now=NOW, zone=LONDON)
    if expected is None:
        assert following is None
    else:
        after, due = following
        wait = (due - NOW).total_seconds()
        assert (after.number, after.resend_times, wait) == expected


def test_the_next_number_comes_before_the_same_one_again():
    both = DeliveryPolicy(
        name="p",
        via=("main", "backup"),
        failover_on=frozenset({"expired"}),
        resend_times=1,
        resend_on=frozenset({"expired"}),
    )
    first = next_try(planned(both), "expired", now=NOW, zone=LONDON)
    assert first is not None
    assert first[0].number == "backup"
    second = next_try(first[0], "expired", now=NOW, zone=LONDON)
    assert second is not None
    assert (second[0].number, second[1]) == ("backup", NOW + timedelta(minutes=30))
    assert next_try(second[0], "expired", now=NOW, zone=LONDON) is None


def test_nothing_is_tried_past_the_time_to_give_up():
    policy = DeliveryPolicy(
        name="p",
        via=("main", "backup"),
        failover_on=frozenset({"rejected"}),
        resend_times=1,
        resend_after=Duration(seconds=1800),
        resend_on=frozenset({"expired"}),
        give_up=Duration(seconds=3600),
    )
    made = planned(policy)
    assert next_try(made, "rejected", now=NOW + timedelta(minutes=59), zone=LONDON)
    assert next_try(made, "rejected", now=NOW + timedelta(minutes=60), zone=LONDON) is None
    assert next_try(made, "expired", now=NOW + timedelta(minutes=29), zone=LONDON)
    assert next_try(made, "expired", now=NOW + timedelta(minutes=30), zone=LONDON) is None


# --- quiet hours ----------------------------------------------------------------------------------

NIGHT = QuietHours(21 * 60, 8 * 60, frozenset({"marketing"}))
NOON = QuietHours(12 * 60, 14 * 60, frozenset({"marketing"}))


def released(
    local: str, quiet: QuietHours = NIGHT, zone: str = LONDON, fold: int = 0, **changes: object
) -> str:
    """When a text made at that local time leaves, in local time."""
    now = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
    options = {"kind": "marketing", "last_inbound": None, **changes}
    moment = release(now, zone=zone, quiet=quiet, **options)
    return moment.astimezone(ZoneInfo(zone)).isoformat(sep=" ", timespec="minutes")


@pytest.mark.parametrize(
    ("made", "quiet", "leaves"),
    [
        ("2025-01-10 20:59", NIGHT, "2025-01-10 20:59+00:00"),
        ("2025-01-10 21:00", NIGHT, "2025-01-11 08:00+00:00"),
        ("2025-01-10 23:59", NIGHT, "2025-01-11 08:00+00:00"),
        ("2025-01-11 00:00", NIGHT, "2025-01-11 08:00+00:00"),
        ("2025-01-11 07:59", NIGHT, "2025-01-11 08:00+00:00"),
        ("2025-01-11 08:00", NIGHT, "2025-01-11 08:00+00:00"),
        ("2025-01-10 11:59", NOON, "2025-01-10 11:59+00:00"),
        ("2025-01-10 12:00", NOON, "2025-01-10 14:00+00:00"),
        ("2025-01-10 14:00", NOON, "2025-01-10 14:00+00:00"),
        ("2025-12-31 22:00", NIGHT, "2026-01-01 08:00+00:00"),
    ],
)
def test_quiet_hours_hold_a_text_until_they_end(made, quiet, leaves):
    assert released(made, quiet) == leaves


@pytest.mark.parametrize(
    ("made", "fold", "end", "leaves"),
    [
        # 30 March 2025: 01:00 becomes 02:00. 26 October 2025: 02:00 becomes 01:00.
        ("2025-03-29 22:00", 0, "08:00", "2025-03-30 08:00+01:00"),
        ("2025-10-25 22:00", 0, "08:00", "2025-10-26 08:00+00:00"),
        # an end that the clocks skip becomes the one after the gap
        ("2025-03-29 22:00", 0, "01:30", "2025-03-30 02:30+01:00"),
        # an end that happens twice counts the first time
        ("2025-10-25 22:00", 0, "01:30", "2025-10-26 01:30+01:00"),
        ("2025-10-26 01:10", 0, "01:30", "2025-10-26 01:30+01:00"),
        ("2025-10-26 01:10", 1, "01:30", "2025-10-26 01:10+00:00"),
        ("2025-10-26 01:40", 0, "01:30", "2025-10-26 01:40+01:00"),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall_in_both_nights(made, fold, end, leaves):
    hours, minutes = end.split(":")
    quiet = QuietHours(21 * 60, int(hours) * 60 + int(minutes), frozenset({"marketing"}))
    assert released(made, quiet, fold=fold) == leaves


@pytest.mark.parametrize("kind", ["otp", "transactional", "system"])
def test_other_kinds_know_no_quiet_hours(kind):
    assert released("2025-01-10 23:00", kind=kind) == "2025-01-10 23:00+00:00"


@pytest.mark.parametrize(
    ("ago", "leaves"),
    [
        (timedelta(), "2025-01-10 23:00+00:00"),
        (REPLY_WINDOW, "2025-01-10 23:00+00:00"),
        (REPLY_WINDOW + timedelta(seconds=1), "2025-01-11 08:00+00:00"),
    ],
)
def test_a_reply_leaves_at_once(ago, leaves):
    came = datetime(2025, 1, 10, 23, 0, tzinfo=UTC) - ago
    assert released("2025-01-10 23:00", last_inbound=came) == leaves


def test_quiet_hours_are_those_of_the_contacts_zone():
    assert released("2025-01-10 22:00", zone="America/New_York") == "2025-01-11 08:00-05:00"
    noon_in_london = datetime(2025, 1, 10, 12, 0, tzinfo=UTC)
    tokyo = release(
        noon_in_london, kind="marketing", zone="Asia/Tokyo", quiet=NIGHT, last_inbound=None
    )
    assert tokyo.isoformat() == "2025-01-10T23:00:00+00:00"


def test_no_quiet_hours_hold_nothing():
    assert released("2025-01-10 23:00", QuietHours(0, 0, frozenset({"marketing"}))).endswith(
        "23:00+00:00"
    )
    assert release(NOW, kind="marketing", zone=LONDON, quiet=None, last_inbound=None) == NOW


# --- zones ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phone", "known", "zone"),
    [
        ("+447700900123", None, LONDON),
        ("+447700900123", "Asia/Tokyo", "Asia/Tokyo"),
        ("+33612345678", None, "Europe/Paris"),
        ("+12125550123", None, "America/New_York"),
        ("12345", None, LONDON),
    ],
)
def test_a_zone_is_known_or_the_projects_or_the_numbers(phone, known, zone):
    assert zone_of(phone, known=known, project=LONDON) == zone


# --- lengths of time ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "since", "until"),
    [
        (Duration(days=1), "2025-03-29 10:30", "2025-03-30 10:30+01:00"),
        (Duration(seconds=86_400), "2025-03-29 10:30", "2025-03-30 11:30+01:00"),
        (Duration(days=-1), "2025-03-30 10:30", "2025-03-29 10:30+00:00"),
        (Duration(seconds=-86_400), "2025-03-30 10:30", "2025-03-29 09:30+00:00"),
        (Duration(days=1), "2025-03-29 01:30", "2025-03-30 02:30+01:00"),
        (Duration(days=1), "2025-10-25 01:30", "2025-10-26 01:30+01:00"),
        (Duration(days=1, seconds=3600), "2025-10-25 01:30", "2025-10-26 01:30+00:00"),
    ],
)
def test_days_are_calendar_days_and_hours_are_exact(length, since, until):
    moment = datetime.fromisoformat(since).replace(tzinfo=ZoneInfo(LONDON)).astimezone(UTC)
    after = length.after(moment, LONDON).astimezone(ZoneInfo(LONDON))
    assert after.isoformat(sep=" ", timespec="minutes") == until
