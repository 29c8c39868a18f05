"""The day that a text says: `12 May`, `12/5`, `tomorrow`, `next friday`, `in 3 days`, ISO 8601.

A day without a year, or without a month, is the next one to come; when bounds leave that out, the
nearest one within them. A weekday is the next one after today. 12/5 is in May but where months are
written first. Two different days are no answer, and neither is a day that the calendar does not
have, a weekday beside another day, or words that leave it open ("before Friday").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from smsflow.engine.words.answers import AnswerContext, AnswerSpec, Invalid, bound_of
from smsflow.engine.words.calendars import Calendar
from smsflow.engine.words.scanning import Scan, calendar_of, either, numeral, piece, value_of

# Where the month is written before the day (Unicode CLDR); 12/5 elsewhere is in May.
_MONTH_FIRST = frozenset({"US", "PH", "FM", "GU", "MH", "MP", "PR", "PW", "UM", "VI", "AS"})
_YEARS_AHEAD = 8  # until there is a 29 February: 1896 to 1904
_FUTURE_YEARS = 20  # 45 is 2045 in 2025, and 46 is 1946

_ISO = piece(r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})")
_COMPACT = piece(r"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)")
_FULL = piece(r"(?P<d>\d{1,2})(?P<sep>[./-])(?P<m>\d{1,2})(?P=sep)(?P<y>\d{4}|\d\d)")
_SHORT = piece(r"(?P<d>\d{1,2})(?P<sep>[/-])(?P<m>\d{1,2})(?P<y>(?!))?")
# 10.30 is no day, so it may be a time.
_DOTTED = piece(r"(?P<d>\d{1,2})(?P<sep>\.)(?P<m>0?[1-9]|1[0-2])(?P<y>(?!))?")
_SPACED = piece(r"(?P<d>\d{1,2})(?P<sep> )(?P<m>\d{1,2}) (?P<y>\d{4})")
_BARE = re.compile(r"\d{1,2}")


@dataclass(slots=True)
class Days:
    """What a text says about days: each day as its possible dates, the likeliest first."""

    days: list[tuple[date, ...]] = field(default_factory=list)
    weekdays: list[int] = field(default_factory=list)  # Monday is 0

    def __bool__(self) -> bool:
        return bool(self.days or self.weekdays)


def the_day(
    found: Days, scan: Scan, calendar: Calendar, spec: AnswerSpec, today: date
) -> date | Invalid:
    """The one day that was found, or why it is none."""
    left = scan.leaves_open(calendar)
    if left:
        return Invalid(f"more than one answer: {left!r} leaves the day open")
    if not all(found.days):
        return Invalid("the calendar has no such day")
    low = None if spec.minimum is None else bound_of(spec.minimum, "date")
    high = None if spec.maximum is None else bound_of(spec.maximum, "date")

    def fits(day: date) -> bool:
        return (low is None or low <= day) and (high is None or day <= high)

    days = {next(filter(fits, dates), dates[0]) for dates in found.days}
    named = set(found.weekdays)
    if not days and len(named) == 1:
        ahead = (named.pop() - today.weekday() - 1) % 7 + 1
        if ahead > (date.max - today).days:
            return Invalid("the calendar has no such day")
        days = {today + timedelta(days=ahead)}
    if len(days) != 1:
        return Invalid("more than one answer: two days")
    day = days.pop()
    if named - {day.weekday()}:
        return Invalid(f"more than one answer: {day} is another weekday")
    return day if fits(day) else Invalid("out of range")


# --- taking days out of a text --------------------------------------------------------------------


def take_days(scan: Scan, name: str, context: AnswerContext, *, bare: bool = True) -> Days:
    """The days of a text, taken out of it; `bare`: a number alone is a day, too."""
    found = Days()
    forms = _forms(name, foreign=name != context.language.lower()[:2])
    try:
        _take_figures(scan, found, context)
        _take_named(scan, found, name, forms, context.today)
        _take_relative(scan, found, name, forms, context.today)
        _take_weekdays(scan, found, forms, context.today)
        _take_numbers(scan, found, forms, context.today, bare=bare)
    except OverflowError:  # the calendar of Python ends with the year 9999
        found.days.append(())
    scan.take(forms.parts)
    return found


def _take_figures(scan: Scan, found: Days, context: AnswerContext) -> None:
    for pattern in (_ISO, _COMPACT):
        for match in scan.take(pattern):
            found.days.append(_valid(int(match["y"]), int(match["m"]), int(match["d"])))
    for pattern in (_FULL, _SHORT, _DOTTED, _SPACED):
        for match in scan.take(pattern):
            day, month = _in_order(int(match["d"]), int(match["m"]), match["sep"], context)
            found.days.append(tuple(_dated(day, month, match["y"], context.today)))


def _in_order(day: int, month: int, mark: str, context: AnswerContext) -> tuple[int, int]:
    """Day and month as they are meant: 12/25 can be nothing but Christmas."""
    month_first = mark in "/-" and _writes_month_first(context)
    only = mark == "/" and month > 12
    return (month, day) if (month_first or only) and day <= 12 else (day, month)


def _writes_month_first(context: AnswerContext) -> bool:
    tag = context.language.upper().replace("_", "-").split("-")
    region = tag[-1] if len(tag) > 1 else context.country
    return region in _MONTH_FIRST


def _take_named(scan: Scan, found: Days, name: str, forms: _Forms, today: date) -> None:
    for pattern in (forms.day_month, forms.month_day):
        for match in scan.take(pattern):
            day = 1 if match["first"] else value_of(match["d"], name)
            found.days.append(tuple(_dated(day, forms.months[match["m"]], match["y"], today)))


def _take_relative(scan: Scan, found: Days, name: str, forms: _Forms, today: date) -> None:
    for match in scan.take(forms.ahead):
        number = 1 if match["one"] else int(match["n"] or value_of(match["word"], name))
        if match["months"]:
            found.days.append((_months_ahead(today, number),))
        else:
            found.days.append((today + timedelta(days=number * (7 if match["weeks"] else 1)),))
    for days, pattern in ((2, forms.overmorrow), (1, forms.tomorrow), (0, forms.today)):
        if scan.take(pattern):
            found.days.append((today + timedelta(days=days),))


def _take_weekdays(scan: Scan, found: Days, forms: _Forms, today: date) -> None:
    for match in scan.take(forms.weekday_next_week):
        ahead = 7 - today.weekday() + forms.weekdays[match["w"] or match["v"]]
        found.days.append((today + timedelta(days=ahead),))
    for match in scan.take(forms.weekday_number):
        found.weekdays.append(forms.weekdays[match["w"]])
        found.days.append(tuple(_next_numbered(int(match["d"]), today)))
    for match in scan.take(forms.weekday):
        found.weekdays.append(forms.weekdays[match["w"]])


def _take_numbers(scan: Scan, found: Days, forms: _Forms, today: date, *, bare: bool) -> None:
    """Days without a month: `the 12th`, `le 12`, and a number that is the whole message."""
    numbers = [int(match["d"] or match["n"]) for match in scan.take(forms.number)]
    if bare and not found and not numbers and _BARE.fullmatch(scan.said):
        numbers = [int(scan.said)]
        scan.text = ""
    found.days += [tuple(_next_numbered(number, today)) for number in numbers]


# --- which dates a day can be ---------------------------------------------------------------------


def _valid(year: int, month: int, day: int) -> tuple[date, ...]:
    try:
        return (date(year, month, day),)
    except ValueError:
        return ()


def _dated(day: int, month: int, year: str | None, today: date) -> Iterator[date]:
    """The dates of a day and a month: the coming one first, then the ones before and after."""
    if year is not None and len(year) == 4:
        yield from _valid(int(year), month, day)
        return
    if year is not None:
        century = today.year // 100 * 100
        likely = century + int(year)
        if likely > today.year + _FUTURE_YEARS:
            likely -= 100
        for each in (likely, likely - 100, likely + 100):
            yield from _valid(each, month, day)
        return
    years = range(today.year, today.year + _YEARS_AHEAD + 1)
    coming = [one for each in years for one in _valid(each, month, day) if one >= today]
    past = range(today.year, today.year - _YEARS_AHEAD - 1, -1)
    gone = [one for each in past for one in _valid(each, month, day) if one < today]
    yield from coming[:1] + gone[:1] + coming[1:] + gone[1:]


def _next_numbered(day: int, today: date) -> Iterator[date]:
    """The next days of that number, in this month and the two after it."""
    for ahead in range(3):
        index = today.year * 12 + today.month - 1 + ahead
        for each in _valid(index // 12, index % 12 + 1, day):
            if each >= today:
                yield each


def _months_ahead(today: date, count: int) -> date:
    """The same day some months on, or the last of that month when it is shorter."""
    index = today.year * 12 + today.month - 1 + count
    if index // 12 > date.max.year:
        raise OverflowError
    return next(
        each for day in range(today.day, 0, -1) for each in _valid(index // 12, index % 12 + 1, day)
    )


# --- patterns -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forms:
    """The patterns of one language."""

    months: dict[str, int]
    weekdays: dict[str, int]
    day_month: re.Pattern[str]
    month_day: re.Pattern[str]
    ahead: re.Pattern[str]
    overmorrow: re.Pattern[str]
    tomorrow: re.Pattern[str]
    today: re.Pattern[str]
    weekday_next_week: re.Pattern[str]
    weekday_number: re.Pattern[str]
    weekday: re.Pattern[str]
    number: re.Pattern[str]
    parts: re.Pattern[str]  # of the day, which say nothing about which day


@lru_cache(maxsize=32)
def _forms(name: str, *, foreign: bool) -> _Forms:
    c = calendar_of(name, foreign=foreign)
    months = {form: at for at, forms in enumerate(c.months, 1) for form in forms.split("|")}
    weekdays = {form: at for at, forms in enumerate(c.weekdays) for form in forms.split("|")}
    month, weekday = f"(?P<m>{either(months)})", f"(?P<w>{either(weekdays)})"
    day = f"(?:(?P<first>{c.first})|(?P<d>{numeral(name)})(?:{c.ending})?)"
    days, weeks, each_month = c.units
    count = rf"(?:(?P<one>{c.one})|(?P<n>\d{{1,3}})|(?P<word>{numeral(name)}))"
    unit = f"(?:(?P<days>{days})|(?P<weeks>{weeks})|(?P<months>{each_month}))"
    again = f"(?P<v>{either(weekdays)})"
    figure = r"(?P<d>\d{1,2})"
    return _Forms(
        months=months,
        weekdays=weekdays,
        day_month=piece(
            rf"{day} ?(?:(?:{c.joins}) )?{month}(?:(?: (?:{c.joins}))? (?P<y>\d{{4}}|\d\d))?"
        ),
        month_day=piece(rf"{month} ?(?:(?:{c.the}) )?{day}(?: (?P<y>\d{{4}}))?"),
        ahead=piece(f"(?:{c.into}) {count} {unit}"),
        overmorrow=piece(c.overmorrow),
        tomorrow=piece(c.tomorrow),
        today=piece(c.today),
        weekday_next_week=piece(f"{weekday} (?:{c.next_week})|(?:{c.next_week}) {again}"),
        weekday_number=piece(rf"{weekday} (?:(?:{c.the}) )?{figure}(?:{c.ending})?"),
        weekday=piece(f"(?:(?:{c.coming}) )?{weekday}(?: (?:{c.coming}))?"),
        number=piece(rf"(?:{c.the}) {figure}(?:{c.ending})?|(?P<n>\d{{1,2}})(?:{c.ending})"),
        parts=piece(f"{c.morning}|{c.later}"),
    )
