"""Inputs of a flow as people type them: `purpose=pay appointment.at="2025-03-30 10:30"`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from smsflow.engine.language.reading import listed, suggest
from smsflow.engine.language.uses import expressions_in
from smsflow.engine.model import Flow, Input
from smsflow.errors import SettingsInvalid

_READ = re.compile(r"\bevent\.(\w+)")


def typed_inputs(flow: Flow, pairs: Iterable[str]) -> dict[str, Any]:
    """The inputs of `key=value` pairs, parts of objects with dots; SettingsInvalid explains."""
    found: dict[str, Any] = {}
    for pair in pairs:
        path, equals, text = pair.partition("=")
        if not equals or not path:
            raise SettingsInvalid(f"'{pair}' is no input; write key=value, such as {_sample(flow)}")
        *parents, last = path.split(".")
        declared: Sequence[Input] = flow.inputs
        for name in parents:
            declared = _declared(flow, declared, name, path).fields
        _put(found, path, _value(_declared(flow, declared, last, path), text))
    return found


def needed(flow: Flow) -> list[str]:
    """The inputs that a start has to give, parts of objects with dots."""
    return [path for path, each in _leaves(flow.inputs, "") if each.required]


def ways_in(flow: Flow, *, by_start: bool) -> list[str]:
    """How a flow begins, as a person can bring it about in a chat, with /start or without."""
    words = [word for each in flow.triggers for word in each.words]
    ways = [f"text {' or '.join(words)}"] * bool(words)
    for each in (trigger for trigger in flow.triggers if trigger.kind == "event"):
        read = (_READ.findall(every.source) for every in expressions_in(each.inputs))
        names = dict.fromkeys(name for found in read for name in found if name != "phone")
        ways.append(" ".join([f"/event {each.subject}", *(f"{name}=..." for name in names)]))
    if by_start:
        ways.append(" ".join(["/start", *(f"{name}=..." for name in needed(flow))]))
    return ways


def typed_data(pairs: Iterable[str]) -> dict[str, Any]:
    """What an event tells, of `key=value` pairs: numbers, true, false and null are themselves, and
    parts of objects have dots. SettingsInvalid explains."""
    found: dict[str, Any] = {}
    for pair in pairs:
        path, equals, text = pair.partition("=")
        if not equals or not path:
            raise SettingsInvalid(f"'{pair}' tells nothing; write key=value, such as id=T1")
        _put(found, path, _json_or_text(text))
    return found


def _put(found: dict[str, Any], path: str, value: Any) -> None:
    """Set a value by its path with dots; SettingsInvalid when it would be part of another value."""
    *parents, last = path.split(".")
    for name in parents:
        inner = found.setdefault(name, {})
        if not isinstance(inner, dict):
            raise SettingsInvalid(f"'{name}' has a value already, so it has no parts")
        found = inner
    found[last] = value


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _leaves(inputs: Sequence[Input], path: str) -> list[tuple[str, Input]]:
    found: list[tuple[str, Input]] = []
    for each in inputs:
        if each.fields and each.required:
            found += _leaves(each.fields, f"{path}{each.name}.")
        else:
            found.append((path + each.name, each))
    return found


def _sample(flow: Flow) -> str:
    name = (needed(flow) or [each.name for each in flow.inputs] or ["name"])[0]
    return f"{name}=value"


def _declared(flow: Flow, inputs: Sequence[Input], name: str, path: str) -> Input:
    for each in inputs:
        if each.name == name:
            return each
    names = [each.name for each in inputs]
    hint = suggest(name, names, f"it has: {listed(names) or 'none'}")
    raise SettingsInvalid(f"flow '{flow.name}' has no input '{path}'; {hint}")


def _value(declared: Input, text: str) -> Any:
    if declared.type == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if declared.type != "object":
        return text
    try:
        return json.loads(text)
    except ValueError:
        parts = listed(f"{declared.name}.{each.name}=..." for each in declared.fields)
        hint = parts or f"{declared.name}={{}}"
        raise SettingsInvalid(f"'{declared.name}' is an object; write {hint}") from None
