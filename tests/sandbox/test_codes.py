"""Response codes: the tables of the manual."""

from __future__ import annotations

import pytest

from smsflow.sandbox import fates
from smsflow.sandbox.codes import ERROR_BY_ID, STATUS_BY_ID, error_of, status_of
from tests.sandbox.conftest import World


def test_the_tables_hold_every_row_of_the_manual():
    """34 statuses and 91 errors, each in a group that exists."""
    assert (len(STATUS_BY_ID), len(ERROR_BY_ID)) == (34, 91)
    assert all(status.group_name for status in STATUS_BY_ID.values())
    assert all(error.group_name for error in ERROR_BY_ID.values())


def test_a_code_is_found_by_name_and_by_id():
    """The name that two statuses share means the first."""
    assert status_of("REJECTED_DESTINATION").id == 14
    assert status_of(52).description == "Invalid destination address."
    assert error_of("EC_ABSENT_SUBSCRIBER") is error_of(27)


@pytest.mark.parametrize("lookup", [status_of, error_of])
@pytest.mark.parametrize("key", ["NO_SUCH_CODE", 9999])
def test_an_unknown_code_is_a_mistake(lookup, key):
    """A script can't invent codes."""
    with pytest.raises(ValueError, match="in the manual"):
        lookup(key)


def test_every_status_can_be_the_answer_to_a_number():
    """9992 SSS 0000."""
    world = World()
    entries = world.send(*(f"9992{status:03d}0000" for status in STATUS_BY_ID)).entries
    assert [entry.status.id for entry in entries] == list(STATUS_BY_ID)


def test_every_status_can_be_reported_of_a_number():
    """9991 SSS 0000: in the logs each, as a report those that are an end."""
    world = World()
    world.send(*(f"9991{status:03d}0000" for status in STATUS_BY_ID))
    world.after(seconds=1)
    assert [message.status.id for message in world.network.messages()] == list(STATUS_BY_ID)
    reports = world.network.reports(limit=100)
    ends = [status.id for status in STATUS_BY_ID.values() if not status.open]
    assert [report.status.id for report in reports] == ends


def test_every_error_can_be_reported_of_a_number():
    """9991 SSS EEEE; a lookup of that number finds it too."""
    world = World()
    numbers = [f"9991009{error:04d}" for error in ERROR_BY_ID]
    world.send(*numbers)
    world.after(seconds=1)
    reports = world.network.reports(limit=100)
    assert [report.error.id for report in reports] == list(ERROR_BY_ID)
    assert [found.error.id for found in world.network.look_up(numbers)] == list(ERROR_BY_ID)


def test_a_number_with_a_code_that_is_not_in_the_tables_is_a_usual_one(world):
    """So is any other number that begins alike, and a fate of its own goes first."""
    for number in ("99910050007", "99930050000", "999100500270"):
        world.send(number, notify_url="http://c.example/")
    assert set(world.statuses(world.after(seconds=1))) == {"DELIVERED_TO_HANDSET"}
    world.network.script("99910090027", fates.delivered())
    world.send("99910090027", notify_url="http://c.example/")
    assert world.statuses(world.after(seconds=1)) == ["DELIVERED_TO_HANDSET"]


def test_an_intermediate_report_is_told_at_every_error_that_may_pass():
    """Section "Intermediate delivery reports"; at no other."""
    world = World()
    numbers = [f"9991003{error:04d}" for error in ERROR_BY_ID]
    world.send(*numbers, notify_url="http://c.example/", intermediate=True)
    told = [report.error.id for push in world.after(seconds=1) for report in push.reports]
    assert told == [
        error.id for error in ERROR_BY_ID.values() if error.group and not error.permanent
    ]
