"""The project: the world in which flows run, as smsflow.yaml says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from smsflow.engine.model.flow import QuietHours, StartLimit
from smsflow.engine.model.gateway import Gateway
from smsflow.engine.model.slots import Duration, Text
from smsflow.errors import Place


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
    fallback: Text | None = None


ONE_A_DAY = StartLimit(1, Duration(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How many texts may leave in how long; None for no limit.

    Marketing counts texts that open a session, to one contact, and what is over waits. The others
    count every text but the answer to STOP, and what is over is refused.
    """

    marketing: StartLimit = ONE_A_DAY
    texts: StartLimit | None = None  # to one contact
    prefix: StartLimit | None = None  # to all numbers that differ in their last four digits only
    total: StartLimit | None = None  # to everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """For how long what happened is kept; open sessions, consent and opt-outs stay for ever."""

    texts: timedelta = timedelta(days=90)  # what came in and what went out
    traces: timedelta = timedelta(days=30)
    attempts: timedelta = timedelta(days=90)
    sessions: timedelta = timedelta(days=400)  # after their end
    dead_letters: timedelta = timedelta(days=400)


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
    key: str = ""  # takes the place of user and password
    format: str = "json"  # or xml
    pull: int | None = None  # seconds between two pulls; None when everything is pushed
    webhook_secret: str = ""
    rate: float | None = None  # segments a second; None for no limit
    mo: Mapping[str, str] = field(default_factory=dict)  # parameter of the manual -> its name here
    gateway: Gateway | None = None  # of the kind http


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A web service that flows may call; values that begin with `env.` name environment variables.

    `allow` are the private networks that it may lie in. Of the ways to prove who we are it has
    one at the most: a bearer token, a header with its value, or a user with a password.
    """

    name: str
    place: Place
    url: str
    bearer: str = ""
    header: str = ""
    value: str = ""
    user: str = ""
    password: str = ""
    timeout: int = 10  # seconds of one try
    allow: tuple[str, ...] = ()


def service_of(url: str, services: Iterable[Service]) -> Service | None:
    """The service whose address a URL begins with, the longest if there are several."""
    found = [each for each in services if url.startswith(f"{each.url.rstrip('/')}/")]
    return max(found, key=lambda each: len(each.url), default=None)


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
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # repeat, back, human
    system: Mapping[str, str] = field(default_factory=dict)  # flows by what they are for
    system_places: Mapping[str, Place] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)  # named answer sets, as JSON
    caps: Caps = Caps()
    keep: Keep = Keep()
    services: Mapping[str, Service] = field(default_factory=dict)
    python: str = ""  # our own module, or module:app
    python_place: Place | None = None
    update: str = "pin"  # for flows that don't say: pin, follow

    def policy(self, name: str | None) -> DeliveryPolicy:
        """The named policy, else `normal`, else the first number and nothing more."""
        found = self.policies.get(name or "normal")
        return found or DeliveryPolicy(name="normal", via=(next(iter(self.numbers)),))

    def number_at(self, address: str | None, name: str) -> str | None:
        """The name of our number with that address, whatever it was called; else `name`, if
        there is such a number and no address is known."""
        if address is None:
            return name if name in self.numbers else None
        found = (each.name for each in self.numbers.values() if each.address == address)
        return next(found, None)
