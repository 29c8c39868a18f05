"""When a text goes out: the window of the week that it has to wait for, and the pace of a request.

Both are of later versions of the API: `deliveryTimeWindow` of a message, `sendingSpeedLimit` of a
request. The documents give no zone for the window; here it is UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
PACES = {"MINUTE": timedelta(minutes=1), "HOUR": timedelta(hours=1), "DAY": timedelta(days=1)}
SHORTEST_WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `amount` texts of a request in each `unit`, evenly spread."""

    amount: int
    unit: timedelta

    def wait(self, before: int) -> timedelta:
        """How long a text waits that has `before` texts of its request before it."""
        return self.unit * before / self.amount


@dataclass(frozen=True, slots=True)
class Window:
    """Days of the week (0 is Monday) and the hours of them in which a text may go out."""

    days: frozenset[int]
    opens: time = time.min
    closes: time | None = None  # None is midnight

    def next(self, moment: datetime) -> datetime:
        """`moment` when the window is open then, else the next time that it opens."""
        today = moment.astimezone(UTC).date()
        for ahead in range(8):
            date = today + timedelta(days=ahead)
            if date.weekday() not in self.days:
                continue
            opens = datetime.combine(date, self.opens, UTC)
            if self.closes is None:
                closes = datetime.combine(date + timedelta(days=1), time.min, UTC)
            else:
                closes = datetime.combine(date, self.closes, UTC)
            if moment < closes:
                return max(moment, opens)
        raise AssertionError("a window has a day")
