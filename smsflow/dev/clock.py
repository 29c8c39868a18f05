"""The clock of `smsflow dev`: it runs like any other, can be moved forward, and stays there.

A chat that was three days on when the process ended goes on from there at its next start: time
that ran back would shuffle the chat and let timers wait twice.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path


class DevClock:
    """The machine's time and what was skipped; `file` keeps that over the end of the process."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._skipped = _read(file)

    @property
    def skipped(self) -> timedelta:
        """How far this clock is ahead of the machine's."""
        return self._skipped

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC) + self._skipped

    def jump_to(self, moment: datetime) -> None:
        """Go on at `moment`; one that is over already changes nothing, for time never runs back."""
        with self._lock:
            left = moment - self.now()
            if left > timedelta():
                self._skipped += left
                self._file.write_text(f"{self._skipped.total_seconds()}\n", encoding="ascii")


def _read(file: Path) -> timedelta:
    """What was skipped before; nothing when the file is not there or says nothing of use."""
    try:
        return max(timedelta(seconds=float(file.read_text(encoding="ascii"))), timedelta())
    except (OSError, ValueError, OverflowError):
        return timedelta()
