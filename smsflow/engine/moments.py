"""Which moment an author means by `{until, offset, at, weekday, tz}`; a pure function of time.

Clock changes: a local time that is skipped becomes the one that lies as far behind the gap, and
one that happens twice is the first of the two (PEP 495, fold 0).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from smsflow.engine.model import Duration, Moment

_BACK = timedelta(days=-1)
_ON = timedelta(days=1)


def moment_of(moment: Moment, base: datetime | None, *, now: datetime, zone: str) -> datetime:
    """The moment in UTC. `base` is the value of `until`; without one it is the next such moment.

    From a base the days go on to the next of `weekdays`, or back to the last one when the offset
    is negative, for what is to be done before something must not be done after it. Raises
    OverflowError when that is beyond the calendar.
    """
    zone = moment.tz or zone
    if base is None:
        return _next(moment, now, zone)
    if base.tzinfo is None:
        base = base.replace(tzinfo=ZoneInfo(zone))
    shifted = moment.offset.after(base.astimezone(UTC), zone)
    if moment.at is None and not moment.weekdays:
        return shifted
    local = shifted.astimezone(ZoneInfo(zone))
    step = _BACK if _negative(moment.offset) else _ON
    day = _allowed(local.date(), moment.weekdays, step)
    if moment.at is None:
        return shifted if day == local.date() else _on(day, local.time(), zone)
    return _on(day, time(*divmod(moment.at, 60)), zone)


def _next(moment: Moment, now: datetime, zone: str) -> datetime:
    """The first `at` on one of the weekdays that lies after now, and the offset from there."""
    clock = time(*divmod(moment.at or 0, 60))
    day = now.astimezone(ZoneInfo(zone)).date()
    while True:
        day = _allowed(day, moment.weekdays, _ON)
        found = moment.offset.after(_on(day, clock, zone), zone)
        if found > now:
            return found
        day += _ON


def _allowed(day: date, weekdays: tuple[int, ...], step: timedelta) -> date:
    while weekdays and day.weekday() not in weekdays:
        day += step
    return day


def _on(day: date, clock: time, zone: str) -> datetime:
    local = datetime.combine(day, clock.replace(tzinfo=None, fold=0), ZoneInfo(zone))
    return local.astimezone(UTC)


def _negative(length: Duration) -> bool:
    return length.days < 0 or length.seconds < 0
