"""Cases of a `switch` that can never be met, where it is known what its subject can be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smsflow.engine.language.flows import FlowReading
from smsflow.engine.language.reading import listed, suggest
from smsflow.engine.model import Ask, Flow, Input, Set, Switch, Value
from smsflow.engine.templating.values import case_names
from smsflow.engine.ways import known_answers

_UNSET = "null"
_WRITTEN_AS = {"true": "yes", "false": "no"}
_WHOLE = re.compile(r"-?\d+", re.ASCII)
_ANY_WHOLE = "a whole number"  # in the place of all of them


def check_cases(reading: FlowReading) -> None:
    """Note cases that no answer or input of the subject's name can be."""
    flow = reading.flow
    for step in flow.steps.values() if flow else ():
        if flow is not None and isinstance(step, Switch):
            _twice(reading, step)
            _never(reading, flow, step)


def _twice(reading: FlowReading, step: Switch) -> None:
    for name, other in _WRITTEN_AS.items():
        if name in step.cases and other in step.cases:
            message = f"{name!r} stands for {other!r} already"
            reading.ctx.issue(step.cases[name], "F321", message, "leave one of them out")


def _never(reading: FlowReading, flow: Flow, step: Switch) -> None:
    name = step.subject.source
    known = _values(flow, name)
    if known is None or any(name in each.groups for each in reading.triggers):
        return
    for case, place in step.cases.items():
        whole = _ANY_WHOLE in known and _WHOLE.fullmatch(case)
        if case != _UNSET and case not in known and not whole:
            names = [each for each in known if each not in _WRITTEN_AS]
            hint = suggest(case, names, f"it can be: {listed(names)}")
            reading.ctx.issue(place, "F312", f"'{name}' is never {case!r}", hint)


def _values(flow: Flow, name: str) -> list[str] | None:
    """What the name can be as cases, in order; None when that is not known."""
    found: dict[str, None] = {}
    for values in _sources(flow, name):
        if values is None:
            return None
        found |= dict.fromkeys(values)
    return list(found) or None


def _sources(flow: Flow, name: str) -> Iterator[list[str] | None]:
    if name in flow.variables:
        yield None  # a constant is there to be changed in the file
    yield from (_of_input(each) for each in flow.inputs if each.name == name)
    for migration in flow.migrations:
        yield from (_of_value(value) for target, value in migration.assignments if target == name)
    for step in flow.steps.values():
        if isinstance(step, Set):
            yield from (_of_value(value) for target, value in step.assignments if target == name)
        elif getattr(step, "save", None) == name:
            yield _of_question(step) if isinstance(step, Ask) else None


def _of_question(step: Ask) -> list[str] | None:
    if step.answer.type == "integer":
        known = [_ANY_WHOLE]
    else:
        known = known_answers(step)
        known = known + (["true", "false"] if step.answer.type == "yesno" else [])
    default = [] if step.default is None else _of_value(step.default)
    return None if not known or default is None else known + default


def _of_input(each: Input) -> list[str] | None:
    if each.values:
        return [name for value in (*each.values, each.default) for name in _literal(value)]
    if each.type == "boolean":
        return _literal(True) + _literal(False)
    return None


def _of_value(value: Value) -> list[str] | None:
    if value.expression is not None or value.parts is not None:
        return None
    return _literal(value.literal)


def _literal(value: object) -> list[str]:
    return [] if value is None else list(case_names(value))
