"""The demo's clock: it runs like any other, and jumps over the hours in which nothing happens."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta


class DemoClock:
    """Begins at `start`. Service and sandboxes share it, so that all of them jump together."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._began = time.monotonic()
        self._skipped = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._start + timedelta(seconds=time.monotonic() - self._began) + self._skipped

    def jump_to(self, moment: datetime) -> None:
        """Go on at `moment`; one that is over already changes nothing, for time never runs back."""
        with self._lock:
            self._skipped += max(moment - self.now(), timedelta())
