"""The steps of a flow, one class for each verb."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from smsflow.engine.model.slots import Duration, Expression, Happening, Moment, Text, Value
from smsflow.engine.words.replies import AnswerSpec
from smsflow.errors import Place
from smsflow.sms.messages import Tracking
from smsflow.sms.options import NO_OPTIONS, Options


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step. `outcomes` maps the name of a way to end to a step id; None ends the flow.

    An outcome that the author did not write is absent from the table.
    """

    id: str
    place: Place
    when: Expression | None = None
    next: str | None = None
    outcomes: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        """The word that the author wrote for this step."""
        return type(self).__name__.lower()


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a step's text is to be delivered: what the author wrote on the step itself."""

    policy: str | None = None  # `deliver: careful`
    via: tuple[str, ...] = ()  # `via: [main, backup]` overrides the policy's
    report_within: Duration | None = None
    fallback: Text | None = None  # when it is rejected, or needs more segments than are sent
    ordered: bool = False  # the session goes on when the text's fate is known
    quiet: str | None = None  # ignore: it leaves in quiet hours; hold: also a reply waits for them
    validity: Duration | None = None
    options: Options = NO_OPTIONS
    track: Tracking | None = None  # its type is the flow's name when it has none
    callback: Value | None = None


DELIVERY_OUTCOMES = frozenset(
    {
        "on_delivered",
        "on_pending",
        "on_failed",
        "on_undeliverable",
        "on_expired",
        "on_rejected",
        "on_no_report",
    }
)


@dataclass(frozen=True, kw_only=True)
class Speaking(Step):
    """A step that sends a text."""

    text: Text
    delivery: Delivery = Delivery()

    @property
    def follows_delivery(self) -> bool:
        """True when the step waits for the report: the author handles a delivery outcome, or wants
        the texts in order."""
        return self.delivery.ordered or not DELIVERY_OUTCOMES.isdisjoint(self.outcomes)


@dataclass(frozen=True, kw_only=True)
class Send(Speaking):
    """Send a text. Outcomes: the delivery outcomes; with one of them the step waits."""

    to: Expression | None = None  # whose phone; the contact's when None
    send_at: Moment | None = None  # the provider holds it until then
    save: str | None = None  # the variable that keeps its id and status


@dataclass(frozen=True, slots=True)
class Retry:
    """How often an unclear answer is asked again, and with which words (None: the question)."""

    times: int = 2
    text: Text | None = None


@dataclass(frozen=True, slots=True)
class Nudge:
    """A reminder of an open question when nothing comes (text None: the question)."""

    after: Duration
    times: int = 1
    text: Text | None = None


@dataclass(frozen=True, kw_only=True)
class Ask(Speaking):
    """Ask and wait for the answer.

    Outcomes: `then.<answer>`, `on_invalid`, `on_timeout`, `on_skip`, and the delivery outcomes.
    """

    answer: AnswerSpec
    save: str | None = None
    valid: Expression | None = None
    invalid: Text | None = None
    retry: Retry = Retry()
    nudge: Nudge | None = None
    skip: tuple[str, ...] = ()
    default: Value | None = None  # what a skipped or invalid answer is taken for
    timeout: Duration | None = None
    minimum: Value | None = None  # when the bounds are expressions
    maximum: Value | None = None
    sensitive: bool = False  # the answer is masked wherever people look
    keywords: bool = True  # False: no keyword starts a flow while this question is open


@dataclass(frozen=True, kw_only=True)
class Wait(Step):
    """Wait for one of: a length of time, a moment, an event.

    Outcomes: `on_past` and `on_late` (of a moment), `on_timeout` (of an event).
    """

    duration: Duration | None = None
    moment: Moment | None = None
    happening: Happening | None = None
    late_after: Duration | None = None
    timeout: Duration | None = None
    save: str | None = None  # the variable that keeps the event's data


@dataclass(frozen=True, kw_only=True)
class If(Step):
    """Branch on a condition. Outcomes: `then`, `else`."""

    condition: Expression


@dataclass(frozen=True, kw_only=True)
class Switch(Step):
    """Branch on a value. Outcomes: `case.<value>`, `else`."""

    subject: Expression
    cases: Mapping[str, Place] = field(default_factory=dict)  # where each value is written


