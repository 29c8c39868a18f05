"""The operators of templates: bounded numbers, moments and lengths of time, and joining by `+`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from smsflow.engine.templating.values import MAX_STRING, as_number, in_zone, is_number

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
_ONE_DAY = timedelta(days=1)


def combined(sign: str, left: Any, right: Any, *, zone: str) -> Any:
    """`left sign right`; a TypeError when the operator does not go with the two.

    Numbers stay within MAX_NUMBER, joined texts and lists within MAX_STRING (OverflowError).
    """
    if is_number(left) and is_number(right):
        return as_number(_OPERATORS[sign](as_number(left), as_number(right)))
    if isinstance(left, datetime) or isinstance(right, datetime):
        return _moved(sign, left, right, zone)
    if isinstance(left, (date, timedelta)) or isinstance(right, (date, timedelta)):
        return _OPERATORS[sign](left, right)
    if sign == "+" and isinstance(left, (str, list)) and type(left) is type(right):
        if len(left) + len(right) > MAX_STRING:
            raise OverflowError(f"it makes a value longer than {MAX_STRING:,}")
        return _OPERATORS[sign](left, right)
    raise TypeError(f"{sign!r} does not go with {type(left).__name__} and {type(right).__name__}")


def _moved(sign: str, left: Any, right: Any, zone: str) -> Any:
    """Moments: their difference is exact; whole days are days of the reader's calendar.

    Python calculates on the wall clock within one zone, so an hour over a clock change would be
    none or two; everything but whole days is therefore done in UTC.
    """
    first, second = (_exact(value) for value in (left, right))
    if isinstance(left, datetime) and isinstance(right, datetime):
        return _OPERATORS[sign](first, second)
    moment, span = (left, right) if isinstance(left, datetime) else (right, left)
    if moment.tzinfo is not None and isinstance(span, timedelta) and not span % _ONE_DAY:
        moment = in_zone(moment, zone)
        first, second = (moment, span) if isinstance(left, datetime) else (span, moment)
        return _exact(_OPERATORS[sign](first, second))
    return _OPERATORS[sign](first, second)


def _exact(value: Any) -> Any:
    aware = isinstance(value, datetime) and value.tzinfo is not None
    return value.astimezone(UTC) if aware else value


def negated(value: Any) -> Any:
    """A number or a length of time with its sign turned."""
    return -value if isinstance(value, timedelta) else -as_number(value)
