"""A text that hits a keyword, a pattern or a catch-all, and the flow that it starts.

Apart from the order in which texts are routed, for the order asks three times: for a whole message,
for any keyword, and for a catch-all.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from smsflow.engine import starting
from smsflow.engine.events import EventHappened, TextReceived
from smsflow.engine.scope import contact_scope
from smsflow.engine.templating.templates import TemplateError, compile_expression
from smsflow.engine.turn import Turn
from smsflow.engine.words.keywords import Match
from smsflow.engine.world import Route


def begin_by(turn: Turn, event: TextReceived, match: Match) -> bool:
    """Start the flow of a trigger; False when its `when` isn't met and others may have a go."""
    route: Route = match.target
    trigger = {
        "kind": route.trigger.kind,
        "keyword": match.word,
        "args": list(match.args),
        "groups": dict(match.groups),
    }
    if not _may_start(turn, event, route, trigger):
        return False
    if not starting.may_reply(turn):
        return True
    refusal = starting.begin(
        turn,
        turn.world.flows[route.flow],
        session_id=turn.new_id(),
        trigger=trigger,
        inputs={},
        message=message_scope(turn, event),
        number=event.number,
        language=route.trigger.language,
    )
    if refusal:
        turn.trace(None, None, "refused", f"{route.flow}: {refusal}")
    else:
        starting.count_reply(turn)
    return True


def begin_by_event(turn: Turn, event: EventHappened) -> None:
    """Start the flows whose trigger that event is."""
    turn.trace(None, None, "event", f"{event.name}: no flow begins by it")


def _may_start(turn: Turn, event: TextReceived, route: Route, trigger: dict[str, Any]) -> bool:
    condition = route.trigger.when
    if condition is None:
        return True
    local = turn.now.astimezone(ZoneInfo(turn.zone))
    scope = {
        **trigger["groups"],
        "contact": contact_scope(turn.contact, turn.world.project, zone=turn.zone),
        "message": message_scope(turn, event),
        "trigger": trigger,
        "now": local,
        "today": local.date(),
    }
    language = turn.contact.language or turn.world.project.languages[0]
    try:
        expression = compile_expression(condition.source)
        return expression.holds(scope, language=language, zone=turn.zone)
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
    return f"{match.word or trigger.pattern or 'it'} fits, and its 'when' is not met"
