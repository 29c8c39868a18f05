"""A flow: what starts it, what it needs, and its graph of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smsflow.engine.model.slots import Duration, Expression
from smsflow.engine.model.steps import AnyStep
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
