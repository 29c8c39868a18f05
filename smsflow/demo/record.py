"""What the demo saw: its events in order, what was not as the flows say, and the totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. `kind`: begin, scene, start, text, silence, call, outcome, clock or
    deviation.

    `direction` is seen from the service: `in` for what people text, `out` for what they get.
    """

    kind: str
    at: datetime
    who: str = ""
    direction: str = ""
    text: str = ""
    parts: int | None = None
    state: str = ""
    via: str = ""
    flow: str = ""


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something that was not as the flows say."""

    what: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected!r}, got {self.got!r}"


@dataclass(slots=True)
class Summary:
    """The totals of a demo, as counted by the network and by the service."""

    texts_in: int = 0
    texts_out: int = 0
    parts: int = 0
    delivered: int = 0
    failed_over: int = 0
    refused_by_stop: int = 0
    calls: int = 0
    sessions: Counter[str] = field(default_factory=Counter)  # by outcome
    deviations: list[Deviation] = field(default_factory=list)
    seconds: float = 0.0


class Record:
    """Takes down what happens, and shows each event as it comes."""

    def __init__(self, show: Callable[[Event], None]) -> None:
        self.summary = Summary()
        self._show = show

    def add(self, event: Event) -> None:
        """One more event."""
        self._show(event)

    def check(self, what: str, expected: str, got: str, at: datetime) -> bool:
        """Compare what came with what had to come; a difference is kept and shown."""
        if expected == got:
            return True
        deviation = Deviation(what, expected, got)
        self.summary.deviations.append(deviation)
        self._show(Event(kind="deviation", at=at, text=str(deviation)))
        return False
