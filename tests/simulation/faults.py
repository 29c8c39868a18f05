"""What goes wrong, by the seed: how often at each call, and what strikes all at once."""

from __future__ import annotations

from random import Random
from typing import Protocol

from tests.simulation.kernel import Faults, Kernel

_UNKNOWABLE = {"commit", "redis", "http"}  # calls that may be done although they failed

_OVERTAKEN = {"http", "http answer"}  # a pause here lets another sender take the text


class Weather(Faults, Protocol):
    """All that goes wrong in a run; times are in seconds since its start."""

    until: float
    rough: float  # of the network
    database_restarts: list[float]
    flushes: list[float]
    redis_outages: list[float]
    drowsy: bool  # senders stand still in the middle of requests
    outage: tuple[float, float]  # of the first provider
    skew: float  # seconds that the clock of a process may be wrong, either way


class NthCall:
    """Good weather, but for the n-th call of one kind."""

    def __init__(self, kind: str, number: int, fault: str) -> None:
        self.until = self.rough = 0.0
        self.database_restarts: list[float] = []
        self.flushes: list[float] = []
        self.redis_outages: list[float] = []
        self.outage = (0.0, 0.0)
        self.skew, self.drowsy = 0.0, False
        self.struck = False
        self._kind = kind
        self._left = number
        self._fault = fault

    def at(self, _kernel: Kernel, kind: str) -> str | None:
        """The fault, when it is its turn."""
        if kind != self._kind:
            return None
        self._left -= 1
        if self._left != 0:
            return None
        self.struck = True
        return self._fault


class RandomFaults:
    """Until some moment anything may fail; after it nothing does, and the end must be right."""

    def __init__(self, rng: Random) -> None:
        self.until = rng.uniform(40, 140)
        self.rough = rng.choice((0.0, 1.0, 1.0, 2.0, 3.0))
        self.database_restarts = self._times(rng, 2)
        self.flushes = self._times(rng, 3)
        self.redis_outages = self._times(rng, 2)
        # Long enough for texts that were due before to meet the quiet hours.
        self.outage = (rng.uniform(0, 60), rng.uniform(200, 450))
        if rng.random() < 0.8:
            self.outage = (0.0, 0.0)
        self.skew = rng.choice((0.0, 0.1, 1.0, 1.0))
        self._rng = rng
        wild = rng.choice((0.3, 1.0, 1.0, 2.0))
        self._crash = wild * rng.choice((0.0, 0.005, 0.015))
        self._often_paused = wild * rng.choice((0.0, 0.002, 0.006))
        self._pause = self._crash + self._often_paused
        # Now and then senders fall asleep over every second answer, and many answers are to come
        # again: so several are at one text, each with another result.
        self.drowsy = rng.random() < 0.3
        if self.drowsy:
            self.rough = max(self.rough, 1.0)
            self.until += 60.0
        self._nap = 0.5 if self.drowsy else 0.0
        self._before = self._pause + wild * rng.choice((0.0, 0.002, 0.005))
        self._after = self._before + wild * rng.choice((0.0, 0.002, 0.005))

    def _times(self, rng: Random, most: int) -> list[float]:
        return [rng.uniform(0, self.until) for _ in range(rng.randrange(most + 1))]

    def at(self, kernel: Kernel, kind: str) -> str | None:
        """The fault at this call, if any."""
        if kernel.now > self.until:
            return None
        drawn = self._rng.random()
        if kind == "http answer" and drawn < self._nap:
            return "nap"
        if kind in _OVERTAKEN and drawn < 8 * self._often_paused:
            return "pause"
        if drawn < self._crash:
            return "crash"
        if drawn < self._pause:
            return "pause"
        if drawn < self._before:
            return "before"
        return "after" if drawn < self._after and kind in _UNKNOWABLE else None
