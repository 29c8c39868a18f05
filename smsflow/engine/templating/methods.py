"""What a template may reach with a dot or a bracket: keys of mappings, and a short list of names.

Values are never asked for their own attributes. The type of a value picks a table here, and what
the table lacks does not exist for a template; so no chain of attributes leads from a text or a
date to the interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from jinja2.runtime import LoopContext

from smsflow.engine.templating.filters import replaced
from smsflow.engine.templating.values import as_number


class Method:
    """A listed function bound to its value: the only kind of thing that a template can call."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: Callable[..., Any], receiver: Any) -> None:
        self.function = function
        self.receiver = receiver

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result on the value that the method hangs on."""
        return self.function(self.receiver, *args, **kwargs)


def _days(_: None, count: Any) -> timedelta:
    return timedelta(days=float(as_number(count)))


def _hours(_: None, count: Any) -> timedelta:
    return timedelta(hours=float(as_number(count)))


def _minutes(_: None, count: Any) -> timedelta:
    return timedelta(minutes=float(as_number(count)))


# Functions that need no value. The first argument of each is the receiver that it does not have.
FUNCTIONS: Mapping[str, Method] = {
    "days": Method(_days, None),
    "hours": Method(_hours, None),
    "minutes": Method(_minutes, None),
}

_STR = (
    *("capitalize", "count", "endswith", "find", "isalnum", "isalpha", "isdecimal", "isdigit"),
    *("islower", "isupper", "lower", "lstrip", "removeprefix", "removesuffix", "rstrip"),
    *("split", "splitlines", "startswith", "strip", "title", "upper"),
)
_METHODS: tuple[tuple[type, dict[str, Callable[..., Any]]], ...] = (
    (str, {**{name: getattr(str, name) for name in _STR}, "replace": replaced}),
    (
        datetime,
        {n: getattr(datetime, n) for n in ("date", "isoformat", "isoweekday", "time", "weekday")},
    ),
    (date, {name: getattr(date, name) for name in ("isoformat", "isoweekday", "weekday")}),
    (time, {"isoformat": time.isoformat}),
    (timedelta, {"total_seconds": timedelta.total_seconds}),
    (list, {"count": list.count, "index": list.index}),
    (tuple, {"count": tuple.count, "index": tuple.index}),
    (
        Mapping,
        {
            "get": lambda mapping, key, default=None: mapping.get(key, default),
            "items": lambda mapping: [[key, value] for key, value in mapping.items()],
            "keys": lambda mapping: list(mapping),
            "values": lambda mapping: list(mapping.values()),
        },
    ),
)
_CLOCK = ("hour", "minute", "second")
_FIELDS: tuple[tuple[type, frozenset[str]], ...] = (
    (datetime, frozenset({"year", "month", "day", *_CLOCK})),
    (date, frozenset({"year", "month", "day"})),
    (time, frozenset(_CLOCK)),
    (timedelta, frozenset({"days", "seconds"})),
    (LoopContext, frozenset({"index", "index0", "first", "last", "length"})),
)

# Names that read a moment's calendar or clock, so the moment is first put on the reader's clocks.
CLOCK_NAMES = frozenset(
    {"year", "month", "day", *_CLOCK, "date", "time", "weekday", "isoweekday", "isoformat"}
)

MISSING = object()


def attribute_of(value: Any, name: str) -> Any:
    """What `value.name` gives: a mapping's key first, then a listed field or method, or MISSING."""
    if isinstance(value, Mapping) and name in value:
        return value[name]
    for kind, names in _FIELDS:
        if isinstance(value, kind) and name in names:
            return getattr(value, name)
    for kind, methods in _METHODS:
        if isinstance(value, kind):
            method = methods.get(name)
            return MISSING if method is None else Method(method, value)
    return MISSING


def item_of(value: Any, key: Any) -> Any:
    """What `value[key]` gives: a mapping's key or a sequence's element, or MISSING."""
    if isinstance(value, Mapping):
        return value.get(key, MISSING)
    if isinstance(value, Sequence) and isinstance(key, int):
        return value[key] if -len(value) <= key < len(value) else MISSING
    return MISSING
