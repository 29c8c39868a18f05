"""Data that a session starts with: read as declared, and every mistake told."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.engine.inputs import read_inputs, read_value
from smsflow.engine.model import Input
from smsflow.errors import Place

PLACE = Place("flows/x.yaml", 1, 1)
TYPES = ["text", "integer", "decimal", "boolean", "date", "datetime", "object"]


def declared(name: str, type_: str = "text", **more: object) -> Input:
    options = {"required": True, "default": None, "fields": (), "values": (), **more}
    return Input(name=name, type=type_, place=PLACE, **options)


@pytest.mark.parametrize(
    ("type_", "raw", "value"),
    [
        ("text", "hello", "hello"),
        ("text", 7, "7"),
        ("text", date(2025, 3, 30), "2025-03-30"),
        ("text", Decimal("1.50"), "1.50"),
        ("date", date(2025, 3, 30), date(2025, 3, 30)),
        ("datetime", date(2025, 3, 30), datetime(2025, 3, 30, tzinfo=ZoneInfo("Europe/London"))),
        ("integer", 7, 7),
        ("integer", "-7", -7),
        ("decimal", "1.50", Decimal("1.50")),
        ("decimal", 0.1, Decimal("0.1")),
        ("boolean", False, False),
        ("date", "2025-03-30", date(2025, 3, 30)),
        ("datetime", "2025-03-30T10:30+00:00", datetime(2025, 3, 30, 10, 30, tzinfo=UTC)),
        ("datetime", "2025-03-30 10:30", datetime(2025, 3, 30, 9, 30, tzinfo=UTC)),
        ("datetime", "2025-03-30 10:30 Asia/Tokyo", datetime(2025, 3, 30, 1, 30, tzinfo=UTC)),
        ("datetime", "2025-03-30", datetime(2025, 3, 30, tzinfo=UTC)),
    ],
)
def test_a_value_is_read_as_its_type(type_, raw, value):
    read = read_value(type_, raw, zone="Europe/London")
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("type_", "raw", "problem"),
    [
        ("text", True, "must be a text"),
        ("text", ["x"], "must be a text"),
        ("integer", 1.5, "must be a whole number"),
        ("integer", True, "must be a whole number"),
        ("integer", "1.5", "must be a whole number"),
        ("integer", "9" * 5000, "must be a whole number"),
        ("decimal", "much", "must be a number"),
        ("decimal", "NaN", "must be a number"),
        ("decimal", "Infinity", "must be a number"),
        ("boolean", "yes", "must be true or false"),
        ("date", "30/03/2025", "must be a date"),
        ("date", 20250330, "must be a date"),
        ("datetime", "soon", "must be a time"),
        ("datetime", "2025-03-30 10:30 Nowhere/Town", "must be a time"),
        ("datetime", "2025-03-30 10:30 ../../etc/passwd", "must be a time"),
        ("datetime", 5, "must be a time"),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_it_must_be(type_, raw, problem):
    with pytest.raises(ValueError, match=problem):
        read_value(type_, raw, zone="Europe/London")


def test_every_mistake_is_told_at_once():
    fields = (declared("id"), declared("at", "datetime"))
    inputs = [
        declared("appointment", "object", fields=fields),
        declared("count", "integer"),
        declared("size", values=("S", "M")),
        declared("note", required=False, default="none"),
    ]
    given_ = {"appointment": {"id": 5, "at": "soon", "x": 1}, "size": "L", "colour": "red"}
    values, mistakes = read_inputs(inputs, given_, zone="Europe/London")
    assert values["note"] == "none"
    assert [each.split(" must be a time")[0] for each in mistakes] == [
        "unknown input 'colour'",
        "unknown input 'appointment.x'",
        "input 'appointment.at'",
        "input 'count' is missing",
        "input 'size' must be one of: S, M",
    ]


def test_null_is_the_same_as_nothing():
    values, mistakes = read_inputs(
        [declared("a", required=False, default=3), declared("b")],
        {"a": None, "b": None},
        zone="UTC",
    )
    assert (values, mistakes) == ({"a": 3}, ["input 'b' is missing"])


@given(
    st.sampled_from(TYPES),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
    | st.builds("2025-03-30 {}".format, st.text(max_size=20)),
)
def test_whatever_is_given_is_read_or_told(type_, raw):
    """Nothing but values and sentences comes out."""
    values, mistakes = read_inputs([declared("x", type_)], {"x": raw}, zone="Europe/London")
    assert len(mistakes) > 0 or "x" in values
