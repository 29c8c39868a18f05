"""Jinja's sandbox, hardened: every way to a value or to a cost is a listed one of ours.

The engine is pure and cannot measure time, so a rendering has a budget of steps that every loop,
operator, filter and call draws from, in proportion to the size of what it handles. Jinja's own
sandbox keeps templates away from the interpreter but lets them fill the memory (`'a' * 10**9`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import wraps
from typing import Any, NoReturn

from jinja2 import Undefined, UndefinedError, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from smsflow.engine.templating import nodes as template_nodes
from smsflow.engine.templating.arithmetic import combined, negated
from smsflow.engine.templating.errors import TemplateError
from smsflow.engine.templating.filters import FILTERS, TESTS
from smsflow.engine.templating.methods import FUNCTIONS, MISSING, Method, attribute_of, item_of
from smsflow.engine.templating.values import MAX_STRING, as_text, in_zone, kept_by_texts

MAX_STEPS = 10_000
_CHARACTERS_PER_STEP = 100
_SIZED = (str, list, tuple, dict)


class Unset(Undefined):
    """A name or key that is not there: falsy, equal to none alone, and an error when used."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        return self._undefined_hint or f"{self._undefined_name!r} is not set"

    def _fail(self, *_: Any) -> NoReturn:
        raise UndefinedError(self._undefined_message)

    __str__ = __len__ = __iter__ = __contains__ = _fail

    def __eq__(self, other: object) -> bool:
        return other is None

    def __hash__(self) -> int:
        return hash(None)


