"""Triggers: what a text, an event or the fate of a text starts, and whether it may.

Apart from the order in which texts are routed, for the order asks three times: for a whole message,
for any keyword, and for a catch-all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from smsflow.engine import addressing, starting
from smsflow.engine.effects import StartFlow
from smsflow.engine.events import EventHappened, Sent, StartRequested, TextReceived
from smsflow.engine.model import Expression, Flow, Run, Start, Trigger
from smsflow.engine.reader import Reader
from smsflow.engine.state import Contact, decode, encode
from smsflow.engine.templating.templates import TemplateError
from smsflow.engine.turn import Turn
from smsflow.engine.words.keywords import Match
from smsflow.engine.world import Route, World
from smsflow.errors import Place


def fits(turn: Turn, event: TextReceived, match: Match) -> bool:
    """True when the contact is meant by the trigger that a text matches, and its `when` is met."""
    extra = {**match.groups, "message": message_scope(turn, event), "trigger": _told(match)}
    return may_start(turn, match.target, extra)


def _told(match: Match) -> dict[str, Any]:
    """`trigger.*` of the scope."""
    return {
        "kind": match.target.trigger.kind,
        "keyword": match.word,
        "args": list(match.args),
        "groups": dict(match.groups),
    }


def begin_by(turn: Turn, event: TextReceived, match: Match) -> bool:
    """Start the flow of a trigger; False when its `when` isn't met and others may have a go."""
    if not fits(turn, event, match):
        return False
    route: Route = match.target
    if not starting.may_reply(turn):
        return True
    refusal = starting.begin(
        turn,
        turn.world.flows[route.flow],
        session_id=turn.new_id(),
        trigger=_told(match),
        inputs={},
        message=message_scope(turn, event),
        number=event.number,
        language=route.trigger.language,
        fills=route.trigger.fills,
    )
    if refusal:
        turn.trace(None, None, "refused", f"{route.flow}: {refusal}")
    else:
        starting.count_reply(turn)
    return True


def may_start(turn: Turn, route: Route, extra: Mapping[str, Any]) -> bool:
    """True when the contact is in the trigger's group and its conditions are met."""
    trigger = route.trigger
    if _not_in(turn.contact, trigger):
        return False
    return holds(turn, trigger.where, extra) and holds(turn, trigger.when, extra)


def holds(turn: Turn, condition: Expression | None, extra: Mapping[str, Any]) -> bool:
    """True when there is no condition, or it is met; one that fails is not, and is traced."""
    if condition is None:
        return True
    reader = Reader.of_contact(turn.world, turn.contact)
    try:
        return bool(reader.read(condition, {**reader.scope(turn.now, turn.contact), **extra}))
    except TemplateError as error:
        turn.trace(None, None, "error", f"{condition.place}: {error}")
        return False


def message_scope(turn: Turn, event: TextReceived) -> dict[str, Any]:
    """`message.*` of the scope."""
    return {
        "text": event.text,
        "words": event.text.split(),
        "from": turn.contact.phone,
        "to": turn.world.project.numbers[event.number].address,
        "at": event.at,
    }


def unmet(match: Match) -> str:
    """Why a match did not start its flow, when `begin_by` says so."""
    trigger = match.target.trigger
    what = "'when' is not met" if trigger.from_group is None else "contact is not meant"
    return f"{match.word or trigger.pattern or 'it'} fits, and its {what}"


# --- without a text -------------------------------------------------------------------------------


def begin_by_event(turn: Turn, event: EventHappened) -> None:
    """Start every flow that waits for such an event of this contact."""
    for route in turn.world.routes_of("event", event.name):
        whose = addressing.phone_of(turn.world, route.trigger.contact, event.data, turn.now)
        if whose == turn.contact.phone:
            _begin(turn, route, event.data, {"event": event.data}, event.name)


def begin_by_fate(turn: Turn, sent: Sent, outcome: str) -> None:
    """Start every flow that wants to know of texts with that fate that no session waits for."""
    message = {"id": sent.message, "flow": sent.flow, "step": sent.step, "status": outcome}
    for route in turn.world.routes_of("delivery"):
        # A flow that could not be heard is not told of its own texts for ever.
        if outcome in route.trigger.labels and route.flow != sent.flow:
            _begin(turn, route, message, {"message": message}, outcome)


