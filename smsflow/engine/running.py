"""How steps run: from one to the next, until the session waits or ends.

`run` walks; `_enter` does one step and says where to go on; `leave` and `outcome` take a waiting
session further; `finish` ends it. What goes wrong on the way is led to the handlers that the
author wrote (`guarded`). What else moves a session is told in `asides` (handlers that break in,
what a wait was for) and `settling` (others of the conversation).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import assert_never

from smsflow.engine import codes, filling, following, ways
from smsflow.engine.effects import Traced
from smsflow.engine.hiding import hidden
from smsflow.engine.model import (
    Action,
    AnyStep,
    Ask,
    Call,
    Emit,
    End,
    Flow,
    Goto,
    Group,
    Handoff,
    If,
    Log,
    Lookup,
    Otp,
    Resume,
    Run,
    Send,
    Set,
    Start,
    Step,
    Subscribe,
    Switch,
    Unsubscribe,
    Wait,
)
from smsflow.engine.questions import must_wait, pause_others
from smsflow.engine.state import Session, Waiting
from smsflow.engine.turn import FlowFailed, Turn
from smsflow.engine.verbs import (
    calling,
    deciding,
    handoffs,
    logs,
    people,
    subflows,
    texts,
    waiting,
)

MAX_STEPS = 100  # without a wait (flow-language section 1.9)
MAX_VISITS = 20  # of one step in a session

# Handlers of the whole flow, under the names that they have in `Flow.handlers`.
ON_ERROR = "@on_error"
ON_EXPIRE = "@on_expire"


# --- what goes wrong ------------------------------------------------------------------------------


@contextmanager
def guarded(turn: Turn, session: Session) -> Iterator[None]:
    """A failure of the flow inside takes this session to its handler, or ends it `failed`."""
    try:
        yield
    except FlowFailed as failure:
        fail(turn, session, failure)


def fail(turn: Turn, session: Session, failure: FlowFailed) -> None:
    """What the session waits for has failed: on to the handler, else the session ends."""
    flow = turn.world.flow(session.flow, session.version)
    at = session.waiting.step if session.waiting else None
    handler = _caught(turn, session, flow, flow.steps[at] if flow and at else None, failure)
    if handler is not None:
        leave(turn, session, handler)


def _caught(
    turn: Turn, session: Session, flow: Flow | None, step: Step | None, failure: FlowFailed
) -> str | None:
    """The first step of the handler: the step's own, else the flow's; None when there is none,
    or when a handler failed, and the session has ended."""
    detail = f"{failure.kind}: {failure.message}"
    handler = way = None
    if flow is not None and session.handling is None:
        if step is not None and "on_error" in step.outcomes:
            session.handling, handler = f"{step.id}.on_error", step.outcomes["on_error"]
            way = "on_error"
        elif flow.on_error is not None:
            session.handling, handler = ON_ERROR, flow.on_error
    place = failure.place or (step.place if step is not None else None)
    session.error = {
        "kind": failure.kind,
        "message": failure.message,
        "step": step.id if step is not None else None,
        "place": str(place) if place is not None else None,
    }
    what = "error" if handler is None else "handled"
    at = step.id if step is not None else None
    turn.effects.append(Traced(session.id, at, what, hidden(flow, session, detail), place, way))
    if handler is None:
        finish(turn, session, "failed")
    return handler


def expire(turn: Turn, session: Session, step: Step) -> None:
    """The session's lifetime is over: on to the flow's `on_expire`, once, else it ends."""
    turn.trace(session, step, "expire", "the session's lifetime is over")
    flow = turn.flow_of(session)
    if flow.on_expire is None or session.handling == ON_EXPIRE:
        finish(turn, session, "expired")
    else:
        session.handling = ON_EXPIRE
        leave(turn, session, flow.on_expire)


# --- walking --------------------------------------------------------------------------------------


def begin(turn: Turn, session: Session) -> None:
    """Start a session on its first step, with the deadlines of its flow set."""
    with guarded(turn, session):
        flow = turn.flow_of(session)
        waiting.set_deadlines(turn, session, flow)
        run(turn, session, flow.start)


def run(turn: Turn, session: Session, start: str | None) -> None:
    """Walk from the step of that id until the session waits or ends; None is the flow's end."""
    flow = turn.flow_of(session)
    position, walked = start, 0
    while position is not None:
        step = flow.steps[position]
        _leave_handlers(turn, session, flow, position)
        walked += 1
        try:
            if walked > MAX_STEPS:
                raise FlowFailed("limit", f"{MAX_STEPS} steps without a wait", step.place)
            position = _walk(turn, session, flow, step)
        except FlowFailed as failure:
            position, walked = _caught(turn, session, flow, step, failure), 0
        if session.waiting is not None or not session.live:
            return
    finish(turn, session, "done")


