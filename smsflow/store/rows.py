"""The rows that cross the store's border, as plain data.

Instants are aware datetimes in UTC here; the tables keep them as whole microseconds since 1970
(`BIGINT`), which both databases order, compare and index alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from smsflow.engine.effects import (
    ConsentChanged,
    DropQueued,
    Errand,
    HandedOff,
    HandoffClosed,
    HandoffMoved,
    RequestAnswered,
    SendAgain,
    SendText,
    SetTimer,
    Traced,
)
from smsflow.engine.state import Contact, Plan, Session
from smsflow.errors import Place
from smsflow.sms.options import NO_OPTIONS, Options
from smsflow.sms.states import State


class Kind(StrEnum):
    """What an inbox row tells of."""

    MO = "mo"  # a text came in
    DLR = "dlr"  # a report that a provider pushed or handed out
    CLICK = "click"  # somebody followed a short link in a text of ours
    REPORT = "report"  # a final state that our own sender or gate decided
    NO_REPORT = "no_report"  # `report_within` is over
    TIMER = "timer"
    START = "start"
    EVENT = "event"  # something that happened elsewhere, to whom it may concern
    AUDIENCE = "audience"  # a flow is to start with many
    CODE = "code"
    ERRAND_DONE = "errand_done"
    AGENT = "agent"  # a person who holds the conversation texts, or is done


@dataclass(frozen=True, slots=True)
class NewRow:
    """An inbox row to insert. `dedupe` is unique among all rows ever inserted; None repeats freely.

    `contact` is E.164, or a short code or name as it is; for a report, the number that it is about.
    """

    kind: Kind
    contact: str
    payload: Mapping[str, Any]
    due: datetime
    dedupe: str | None = None


@dataclass(frozen=True, slots=True)
class InboxRow:
    """An inbox row that is due."""

    id: int
    kind: Kind
    contact: str
    payload: dict[str, Any]
    due: datetime
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One text of ours (MT). Its wire id is `<id>-<epoch>`; a resend is a row of its own."""

    id: str
    root: str
    replaces: str | None
    replaced: bool  # a resend or failover has taken its place
    contact: str
    session: str | None
    flow: str | None
    step: str | None
    number: str  # the name of our number
    text: str
    masked: str | None
    kind: str
    plan: Plan
    state: State
    error: str | None
    epoch: int
    segments: int
    made_at: datetime
    accepted_at: datetime | None
    final_at: datetime | None
    owner: str | None = None  # the contact whose session sent it, when it went to somebody else
    status: str | None = None  # the provider's own name for what became of it

    @property
    def wire_id(self) -> str:
        """The messageId of the present try."""
        return f"{self.id}-{self.epoch}"


