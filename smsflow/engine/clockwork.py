"""Lines of cron: what is wrong with one, and when it comes next.

Times are local. One that a clock change skips comes right after the gap, one that happens twice
comes once, as Debian's cron has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

EARLIEST = timedelta(hours=14)  # ahead of UTC: the zone in which a local time comes first


def problem_of(cron: str) -> str:
    """What is wrong with a line of cron; '' when nothing is."""
    if len(cron.split()) != 5:
        return "it has five fields"
    try:
        next(CronSim(cron, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        return str(error).lower()
    except StopIteration:
        return "it never comes"
    return ""


def times(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    """The moments after `after` at which it comes by the clock of `zone`, in UTC."""
    for moment in CronSim(cron, after.astimezone(ZoneInfo(zone))):
        yield moment.astimezone(UTC)


def local_times(cron: str, after: datetime) -> Iterator[datetime]:
    """The local times, without a zone, that lie after `after` somewhere on earth."""
    for moment in CronSim(cron, (after + EARLIEST).replace(tzinfo=UTC)):
        yield moment.replace(tzinfo=None)


def first_on_earth(local: datetime) -> datetime:
    """When a local time comes first, in UTC."""
    return local.replace(tzinfo=UTC) - EARLIEST


def moment_of(local: datetime, zone: str) -> datetime:
    """A local time in a zone, in UTC; one that a clock change skips moves forward by the gap."""
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