def _leave_handlers(turn: Turn, session: Session, flow: Flow, position: str) -> None:
    """Forget the handlers that this step lies outside of; the flow's own are for good."""

    def outside(name: str | None) -> bool:
        return position not in flow.handlers.get(name or "", frozenset())

    if session.handling not in (None, ON_ERROR, ON_EXPIRE) and outside(session.handling):
        session.handling = None
    while session.aside and outside(session.aside[-1].handler):
        if isinstance(flow.steps[position], Resume):
            return
        drop(turn, session.aside.pop())


def _walk(turn: Turn, session: Session, flow: Flow, step: AnyStep) -> str | None:
    if not isinstance(step, Resume):
        _count_visit(session, step)
    if turn.holds(session, step.when):
        return _enter(turn, session, flow, step)
    turn.trace(session, step, "skip", "its 'when' is false", way=ways.SKIPPED)
    return step.next


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
        case Ask() | Otp():
            way = filling.answer(turn, session, step) if isinstance(step, Ask) else None
            if way is not None:
                return step.outcomes.get(way, step.next)
            ask(turn, session, flow, step)
            return None
        case Wait():
            return waiting.wait(turn, session, flow, step)
        case If() | Switch():
            return deciding.branch(turn, session, step)
        case Set():
            for target, value in step.assignments:
                deciding.assign(turn, session, step, target, turn.value(session, value))
            return step.next
        case Run():
            begin(turn, subflows.child_of(turn, session, flow, step))
            return None
        case Log():
            logs.write(turn, session, step)
            return step.next
        case Resume():
            _take_up(turn, session, step)
            return None
        case Group():
            people.group(turn, session, step)
            return step.next
        case Subscribe():
            people.subscribe(turn, session, step)
            return step.next
        case Unsubscribe():
            people.unsubscribe(turn, session, step)
            return step.next
        case Handoff():
            handoffs.hand_over(turn, session, flow, step)
            return None
        case Start():
            people.start(turn, session, step)
            return step.next
        case Emit():
            people.emit(turn, session, step)
            return step.next
        case Call():
            calling.call(turn, session, flow, step)
            return None
        case Lookup():
            calling.lookup(turn, session, flow, step)
            return None
        case Action():
            calling.action(turn, session, flow, step)
            return None
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


def ask(turn: Turn, session: Session, flow: Flow, step: Ask | Otp) -> None:
    """Put a question, or wait until the number is free for it."""
    if must_wait(turn, session, flow, step):
        turn.trace(session, step, "turn", "another conversation is open on this number")
        texts.await_turn(turn, session, flow, step)
    elif isinstance(step, Ask):
        texts.ask(turn, session, flow, step)
    else:
        codes.send(turn, session, step)
        pause_others(turn, session)


# --- going on from a wait -------------------------------------------------------------------------


def _take_up(turn: Turn, session: Session, step: Resume) -> None:
    """Go back to the wait that was set aside last; `settling` lets come what came meanwhile."""
    if not session.aside:
        raise FlowFailed("flow", "nothing was set aside that could be taken up again", step.place)
    waiting = session.waiting = session.aside.pop()
    turn.resumed.append((session, waiting.handler))
    waiting.handler = None


def leave(turn: Turn, session: Session, position: str | None) -> None:
    """Go on from a wait."""
    _end_wait(turn, session)
    run(turn, session, position)


def _end_wait(turn: Turn, session: Session, label: str = "cancelled") -> None:
    """Nobody waits for that any more."""
    left, session.waiting = session.waiting, None
    if left is not None:
        if left.root is not None:  # no reminder of it leaves any more, so nothing waits for one
            session.leaves_at = None
        drop(turn, left, label)


def drop(turn: Turn, left: Waiting, label: str = "cancelled") -> None:
    """Give a wait up: its text isn't tried again, the flow that it runs ends, as `label`, and no
    person holds the conversation any longer."""
    turn.drop_retries(left.root)
    handoffs.shut(turn, left, label)
    child = turn.conversation.session(left.child) if left.child else None
    if child is not None and child.live:
        finish(turn, child, label)


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
    """End a session and the flows that it runs; `settling` lets others have their turn."""
    given_up = "opted_out" if label == "opted_out" else "cancelled"
    _end_wait(turn, session, given_up)
    while session.aside:
        drop(turn, session.aside.pop(), given_up)
    session.outcome = label
    session.ended_at = turn.now
    session.queued = False
    turn.trace(session, step, "end", label)
    turn.ended.append(session)
    following.follow(turn, session)
