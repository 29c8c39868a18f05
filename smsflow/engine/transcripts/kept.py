"""What the simulator keeps of a conversation: its texts, its trace, and what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from smsflow.engine.effects import Errand, SendText, Traced
from smsflow.engine.events import Event
from smsflow.engine.state import Plan
from smsflow.engine.world import Route
from smsflow.sms.states import State


@dataclass(slots=True)
class SimulatedText:
    """One text of ours, as the simulator keeps it."""

    id: str
    root: str
    effect: SendText
    plan: Plan
    due: datetime
    state: State = State.QUEUED
    replaced: bool = False
    sent_at: datetime | None = None  # when it left

    @property
    def via(self) -> str:
        """The name of our number that it goes out on."""
        return self.plan.number


@dataclass(frozen=True, slots=True)
class TraceLine:
    """A line of the trace, with its moment."""

    at: datetime
    line: Traced


@dataclass(slots=True)
class Alarm:
    """Something that happens at a moment."""

    due: datetime
    order: int
    event: Event | None  # None: the text of that id leaves, or the errand is done
    text: str = ""
    route: Route | None = None  # whose time has come
    errand: Errand | None = None
    tries: int = 0  # of the errand, before
