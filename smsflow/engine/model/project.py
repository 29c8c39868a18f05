"""The project: the world in which flows run, as smsflow.yaml says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smsflow.engine.model.flow import QuietHours, StartLimit
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
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # repeat, back, human
    system: Mapping[str, str] = field(default_factory=dict)  # flows by what they are for
    system_places: Mapping[str, Place] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)  # named answer sets, as JSON

    def policy(self, name: str | None) -> DeliveryPolicy:
        """The named policy, else `normal`, else the first number and nothing more."""
        found = self.policies.get(name or "normal")
        return found or DeliveryPolicy(name="normal", via=(next(iter(self.numbers)),))
