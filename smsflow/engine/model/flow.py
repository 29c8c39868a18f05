"""A flow: what starts it, what it needs, and its graph of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smsflow.engine.model.slots import Duration, Expression, Happening, Moment, Value
from smsflow.engine.model.steps import AnyStep, Ask
from smsflow.errors import Place


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
    """What starts a flow: `kind` is one of the grammar's `TRIGGER_KINDS`.

    `subject` is what it listens to: the name of an event, or the flow whose end it is about.
    """

    kind: str
    place: Place
    words: tuple[str, ...] = ()
    match: str = "first"  # first, whole, anywhere
    fuzzy: str = "off"  # typing mistakes that a keyword may have: off, auto, 1, 2
    fills: tuple[str, ...] = ()  # questions, by `save`, that the words after the keyword answer
    pattern: str = ""
    number: str | None = None  # only on this number of ours
    language: str | None = None
    when: Expression | None = None
    from_group: str | None = None  # only for contacts in it
    subject: str = ""
    contact: Expression | None = None  # whose phone an event is about
    where: Expression | None = None
    inputs: Mapping[str, Value] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()  # outcomes of sessions, or fates of texts
    after: Duration = Duration()
    schedule: Schedule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a flow starts by the clock, and with whom. `zone` None: each contact's own."""

    cron: str
    zone: str | None
    group: str | None = None
    where: Expression | None = None
    rate: float | None = None  # starts a second


@dataclass(frozen=True, slots=True)
class StartLimit:
    """At most `times` starts of a flow, or replies, for one contact within `per`."""

    times: int
    per: Duration


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local hours, minutes since midnight, in which the engine begins no texts of these kinds.

    Hours that begin and end at one time are none.
    """

    start: int
    end: int
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anytime:
    """Something that may happen while a session lives, and the steps that it then goes through."""

    name: str  # @anytime-1 ...: the key in `Flow.handlers`, and the name of a deadline's timer
    kind: str  # event, keyword or deadline
    place: Place
    start: str  # the first step
    happening: Happening | None = None
    words: tuple[str, ...] = ()
    deadline: Moment | None = None
    silent: bool = False  # the open question is not repeated afterwards


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """How sessions of an older version go on in this one: what has other names now."""

    source: str  # the older version, or the digits that it begins with
    place: Place
    steps: Mapping[str, str] = field(default_factory=dict)  # ids: the old one to the new one
    values: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # of variables, old to new
    assignments: tuple[tuple[str, Value], ...] = ()


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
    list: str = "marketing"  # that a marketing flow needs
    starts: StartLimit | None = None
    lifetime: Duration = Duration(days=30)
    variables: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[str, AnyStep] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    start: str = ""
    interrupt: str = "pause"  # pause, wait, end: another flow's question that is open
    quiet: QuietHours | None = None  # instead of the project's
    anytime: tuple[Anytime, ...] = ()
    on_error: str | None = None  # the first step of the handler
    on_expire: str | None = None
    sensitive: frozenset[str] = frozenset()  # variables whose values nobody is shown
    handlers: Mapping[str, frozenset[str]] = field(default_factory=dict)  # their steps by name
    update: str = "pin"  # pin, follow: what open sessions of older versions do
    migrations: tuple[Migration, ...] = ()

    def question(self, save: str) -> Ask | None:
        """The question whose answer is kept under that name, the first one of several."""
        asks = (step for step in self.steps.values() if isinstance(step, Ask))
        return next((step for step in asks if step.save == save), None)

    @property
    def entries(self) -> tuple[str, ...]:
        """The steps at which a session can come in: the first one, and those of handlers."""
        handlers = (*(each.start for each in self.anytime), self.on_error, self.on_expire)
        return (self.start, *(each for each in handlers if each is not None))

    def migration_from(self, version: str) -> Migration:
        """What this flow says of sessions of that version; an empty one when it says nothing."""
        found = (each for each in self.migrations if version.startswith(each.source))
        return next(found, Migration(source=version, place=self.place))
