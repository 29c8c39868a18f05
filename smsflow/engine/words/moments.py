"""Answers of type date, time and datetime: what was taken out of a text, judged.

A text is read in the session's language, and in English and the others when that finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from smsflow.engine.words.answers import (
    AnswerContext,
    AnswerSpec,
    Invalid,
    Parsed,
    bound_of,
    quoted,
)
from smsflow.engine.words.calendars import CALENDARS, plain
from smsflow.engine.words.dates import take_days, the_day
from smsflow.engine.words.scanning import Scan, languages
from smsflow.engine.words.times import Minutes, take_bare, take_parts, take_times

_T = TypeVar("_T")


def parse_date(text: str, spec: AnswerSpec, context: AnswerContext) -> Parsed | Invalid:
    """The only day that a text says, within the bounds; times of day beside it do not count."""
    for name in languages(context.language):
        scan = Scan(plain(text))
        take_times(scan, name)
        found = take_days(scan, name, context)
        if found:
            day = the_day(found, scan, CALENDARS[name], spec, context.today)
            return day if isinstance(day, Invalid) else Parsed(day, f"day in {quoted(text)}")
    return Invalid(f"nothing in {quoted(text)} is a date")


def parse_time(text: str, spec: AnswerSpec, context: AnswerContext) -> Parsed | Invalid:
    """The only time of day that a text says, within the bounds; days beside it do not count."""
    for name in languages(context.language):
        scan = Scan(plain(text))
        found = take_times(scan, name)
        if found:
            take_days(scan, name, context, bare=False)
        else:
            found = take_bare(scan, name)
        if found:
            take_parts(scan, name)
            left = scan.leaves_open(CALENDARS[name])
            if left:
                return Invalid(f"more than one answer: {left!r} leaves the time open")
            return _the_time(found, spec, text)
    return Invalid(f"nothing in {quoted(text)} is a time of day")


def parse_datetime(text: str, spec: AnswerSpec, context: AnswerContext) -> Parsed | Invalid:
    """A day and a time of day, as a moment on the contact's clocks; both have to be said.

    A local time that a clock change skips or repeats is the one before the change (PEP 495).
    """
    exact = _exact(text, context)
    if exact is not None:
        return _bounded(exact, spec, context, text)
    said = Invalid(f"nothing in {quoted(text)} is a date and a time")
    for name in languages(context.language):
        scan = Scan(plain(text))
        times = take_times(scan, name)
        days = take_days(scan, name, context)
        times = times or take_bare(scan, name)
        if days and times:
            day = the_day(days, scan, CALENDARS[name], _of_day(spec), context.today)
            if isinstance(day, Invalid):
                return day
            return _the_moment(day, times, spec, context, text)
        if days or times:
            said = Invalid("the time of day is missing" if days else "the day is missing")
    return said


def _the_time(found: list[Minutes], spec: AnswerSpec, text: str) -> Parsed | Invalid:
    fits = _within(_bound(spec.minimum, "time"), _bound(spec.maximum, "time"))
    at = _only((_clock(each) for each in found), fits)
    return at if isinstance(at, Invalid) else Parsed(at, f"time in {quoted(text)}")


def _the_moment(
    day: date, found: list[Minutes], spec: AnswerSpec, context: AnswerContext, text: str
) -> Parsed | Invalid:
    zone = ZoneInfo(context.zone)
    fits = _within(_moment(spec.minimum, zone, time.min), _moment(spec.maximum, zone, time.max))
    readings = ([datetime.combine(day, at, zone) for at in _clock(each)] for each in found)
    moment = _only(readings, fits)
    how = f"day and time in {quoted(text)}"
    return moment if isinstance(moment, Invalid) else Parsed(moment, how)


def _only(readings: Iterable[list[_T]], fits: Callable[[_T], bool]) -> _T | Invalid:
    """The only value that readings leave; each is its likeliest one within the bounds."""
    found = list(readings)
    if not all(found):
        return Invalid("no clock shows such a time")
    values = {next(filter(fits, each), each[0]) for each in found}
    if len(values) > 1:
        return Invalid("more than one answer: two times")
    value = values.pop()
    return value if fits(value) else Invalid("out of range")


def _clock(minutes: Minutes) -> list[time]:
    return [time(each // 60, each % 60) for each in minutes]


# --- ISO 8601 and bounds --------------------------------------------------------------------------


def _exact(text: str, context: AnswerContext) -> datetime | None:
    """A whole message in ISO 8601 with its offset, as we print moments."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(ZoneInfo(context.zone)) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _bounded(
    moment: datetime, spec: AnswerSpec, context: AnswerContext, text: str
) -> Parsed | Invalid:
    zone = ZoneInfo(context.zone)
    fits = _within(_moment(spec.minimum, zone, time.min), _moment(spec.maximum, zone, time.max))
    return Parsed(moment, f"{quoted(text)}, exact") if fits(moment) else Invalid("out of range")


def _of_day(spec: AnswerSpec) -> AnswerSpec:
    """The bounds of a moment as those of its day."""
    low, high = _bound(spec.minimum, "datetime"), _bound(spec.maximum, "datetime")
    return replace(spec, minimum=low, maximum=high)


def _bound(bound: Any, type_: str) -> Any:
    return None if bound is None else bound_of(bound, type_)


def _moment(bound: Any, zone: ZoneInfo, at: time) -> datetime | None:
    """A bound as a moment; a date alone takes in its whole day."""
    found = _bound(bound, "datetime")
    if found is None:
        return None
    if not isinstance(found, datetime):
        return datetime.combine(found, at, zone)
    return found.astimezone(zone) if found.tzinfo is not None else found.replace(tzinfo=zone)


def _within(low: Any, high: Any) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        return (low is None or low <= value) and (high is None or value <= high)

    return fits
