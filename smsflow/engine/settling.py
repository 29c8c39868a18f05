"""The end of a turn: what has ended and what was held back lets others have their turn.

Whoever ran a flow that has ended goes on, queued sessions begin, questions that waited for another
one are put, paused ones are asked again.
"""

from __future__ import annotations

from smsflow.engine import asides, running, starting
from smsflow.engine.model import Ask, Otp
from smsflow.engine.questions import gives_way, must_wait
from smsflow.engine.state import Session
from smsflow.engine.turn import Turn
from smsflow.engine.verbs import texts


def settle(turn: Turn) -> None:
    """Let everybody in the conversation go on who can."""
    while _go_on(turn):
        pass
    for session in reversed(turn.conversation.sessions):
        if session.waiting is not None and session.waiting.paused and not gives_way(turn, session):
            with running.guarded(turn, session):
                texts.ask_again(turn, session, session.waiting)
    for session in list(turn.conversation.sessions):
        _take_turn(turn, session)
    if turn.ended or turn.interrupted or turn.resumed:
        settle(turn)


def _go_on(turn: Turn) -> bool:
    """One session more goes on; False when none can."""
    if turn.interrupted:
        session = turn.interrupted.pop(0)
        if session.live:
            running.finish(turn, session, "interrupted")
        return True
    if turn.resumed:
        session, handler = turn.resumed.pop(0)
        with running.guarded(turn, session):
            asides.go_on(turn, session, handler)
        return True
    if turn.ended:
        _ended(turn, turn.ended.pop(0))
        return True
    follower = _next_in_queue(turn)
    if follower is None:
        return False
    follower.queued = False
    follower.started_at = turn.now
    running.begin(turn, follower)
    return True


def _ended(turn: Turn, session: Session) -> None:
    """Tell whoever ran it; a failure that nobody is told of starts the flow for that."""
    parent = turn.conversation.session(session.parent) if session.parent else None
    if parent is not None and parent.live:
        waits = [each for each in (parent.waiting, *parent.aside) if each is not None]
        for waiting in waits:
            if waiting.child == session.id:
                parent.number = session.number or parent.number
                parent.message = session.message or parent.message
                variables = dict(session.variables)
                result = {"ended": session.outcome, "variables": variables}
                asides.come(turn, parent, waiting, result)
    elif parent is None and session.outcome == "failed":
        starting.begin_for_failure(turn, session)


def _next_in_queue(turn: Turn) -> Session | None:
    live = [each for each in turn.conversation.sessions if each.live and each.parent is None]
    busy = {(each.flow, each.key) for each in live if not each.queued}
    queued = (each for each in live if each.queued and (each.flow, each.key) not in busy)
    return next(queued, None)


def _take_turn(turn: Turn, session: Session) -> None:
    """Put a question that waited for its turn, when the number is free for it."""
    waiting = session.waiting
    if waiting is None or waiting.kind != "turn":
        return
    with running.guarded(turn, session):
        flow = turn.flow_of(session)
        step = flow.steps[waiting.step]
        if isinstance(step, Ask | Otp) and not must_wait(turn, session, flow, step):
            session.waiting = None
            running.ask(turn, session, flow, step)
