"""Expressions that are read where no session is: in triggers, and in what an event is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smsflow.engine.model import Expression, Value
from smsflow.engine.templating.templates import compile_expression


def read(expression: Expression, scope: Mapping[str, Any], *, language: str, zone: str) -> Any:
    """The value; None when it is unset. Raises TemplateError."""
    compiled = compile_expression(expression.source, None)
    return compiled.value_if_set(scope, language=language, zone=zone)


def read_all(
    values: Mapping[str, Value], scope: Mapping[str, Any], *, language: str, zone: str
) -> dict[str, Any]:
    """The values of slots by name, with null for what is unset. Raises TemplateError."""
    return {
        name: _value(each, scope, language=language, zone=zone) for name, each in values.items()
    }


def _value(value: Value, scope: Mapping[str, Any], *, language: str, zone: str) -> Any:
    if isinstance(value.parts, tuple):
        return [_value(each, scope, language=language, zone=zone) for each in value.parts]
    if value.parts is not None:
        return read_all(value.parts, scope, language=language, zone=zone)
    if value.expression is None:
        return value.literal
    return read(value.expression, scope, language=language, zone=zone)