def _begin(
    turn: Turn, route: Route, data: Mapping[str, Any], extra: Mapping[str, Any], about: str
) -> None:
    if not may_start(turn, route, extra):
        return
    kind = route.trigger.kind
    reader = Reader.of_contact(turn.world, turn.contact)
    scope = {**reader.scope(turn.now, turn.contact), **extra}
    try:
        inputs = reader.read_all(route.trigger.inputs, scope)
    except TemplateError as error:
        turn.trace(None, None, "error", f"{route.trigger.place}: {error}")
        return
    refusal = starting.begin(
        turn,
        turn.world.flows[route.flow],
        session_id=turn.new_id(),
        trigger={"kind": kind, "keyword": about, "args": [], "data": dict(data)},
        inputs=inputs,
        language=route.trigger.language,
    )
    if refusal:
        turn.trace(None, None, "refused", f"{route.flow}: {refusal}")


def by_clock(world: World, route: Route, session: str, now: datetime) -> StartFlow:
    """What the time of a schedule asks for. Raises TemplateError."""
    schedule = route.trigger.schedule
    reader = Reader.of_project(world)
    inputs = reader.read_all(route.trigger.inputs, reader.scope(now))
    return StartFlow(
        flow=route.flow,
        session=session,
        due=now,
        kind="schedule",
        group=schedule.group if schedule else None,
        where=all_of(schedule.where if schedule else None, route.trigger.when),
        inputs={name: encode(value) for name, value in inputs.items()},
    )


# Whoever starts one of these names a flow: its triggers of that kind say with whom it may start.
_NAMED = ("api", "broadcast")


def unstartable(flow: Flow, kind: str) -> str:
    """Why nobody can start the flow by the API, or as a broadcast; '' when somebody may."""
    if any(each.kind == kind for each in flow.triggers):
        return ""
    return f"flow '{flow.name}' has no trigger `{kind}: true`"


def way_to_start(world: World, flow: Flow) -> str:
    """The `trigger.kind` with which a start by the flow's name reaches it: api before broadcast,
    else start when it has no triggers or another flow starts it; '' when nothing starts it so."""
    for kind in _NAMED:
        if not unstartable(flow, kind):
            return kind
    steps = [step for each in world.flows.values() for step in each.steps.values()]
    asked_for = any(isinstance(step, Run | Start) and step.flow == flow.name for step in steps)
    return "start" if asked_for or not flow.triggers else ""


def no_way_to_start(world: World, flow: Flow) -> str:
    """Why a start by the flow's name reaches it in no way; '' when it does."""
    if way_to_start(world, flow):
        return ""
    kinds = ", ".join(dict.fromkeys(each.kind for each in flow.triggers))
    return f"{unstartable(flow, 'api')}, and no flow starts it: it begins by {kinds}"


def not_meant(
    world: World, start: StartFlow | StartRequested, contact: Contact, now: datetime
) -> str:
    """Why a start that no text asked for is not for this contact, or no longer; '' when it is."""
    flow = world.flows.get(start.flow)
    if flow is None:
        return f"there is no flow '{start.flow}'"
    if start.group is not None and start.group not in contact.groups:
        return f"the contact is not in the group '{start.group}'"
    reader = Reader.of_contact(world, contact)
    scope = reader.scope(now, contact)
    asked = Expression(start.where, Place(start.flow, 1, 1)) if start.where else None
    reason = _unmet(reader, asked, scope)
    if not reason and start.kind in _NAMED:
        reason = unstartable(flow, start.kind)
    if reason or start.kind not in _NAMED:
        return reason
    reasons = [
        _not_in(contact, each) or _unmet(reader, each.when, scope)
        for each in flow.triggers
        if each.kind == start.kind
    ]
    return "" if "" in reasons else reasons[0]


def _not_in(contact: Contact, trigger: Trigger) -> str:
    if trigger.from_group is None or trigger.from_group in contact.groups:
        return ""
    return f"the contact is not in the group '{trigger.from_group}'"


def _unmet(reader: Reader, condition: Expression | None, scope: Mapping[str, Any]) -> str:
    if condition is None:
        return ""
    try:
        return "" if reader.read(condition, scope) else f"not so: {condition.source}"
    except TemplateError as error:
        return f"{condition.place}: {error}"


def requested(start: StartFlow) -> StartRequested:
    """What the start that an effect asks for is when it is due."""
    return StartRequested(
        flow=start.flow,
        session=start.session,
        inputs=decode(start.inputs),
        kind=start.kind,
        data=decode(start.data),
        group=start.group,
        where=start.where,
    )


def all_of(*conditions: Expression | None) -> str | None:
    """The source of an expression that holds when all of these do."""
    return " and ".join(f"({each.source})" for each in conditions if each is not None) or None
