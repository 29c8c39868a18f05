"""How steps run: from one to the next, until the session waits or ends.

`run` walks; `enter` does one step and says where to go on; `leave` and `outcome` take a waiting
session further; `finish` ends it, and `settle` lets others of the conversation have their turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
from smsflow.engine.questions import expect_answer_to, gives_way, pause_others
from smsflow.engine.state import Session, Waiting, kept
from smsflow.engine.turn import FlowFailed, Turn

MAX_STEPS = 100  # without a wait (flow-language section 1.9)
MAX_VISITS = 20  # of one step in a session
REPEATS_FOR = timedelta(hours=24)  # a paused question is not repeated after that


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
            _send(turn, session, flow, step)
            return step.next
        case Ask():
            _ask(turn, session, flow, step)
            return None
        case Otp():
            codes.send(turn, session, step)
            pause_others(turn, session)
            return None
        case Wait():
            return _wait(turn, session, flow, step)
        case If():
            way = "then" if turn.holds(session, step.condition) else "else"
            turn.trace(session, step, "if", way)
            return step.outcomes.get(way, step.next)
        case Switch():
            return _switch(turn, session, step)
        case Set():
            for target, value in step.assignments:
                _assign(turn, session, step, target, turn.value(session, value))
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
                _ask_again(turn, session, session.waiting)


def _next_in_queue(turn: Turn) -> Session | None:
    live = [each for each in turn.conversation.sessions if each.live]
    busy = {(each.flow, each.key) for each in live if not each.queued}
    queued = (each for each in live if each.queued and (each.flow, each.key) not in busy)
    return next(queued, None)


def _ask_again(turn: Turn, session: Session, waiting: Waiting) -> None:
    """Open a paused question again, and repeat it unless it is too old for that."""
    waiting.paused = False
    step = turn.flow_of(session).steps[waiting.step]
    recent = waiting.since is not None and turn.now - waiting.since <= REPEATS_FOR
    if isinstance(step, Ask) and recent:
        text = turn.render(session, step.text)
        waits = step.follows_delivery
        sent = turn.say(session, step, text, at=step, waits=waits, question=True)
        expect_answer_to(turn, waiting, sent)


# --- the verbs ------------------------------------------------------------------------------------


def _send(turn: Turn, session: Session, flow: Flow, step: Send) -> None:
    waits = step.follows_delivery
    sent = turn.say(session, step, turn.render(session, step.text), at=step, waits=waits)
    if waits:
        waiting = turn.wait(session, step, "report", sent)
        turn.timer(session, waiting, "lifetime", _end_of_life(turn, session, flow))


def _ask(turn: Turn, session: Session, flow: Flow, step: Ask) -> None:
    text = turn.render(session, step.text)
    waits = step.follows_delivery
    sent = turn.say(session, step, text, at=step, waits=waits, question=True)
    waiting = turn.wait(session, step, "reply", sent)
    if sent.due > turn.now:  # quiet hours hold it, so nobody can know it yet
        turn.timer(session, waiting, "release", sent.due)
    else:
        pause_others(turn, session)
    ends = _end_of_life(turn, session, flow)
    times_out = turn.length(step.timeout, sent.due) if step.timeout is not None else None
    if times_out is not None and times_out <= ends:
        turn.timer(session, waiting, "timeout", times_out)
    else:
        turn.timer(session, waiting, "lifetime", ends)
    if step.nudge is not None and step.nudge.times > 0:
        turn.timer(session, waiting, "nudge", turn.length(step.nudge.after, sent.due))


def _end_of_life(turn: Turn, session: Session, flow: Flow) -> datetime:
    ends = flow.lifetime.after(session.started_at, turn.zone)
    return ends + timedelta(seconds=session.asleep)


def nudge(turn: Turn, session: Session, waiting: Waiting, step: Ask) -> None:
    """Remind of an open question, and set the next reminder while there is one."""
    if step.nudge is None or waiting.nudges >= step.nudge.times or waiting.paused:
        return
    waiting.nudges += 1
    turn.trace(session, step, "nudge", f"reminder {waiting.nudges} of {step.nudge.times}")
    slot = step.nudge.text or step.text
    waits = step.follows_delivery
    text = turn.render(session, slot)
    sent = turn.say(session, step, text, at=step, slot=slot, waits=waits, question=True)
    expect_answer_to(turn, waiting, sent)
    if waiting.nudges < step.nudge.times:
        turn.timer(session, waiting, "nudge", turn.length(step.nudge.after, sent.due))


def _wait(turn: Turn, session: Session, flow: Flow, step: Wait) -> str | None:
    due = _wait_until(turn, session, step)
    if due <= turn.now and step.duration is None:
        turn.trace(session, step, "wait", "that moment is past")
        return step.outcomes.get("on_past", step.next)
    waiting = turn.wait(session, step, "timer")
    turn.trace(session, step, "wait", f"until {turn.by_the_clock(due)}")
    ends = _end_of_life(turn, session, flow)
    # A lifetime is for sessions that hang; one that waits for a date of its own doesn't.
    if step.until is not None:
        session.asleep += ceil((due - turn.now).total_seconds())
        turn.timer(session, waiting, "wait", due)
    elif due > ends:
        turn.timer(session, waiting, "lifetime", ends)
    else:
        turn.timer(session, waiting, "wait", due)
    return None


def _wait_until(turn: Turn, session: Session, step: Wait) -> datetime:
    if step.until is None:
        return turn.length(step.duration, turn.now) if step.duration else turn.now
    moment = turn.evaluate(session, step.until)
    if not isinstance(moment, datetime):
        raise FlowFailed(
            "template", f"'until' must be a date and time, and is {moment!r}", step.until.place
        )
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(turn.zone))
    try:
        return step.offset.after(moment.astimezone(UTC), turn.zone)
    except OverflowError:
        problem = f"{moment.isoformat()} is beyond the calendar"
        raise FlowFailed("template", problem, step.until.place) from None


def _switch(turn: Turn, session: Session, step: Switch) -> str | None:
    name = _as_written(turn.evaluate_if_set(session, step.subject))
    way = f"case.{name}"
    turn.trace(session, step, "switch", name if way in step.outcomes else f"{name}: else")
    if way in step.outcomes:
        return step.outcomes[way]
    return step.outcomes.get("else", step.next)


def _as_written(value: Any) -> str:
    """A value as an author writes it under `cases`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


# --- variables ------------------------------------------------------------------------------------


def _assign(turn: Turn, session: Session, step: Step, target: str, value: Any) -> None:
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
        turn.contact.fields[name] = value
