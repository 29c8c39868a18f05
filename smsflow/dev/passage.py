"""Letting time pass: from one moment at which something is due to the next, in order.

A day that is skipped in one jump would let everything of that day happen at its end: the reminder
after the question's timeout. So the clock stops wherever there is something to do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from smsflow.dev.clock import DevClock
from smsflow.errors import Conflict
from smsflow.jobs import Sweep
from smsflow.runtime import Runtime
from smsflow.sandbox.network import Network

PATIENCE = 3.0  # seconds of real time for all to come to rest, before the clock goes on anyway
LONGEST = 60.0  # seconds of real time for one passage
LOOK_EVERY = 0.01  # seconds


class Passage:
    """Moves a clock that a service and the providers' sandboxes share."""

    def __init__(self, runtime: Runtime, networks: Mapping[str, Network], clock: DevClock) -> None:
        self._runtime = runtime
        self._networks = networks
        self._clock = clock
        self._sweep = Sweep(runtime, "passage")
        self._under_way = threading.Lock()
        self._stopping = threading.Event()

    def forward(self, by: timedelta) -> None:
        """Let time pass with all that happens meanwhile; Conflict when it passes already, or when
        more happens than a minute can show: then the clock stands somewhere on the way."""
        if not self._under_way.acquire(blocking=False):
            raise Conflict("the clock is moving already")
        try:
            self._pass_to(self._clock.now() + by)
        finally:
            self._under_way.release()

    def stop(self) -> None:
        """End a passage that is under way where it is."""
        self._stopping.set()

    def _pass_to(self, moment: datetime) -> None:
        deadline = time.monotonic() + LONGEST
        while True:
            self._settle()
            if time.monotonic() > deadline or self._stopping.is_set():
                raise Conflict("so much is due that the clock stopped on the way")
            upcoming = self._next_due()
            if upcoming is None or upcoming >= moment:
                self._clock.jump_to(moment)
                self._settle()
                return
            self._clock.jump_to(upcoming)

    def _settle(self) -> None:
        """Wait until nothing can be done at this moment, neither here nor at the providers."""
        deadline = time.monotonic() + PATIENCE
        self._sweep.once()
        # Looked at from both sides and back, for a text may change sides between two looks.
        while not (self._rests() and self._networks_rest() and self._rests()):
            if self._stopping.wait(LOOK_EVERY) or time.monotonic() > deadline:
                return

    def _rests(self) -> bool:
        return self._runtime.store.quiet(self._clock.now())

    def _networks_rest(self) -> bool:
        pending = [network.pending() for network in self._networks.values()]
        now = self._clock.now()
        return not any(
            each.pushes or (each.next_due is not None and each.next_due <= now) for each in pending
        )

    def _next_due(self) -> datetime | None:
        dues = [self._runtime.store.next_due()]
        dues += [network.next_due() for network in self._networks.values()]
        return min((due for due in dues if due is not None), default=None)
