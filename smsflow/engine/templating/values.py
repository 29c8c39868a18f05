"""What templates may print and calculate with, and the bounds of both."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

MAX_NUMBER = 10**18  # beyond money, counts and milliseconds; keeps arithmetic cheap
MAX_STRING = 10_000  # characters of any value made inside a template


def in_zone(moment: datetime, zone: str) -> datetime:
    """`moment` on the clocks of `zone`; a naive one is on them already."""
    return moment if moment.tzinfo is None else moment.astimezone(ZoneInfo(zone))


def as_text(value: Any) -> str:
    """What printing a value gives; a list, a mapping or none is a TypeError."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case date() | time():
            return value.isoformat()
        case None:
            raise TypeError("a value that is none cannot be printed; use default('...')")
        case list() | tuple():
            raise TypeError("a list cannot be printed; use join(', ')")
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be printed")


def as_written(value: Any) -> str:
    """A value as an author writes it in YAML."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def case_names(value: Any) -> tuple[str, ...]:
    """What an author may write for a value among `cases`, as `then` has it first."""
    if isinstance(value, bool):
        return ("yes", "true") if value else ("no", "false")
    return (as_written(value),)


def as_number(value: Any) -> int | float | Decimal:
    """The value when it is a number of at most MAX_NUMBER, else a TypeError or OverflowError."""
    if not is_number(value):
        raise TypeError(f"a number is needed, not {kind_of(value)}")
    number: int | float | Decimal = value
    if not abs(float(number)) <= MAX_NUMBER:  # so that infinity and not-a-number fail too
        raise OverflowError("a number is out of bounds")
    return number


def is_number(value: Any) -> bool:
    """True for numbers; true and false are none."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def kind_of(value: Any) -> str:
    """A value's type in a sentence: `a list`, `none`."""
    return "none" if value is None else f"a {type(value).__name__}"


def kept_by_texts(name: str, value: Any) -> Any:
    """The value of a project's own filter, when texts can do something with it; else TypeError."""
    if value is None or isinstance(value, str | int | float | Decimal | date | time | list | dict):
        return value
    raise TypeError(f"filter {name!r} gives {kind_of(value)}, which no text can hold")
