"""What a project adds in Python, as the engine and the checker are handed it.

Functions come in as arguments like the clock does, never by a global: `smsflow.App` collects them,
the loader of the project hands them over. The engine calls filters, types and keyword hooks, which
have to be quick and reach for nothing; actions are run by the worker, outside of any
transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smsflow.engine.errands import Result, failed
from smsflow.engine.state import decode, encode
from smsflow.engine.words.answers import AnswerType


@dataclass(frozen=True, slots=True)
class ActionContext:
    """What an action is told besides its arguments, as the parameter `context` if it has one.

    `key` is the same when a try is repeated: whoever books or pays hands it on, so that the second
    try does nothing twice.
    """

    phone: str  # E.164
    session: str
    flow: str
    language: str
    key: str


@dataclass(frozen=True, slots=True)
class RegisteredAction:
    """A function that steps can run, and the names of its parameters."""

    name: str
    function: Callable[..., Any]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    takes_any: bool = False
    wants_context: bool = False


def run_action(action: RegisteredAction, order: Mapping[str, Any], key: str) -> Result:
    """The result of calling an action's function with the arguments of an order."""
    arguments = {name: decode(value) for name, value in order["arguments"].items()}
    if action.wants_context:
        arguments["context"] = ActionContext(**order["context"], key=key)
    try:
        value = encode(action.function(**arguments))
    # Whatever goes wrong in somebody's function is the end of this errand, and of nothing else.
    except Exception as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return failed("action", said)
    return {"ok": True, "value": value, "told": "done"}


# Takes the name of an event and its data, whatever thread it is called in.
Emitter = Callable[[str, Mapping[str, Any]], None]

# Gets a text that no keyword fits and its language; gives the keyword that it stands for, or None.
KeywordHook = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Extension:
    """Everything that a project's Python module registered."""

    actions: Mapping[str, RegisteredAction] = field(default_factory=dict)
    answer_types: Mapping[str, AnswerType] = field(default_factory=dict)  # app.postcode: ...
    filters: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    providers: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    keyword_hooks: tuple[KeywordHook, ...] = ()
    connect: Callable[[Emitter], None] | None = None  # hands `App.emit` its way to a runtime

    @property
    def filter_names(self) -> frozenset[str]:
        """The names under which templates can call its filters."""
        return frozenset(self.filters)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A module that can't be used: why, and what to do."""

    message: str
    hint: str


NOTHING = Extension()
