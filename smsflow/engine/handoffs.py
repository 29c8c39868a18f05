"""While a person holds a conversation: what the contact says to them, and they to the contact.

A number of ours on which a handoff is open belongs to the person: texts that come there are theirs
to read, and no flow gets them. The handoff that was opened last counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from smsflow.engine import asides, running
from smsflow.engine.effects import RequestAnswered
from smsflow.engine.events import AgentClosed, AgentSaid
from smsflow.engine.inbound import Asked
from smsflow.engine.model import Handoff
from smsflow.engine.questions import asked_on, handoffs_of
from smsflow.engine.state import Session, Waiting
from smsflow.engine.triggering import message_scope
from smsflow.engine.turn import Turn
from smsflow.engine.verbs import handoffs

NOT_HELD = "no person holds the conversation on this number"


def hear(asked: Asked) -> str:
    """A text for the person who holds the conversation on that number."""
    turn, event = asked.turn, asked.event
    for session, waiting in reversed(list(_open(turn))):
        if not asked_on(turn, waiting, event.number):
            continue
        session.number = event.number
        session.message = message_scope(turn, event)
        with running.guarded(turn, session):
            step = turn.flow_of(session).steps[waiting.step]
            if isinstance(step, Handoff):
                handoffs.wait_for_answer(turn, session, waiting, step)
        return ""
    return NOT_HELD


def _open(turn: Turn) -> Iterator[tuple[Session, Waiting]]:
    """The handoffs that are open, in the order in which their sessions began."""
    for session in turn.conversation.sessions:
        yield from ((session, waiting) for waiting in handoffs_of(session))


def say(turn: Turn, event: AgentSaid) -> None:
    """The person texts the contact; whoever asked for it is told whether it goes out."""
    result = {"result": "closed"}
    for session, waiting in _named(turn, event.handoff):
        with running.guarded(turn, session):
            step = turn.flow_of(session).steps[waiting.step]
            if isinstance(step, Handoff):
                sent = handoffs.text_of_person(turn, session, waiting, step, event.text, event.by)
                result = {"result": "accepted", "message": sent.message}
    turn.effects.append(RequestAnswered(event.request, result))


def close(turn: Turn, event: AgentClosed) -> None:
    """The person is done: the flow goes on."""
    result = {"result": "closed already"}
    for session, waiting in _named(turn, event.handoff):
        with running.guarded(turn, session):
            step = turn.flow_of(session).steps[waiting.step]
            turn.trace(session, step, "closed", event.by, way="on_closed")
        handoffs.shut(turn, waiting, "closed", event.by)
        asides.come(turn, session, waiting, {"closed": event.by})
        result = {"result": "closed"}
    turn.effects.append(RequestAnswered(event.request, result))


def _named(turn: Turn, handoff: str) -> list[tuple[Session, Waiting]]:
    return [(session, waiting) for session, waiting in _open(turn) if waiting.handoff == handoff]


def time_out(turn: Turn, session: Session, waiting: Waiting, step: Handoff) -> None:
    """The contact has waited in vain."""
    turn.trace(session, step, "timeout", "no person answered", way="on_timeout")
    handoffs.shut(turn, waiting, "timeout")
    running.outcome(turn, session, step, "on_timeout")
