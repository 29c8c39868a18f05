"""What begins when a session ends: flows with the trigger `outcome`."""

from __future__ import annotations

from smsflow.engine.effects import StartFlow
from smsflow.engine.reader import Reader
from smsflow.engine.state import Session, encode
from smsflow.engine.templating.templates import TemplateError
from smsflow.engine.turn import Turn
from smsflow.engine.world import Route


def follow(turn: Turn, session: Session) -> None:
    """Ask for a session of every flow that follows on this end."""
    for route in turn.world.routes_of("outcome", session.flow):
        if session.outcome in route.trigger.labels:
            try:
                _ask_for(turn, session, route)
            except (TemplateError, TypeError) as error:
                turn.trace(None, None, "error", f"{route.trigger.place}: {error}")


def _ask_for(turn: Turn, session: Session, route: Route) -> None:
    trigger = route.trigger
    data = {**session.variables, "flow": session.flow, "outcome": session.outcome}
    reader = Reader.of_contact(turn.world, turn.contact, language=session.language)
    scope = {**reader.scope(turn.now, turn.contact), "event": data}
    for condition in (trigger.where, trigger.when):
        if condition is not None and not reader.read(condition, scope):
            return
    inputs = reader.read_all(trigger.inputs, scope)
    turn.effects.append(
        StartFlow(
            flow=route.flow,
            session=turn.new_id(),
            due=trigger.after.after(turn.now, turn.zone),
            kind="outcome",
            phone=turn.contact.phone,
            group=trigger.from_group,
            inputs={name: encode(value) for name, value in inputs.items()},
            data={name: encode(value) for name, value in data.items()},
        )
    )
