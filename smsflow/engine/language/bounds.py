"""Bounds that leave no room: questions that no answer fits, and values that can be no answer.

Only plain values are looked at; what an expression gives is known when it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smsflow.engine.language import source
from smsflow.engine.language.reading import Context, Fields
from smsflow.engine.words.answers import AnswerSpec, bound_of

_COUNTED = {"text": "characters", "code": "characters", "multi": "choices"}


def check_bounds(ctx: Context, fields: Fields, spec: AnswerSpec) -> None:
    """Note bounds that no answer keeps, and answers named elsewhere that don't keep them."""
    if ctx.kept:
        return
    low, high = spec.minimum, spec.maximum
    if _above(low, high):
        message = f"no answer fits: 'min' is {low} and 'max' is {high}"
        ctx.issue(fields.nodes["max"].place, "F322", message, "write the smaller one under 'min'")
    elif spec.type == "multi" and spec.choices and _above(low, len(spec.choices)):
        message = f"no answer fits: 'min' is {low}, and there are {len(spec.choices)} choices"
        ctx.issue(fields.nodes["min"].place, "F322", message, "as many as there are, or fewer")
    elif spec.type in _COUNTED and _above(1, high):
        message = f"no answer fits: it may have {high} {_COUNTED[spec.type]}"
        ctx.issue(fields.nodes["max"].place, "F322", message, "1 or more")
    else:
        _named(ctx, fields, spec, lambda value: _above(low, value) or _above(value, high))


def _named(ctx: Context, fields: Fields, spec: AnswerSpec, outside: Callable[[Any], bool]) -> None:
    """Note values under `words`, `then` and `default` that the question takes from nobody."""
    for key, code in (("words", "F322"), ("then", "F312")):
        node = fields.nodes.get(key)
        for name, _ in node if isinstance(node, source.Mapping) else ():
            if spec.type in ("integer", "decimal") and outside(_number(name.value)):
                message = f"{name.text} is outside of the question's bounds, so it is no answer"
                ctx.issue(name.place, code, message, "widen the bounds, or leave it out")
    default = fields.get("default")
    if default is not None and outside(_sized(default.literal, spec.type)):
        message = "this default is outside of the question's bounds"
        hint = "nobody can answer so; widen the bounds, or choose another"
        ctx.issue(fields.nodes["default"].place, "F323", message, hint, "warning")


def _sized(value: Any, kind: str) -> Any:
    """What of an answer its bounds are about; None when it can't be told."""
    if kind in _COUNTED:
        return len(value) if isinstance(value, str) and kind != "multi" else None
    try:
        return bound_of(value, kind)
    except ValueError:
        return None


def _number(value: Any) -> Any:
    return value if isinstance(value, int | float) else None


def _above(one: Any, other: Any) -> bool:
    """True when both are known, can be compared, and the first is more."""
    try:
        return one is not None and other is not None and bool(one > other)
    except TypeError:  # a date and a moment, or moments with and without a zone
        return False
