"""The filters and tests of smsflow's templates, each a plain function of its arguments.

The list is closed: what is not here, a template cannot do. Jinja's own filters are left out
because several of them make large texts from small ones (`center`, `format`, `indent`) or call
whatever they are given (`map`, `groupby`). Dates, money and counts are written in the language and
the zone of the session, which come with the view.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

import phonenumbers
import regex

from smsflow.engine.templating.languages import language_of, write_date, write_money, write_number
from smsflow.engine.templating.values import (
    MAX_STRING,
    as_number,
    as_text,
    in_zone,
    is_number,
    kind_of,
)
from smsflow.sms.encoding import Alphabet, alphabet_of, split

_CUT = "..."  # what a cut text ends with
_TWO = 2  # where "0 jour" is said, so is "1,5 jour"
_MISSING = object()


class View(Protocol):
    """What filters know besides their arguments: who reads the text."""

    @property
    def language(self) -> str:
        """The session's language, such as `fr`."""

    @property
    def zone(self) -> str:
        """The IANA name of the contact's time zone."""


def _day(view: View, value: Any) -> date:
    """The calendar day of a date, a datetime or an ISO 8601 text, in the reader's zone."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return in_zone(value, view.zone).date()
    if isinstance(value, date):
        return value
    raise TypeError(f"a date is needed, not {kind_of(value)}")


def _moment(view: View, value: Any) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return in_zone(value, view.zone)
    raise TypeError(f"a date with a time is needed, not {kind_of(value)}")


# --- what the session's language decides ----------------------------------------------------------


def _date(view: View, value: Any, style: str = "") -> str:
    """`30 March`; styles: weekday, year, full (both), iso."""
    if style not in ("", "weekday", "year", "full", "iso"):
        raise TypeError(f"date has no style {style!r}: weekday, year, full or iso")
    day = _day(view, value)
    if style == "iso":
        return day.isoformat()
    return write_date(
        day,
        language_of(view.language),
        weekday=style in ("weekday", "full"),
        year=style in ("year", "full"),
    )


def _time(view: View, value: Any) -> str:
    """`10:30`, on 24 hours."""
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return f"{_moment(view, value):%H:%M}"


def _datetime(view: View, value: Any) -> str:
    """`30 March at 10:30`."""
    form = language_of(view.language).with_time
    return form.format(date=_date(view, value), time=_time(view, value))


def _weekday(view: View, value: Any) -> str:
    """`Sunday`."""
    return language_of(view.language).weekdays[_day(view, value).weekday()]


def _month(view: View, value: Any) -> str:
    """`March`."""
    return language_of(view.language).months[_day(view, value).month - 1]


def _money(view: View, value: Any, currency: str = "") -> str:
    """`£45.00` for money('GBP'); without a currency the number alone."""
    amount = float(_number_of(value))
    language = language_of(view.language)
    return (
        write_money(amount, currency, language) if currency else write_number(amount, 2, language)
    )


def _number(view: View, value: Any, digits: int = 0) -> str:
    """`1,234`, with `digits` decimals."""
    return write_number(float(_number_of(value)), _digits(digits), language_of(view.language))


def _plural(view: View, count: Any, one: str, many: str) -> str:
    """The word that goes with a count: plural('visit', 'visits')."""
    amount = abs(float(as_number(count)))
    with_zero = language_of(view.language).zero_is_singular
    return one if amount == 1 or (amount < _TWO and with_zero) else many


def _phone(_: View, value: Any) -> str:
    """`+44 7700 900123`; what is no phone number stays as it is."""
    text = as_text(value)
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


# --- texts ----------------------------------------------------------------------------------------


def _title(_: View, value: Any) -> str:
    """Each word with a capital; an apostrophe does not begin a word."""
    return re.sub(r"[^\W_][^\s\-]*", lambda found: found[0].capitalize(), as_text(value))


def _sms(_: View, value: Any, limit: int = 160) -> str:
    """The text cut to `limit` septets (GSM-7) or UTF-16 units, on a whole character, with '...'."""
    text = as_text(value)
    if split(text).units <= limit:
        return text
    width = _septets if alphabet_of(text) is Alphabet.GSM7 else _utf16_units
    room = limit - len(_CUT)
    kept: list[str] = []
    for cluster in regex.findall(r"\X", text):
        room -= width(cluster)
        if room < 0:
            break
        kept.append(cluster)
    # What the text was UCS-2 for may be cut off, and then a [ counts two septets.
    while kept and split("".join(kept).rstrip() + _CUT).units > limit:
        kept.pop()
    return ("".join(kept).rstrip() + _CUT)[: max(limit, 0)]


def _septets(cluster: str) -> int:
    return split(cluster).units


def _utf16_units(cluster: str) -> int:
    return len(cluster.encode("utf-16-le", "surrogatepass")) // 2


def _replace(_: View, value: Any, old: str, new: str) -> str:
    return replaced(as_text(value), old, new)


def replaced(text: str, old: str, new: str) -> str:
    """`text` with `old` replaced, unless that makes it longer than MAX_STRING."""
    if len(text) + (text.count(old) * max(len(new) - len(old), 0)) > MAX_STRING:
        raise OverflowError(f"replace would make more than {MAX_STRING:,} characters")
    return text.replace(old, new)


def _join(_: View, value: Any, separator: str = ", ") -> str:
    parts = [as_text(item) for item in _items(value)]
    size = sum(map(len, parts)) + len(separator) * len(parts)
    if size > MAX_STRING:
        raise OverflowError(f"join would make more than {MAX_STRING:,} characters")
    return separator.join(parts)


# --- numbers --------------------------------------------------------------------------------------


def _number_of(value: Any) -> int | float | Decimal:
    """A number, or a text that holds one."""
    return as_number(Decimal(value.strip()) if isinstance(value, str) else value)


def _int(_: View, value: Any, default: Any = _MISSING) -> Any:
    """A whole number of a number or text, cut towards zero; `default` when it is none."""
    return _converted(lambda: int(_number_of(value)), default)


def _float(_: View, value: Any, default: Any = _MISSING) -> Any:
    """A number of a number or text; `default` when it is none."""
    return _converted(lambda: float(_number_of(value)), default)


def _converted(convert: Callable[[], Any], default: Any) -> Any:
    try:
        return convert()
    except (TypeError, ValueError, ArithmeticError):
        if default is _MISSING:
            raise
        return default


def _round(_: View, value: Any, digits: int = 0) -> int | float:
    """Rounded half away from zero, as people do; a whole number when `digits` is 0."""
    step = Decimal(1).scaleb(-_digits(digits))
    rounded = Decimal(str(as_number(value))).quantize(step, rounding=ROUND_HALF_UP)
    return float(rounded) if digits else int(rounded)


def _digits(digits: Any) -> int:
    most = 6
    if not isinstance(digits, int) or not 0 <= digits <= most:
        raise TypeError(f"decimals are a whole number from 0 to {most}")
    return digits


# --- lists ----------------------------------------------------------------------------------------


def _items(value: Any) -> list[Any]:
    """What a list, a mapping's keys or a text's characters hold."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"a list is needed, not {kind_of(value)}")
    return list(value)


