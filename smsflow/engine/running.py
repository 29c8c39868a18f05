"""How steps run: from one to the next, until the session waits or ends.

`run` walks; `enter` does one step and says where to go on; `leave` and `outcome` take a waiting
session further; `finish` ends it and lets others of the conversation have their turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from smsflow.engine import codes
from smsflow.engine.effects import DropQueued, Traced
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
from smsflow.engine.state import Session, Waiting
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
    position = start
    for _ in range(MAX_STEPS):
        if position is None:
            finish(turn, session, "done")
            return
        step = flow.steps[position]
        _count_visit(session, step)
        if turn.holds(session, step.when):
            position = _enter(turn, session, flow, step)
            if session.waiting is not None or not session.live:
                return
        else:
            turn.trace(session, step, "skip", "its 'when' is false")
            position = step.next
    place = flow.steps[position].place if position else flow.place
    raise FlowFailed("limit", f"{MAX_STEPS} steps without a wait", place)


def _count_visit(session: Session, step: Step) -> None:
    visits = session.visits.get(step.id, 0) + 1
    session.visits[step.id] = visits
    if visits > MAX_VISITS:
        raise FlowFailed("limit", f"step '{step.id}' was reached {visits} times", step.place)


def _enter(turn: Turn, session: Session, flow: Flow, step: AnyStep) -> str | None:
    """Do one step; the id of the one to go on with, unless the session now waits or has ended."""
    match step:
        case Send():
            _send(turn, session, step)
            return step.next
        case Ask():
            _ask(turn, session, flow, step)
            return None
        case Otp():
            codes.send(turn, session, step)
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
                turn.say(session, None, turn.render(session, step.text), at=step)
            finish(turn, session, step.label, step)
            return None
        case _:
            assert_never(step)


def leave(turn: Turn, session: Session, position: str | None) -> None:
    """Go on from a wait."""
    session.waiting = None
    run(turn, session, position)


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
    """End a session, then let a queued one begin and a paused question be asked again."""
    session.outcome = label
    session.ended_at = turn.now
    session.waiting = None
    session.queued = False
    turn.trace(session, step, "end", label)
    if turn.contact.opted_out:
        return
    follower = _queued_behind(turn, session)
    if follower is not None:
        follower.queued = False
        with guarded(turn, follower):
            run(turn, follower, turn.flow_of(follower).start)
        return
    _resume_paused(turn)


def _queued_behind(turn: Turn, ended: Session) -> Session | None:
    same = [
        each
        for each in turn.conversation.sessions
        if each.live and each.flow == ended.flow and each.key == ended.key
    ]
    running = any(not each.queued for each in same)
    return next((each for each in same if each.queued), None) if not running else None


def _resume_paused(turn: Turn) -> None:
    """Ask the newest paused question again, when no other question stands before it."""
    waiting = [each for each in turn.conversation.sessions if each.waiting is not None]
    if any(_asks(each) for each in waiting):
        return
    for session in reversed(waiting):
        paused = session.waiting
        if paused is None or not paused.paused:
            continue
        paused.paused = False
        step = turn.flow_of(session).steps[paused.step]
        recent = paused.since is not None and turn.now - paused.since <= REPEATS_FOR
        if isinstance(step, Ask) and recent:
            with guarded(turn, session):
                text = turn.render(session, step.text)
                sent = turn.say(session, step, text, at=step, question=True)
                expect_answer_to(paused, sent.plan.number, sent.message)
        return


def _asks(session: Session) -> bool:
    waiting = session.waiting
    return waiting is not None and waiting.kind in ("reply", "code") and not waiting.paused


def expect_answer_to(waiting: Waiting, number: str, message: str) -> None:
    """The question now stands in that message, too; its delivery is what counts."""
    waiting.root = message
    if number not in waiting.numbers:
        waiting.numbers.append(number)


# --- the verbs ------------------------------------------------------------------------------------


def _send(turn: Turn, session: Session, step: Send) -> None:
    waits = step.follows_delivery
    sent = turn.say(session, step, turn.render(session, step.text), at=step, waits=waits)
    if waits:
        turn.wait(session, step, "report", sent)


def _ask(turn: Turn, session: Session, flow: Flow, step: Ask) -> None:
    text = turn.render(session, step.text)
    waits = step.follows_delivery
    sent = turn.say(session, step, text, at=step, waits=waits, question=True)
    waiting = turn.wait(session, step, "reply", sent)
    _pause_others(turn, session)
    ends = flow.lifetime.after(session.started_at, turn.zone)
    times_out = turn.length(step.timeout, sent.due) if step.timeout is not None else None
    if times_out is not None and times_out <= ends:
        turn.timer(session, waiting, "timeout", times_out)
    else:
        turn.timer(session, waiting, "lifetime", ends)
    if step.nudge is not None and step.nudge.times > 0:
        turn.timer(session, waiting, "nudge", turn.length(step.nudge.after, sent.due))


def _pause_others(turn: Turn, asking: Session) -> None:
    """The question asked last is the open one; older ones are asked again when it is answered."""
    for session in turn.conversation.sessions:
        if session is not asking and session.waiting is not None and _asks(session):
            session.waiting.paused = True
            turn.trace(session, None, "paused", f"by a question of {asking.flow}")


def nudge(turn: Turn, session: Session, waiting: Waiting, step: Ask) -> None:
    """Remind of an open question, and set the next reminder while there is one."""
    if step.nudge is None or waiting.nudges >= step.nudge.times or waiting.paused:
        return
    waiting.nudges += 1
    turn.trace(session, step, "nudge", f"reminder {waiting.nudges} of {step.nudge.times}")
    text = turn.render(session, step.nudge.text or step.text)
    sent = turn.say(session, step, text, at=step, waits=step.follows_delivery, question=True)
    expect_answer_to(waiting, sent.plan.number, sent.message)
    if waiting.nudges < step.nudge.times:
        turn.timer(session, waiting, "nudge", turn.length(step.nudge.after, sent.due))


def _wait(turn: Turn, session: Session, flow: Flow, step: Wait) -> str | None:
    due = _wait_until(turn, session, step)
    if due <= turn.now and step.duration is None:
        turn.trace(session, step, "wait", "that moment is past")
        return step.outcomes.get("on_past", step.next)
    waiting = turn.wait(session, step, "timer")
    turn.trace(session, step, "wait", f"until {due.isoformat(timespec='seconds')}")
    ends = flow.lifetime.after(session.started_at, turn.zone)
    # A lifetime is for sessions that hang; one that waits for a date of its own doesn't.
    if step.until is None and due > ends:
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
    return step.offset.after(moment.astimezone(UTC), turn.zone)


def _switch(turn: Turn, session: Session, step: Switch) -> str | None:
    name = _as_written(turn.evaluate(session, step.subject))
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

_KEEPABLE = (str, bool, int, float, Decimal, datetime, date, time, list, dict, tuple)


def _assign(turn: Turn, session: Session, step: Step, target: str, value: Any) -> None:
    if value is not None and not isinstance(value, _KEEPABLE):
        kind = type(value).__name__
        raise FlowFailed("template", f"'{target}' can't be set to a {kind}", step.place)
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


# --- texts under way ------------------------------------------------------------------------------


def drop_retries(turn: Turn, root: str | None) -> None:
    """Whatever was still to be tried for that text is pointless now."""
    if root is not None:
        turn.effects.append(DropQueued("superseded", root))
