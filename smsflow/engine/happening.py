"""An event comes to a contact: to the sessions that it concerns, and to the flows that it starts.

Everybody hears it, for it is a fact and no text that one has to take. Within one session and the
flows that it runs it is heard once: by an `anytime` handler, the innermost flow's first, else by a
`wait` for it.
"""

from __future__ import annotations

from typing import Any

from smsflow.engine import addressing, asides, running, triggering, ways
from smsflow.engine.events import EventHappened
from smsflow.engine.model import Happening, Wait
from smsflow.engine.state import Session, kept
from smsflow.engine.turn import FlowFailed, Turn


def hear(turn: Turn, event: EventHappened) -> None:
    """Let everybody hear it whom it concerns."""
    data = kept(dict(event.data))
    for session in list(turn.conversation.sessions):
        if session.live and not session.queued and session.parent is None:
            family = asides.chain(turn, session)[::-1]
            if not any(_breaks_in(turn, each, event.name, data) for each in family):
                any(_comes(turn, each, event.name, data) for each in family)
    triggering.begin_by_event(turn, event)


def _breaks_in(turn: Turn, session: Session, name: str, data: dict[str, Any]) -> bool:
    with running.guarded(turn, session):
        for handler in turn.flow_of(session).anytime:
            if handler.happening is None or asides.worn_out(session, handler):
                continue
            if _concerns(turn, session, handler.happening, name, data):
                session.event = data
                asides.break_in(turn, session, handler, f"event {name}")
                return True
    return False


def _comes(turn: Turn, session: Session, name: str, data: dict[str, Any]) -> bool:
    with running.guarded(turn, session):
        steps = turn.flow_of(session).steps
        for waiting in (session.waiting, *session.aside):
            step = steps[waiting.step] if waiting is not None else None
            if waiting is None or not isinstance(step, Wait) or step.happening is None:
                continue
            if _concerns(turn, session, step.happening, name, data):
                turn.trace(session, step, "event", name, way=ways.CAME)
                asides.come(turn, session, waiting, {"event": data})
                return True
    return False


def _concerns(
    turn: Turn, session: Session, happening: Happening, name: str, data: dict[str, Any]
) -> bool:
    """True for an event that this is about; one with data that nobody can work with is not."""
    if happening.event != name:
        return False
    whose = addressing.phone_of(turn.world, happening.contact, data, turn.now)
    try:
        return whose == turn.contact.phone and turn.holds(session, happening.where, {"event": data})
    except FlowFailed as failure:
        turn.trace(session, None, "ignored", f"event {name}: {failure.message}")
        return False
