"""Where the sandbox's time comes from; it can run fast and jump, so that nobody waits for days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""


class SystemClock:
    """The time of this machine, `speed` times as fast since the clock was made or last set."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._told = self._since = datetime.now(UTC)

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return self._told + (datetime.now(UTC) - self._since) * self._speed

    def set(self, *, ahead: timedelta = timedelta(), speed: float | None = None) -> None:
        """Jump `ahead`, and run at another speed from now on; None keeps the speed."""
        self._told, self._since = self.now() + ahead, datetime.now(UTC)
        if speed is not None:
            self._speed = speed
