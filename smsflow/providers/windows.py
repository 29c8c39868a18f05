"""Reading logs that have no pages, by windows of time.

An API that gives at most so many lines, and no way to the next ones, still tells everything: a
window that comes back full is asked again in halves. Nothing is taken for granted about the order
of the lines, nor about how many texts were sent at the same moment, but that a millisecond has room
for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from smsflow.providers.base import LogLine, LogsUnavailable

# The lines from one instant to another, both included; None for a line that is to be left out.
Ask = Callable[[datetime, datetime], Sequence[LogLine | None]]

_FINEST = timedelta(milliseconds=1)  # what a date of the API can tell apart


def lines_of(ask: Ask, since: datetime, until: datetime, *, most: int) -> Iterator[LogLine]:
    """Yield every line once, window by window from old to new.

    Raises LogsUnavailable for more than `most` lines of one millisecond, and what `ask` raises.
    """
    windows = [(_floor(since), _floor(until) + _FINEST)]
    edge: set[LogLine] = set()  # of the window before: its end is the start of the next
    while windows:
        start, end = windows.pop()
        found = ask(start, end)
        if len(found) >= most:
            middle = _floor(start + (end - start) / 2)
            if not start < middle < end:
                raise LogsUnavailable(f"{most} texts or more at {start}: the logs can't tell all")
            windows += [(middle, end), (start, middle)]
            continue
        lines = dict.fromkeys(line for line in found if line is not None)
        yield from (line for line in lines if line not in edge)
        edge = set(lines)


def _floor(instant: datetime) -> datetime:
    """The instant without what is finer than a millisecond."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