def _list(_: View, value: Any) -> list[Any]:
    return list(value) if isinstance(value, str) else _items(value)


def _first(view: View, value: Any) -> Any:
    return next(iter(_list(view, value)), None)


def _last(view: View, value: Any) -> Any:
    return next(reversed(_list(view, value)), None)


def _sort(_: View, value: Any, reverse: bool = False) -> list[Any]:
    return sorted(_items(value), reverse=bool(reverse))


def _length(_: View, value: Any) -> int:
    return len(value)


# `default` and `string` see what is unset or none; every other filter fails on an unset name.
def _default(_: View, value: Any, fallback: Any = "", boolean: bool = False) -> Any:
    """`fallback` when the value is unset or none; with `boolean` also when empty, 0 or false."""
    return fallback if value is None or (boolean and not value) else value


FILTERS: Mapping[str, Callable[..., Any]] = {
    "abs": lambda _, value: abs(as_number(value)),
    "capitalize": lambda _, value: as_text(value).capitalize(),
    "date": _date,
    "datetime": _datetime,
    "default": _default,
    "d": _default,
    "first": _first,
    "float": _float,
    "int": _int,
    "join": _join,
    "last": _last,
    "length": _length,
    "count": _length,
    "list": _list,
    "lower": lambda _, value: as_text(value).lower(),
    "max": lambda _, value: max(_items(value)),
    "min": lambda _, value: min(_items(value)),
    "money": _money,
    "month": _month,
    "number": _number,
    "phone": _phone,
    "plural": _plural,
    "replace": _replace,
    "reverse": lambda _, value: _items(value)[::-1],
    "round": _round,
    "sms": _sms,
    "sort": _sort,
    "string": lambda _, value: as_text(value),
    "sum": lambda _, value: sum(as_number(item) for item in _items(value)),
    "time": _time,
    "title": _title,
    "trim": lambda _, value: as_text(value).strip(),
    "upper": lambda _, value: as_text(value).upper(),
    "weekday": _weekday,
}


# `defined`, `undefined` and `none` are added where unset names are known.
TESTS: Mapping[str, Callable[..., bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "even": lambda value: as_number(value) % 2 == 0,
    "false": lambda value: value is False,
    "in": lambda value, container: value in container,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "mapping": lambda value: isinstance(value, Mapping),
    "number": is_number,
    "odd": lambda value: as_number(value) % 2 == 1,
    "sequence": lambda value: isinstance(value, (list, tuple, str)),
    "string": lambda value: isinstance(value, str),
    "true": lambda value: value is True,
}
