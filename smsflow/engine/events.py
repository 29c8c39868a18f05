"""What can happen to a conversation. Each is one inbox row; each row becomes one of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from smsflow.engine.state import Plan
from smsflow.sms.states import State


@dataclass(frozen=True, slots=True)
class TextReceived:
    """A text came in (MO). `number` is the name of our number that it came to."""

    text: str
    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """What an event about a text of ours needs to know of it: the message row, in short."""

    message: str
    root: str  # the first message of its chain of resends; its own id when it is the first
    session: str | None
    state: State
    plan: Plan
    kind: str  # of the text: transactional, marketing, otp or system
    flow: str | None = None
    step: str | None = None
    replaced: bool = False  # a resend or failover has taken its place
    to: str | None = None  # whose phone, when it is not that of the session's contact


@dataclass(frozen=True, slots=True)
class ReportArrived:
    """The state of a text became final (DLR, a refusal in the provider's answer, or our gate's), or
    pending (an intermediate report)."""

    sent: Sent
    state: State
    error: str | None = None


@dataclass(frozen=True, slots=True)
class NoReport:
    """`report_within` is over; `sent.state` says whether a final report came after all."""

    sent: Sent


@dataclass(frozen=True, slots=True)
class TimerDue:
    """A timer of a session is due.

    `name` is wait, release, timeout, nudge, expire, lifetime, or that of an `anytime` deadline,
    which belongs to no wait and has the serial 0.
    """

    session: str
    serial: int
    name: str


@dataclass(frozen=True, slots=True)
class StartRequested:
    """The API or another flow asks for a session of a flow, or the clock does; `session` is the
    id that the caller was told. `group` and `where` say for whom it is, when it is for many.

    `contact` has what the caller knows of the contact: language, timezone, declared fields.
    """

    flow: str
    session: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    contact: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "api"  # api, start, outcome, schedule, broadcast
    data: Mapping[str, Any] = field(default_factory=dict)  # `trigger.data`; the inputs if empty
    group: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class EventHappened:
    """An event that concerns this contact: of the API, of Python, or of an `emit` step."""

    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CodePosted:
    """The web application posts a code that a person typed there; `request` is where it waits."""

    session: str
    code: str
    request: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ErrandDone:
    """A call or an action is over; `result` is what `engine.errands` makes of how it went."""

    session: str
    serial: int
    errand: str
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AgentSaid:
    """A person who holds the conversation texts the contact; `request` is where they wait."""

    handoff: str
    text: str
    by: str
    request: str


@dataclass(frozen=True, slots=True)
class AgentClosed:
    """A person is done with a conversation that they hold."""

    handoff: str
    by: str
    request: str


Event = (
    TextReceived
    | ReportArrived
    | NoReport
    | TimerDue
    | StartRequested
    | CodePosted
    | EventHappened
    | ErrandDone
    | AgentSaid
    | AgentClosed
)