@dataclass(frozen=True, kw_only=True)
class Set(Step):
    """Assign variables: names of the session, or `contact.<field>`."""

    assignments: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Resend:
    """Words by which a person asks for a new code, how often, and how soon after the last."""

    words: tuple[str, ...]
    times: int = 2
    every: Duration = Duration(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Otp(Speaking):
    """Send a one-time code and wait until it comes back.

    Outcomes: `on_expired` (the code), `on_locked`, `on_failed` (the text); verified falls through.
    """

    digits: int = 6  # characters of the code
    letters: bool = False
    expires: Duration = Duration(seconds=600)
    attempts: int = 3
    accept: tuple[str, ...] = ("reply", "api")
    wrong: Text | None = None
    resend: Resend | None = None
    lock: Duration = Duration(seconds=3600)


@dataclass(frozen=True, slots=True)
class Request:
    """What is called: a path of a service, or a whole URL when `service` is None. The expressions
    among its parts are values, which are escaped."""

    method: str
    service: str | None
    parts: tuple[str | Expression, ...]
    place: Place

    @property
    def written(self) -> str:
        """As the author wrote it."""
        path = "".join(
            part if isinstance(part, str) else f"{{{{ {part.source} }}}}" for part in self.parts
        )
        return f"{self.method} {self.service}:{path}" if self.service else f"{self.method} {path}"


@dataclass(frozen=True, kw_only=True)
class Call(Step):
    """Call a web service and wait for its answer. Outcome: `on_error`."""

    request: Request
    json: Mapping[str, Value] | None = None
    form: Mapping[str, Value] | None = None
    query: Mapping[str, Value] = field(default_factory=dict)
    headers: Mapping[str, Value] = field(default_factory=dict)
    statuses: tuple[str, ...] = ("2xx",)
    where: Expression | None = None  # over `body` and `status`
    retries: int = 2
    retry_after: Duration = Duration(seconds=2)
    timeout: Duration | None = None  # None: that of the service
    save: str | None = None


@dataclass(frozen=True, kw_only=True)
class Action(Step):
    """Run a function of the project and wait for its result. Outcome: `on_error`."""

    name: str
    arguments: Mapping[str, Value] = field(default_factory=dict)
    timeout: Duration = Duration(seconds=10)
    save: str | None = None


@dataclass(frozen=True, kw_only=True)
class Lookup(Step):
    """Ask a provider what it knows of a number, and wait for that. Outcome: `on_error`."""

    phone: Expression
    via: str | None = None  # the number of ours whose provider is asked
    save: str | None = None


Reaching = Call | Action | Lookup  # what waits for an errand


@dataclass(frozen=True, kw_only=True)
class Run(Step):
    """Run another flow and wait for its end. Outcomes: `on_<label>`; one without goes on."""

    flow: str
    inputs: Mapping[str, Value] = field(default_factory=dict)
    save: str | None = None  # the variable that keeps the other flow's variables


@dataclass(frozen=True, kw_only=True)
class Log(Step):
    """Write a line: with its values into the trace, as it is written into the log."""

    text: Text
    level: str = "info"  # debug, info, warning, error


@dataclass(frozen=True, kw_only=True)
class Resume(Step):
    """The end of an `anytime` handler: what was waited for before it is taken up again."""


@dataclass(frozen=True, kw_only=True)
class Group(Step):
    """Put the contact into groups, or take them out of some."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Subscribe(Step):
    """Put the contact on a list. `source` is where they said so; with `proof`, by which text."""

    list: str
    source: str | None = None
    proof: bool = True


@dataclass(frozen=True, kw_only=True)
class Unsubscribe(Step):
    """Take the contact off a list."""

    list: str


@dataclass(frozen=True, kw_only=True)
class Handoff(Step):
    """Hand the conversation over to a person of `queue`. `text` is for the contact, `note` for the
    person; the contact waits `timeout` for an answer at most.

    Outcomes: `on_timeout`, `on_closed`; one that isn't written goes on.
    """

    queue: str
    text: Text | None = None
    note: Text | None = None
    timeout: Duration | None = None


@dataclass(frozen=True, kw_only=True)
class Start(Step):
    """Start another flow, with this contact, another one or a group, now or later."""

    flow: str
    inputs: Mapping[str, Value] = field(default_factory=dict)
    contact: Expression | None = None
    group: str | None = None
    at: Moment | None = None


@dataclass(frozen=True, kw_only=True)
class Emit(Step):
    """Tell of an event."""

    event: str
    data: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Goto(Step):
    """Go on at a section or a step; the target is the step's `next`."""

    target: str


@dataclass(frozen=True, kw_only=True)
class End(Step):
    """End the session with a label, and perhaps a last text."""

    label: str
    text: Text | None = None


AnyStep = (
    Send
    | Ask
    | Wait
    | If
    | Switch
    | Set
    | Otp
    | Run
    | Log
    | Group
    | Subscribe
    | Unsubscribe
    | Handoff
    | Start
    | Emit
    | Call
    | Action
    | Lookup
    | Goto
    | Resume
    | End
)
