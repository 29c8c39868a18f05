"""What goes wrong, and when: processes that are hit, and a provider that fails.

A seed decides what is hit in which order and what the provider does; the moment within a program
at which it hits is the machine's own, which is the point of doing it for real. All targets are hit
equally often, in a shuffled order, whatever the length of a run.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import urllib3

from tests.chaos.people import Text
from tests.chaos.provider import Provider
from tests.chaos.town import Target, Town

PAUSE_SECONDS = 12.0  # longer than the lease of a text (5 s) and our patience with an answer (8 s)
LATE = 0.2  # the share of texts whose reports come late
FLUSH_EVERY = 8  # hits between two times that Redis is emptied
FAULTS_EVERY = 1.0  # seconds
EMPTIED = "redis emptied"


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was done at a moment, in seconds since 1970."""

    at: float
    what: str
    target: str
    pid: int = 0

    def __str__(self) -> str:
        clock = time.strftime("%H:%M:%S", time.gmtime(self.at))
        return f"{clock}.{int(self.at % 1 * 1000):03d} {self.what} {self.target} {self.pid or ''}"


@dataclass(slots=True)
class Damage:
    """All that was done in a run."""

    hits: list[Hit] = field(default_factory=list)

    def kills(self) -> Counter[str]:
        """How often each component was ended."""
        return Counter(hit.target for hit in self.hits if hit.what == "killed")

    def others(self) -> Counter[str]:
        """What else was done, and how often."""
        return Counter(f"{hit.what} {hit.target}" for hit in self.hits if hit.what != "killed")

    def note(self, what: str, target: str, pid: int = 0) -> None:
        """Add a hit that was dealt now."""
        self.hits.append(Hit(time.time(), what, target, pid))


class Breaker:
    """Hits one target every `every` seconds, until `stop`; with `pauses`, some stand still."""

    def __init__(
        self, town: Town, damage: Damage, *, every: float, seed: int, pauses: bool
    ) -> None:
        self._town = town
        self._damage = damage
        self._every = every
        self._rng = random.Random(seed)
        self._pauses = pauses
        self._bag: list[Target] = []
        self._paused: int | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="breaker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; whoever stands still goes on."""
        self._stopping.set()
        self._thread.join()
        self._resume()

    def _run(self) -> None:
        count, pause_ends = 0, 0.0
        while not self._stopping.wait(self._every):
            if self._paused is not None and time.monotonic() > pause_ends:
                self._resume()
            count += 1
            if count % FLUSH_EVERY == 0 and self._town.flush_redis():
                self._damage.note("emptied", "redis")
            elif self._pauses and self._paused is None and self._rng.random() < 0.25:
                self._pause()
                pause_ends = time.monotonic() + PAUSE_SECONDS
            else:
                self._kill()

    def _kill(self) -> None:
        """End one process of the next target that has one."""
        for _ in range(len(self._town.targets)):
            if not self._bag:
                self._bag = list(self._town.targets)
                self._rng.shuffle(self._bag)
            target = self._bag.pop()
            pids = target.pids()
            if pids:
                pid = self._rng.choice(pids)
                with suppress(ProcessLookupError):
                    os.kill(pid, target.fatal)
                    self._damage.note("killed", target.name, pid)
                    return

    def _pause(self) -> None:
        """Let a process stand still for longer than a lease."""
        target = self._rng.choice(self._town.targets)
        pids = target.pids()
        if pids:
            self._paused = self._rng.choice(pids)
            with suppress(ProcessLookupError):
                os.kill(self._paused, signal.SIGSTOP)
                self._damage.note("paused", target.name, self._paused)

    def _resume(self) -> None:
        if self._paused is not None:
            with suppress(ProcessLookupError):
                os.kill(self._paused, signal.SIGCONT)
            self._paused = None


class Troubles:
    """Sets the provider's faults anew every second, until `stop`, which ends them."""

    def __init__(self, provider: Provider, damage: Damage, *, seed: int, pauses: bool) -> None:
        self._provider = provider
        self._damage = damage
        self._rng = random.Random(seed + 1)
        self._pauses = pauses
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="troubles", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; from now on the provider is well."""
        self._stopping.set()
        self._thread.join()
        self._provider.faults({})

    def _run(self) -> None:
        while not self._stopping.wait(FAULTS_EVERY):
            faults = self._faults()
            with suppress(urllib3.exceptions.HTTPError):
                self._provider.faults(faults)
                for name in faults:
                    self._damage.note("provider:", name)

    def _faults(self) -> dict[str, Any]:
        rng = self._rng
        faults: dict[str, Any] = {}
        if rng.random() < 0.25:
            faults["lose"] = rng.randint(1, 2)
        if rng.random() < 0.1:
            faults["fail"] = {"times": rng.randint(1, 2), "status": rng.choice([500, 502, 503])}
        elif rng.random() < 0.1:
            faults["fail"] = {"times": 1, "status": 429, "retryAfter": 1}
        if rng.random() < 0.1:
            faults["failAfter"] = {"times": rng.randint(1, 2), "status": rng.choice([500, 504])}
        if rng.random() < 0.1:
            longest = 9.0 if self._pauses and rng.random() < 0.1 else 1.0
            faults["stall"] = {"times": 1, "seconds": longest}
        if rng.random() < 0.3:
            faults["reportFirst"] = rng.randint(1, 3)
        if rng.random() < 0.4:
            faults["double"] = True
        if rng.random() < 0.4:
            faults["reorder"] = rng.uniform(0.5, 5.0)
        return faults


def write_fates(
    provider: Provider, texts: Sequence[Text], late: tuple[float, float], seed: int
) -> int:
    """Decide for each contact what becomes of the texts to them; `late` is in seconds.

    Returns of how many texts the reports come late.
    """
    rng = random.Random(seed + 2)
    count_late = 0
    for contact, count in Counter(text.contact for text in texts).items():
        fates = [fate for _ in range(count) for fate in _fates(rng, late)]
        provider.fates(contact, fates)
        count_late += sum(fate.get("delay", 0.0) >= late[0] for fate in fates)
    return count_late


def _fates(rng: random.Random, late: tuple[float, float]) -> list[Any]:
    """What becomes of one text: perhaps refused for now, and then its story."""
    refused = []
    while rng.random() < 0.04:
        refused.append({"name": "refused", "status": rng.choice([12, 19, 20, 21])})
    delay = rng.uniform(*late) if rng.random() < LATE else rng.uniform(0.0, 0.5)
    name = rng.choices(
        ["delivered", "undeliverable", "rejected", "expired", "operator"], [80, 6, 3, 3, 8]
    )[0]
    fate: dict[str, Any] = {"name": name, "delay": delay}
    if name == "operator":  # the operator's report, and the handset's some time later
        fate["seconds"] = delay + rng.uniform(0.1, 3.0)
    return [*refused, fate]