@dataclass(frozen=True, slots=True)
class MovedForward:
    """A message whose state a report moved; a `wire_id` proves that it left, so its retry ends."""

    message: str
    state: State
    error: str | None
    at: datetime
    status: str | None = None  # the provider's own name

    def of(self, message: Message) -> Message:
        """The message as it is from now on."""
        return replace(message, state=self.state, status=self.status, error=self.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A click on a link in a text of ours."""

    contact: str  # whose phone got the text
    message: str  # the first of its chain of resends
    session: str | None
    flow: str | None
    step: str | None
    url: str
    at: datetime  # by the provider


@dataclass(slots=True)
class Changes:
    """All that one batch of inbox rows changes, written in bulk in one transaction."""

    contacts: dict[str, Contact] = field(default_factory=dict)  # changed or new, by phone
    sessions: dict[str, tuple[str, Session]] = field(default_factory=dict)  # id -> (phone, session)
    texts: list[tuple[str, SendText]] = field(default_factory=list)  # (phone, effect)
    again: list[SendAgain] = field(default_factory=list)
    errands: list[tuple[str, Errand]] = field(default_factory=list)
    timers: list[tuple[str, SetTimer]] = field(default_factory=list)
    dropped: list[tuple[str, DropQueued]] = field(default_factory=list)
    consent: list[tuple[str, ConsentChanged]] = field(default_factory=list)
    further: list[NewRow] = field(default_factory=list)  # events of our own; none has a key
    handoffs: list[tuple[str, HandedOff | HandoffMoved | HandoffClosed]] = field(
        default_factory=list
    )
    answered: list[RequestAnswered] = field(default_factory=list)
    traced: list[tuple[str, Traced]] = field(default_factory=list)
    moved: list[MovedForward] = field(default_factory=list)
    clicks: list[Click] = field(default_factory=list)
    received: list[tuple[str, str, str, datetime]] = field(
        default_factory=list
    )  # phone, number, text, at
    finished: list[int] = field(default_factory=list)  # inbox rows to delete


@dataclass(frozen=True, slots=True)
class LiveSession:
    """An open session: whose it is, and the step that it waits at."""

    id: str
    phone: str
    step: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """One outbox row that a sender holds until its lease ends."""

    row: int
    token: str
    message: str
    wire_id: str
    number: str
    to: str
    text: str
    tries: int  # before this one, without those that surely did not leave
    first_try_at: datetime | None  # of this wire id; None when this is the first
    expires: datetime | None
    options: Options = NO_OPTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedErrand:
    """An errand that a worker holds until its lease ends."""

    id: str
    token: str
    contact: str
    session: str
    serial: int
    kind: str  # call, lookup, action
    order: dict[str, Any]
    tries: int  # before this one
    expires: datetime


class Verdict(StrEnum):
    """What a try proved (reliability page, "Sending exactly once")."""

    ACCEPTED = "accepted"  # the provider has it
    REJECTED = "rejected"  # for good; `state` says as what
    AMBIGUOUS = "ambiguous"  # it may be out: again with the same wire id
    NOT_SENT = "not_sent"  # it is surely not out: again with the same wire id, burns no try
    FOR_NOW = "for_now"  # refused for now: again later with the next epoch
    HOLD = "hold"  # an operator has to decide


@dataclass(frozen=True, slots=True, kw_only=True)
class TryResult:
    """The result of one try, to be recorded if the lease's token still matches."""

    leased: Leased
    verdict: Verdict
    at: datetime
    state: State = State.ACCEPTED  # for REJECTED: the final state
    detail: str = ""  # status or error, for the attempts table and operators
    status: str = ""  # the provider's own name; "" when it gave none
    retry_at: datetime | None = None  # for the verdicts that try again
    put_off: bool = False  # until `retry_at`, and others of its contact go before it


@dataclass(frozen=True, slots=True)
class SenderQuota:
    """How much a claim may take: rows, and segments a second with a burst of one second."""

    rows: int
    rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLine:
    """One line of a session's trace, as it is read back."""

    at: datetime
    contact: str
    session: str | None
    step: str | None
    what: str
    detail: str
    place: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldText:
    """A text that waits for an operator, and what is known of it."""

    message: Message
    since: datetime  # of the last try
    why: str
    tries: int  # whose end nobody knows
    expires: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """A conversation that a person holds, or held."""

    id: str
    queue: str
    session: str
    flow: str
    contact: str
    number: str  # the name of ours that it is on
    note: str
    state: str  # open, closed
    opened_at: datetime
    waits_since: datetime | None  # the contact, for an answer; None when they have it
    closed_at: datetime | None
    by: str | None  # who closed it; None when nobody did
    reason: str | None  # why it is closed: closed, timeout, opted_out ...

    def to_json(self) -> dict[str, Any]:
        """For programs; moments in ISO 8601."""
        told = {name: getattr(self, name) for name in Handoff.__slots__}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in told.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text of a conversation, of either side."""

    at: datetime
    by: str  # contact, flow, person
    text: str
    message: str | None = None  # the id of a text of ours
    state: str | None = None  # and what became of it

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        ours = {"message": self.message, "state": self.state} if self.message is not None else {}
        return {"at": self.at.isoformat(), "by": self.by, "text": self.text, **ours}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An event that could not be worked off, or a push that could not be read."""

    id: int
    source: str  # the Kind of the event, or who could not read it, such as `dlr:primary`
    contact: str | None
    payload: Any
    error: str
    at: datetime  # by the database's clock
    due: datetime | None  # of the event

    @property
    def kind(self) -> Kind | None:
        """What the event told of; None for a push that could not be read."""
        return Kind(self.source) if self.source in set(Kind) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that an operator did."""

    at: datetime  # by the database's clock
    who: str
    what: str
    about: str  # the id of a message or of a dead letter
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """An event or a text that should have been worked off by now."""

    id: str  # of the message, or of the inbox row
    what: str  # the state of the text, or the kind of the event
    contact: str
    since: datetime
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How far behind the service is: ages in seconds, 0 when nothing waits."""

    inbox_due: int  # rows
    inbox_age: float  # of the oldest row that is due
    outbox_due: int  # texts whose time has come, those of the last minutes' retries too
    outbox_age: float  # of the oldest one, counted from when it was first due
    held: int
    dead_letters: int
    events: int  # that ever came into the inbox
    tries: int  # that were ever made to send a text
    handoffs: int  # conversations that people hold
    handoffs_age: float  # of the oldest text or handoff that no person has answered
    circuits: frozenset[str]  # providers that are not sent to now
    errands_due: int  # whose time has come, those of the last minutes' retries too
    errands_age: float  # of the oldest one, counted from when it was first due
    errands_failing: int  # that were tried in vain and will be tried again


Rows = Sequence[NewRow]
