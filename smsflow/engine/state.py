"""What is remembered of one person: the contact, and the sessions that are open with them.

A conversation is the unit that the engine takes and gives back. It is plain data and goes through
JSON unharmed (`to_json`, `from_json`), so it can be stored, replayed and compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from smsflow.engine.model import Duration

# Two processes may see the same moment so far apart, at the most.
CLOCKS_DIFFER = timedelta(seconds=5)

# --- values in JSON -------------------------------------------------------------------------------


def encode(value: Any) -> Any:
    """A value as plain JSON; datetimes, dates, times and decimals become tagged pairs.

    Raises TypeError for what JSON has no word for.
    """
    match value:
        case float() if not isfinite(value):
            raise TypeError("a session can't keep a number that is not finite")
        case None | bool() | int() | float() | str():
            return value
        case dict():
            plain = {str(key): encode(item) for key, item in value.items()}
            # A mapping that looks like one of our pairs gets a tag of its own.
            tagged = len(plain) == 1 and next(iter(plain)).startswith("$")
            return {"$mapping": plain} if tagged else plain
        case list() | tuple():
            return [encode(item) for item in value]
        case datetime():
            return {"$datetime": value.isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case time():
            return {"$time": value.isoformat()}
        case Decimal():
            return {"$decimal": str(value)}
        case _:
            raise TypeError(f"a session can't keep a value of type {type(value).__name__}")


_DECODERS = {
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$time": time.fromisoformat,
    "$decimal": Decimal,
}


def decode(value: Any) -> Any:
    """The inverse of `encode`."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((tag, inner),) = value.items()
            if tag in _DECODERS:
                return _DECODERS[tag](inner)
            if tag == "$mapping":
                value = inner
        return {key: decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decode(item) for item in value]
    return value


def kept(value: Any) -> Any:
    """The value as it is after it was stored, so that a restart changes nothing; or TypeError."""
    return decode(encode(value))


def _known(
    kind: type[Contact] | type[Waiting] | type[Session], data: dict[str, Any]
) -> dict[str, Any]:
    """The data without what this release does not know.

    During a deployment an older worker reads what a newer one wrote, and the other way round.
    """
    return {name: value for name, value in data.items() if name in kind.__slots__}


# --- the contact ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Contact:
    """One person, known by their number in E.164."""

    phone: str
    language: str | None = None
    timezone: str | None = None  # IANA name
    fields: dict[str, Any] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)  # sorted
    lists: list[str] = field(default_factory=list)  # that they have subscribed to, sorted
    opted_out: bool = False
    last_inbound: datetime | None = None  # when their last text came
    starts: dict[str, list[datetime]] = field(default_factory=dict)  # by flow, newest last
    wrong: dict[str, list[datetime]] = field(default_factory=dict)  # codes, by flow, newest last
    locked: dict[str, datetime] = field(default_factory=dict)  # by flow, until when
    # Texts that came while a session waits for an errand: text, number, at.
    kept: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "phone": self.phone,
            "language": self.language,
            "timezone": self.timezone,
            "fields": encode(self.fields),
            "groups": self.groups,
            "lists": self.lists,
            "opted_out": self.opted_out,
            "last_inbound": encode(self.last_inbound),
            "starts": encode(self.starts),
            "wrong": encode(self.wrong),
            "locked": encode(self.locked),
            "kept": encode(self.kept),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Contact:
        """The inverse of `to_json`."""
        return cls(**_known(cls, decode(data)))


# --- the session ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Waiting:
    """What a session waits for. `serial` is new for each wait; a timer of another one is stale."""

    step: str
    serial: int
    kind: str  # timer, reply, report, code, event, run, turn, call, handoff
    numbers: list[str] = field(default_factory=list)  # ours that the question went out on
    root: str | None = None  # the first message of the text that was sent for this wait
    tries: int = 0  # unclear answers, or wrong codes
    nudges: int = 0
    resends: int = 0
    since: datetime | None = None  # when the question was released; unanswered in a handoff
    digest: str | None = None  # of the live code
    paused: bool = False  # another session's question stands before this one
    due: dict[str, datetime] = field(default_factory=dict)  # its timers by name
    errand: str | None = None  # the errand whose result it waits for
    child: str | None = None  # the session of the flow that it runs
    handoff: str | None = None  # the id of one that is open
    handler: str | None = None  # set aside: the anytime handler that runs meanwhile
    result: dict[str, Any] | None = None  # set aside: what it waited for has come meanwhile

    def open_at(self, now: datetime) -> bool:
        """True for a question that the contact can answer: released, and not paused.

        A clock that is behind the one that the question was made by does not close it.
        """
        released = self.since is None or self.since <= now + CLOCKS_DIFFER
        return self.kind in ("reply", "code") and not self.paused and released

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {name: encode(getattr(self, name)) for name in Waiting.__slots__}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Waiting:
        """The inverse of `to_json`."""
        return cls(**{name: decode(value) for name, value in _known(cls, data).items()})


