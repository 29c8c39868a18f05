"""Groups and lists of people, other flows, and events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smsflow.engine.effects import ConsentChanged, Emitted, StartFlow
from smsflow.engine.model import Emit, Expression, Group, Start, Subscribe, Unsubscribe
from smsflow.engine.state import Session, encode
from smsflow.engine.turn import FlowFailed, Turn
from smsflow.engine.verbs.waiting import reckon
from smsflow.sms.numbers import is_phone, normalise


def group(turn: Turn, session: Session, step: Group) -> None:
    """Into groups and out of them."""
    contact = turn.contact
    contact.groups = sorted((set(contact.groups) | set(step.add)) - set(step.remove))
    changes = [f"+{name}" for name in step.add] + [f"-{name}" for name in step.remove]
    turn.trace(session, step, "group", ", ".join(changes))


def subscribe(turn: Turn, session: Session, step: Subscribe) -> None:
    """On a list; every time is on record, for each is a proof."""
    turn.contact.lists = sorted({*turn.contact.lists, step.list})
    wording = str(session.message.get("text", "")) if step.proof else ""
    source = step.source or str(session.trigger["kind"])
    _put_on_record(turn, session, step.list, wording, source, opted_out=False)
    turn.trace(session, step, "subscribe", step.list)


def unsubscribe(turn: Turn, session: Session, step: Unsubscribe) -> None:
    """Off a list."""
    turn.contact.lists = [name for name in turn.contact.lists if name != step.list]
    _put_on_record(turn, session, step.list, "", str(session.trigger["kind"]), opted_out=True)
    turn.trace(session, step, "unsubscribe", step.list)


def _put_on_record(
    turn: Turn, session: Session, name: str, wording: str, source: str, *, opted_out: bool
) -> None:
    number = session.number or next(iter(turn.world.project.numbers))
    turn.effects.append(ConsentChanged(opted_out, wording, number, list=name, source=source))


def start(turn: Turn, session: Session, step: Start) -> None:
    """Another flow, with whoever it is for."""
    phone = None if step.group else _whose(turn, session, step.contact)
    due = turn.now
    if step.at is not None:
        due = max(due, reckon(turn, session, step.at, step.place, key="at"))
    inputs = _plain(step, turn.data(session, step.inputs))
    turn.effects.append(
        StartFlow(
            flow=step.flow,
            session=turn.new_id(),
            phone=phone,
            group=step.group,
            inputs=inputs,
            due=due,
            kind="start",
        )
    )
    whom = f"group {step.group}" if step.group else phone or ""
    later = f" at {turn.by_the_clock(due)}" if due > turn.now else ""
    turn.trace(session, step, "start", f"{step.flow} with {whom}{later}")


def _whose(turn: Turn, session: Session, contact: Expression | None) -> str:
    return turn.contact.phone if contact is None else phone_of(turn, session, contact, "contact")


def phone_of(turn: Turn, session: Session, written: Expression, key: str) -> str:
    """The phone that the expression under that key says, E.164."""
    value = turn.evaluate(session, written)
    try:
        phone = normalise(str(value))
    except ValueError as error:
        raise FlowFailed("flow", f"'{key}': {error}", written.place) from None
    if not is_phone(phone):
        raise FlowFailed("flow", f"'{key}' must be a phone in E.164, not {phone}", written.place)
    return phone


def emit(turn: Turn, session: Session, step: Emit) -> None:
    """Tell of an event; who listens is found when it is worked off."""
    data = _plain(step, {"phone": turn.contact.phone, **turn.data(session, step.data)})
    turn.effects.append(Emitted(step.event, data))
    turn.trace(session, step, "emit", step.event)


def _plain(step: Start | Emit, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as JSON."""
    try:
        return {name: encode(value) for name, value in values.items()}
    except TypeError as error:
        raise FlowFailed("template", str(error), step.place) from None
