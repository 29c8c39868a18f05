"""What a flow is once it is read: a graph of steps, each with the ways in which it can end.

A flow file is a list of steps with an implicit next, side paths named `sections`, and handlers
that hang on a step's outcomes. Reading turns all of that into one graph: every step has an id,
the id of the step that follows, and a table of outcomes with the step each leads to. A handler's
last step leads back to the step after its owner, so a position in a flow is a single step id and
a session needs no stack.

All of it is frozen: a flow is a value, and its version is the hash of what it was read from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from smsflow.engine.words.replies import AnswerSpec
from smsflow.errors import Place

# --- slots: what the author writes where --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Template:
    """A Jinja2 text, and the place that it was written at."""

    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one or more languages; a text without languages stands under ''."""

    variants: Mapping[str, Template]

    def in_language(self, language: str) -> Template:
        """The variant for `language`, else the language-free one, else the first written."""
        found = self.variants.get(language) or self.variants.get("")
        return found or next(iter(self.variants.values()))


@dataclass(frozen=True, slots=True)
class Expression:
    """A bare Jinja2 expression, such as `score <= 3`."""

    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class Value:
    """A value slot: a literal (text, number, bool, None, list, dict) or an expression."""

    literal: Any = None
    expression: Expression | None = None


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: calendar days (10:30 stays 10:30 over a clock change) and exact seconds."""

    days: int = 0
    seconds: int = 0

    def after(self, moment: datetime, zone: str) -> datetime:
        """`moment` moved by this length, in UTC, days counted on the calendar of `zone`.

        A local time that a clock change skips moves forward by the gap; one that happens twice
        means the first (PEP 495, fold 0).
        """
        if self.days:
            moment = moment.astimezone(ZoneInfo(zone)) + timedelta(days=self.days)
        return moment.astimezone(UTC) + timedelta(seconds=self.seconds)

    def __neg__(self) -> Duration:
        return Duration(-self.days, -self.seconds)


# --- steps ----------------------------------------------------------------------------------------


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


DELIVERY_OUTCOMES = frozenset(
    {
        "on_delivered",
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
        """True when the author handles a delivery outcome, so the step waits for the report."""
        return not DELIVERY_OUTCOMES.isdisjoint(self.outcomes)


@dataclass(frozen=True, kw_only=True)
class Send(Speaking):
    """Send a text. Outcomes: the delivery outcomes; with one of them the step waits."""


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


@dataclass(frozen=True, kw_only=True)
class Wait(Step):
    """Wait for a length of time, or until a moment. Outcome: `on_past`."""

    duration: Duration | None = None
    until: Expression | None = None
    offset: Duration = Duration()


@dataclass(frozen=True, kw_only=True)
class If(Step):
    """Branch on a condition. Outcomes: `then`, `else`."""

    condition: Expression


@dataclass(frozen=True, kw_only=True)
class Switch(Step):
    """Branch on a value. Outcomes: `case.<value>`, `else`."""

    subject: Expression


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

    digits: int = 6
    expires: Duration = Duration(seconds=600)
    attempts: int = 3
    accept: tuple[str, ...] = ("reply", "api")
    wrong: Text | None = None
    resend: Resend | None = None
    lock: Duration = Duration(seconds=3600)


@dataclass(frozen=True, kw_only=True)
class Goto(Step):
    """Go on at a section or a step; the target is the step's `next`."""

    target: str


@dataclass(frozen=True, kw_only=True)
class End(Step):
    """End the session with a label, and perhaps a last text."""

    label: str
    text: Text | None = None


AnyStep = Send | Ask | Wait | If | Switch | Set | Otp | Goto | End

# --- the flow -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Input:
    """Typed data of a session's start: text, integer, decimal, boolean, date, datetime, object."""

    name: str
    type: str
    required: bool
    default: Any
    fields: tuple[Input, ...]  # of an object
    values: tuple[Any, ...]  # the allowed ones; () for any
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What starts a flow: `kind` is keyword, pattern, catch_all or api."""

    kind: str
    place: Place
    words: tuple[str, ...] = ()
    match: str = "first"  # first, whole, anywhere
    pattern: str = ""
    number: str | None = None  # only on this number of ours
    language: str | None = None
    when: Expression | None = None


@dataclass(frozen=True, slots=True)
class StartLimit:
    """At most `times` starts of a flow, or replies, for one contact within `per`."""

    times: int
    per: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One flow, read and compiled. `steps` maps ids to steps; `start` is the first one's id."""

    name: str
    version: str
    place: Place
    description: str = ""
    kind: str = "transactional"  # transactional, marketing, otp
    languages: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    key: Expression | None = None
    mode: str = "restart"  # restart, ignore, queue, parallel
    starts: StartLimit | None = None
    lifetime: Duration = Duration(days=30)
    variables: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[str, AnyStep] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    start: str = ""


# --- the project ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """One number of ours: its name in flows, its address, and the provider that carries it."""

    name: str
    address: str
    provider: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """What is tried when a text does not arrive (flow-language section 1.7)."""

    name: str
    via: tuple[str, ...]
    report_within: Duration | None = None
    failover_on: frozenset[str] = frozenset()
    resend_times: int = 0
    resend_after: Duration = Duration(seconds=1800)
    resend_on: frozenset[str] = frozenset()
    give_up: Duration | None = None


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local hours, minutes since midnight, in which the engine begins no texts of these kinds."""

    start: int
    end: int
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class ContactField:
    """A declared field of contacts, with its type and default."""

    name: str
    type: str
    default: Any
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEntry:
    """One entry under `providers`; values that begin with `env.` name environment variables."""

    name: str
    kind: str
    place: Place
    url: str = ""
    user: str = ""
    password: str = ""
    webhook_secret: str = ""
    rate: float | None = None  # segments a second; None for no limit
    mo: Mapping[str, str] = field(default_factory=dict)  # parameter of the manual -> its name here


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What smsflow.yaml says: the world in which flows run."""

    name: str
    languages: tuple[str, ...]
    timezone: str
    numbers: Mapping[str, Number]
    providers: Mapping[str, ProviderEntry]
    policies: Mapping[str, DeliveryPolicy]
    fields: Mapping[str, ContactField]
    public_url: str = ""
    countries: tuple[str, ...] = ()  # () means: the countries of our own numbers
    quiet: QuietHours | None = None
    default_reply: Text | None = None
    stop_words: tuple[str, ...] = ()
    start_words: tuple[str, ...] = ()
    help_words: tuple[str, ...] = ()
    texts: Mapping[str, Text] = field(default_factory=dict)  # overrides of built-in texts by name
    replies: StartLimit | None = None  # that no question of ours invited, to one contact

    def policy(self, name: str | None) -> DeliveryPolicy:
        """The named policy, else `normal`, else the first number and nothing more."""
        found = self.policies.get(name or "normal")
        return found or DeliveryPolicy(name="normal", via=(next(iter(self.numbers)),))
