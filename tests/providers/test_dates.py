"""Dates of the provider, there and back."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.providers.dates import format_date, parse_date

AT = datetime(2015, 2, 12, 8, 58, 20, 323_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2015-02-12T09:58:20.323+0100",
        "2015-02-12T09:58:20.323+01:00",
        "2015-02-12T08:58:20.323Z",
        "2015-02-12T08:58:20.323+0000",
        " 2015-02-12T09:58:20.323 0100",  # a plus sign that was read as a space
    ],
)
def test_every_spelling_is_the_same_instant_in_utc(text):
    """Offsets with and without a colon, Z, and a plus lost on the way."""
    found = parse_date(text)
    assert found == AT
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "20150212",
        "2015-02-12",
        "2015-02-12T09:58:20.323",
        "2015-02-30T09:58:20Z",
        "0001-01-01T00:00:00+14:00",
        "2015-02-12T09:58:20+99:00",
    ],
)
def test_what_names_no_instant_is_refused(text):
    """A date without an offset could be any of many instants."""
    with pytest.raises(ValueError, match=r"\w"):
        parse_date(text)


def test_a_date_is_written_in_utc_to_the_millisecond():
    """As the provider writes it, whatever the zone it is given in."""
    assert (
        format_date(AT.astimezone(timezone(timedelta(hours=1)))) == "2015-02-12T08:58:20.323+0000"
    )
    with pytest.raises(ValueError, match="without an offset"):
        format_date(datetime(2015, 2, 12))  # noqa: DTZ001 - a naive date is the case


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_written_date_is_read_back(instant):
    """To the millisecond, which is all the format has."""
    cut = instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    assert parse_date(format_date(instant)) == cut


@given(st.text())
def test_no_text_breaks_the_reading(text):
    """It is a date or a ValueError."""
    with suppress(ValueError):
        assert parse_date(text).tzinfo is UTC
