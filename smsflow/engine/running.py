"""How steps run: from one to the next, until the session waits or ends.

`run` walks; `enter` does one step and says where to go on; `leave` and `outcome` take a waiting
session further; `finish` ends it, and `settle` lets others of the conversation have their turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import assert_never

from smsflow.engine import codes
from smsflow.engine.effects import Traced
from smsflow.engine.model import (
    AnyStep,
    Ask,
    End,
    Flow,
    Goto,
    If,
    Otp,
    Send,
    Set,
    Step,
    Switch,
    Wait,
)
from smsflow.engine.questions import gives_way, pause_others
from smsflow.engine.state import Session
from smsflow.engine.turn import FlowFailed, Turn
from smsflow.engine.verbs import deciding, texts, waiting

MAX_STEPS = 100  # without a wait (flow-language section 1.9)
MAX_VISITS = 20  # of one step in a session


@contextmanager
def guarded(turn: Turn, session: Session) -> Iterator[None]:
    """A failure of the flow inside ends this session `failed`, and nothing else."""
    try:
        yield
    except FlowFailed as failure:
        step = session.waiting.step if session.waiting else None
        detail = f"{failure.kind}: {failure.message}"
        turn.effects.append(Traced(session.id, step, "error", detail, failure.place))
        finish(turn, session, "failed")


# --- walking --------------------------------------------------------------------------------------


def run(turn: Turn, session: Session, start: str | None) -> None:
    """Walk from the step of that id until the session waits or ends; None is the flow's end."""
    flow = turn.flow_of(session)
    position, walked = start, 0
    while position is not None:
        step = flow.steps[position]
        walked += 1
        if walked > MAX_STEPS:
            raise FlowFailed("limit", f"{MAX_STEPS} steps without a wait", step.place)
        _count_visit(session, step)
        if turn.holds(session, step.when):
            position = _enter(turn, session, flow, step)
            if session.waiting is not None or not session.live:
                return
        else:
            turn.trace(session, step, "skip", "its 'when' is false")
            position = step.next
    finish(turn, session, "done")


def _count_visit(session: Session, step: Step) -> None:
    visits = session.visits.get(step.id, 0) + 1
    session.visits[step.id] = visits
    if visits > MAX_VISITS:
        raise FlowFailed("limit", f"step '{step.id}' was reached {visits} times", step.place)


def _enter(turn: Turn, session: Session, flow: Flow, step: AnyStep) -> str | None:
    """Do one step; the id of the one to go on with, unless the session now waits or has ended."""
    match step:
        case Send():
            texts.send(turn, session, flow, step)
            return step.next
        case Ask():
            texts.ask(turn, session, flow, step)
            return None
        case Otp():
            codes.send(turn, session, step)
            pause_others(turn, session)
            return None
        case Wait():
            return waiting.wait(turn, session, flow, step)
        case If():
            way = "then" if turn.holds(session, step.condition) else "else"
            turn.trace(session, step, "if", way)
            return step.outcomes.get(way, step.next)
        case Switch():
            return deciding.switch(turn, session, step)
        case Set():
            for target, value in step.assignments:
                deciding.assign(turn, session, step, target, turn.value(session, value))
            return step.next
        case Goto():
            turn.trace(session, step, "goto", step.target)
            return step.next
        case End():
            if step.text is not None:
                text = turn.render(session, step.text)
                turn.say(session, None, text, at=step, slot=step.text)
            finish(turn, session, step.label, step)
            return None
        case _:
            assert_never(step)


def leave(turn: Turn, session: Session, position: str | None) -> None:
    """Go on from a wait."""
    _end_wait(turn, session)
    run(turn, session, position)


def _end_wait(turn: Turn, session: Session) -> None:
    """Nobody waits for that text any more, so it isn't tried again either."""
    if session.waiting is not None:
        turn.drop_retries(session.waiting.root)
        session.waiting = None


def outcome(
    turn: Turn, session: Session, step: Step, name: str, *, otherwise: str | None = None
) -> None:
    """Go the way of an outcome; one that isn't written goes on, or ends with `otherwise`."""
    if name in step.outcomes:
        leave(turn, session, step.outcomes[name])
    elif otherwise is None:
        leave(turn, session, step.next)
    else:
        finish(turn, session, otherwise, step)


def finish(turn: Turn, session: Session, label: str, step: Step | None = None) -> None:
    """End a session; `settle` lets others have their turn."""
    _end_wait(turn, session)
    session.outcome = label
    session.ended_at = turn.now
    session.queued = False
    turn.trace(session, step, "end", label)


# --- others of the conversation -------------------------------------------------------------------


def settle(turn: Turn) -> None:
    """The end of a turn: queued sessions begin, and a paused question is asked again."""
    while (follower := _next_in_queue(turn)) is not None:
        follower.queued = False
        follower.started_at = turn.now
        with guarded(turn, follower):
            run(turn, follower, turn.flow_of(follower).start)
    for session in reversed(turn.conversation.sessions):
        if session.waiting is not None and session.waiting.paused and not gives_way(turn, session):
            with guarded(turn, session):
                texts.ask_again(turn, session, session.waiting)


def _next_in_queue(turn: Turn) -> Session | None:
    live = [each for each in turn.conversation.sessions if each.live]
    busy = {(each.flow, each.key) for each in live if not each.queued}
    queued = (each for each in live if each.queued and (each.flow, each.key) not in busy)
    return next(queued, None)
