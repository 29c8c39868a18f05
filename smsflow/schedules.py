"""Flows that start by the clock: which line of cron has come, and for whom.

The sweep asks every second. What came is remembered in the database in the same transaction as the
rows that it causes, so it comes once, whoever asks and whoever crashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import structlog

from smsflow.audience import LATE, start_row
from smsflow.engine import clockwork, triggering
from smsflow.engine.model import Schedule
from smsflow.engine.signatures import plain
from smsflow.engine.state import encode
from smsflow.engine.templating.errors import TemplateError
from smsflow.engine.world import Route, World
from smsflow.store import Store
from smsflow.store.rows import NewRow

# From the first place on earth where it is nine o'clock to the last one.
ROUND_THE_EARTH = timedelta(hours=26)

log = structlog.get_logger(__name__)

Time = tuple[datetime, datetime | None]  # a moment, and the local time that it is about


class Schedules:
    """The schedules of a project's flows."""

    def __init__(self, store: Store, world: Callable[[], World], *, rng: Random) -> None:
        self._store = store
        self._world = world
        self._rng = rng
        self._due: dict[str, tuple[datetime, datetime]] = {}  # by key: last time, next one

    def come(self, now: datetime) -> int:
        """Let come what has come by now; how many did."""
        world = self._world()
        found = {
            _key(route, schedule): (route, schedule)
            for route in world.routes_of("schedule")
            if (schedule := route.trigger.schedule) is not None
        }
        self._due = {key: times for key, times in self._due.items() if key in found}
        return sum(self._ask(world, key, *each, now) for key, each in found.items())

    def _ask(self, world: World, key: str, route: Route, schedule: Schedule, now: datetime) -> bool:
        if key not in self._due:
            last = self._store.schedule_came(key, now)
            self._due[key] = last, next(_times(schedule, last))[0]
        last, due = self._due[key]
        if due > now:
            return False
        del self._due[key]
        late = LATE if schedule.zone is not None else LATE + ROUND_THE_EARTH
        time = _latest(schedule, max(last, now - late), now)
        if time is None:
            log.warning("schedule_missed", flow=route.flow, due=due)
            self._store.schedule_comes(key, last, now, [])
            return False
        rows = self._rows(world, route, schedule, time, now)
        return self._store.schedule_comes(key, last, time[0], rows)

    def _rows(
        self, world: World, route: Route, schedule: Schedule, time: Time, now: datetime
    ) -> list[NewRow]:
        """The row that is everybody's; one in each contact's own zone leaves out, where it is
        worked off, whose time is missed by `now`."""
        moment, local = time
        try:
            start = triggering.by_clock(world, route, f"{self._rng.getrandbits(64):016x}", moment)
        except TemplateError as error:
            log.error("schedule_failed", flow=route.flow, reason=str(error))
            return []
        row = start_row(start, rate=schedule.rate)
        if local is None:
            return [row]
        theirs = {"local": local.isoformat(), "noticed": encode(now)}
        return [replace(row, payload={**row.payload, **theirs})]


def _key(route: Route, schedule: Schedule) -> str:
    """What makes it another schedule: then it begins anew."""
    parts = (route.flow, schedule.cron, schedule.zone or "contact", schedule.group or "")
    trigger = route.trigger
    more = (schedule.where, trigger.when, *sorted(trigger.inputs.items()))
    if not any(more):
        return " ".join(parts)
    return " ".join((*parts, hashlib.sha256(repr(plain(more)).encode()).hexdigest()[:16]))


def _times(schedule: Schedule, after: datetime) -> Iterator[Time]:
    """The times after that moment. One in each contact's own zone comes in the far east first."""
    if schedule.zone is not None:
        for moment in clockwork.times(schedule.cron, schedule.zone, after):
            yield moment, None
    else:
        for local in clockwork.local_times(schedule.cron, after):
            yield clockwork.first_on_earth(local), local


def _latest(schedule: Schedule, after: datetime, now: datetime) -> Time | None:
    """The last time that has come since: what was missed is not made up for more than once."""
    found = None
    for time in _times(schedule, after):
        if time[0] > now:
            break
        found = time
    return found
