"""Dates as the provider writes them, read into UTC and written back.

The manual writes one format and shows three: the offset is `+0100` in reports and `+01:00` in
schedules, and `Z` stands in other answers of the same API.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

# A plus sign that was not escaped in a query string arrives as a space.
_LOST_PLUS = re.compile(r"(?<=[\d.]) (?=\d\d:?\d\d$)")
_HAS_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def parse_date(text: str) -> datetime:
    """Return the instant as an aware datetime in UTC.

    Reads `2015-02-12T09:58:20.323+0100`, `+01:00` and `Z`. Raises ValueError for anything else,
    and for a date without an offset, since nobody knows which instant it means.
    """
    text = text.strip()
    if not _HAS_TIME.match(text):
        raise ValueError("not a date with a time")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.fromisoformat(_LOST_PLUS.sub("+", text))
    if found.tzinfo is None:
        raise ValueError("a date without an offset")
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a date outside the calendar") from error


def format_date(instant: datetime) -> str:
    """Return an aware datetime as the provider writes it, in UTC and to the millisecond."""
    if instant.tzinfo is None:
        raise ValueError("a date without an offset")
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
