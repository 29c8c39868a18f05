"""`smsflow.App`: what a project adds in Python.

    import smsflow

    app = smsflow.App()

    @app.action
    def stock(item: str) -> int:
        return warehouse.count(item)

`python: shop.flows` in smsflow.yaml names the module; `shop.flows:app` names the object in it. The
names that are registered here are known to `smsflow check`, and to flows, tests and the worker.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from smsflow.engine.extension import (
    ActionContext,
    Emitter,
    Extension,
    KeywordHook,
    RegisteredAction,
)

__all__ = ["ActionContext", "App"]

Function = TypeVar("Function", bound=Callable[..., Any])
Registered = TypeVar("Registered")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OWN_KINDS = ("pigeonhost", "memory")


class App:
    """Collects actions, types of answers, filters, providers and keyword hooks of one project.

    A name that can't be one, or that is taken, is a ValueError; what can't be called, a TypeError.
    `smsflow check` tells both with the line of the module.
    """

    def __init__(self) -> None:
        self._actions: dict[str, RegisteredAction] = {}
        self._answer_types: dict[str, Any] = {}
        self._filters: dict[str, Callable[..., Any]] = {}
        self._providers: dict[str, Callable[..., Any]] = {}
        self._keyword_hooks: list[KeywordHook] = []
        self._emitter: Emitter | None = None

    # --- what flows can use -----------------------------------------------------------------------

    @overload
    def action(self, function: Function) -> Function: ...

    @overload
    def action(self, *, name: str) -> Callable[[Function], Function]: ...

    def action(self, function: Function | None = None, *, name: str = "") -> Any:
        """Register a function that steps can run: `action: stock`.

        `with` gives its arguments by name, `save` keeps its result (texts, numbers, dates, lists,
        mappings). The worker runs it outside of any transaction, at least once; a parameter
        `context` gets an `ActionContext`, whose `key` is the same in every try. What it raises
        takes the step's `on_error`.
        """

        def register(found: Function) -> Function:
            called = _free(name or found.__name__, self._actions, "an action")
            self._actions[called] = _registered(called, found)
            return found

        return register if function is None else register(function)

    def answer_type(self, name: str) -> Callable[[Registered], Registered]:
        """Register a class or an object as the type `app.<name>` of an `ask`.

        It keeps the contract of `smsflow.engine.words.answers.AnswerType`: a method
        `parse(text, context)` gives the value, or an `Invalid` with the reason. A class is made
        an object without arguments. Like a filter it has to be quick.
        """

        def register(found: Registered) -> Registered:
            called = f"app.{_free(name, {}, 'a type of answers')}"
            made = found() if isinstance(found, type) else found
            if not callable(getattr(made, "parse", None)):
                raise TypeError(f"the type of answers {called!r} has no parse(text, context)")
            if called in self._answer_types:
                raise ValueError(f"a type of answers {called!r} is there already")
            self._answer_types[called] = made
            return found

        return register

    @overload
    def filter(self, function: Function) -> Function: ...

    @overload
    def filter(self, *, name: str) -> Callable[[Function], Function]: ...

    def filter(self, function: Function | None = None, *, name: str = "") -> Any:
        """Register a filter for texts and expressions: `{{ price | with_vat }}`.

        It gets the value and the arguments in brackets, runs within the transaction of a
        conversation, and so has to be quick and to reach for nothing. smsflow's own filters can't
        be replaced.
        """

        def register(found: Function) -> Function:
            from smsflow.engine.templating.filters import FILTERS

            called = _free(name or found.__name__, {**FILTERS, **self._filters}, "a filter")
            self._filters[called] = _callable(found, called)
            return found

        return register if function is None else register(function)

    def provider(self, kind: str) -> Callable[[Function], Function]:
        """Register a provider of SMS under a `kind` for smsflow.yaml.

        The function or class is called with `name`, `url`, `user` and `password`, and gives an
        object that keeps the contract of `smsflow.providers.base.Provider`.
        """

        def register(found: Function) -> Function:
            taken = {**dict.fromkeys(_OWN_KINDS), **self._providers}
            self._providers[_free(kind, taken, "a provider")] = _callable(found, kind)
            return found

        return register

    def keyword_hook(self, function: Function) -> Function:
        """Register a function that is asked about a text that no keyword fits.

        It gets the text and the contact's language, and gives the keyword that the text stands
        for, or None. Like a filter it has to be quick. An open question is asked first.
        """
        self._keyword_hooks.append(_callable(function, "keyword_hook"))
        return function

    # --- from the outside in ----------------------------------------------------------------------

    def emit(self, event: str, data: Mapping[str, Any] | None = None) -> None:
        """Tell flows of an event, as `POST /v1/events/<event>` does; committed on return.

        RuntimeError while no runtime is at work with this project in this process.
        """
        if self._emitter is None:
            raise RuntimeError(
                "no smsflow is at work in this process; open a Runtime, or POST to /v1/events"
            )
        self._emitter(event, dict(data or {}))

    @property
    def extension(self) -> Extension:
        """Everything that was registered, as the engine takes it."""
        return Extension(
            actions=dict(self._actions),
            answer_types=dict(self._answer_types),
            filters=dict(self._filters),
            providers=dict(self._providers),
            keyword_hooks=tuple(self._keyword_hooks),
            connect=self._connect,
        )

    def _connect(self, emitter: Emitter) -> None:
        self._emitter = emitter


def _free(name: str, taken: Mapping[str, Any], what: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} can't be the name of {what}: use letters, digits and _")
    if name in taken:
        raise ValueError(f"{what} {name!r} is there already; choose another name")
    return name


def _callable(function: Any, name: str) -> Any:
    if not callable(function):
        raise TypeError(f"{name!r} can't be called")
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"{name!r} is async; register a plain function that waits by itself")
    return function


def _registered(name: str, function: Callable[..., Any]) -> RegisteredAction:
    """The function with what its signature says."""
    parameters = inspect.signature(_callable(function, name)).parameters.values()
    named = [each for each in parameters if each.kind is not each.VAR_KEYWORD]
    for each in named:
        if each.kind in (each.POSITIONAL_ONLY, each.VAR_POSITIONAL):
            raise TypeError(f"the action {name!r} takes {each.name!r} by its place, not by name")
    own = [each for each in named if each.name != "context"]
    return RegisteredAction(
        name=name,
        function=function,
        required=tuple(each.name for each in own if each.default is each.empty),
        optional=tuple(each.name for each in own if each.default is not each.empty),
        takes_any=any(each.kind is each.VAR_KEYWORD for each in parameters),
        wants_context=len(own) < len(named),
    )