@dataclass(slots=True)
class Session:
    """One run of a flow with one contact, on one version of the flow."""

    id: str
    flow: str
    version: str
    key: str
    started_at: datetime
    language: str
    trigger: dict[str, Any]  # kind, keyword, args
    variables: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    visits: dict[str, int] = field(default_factory=dict)
    filled: dict[str, str] = field(
        default_factory=dict
    )  # what the keyword's text says to questions
    message: dict[str, Any] = field(default_factory=dict)  # last text that came in for it
    last: dict[str, Any] = field(default_factory=dict)  # delivery, http, outcome of a `run`
    event: dict[str, Any] = field(default_factory=dict)  # data of the last event that it took
    error: dict[str, Any] = field(default_factory=dict)  # kind, message, step, place
    handling: str | None = None  # the error handler that runs: see `Flow.handlers`
    asked: list[str] = field(default_factory=list)  # questions that were answered, newest last
    opens_at: datetime | None = None  # when its first text leaves, if that had to wait
    leaves_at: datetime | None = None  # when its last text leaves, if something holds it
    asleep: int = 0  # seconds of waits for a date, in which the lifetime doesn't run
    sent: int = 0
    serial: int = 0
    waiting: Waiting | None = None
    aside: list[Waiting] = field(default_factory=list)  # waits below anytime handlers, outer first
    parent: str | None = None  # the session that runs it
    depth: int = 0  # of subflows
    queued: bool = False  # `mode: queue`: begins when the one before ends
    moves: int = 0  # to other versions: how often its deadlines were set anew
    stays: str | None = None  # the version that it could not follow to
    number: str | None = None  # our number that it talks on
    outcome: str | None = None  # set when it has ended
    ended_at: datetime | None = None

    @property
    def live(self) -> bool:
        """True until it has ended."""
        return self.outcome is None

    def deadline_name(self, handler: str) -> str:
        """The name of the timer of an `anytime` deadline; those set before a move ring for
        nobody."""
        return f"{handler}/{self.moves}" if self.moves else handler

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        data = {name: encode(getattr(self, name)) for name in _SESSION_FIELDS}
        if self.waiting is not None:
            data["waiting"] = self.waiting.to_json()
        data["aside"] = [waiting.to_json() for waiting in self.aside]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Session:
        """The inverse of `to_json`."""
        known = _known(cls, data)
        waiting, aside = known.pop("waiting", None), known.pop("aside", [])
        return cls(
            **{name: decode(value) for name, value in known.items()},
            waiting=None if waiting is None else Waiting.from_json(waiting),
            aside=[Waiting.from_json(each) for each in aside],
        )


_SESSION_FIELDS = tuple(name for name in Session.__slots__ if name not in ("waiting", "aside"))


@dataclass(slots=True)
class Conversation:
    """One contact with their open sessions, oldest first."""

    contact: Contact
    sessions: list[Session] = field(default_factory=list)

    def session(self, session_id: str) -> Session | None:
        """The session of that id, when it is open here."""
        return next((each for each in self.sessions if each.id == session_id), None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "contact": self.contact.to_json(),
            "sessions": [session.to_json() for session in self.sessions],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Conversation:
        """The inverse of `to_json`."""
        return cls(
            Contact.from_json(data["contact"]),
            [Session.from_json(session) for session in data["sessions"]],
        )


# --- the plan of one text ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What may still be tried for one text; it travels with the message row.

    `report_within` is in seconds, see `report_due`; None waits for ever.
    """

    via: tuple[str, ...]
    position: int = 0
    failover_on: frozenset[str] = frozenset()
    resend_times: int = 0
    resend_after: Duration = field(default_factory=Duration)
    resend_on: frozenset[str] = frozenset()
    report_within: int | None = None
    give_up_at: datetime | None = None
    question: bool = False  # an answer makes further tries pointless
    quiet: tuple[int, int] | None = None  # the flow's own quiet hours, in minutes of the day
    holds: bool = False  # quiet hours hold it also while it is a reply
    fallback: str | None = None  # other words, for when these are rejected

    @property
    def number(self) -> str:
        """Our number that this try goes out on."""
        return self.via[self.position]

    def report_due(self, accepted_at: datetime, send_at: datetime | None) -> datetime | None:
        """When a final report is missed, of a text that the provider took then and that it sends
        at once, or at `send_at`."""
        if self.report_within is None:
            return None
        sent_at = accepted_at if send_at is None else max(accepted_at, send_at)
        return sent_at + timedelta(seconds=self.report_within)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "via": list(self.via),
            "position": self.position,
            "failover_on": sorted(self.failover_on),
            "resend_times": self.resend_times,
            "resend_after": [self.resend_after.days, self.resend_after.seconds],
            "resend_on": sorted(self.resend_on),
            "report_within": self.report_within,
            "give_up_at": encode(self.give_up_at),
            "question": self.question,
            "quiet": self.quiet and list(self.quiet),
            "holds": self.holds,
            "fallback": self.fallback,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """The inverse of `to_json`."""
        return cls(
            via=tuple(data["via"]),
            position=data["position"],
            failover_on=frozenset(data["failover_on"]),
            resend_times=data["resend_times"],
            resend_after=Duration(*data["resend_after"]),
            resend_on=frozenset(data["resend_on"]),
            report_within=data["report_within"],
            give_up_at=decode(data["give_up_at"]),
            question=data["question"],
            quiet=tuple(data["quiet"]) if data.get("quiet") else None,
            holds=data.get("holds", False),
            fallback=data.get("fallback"),
        )