class Rendering(Context):
    """One rendering: the scope, who reads, and the steps that are left."""

    language = "en"
    zone = "UTC"
    steps = MAX_STEPS
    filters: Mapping[str, Callable[..., Any]] = {}  # those of the project

    def resolve_or_missing(self, key: str) -> Any:
        """What a template set, else what the scope has, else one of our functions."""
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        return FUNCTIONS.get(key, missing)

    def spend(self, steps: int) -> None:
        """Draw from the budget; a TemplateError when it is used up."""
        self.steps -= steps
        if self.steps < 0:
            raise TemplateError("it takes too many steps", "limit")

    def weigh(self, value: Any) -> Any:
        """`value`, paid for by its length, and refused when it is a text of absurd length."""
        size = len(value) if isinstance(value, _SIZED) else 0
        self.spend(1 + size // _CHARACTERS_PER_STEP)
        return value


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with every way to a value or a cost replaced by a listed one."""

    context_class = Rendering
    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%", "**"))
    intercepted_unops = frozenset(("+", "-"))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of a mapping, or a listed name; what hangs on an unset name is unset too."""
        if type(obj) is dict and attribute in obj:  # the common case, fast
            return obj[attribute]
        if isinstance(obj, Undefined):
            return Unset(name=f"{obj._undefined_name}.{attribute}")
        found = attribute_of(obj, attribute)
        return Unset(name=attribute) if found is MISSING else found

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A key of a mapping or an element of a sequence."""
        if isinstance(obj, Undefined):
            return Unset(name=f"{obj._undefined_name}[{argument!r}]")
        found = item_of(obj, argument)
        return Unset(name=repr(argument)) if found is MISSING else found

    def call(_self, _context: Context, _obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """The result of a listed method; nothing else can be called."""
        assert isinstance(_context, Rendering)  # noqa: S101
        if isinstance(_obj, Undefined):
            raise UndefinedError(f"{_obj._undefined_name!r} cannot be called")
        if not isinstance(_obj, Method):
            raise TypeError(f"a {type(_obj).__name__} cannot be called")
        kwargs.pop("_loop_vars", None)  # Jinja adds them for functions that want its context
        kwargs.pop("_block_vars", None)
        _context.weigh(_obj.receiver)
        return _bounded(_context.weigh(_obj(*args, **kwargs)))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """The result of a listed operator on values that it goes with."""
        assert isinstance(context, Rendering)  # noqa: S101
        _refuse_unset(left)
        _refuse_unset(right)
        return _bounded(context.weigh(combined(operator, left, right, zone=context.zone)))

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:
        """A number or a length of time, with its sign turned for `-`."""
        assert isinstance(context, Rendering)  # noqa: S101
        _refuse_unset(arg)
        context.spend(1)
        return negated(arg) if operator == "-" else negated(negated(arg))


def _bounded(value: Any) -> Any:
    """`value`, unless it is a text or list of absurd length."""
    if isinstance(value, _SIZED) and len(value) > MAX_STRING:
        raise TemplateError(f"it makes a value longer than {MAX_STRING:,}", "limit")
    return value


def _refuse_unset(value: Any) -> None:
    if isinstance(value, Undefined):
        raise UndefinedError(value._undefined_message)


# --- filters and tests that see unset names or the budget -----------------------------------------


def _as_filter(name: str) -> Any:
    """A filter of ours as Jinja calls it: paid for, bounded, and failing on unset arguments."""
    function = FILTERS[name]
    takes_unset = name in ("default", "d")

    @pass_context
    @wraps(function)
    def filtered(context: Rendering, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, Undefined):
            if not takes_unset:
                raise UndefinedError(value._undefined_message)
            value = None
        for argument in args:
            if not takes_unset:
                _refuse_unset(argument)
        context.weigh(value)
        return _bounded(context.weigh(function(context, value, *args, **kwargs)))

    return filtered


@pass_context
def _in_loop(context: Rendering, values: Any, cost: int) -> Iterator[Any]:
    """The items of a loop, each pass paid for; a mapping gives its keys, a text its characters."""
    if isinstance(values, Undefined) or not isinstance(values, Iterable):
        _refuse_unset(values)
        raise TypeError("a loop needs a list")
    for value in values:
        context.spend(cost)
        yield value


@pass_context
def _of_project(context: Rendering, value: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """A filter that the project registered; what it gives has to be of a type that we know."""
    function = context.filters.get(name)
    if function is None:
        raise TemplateError(f"there is no filter {name!r} any more", "type")
    for argument in (value, *args, *kwargs.values()):
        _refuse_unset(argument)
    context.weigh(value)
    try:
        found = function(value, *args, **kwargs)
    # Whatever goes wrong in somebody's function is an error of the text that calls it.
    except Exception as error:
        raise TemplateError(f"filter {name!r}: {type(error).__name__}: {error}", "type") from error
    return _bounded(context.weigh(kept_by_texts(name, found)))


@pass_context
def _joined(context: Rendering, parts: list[Any]) -> str:
    """`a ~ b` for values that can be printed."""
    texts = [_printed(context, part) for part in parts]
    if sum(map(len, texts)) > MAX_STRING:
        raise TemplateError(f"it makes a text longer than {MAX_STRING:,} characters", "limit")
    return str(context.weigh("".join(texts)))


@pass_context
def _literal(context: Rendering, value: Any) -> Any:
    """A list or mapping written in a template, all that is in it paid for; unset becomes none.

    Without that, `[a, a]` of `[b, b]` of ... would be a small thing that takes ages to compare.
    """
    if isinstance(value, dict):
        value = {key: _plain(item) for key, item in value.items()}
    else:
        value = type(value)(_plain(item) for item in value)
    pending = [value]
    while pending:
        inner = pending.pop()
        context.spend(1)
        if isinstance(inner, (list, tuple)):
            pending.extend(inner)
        elif isinstance(inner, dict):
            pending.extend(inner.values())
    return value


def _plain(value: Any) -> Any:
    return None if isinstance(value, Undefined) else value


@pass_context
def _weighed(context: Rendering, value: Any) -> Any:
    return context.weigh(value)


@pass_context
def _on_clock(context: Rendering, value: Any) -> Any:
    return in_zone(value, context.zone) if isinstance(value, datetime) else value


@pass_context
def _printed(_: Context, value: Any) -> str:
    """What printing gives: texts, numbers, dates; none and unset names are errors."""
    if type(value) is str:
        return value
    _refuse_unset(value)
    if value is None:
        raise UndefinedError("a value that is none cannot be printed; use default('...')")
    return as_text(value)


def sandbox() -> Sandbox:
    """The one environment of all flows."""
    environment = Sandbox(
        undefined=Unset,
        finalize=_printed,
        optimized=False,  # nothing is worked out while compiling, outside of the budget
        autoescape=False,  # SMS is no HTML
        keep_trailing_newline=True,
        cache_size=0,
    )
    environment.globals.clear()
    environment.filters = {
        **{name: _as_filter(name) for name in FILTERS},
        template_nodes.LOOP: _in_loop,
        template_nodes.JOINED: _joined,
        template_nodes.LITERAL: _literal,
        template_nodes.WEIGHED: _weighed,
        template_nodes.ON_CLOCK: _on_clock,
        template_nodes.OF_PROJECT: _of_project,
    }
    environment.tests = {
        **TESTS,
        "defined": lambda value: not isinstance(value, Undefined),
        "undefined": lambda value: isinstance(value, Undefined),
        "none": lambda value: value is None or isinstance(value, Undefined),
    }
    return environment
