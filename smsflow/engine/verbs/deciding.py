"""Choosing a way, and remembering values."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from smsflow.engine.inputs import read_value
from smsflow.engine.model import If, Step, Switch
from smsflow.engine.state import Session, kept
from smsflow.engine.templating.values import case_names
from smsflow.engine.turn import FlowFailed, Turn


def branch(turn: Turn, session: Session, step: If | Switch) -> str | None:
    """The step that the condition, or the value, leads to."""
    if isinstance(step, Switch):
        return _switch(turn, session, step)
    way = "then" if turn.holds(session, step.condition) else "else"
    turn.trace(session, step, "if", way, way=way)
    return step.outcomes.get(way, step.next)


def _switch(turn: Turn, session: Session, step: Switch) -> str | None:
    names = case_names(turn.evaluate_if_set(session, step.subject))
    found = next((name for name in names if f"case.{name}" in step.outcomes), None)
    way, told = ("else", f"{names[0]}: else") if found is None else (f"case.{found}", found)
    turn.trace(session, step, "switch", told, way=way)
    return step.outcomes.get(way, step.next)


def assign(turn: Turn, session: Session, step: Step, target: str, value: Any) -> None:
    try:
        value = kept(value)
    except TypeError as error:
        raise FlowFailed("template", f"'{target}' can't be set: {error}", step.place) from None
    scope, dot, name = target.partition(".")
    if not dot:
        session.variables[target] = value
    elif scope == "contact":
        _assign_contact(turn, session, step, name, value)
    else:
        raise FlowFailed("flow", f"'{scope}' can't be written", step.place)
    turn.trace(session, step, "set", target)


def _assign_contact(turn: Turn, session: Session, step: Step, name: str, value: Any) -> None:
    if name == "language":
        turn.contact.language = None if value is None else str(value)
        session.language = turn.contact.language or session.language
    elif name == "timezone":
        try:
            turn.contact.timezone = None if value is None else ZoneInfo(str(value)).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise FlowFailed("flow", f"{value!r} is no time zone", step.place) from None
    else:
        turn.contact.fields[name] = _of_its_type(turn, step, name, value)


def _of_its_type(turn: Turn, step: Step, name: str, value: Any) -> Any:
    """The value as smsflow.yaml declares the field; one of another type would spoil the contact
    for every flow."""
    declared = turn.world.project.fields.get(name)
    if declared is None or value is None:
        return value
    try:
        return read_value(declared.type, value, zone=turn.zone)
    except ValueError as error:
        raise FlowFailed("flow", f"'contact.{name}' {error}", step.place) from None
