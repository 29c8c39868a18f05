"""What the engine wants done. Effects are data; the conversation's transaction carries them out.

The changed contact and sessions are not effects: `advance` gives them back as the conversation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from smsflow.engine.state import Plan
from smsflow.errors import Place
from smsflow.sms.options import NO_OPTIONS, Options


@dataclass(frozen=True, slots=True, kw_only=True)
class SendText:
    """A new text for the contact: a message row and an outbox row.

    `masked` is what logs, traces and old rows may show; None when the text holds no secret.
    """

    message: str
    session: str | None
    flow: str | None
    step: str | None  # None for what a person wrote
    text: str
    masked: str | None
    kind: str  # transactional, marketing, otp, or system: built-in answers
    plan: Plan
    due: datetime
    closes: datetime | None = None  # it may leave from `due` until then; None for no end
    opener: bool = False  # it counts for the cap of marketing
    expires: datetime | None = None
    passes_block: bool = False  # only the confirmation of STOP
    name: str | None = None  # of a built-in text, such as compliance.stopped
    to: str | None = None  # whose phone, when it is not the contact's
    options: Options = NO_OPTIONS
    place: Place | None = None  # where its words are written


@dataclass(frozen=True, slots=True)
class SendAgain:
    """The same text once more, or `text` in its place, as a new message that names the one it
    replaces."""

    message: str
    replaces: str
    plan: Plan
    due: datetime
    closes: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class SetTimer:
    """An inbox row with a later due time."""

    session: str
    serial: int
    name: str
    due: datetime


@dataclass(frozen=True, slots=True)
class DropQueued:
    """Texts of the contact that have not left are refused: all, or those of one chain (`root`).

    With `root` the chain is over: texts of it that are out count as replaced, so that no report of
    theirs makes another try.
    """

    reason: str
    root: str | None = None


@dataclass(frozen=True, slots=True)
class ConsentChanged:
    """A line of the append-only consent log: of all texts, or of one list."""

    opted_out: bool
    wording: str
    number: str
    list: str | None = None
    source: str = "text"  # where it was said: text, or what a `subscribe` step names


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFlow:
    """Another session of a flow, at `due`: with one phone, or with everybody of a group.

    `inputs` and `data` are JSON (`state.encode`); `where` is a condition on the contact.
    """

    flow: str
    session: str
    due: datetime
    kind: str  # start, outcome, schedule, broadcast
    phone: str | None = None
    group: str | None = None
    where: str | None = None
    inputs: dict[str, Any]
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Emitted:
    """An event of our own; `data` is JSON (`state.encode`)."""

    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Something to be done outside: a row of its own, whose result comes back as an event.

    It is done at least once, and `errand` is its id in every try (`Idempotency-Key`). `order` is
    JSON: what `engine.errands` wrote for whoever does it. Not begun after `expires`.
    """

    errand: str
    session: str
    serial: int
    kind: str  # call, lookup, action
    order: dict[str, Any]
    due: datetime
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOff:
    """A person is to take the conversation over: a row of their queue. The contact waits."""

    handoff: str
    queue: str
    session: str
    flow: str
    step: str
    number: str  # the name of ours that the conversation is on
    note: str


@dataclass(frozen=True, slots=True)
class HandoffMoved:
    """Since when the contact waits for the person's answer; None when they have it."""

    handoff: str
    waits_since: datetime | None


@dataclass(frozen=True, slots=True)
class HandoffClosed:
    """A person is done, or holds the conversation no longer; `by` is None when nobody closed it."""

    handoff: str
    by: str | None
    reason: str  # closed, timeout, opted_out, or what else ended the wait


@dataclass(frozen=True, slots=True)
class TextMasked:
    """The text that came in is kept in these words instead: it answers a sensitive question."""

    text: str


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """The result of a start or of a posted code, for the caller who waits for it."""

    request: str
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Traced:
    """One line of a session's trace: what happened, at which step, and where that is written.

    A line without a session tells of a text that no session took, and why.
    """

    session: str | None
    step: str | None
    what: str  # start, route, send, ask, reply, report, wait, set, end, error ...
    detail: str
    place: Place | None = None
    way: str | None = None  # that the session takes out of the step by this: see `engine.ways`


@dataclass(frozen=True, slots=True)
class Logged:
    """A line for the log of the process: `text` as its author wrote it, without any values."""

    session: str
    flow: str
    step: str
    level: str  # debug, info, warning, error
    text: str


Effect = (
    SendText
    | SendAgain
    | SetTimer
    | DropQueued
    | ConsentChanged
    | StartFlow
    | Emitted
    | Errand
    | HandedOff
    | HandoffMoved
    | HandoffClosed
    | TextMasked
    | RequestAnswered
    | Traced
    | Logged
)
