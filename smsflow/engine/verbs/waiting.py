"""Waiting for a length of time, until a moment, or for an event."""

from __future__ import annotations

from datetime import date, datetime, time
from math import ceil

from smsflow.engine import policy
from smsflow.engine.model import Duration, Flow, Moment, Wait
from smsflow.engine.moments import moment_of
from smsflow.engine.state import Session, Waiting
from smsflow.engine.turn import FlowFailed, Turn
from smsflow.errors import Place


def wait(turn: Turn, session: Session, flow: Flow, step: Wait) -> str | None:
    """Begin to wait; where to go on when there is nothing to wait for."""
    if step.moment is not None:
        return _until(turn, session, step, step.moment)
    # What is held, as by quiet hours, comes first: the time runs from when it leaves.
    since = max(turn.now, session.leaves_at or turn.now)
    if step.happening is not None:
        waiting = turn.wait(session, step, "event")
        turn.trace(session, step, "wait", f"event {step.happening.event}")
        _at_most(turn, session, flow, waiting, "timeout", step.timeout, since)
    else:
        due = turn.length(step.duration or Duration(), since)
        waiting = turn.wait(session, step, "timer")
        turn.trace(session, step, "wait", f"until {turn.by_the_clock(due)}")
        _at_most(turn, session, flow, waiting, "wait", step.duration, since)
    return None


def _at_most(
    turn: Turn,
    session: Session,
    flow: Flow,
    waiting: Waiting,
    name: str,
    length: Duration | None,
    since: datetime,
) -> None:
    """The timer of that name, unless the session's lifetime is over before."""
    waiting.since = since
    ends = policy.end_of_life(flow, session, turn.zone)
    due = ends if length is None else turn.length(length, since)
    late = length is None or due > ends
    turn.timer(session, waiting, "lifetime" if late else name, min(due, ends))


def _until(turn: Turn, session: Session, step: Wait, moment: Moment) -> str | None:
    due = reckon(turn, session, moment, step.place)
    if due <= turn.now:
        turn.trace(session, step, "wait", "that moment is past", way="on_past")
        return step.outcomes.get("on_past", step.next)
    waiting = turn.wait(session, step, "timer")
    turn.trace(session, step, "wait", f"until {turn.by_the_clock(due)}")
    # A lifetime is for sessions that hang; one that waits for a date of its own doesn't.
    session.asleep += ceil((due - turn.now).total_seconds())
    turn.timer(session, waiting, "wait", due)
    return None


def is_late(turn: Turn, step: Wait, due: datetime) -> bool:
    """True when the moment is so long ago that the author wants to know."""
    return step.late_after is not None and turn.now > turn.length(step.late_after, due)


def set_deadlines(turn: Turn, session: Session, flow: Flow) -> None:
    """The timers of the flow's `anytime` deadlines; one that is past already never fires."""
    for handler in flow.anytime:
        if handler.deadline is None:
            continue
        due = reckon(turn, session, handler.deadline, handler.place)
        if due > turn.now:
            turn.deadline(session, handler.name, due)


def reckon(
    turn: Turn, session: Session, moment: Moment, place: Place, *, key: str = "until"
) -> datetime:
    """The moment, in UTC; its base is written under that key. A date is its midnight."""
    base = None
    if moment.until is not None:
        place = moment.until.place
        base = turn.evaluate(session, moment.until)
        if isinstance(base, date) and not isinstance(base, datetime):
            base = datetime.combine(base, time())  # local, as `moment_of` reads it
        if not isinstance(base, datetime):
            problem = f"'{key}' must be a date and time, and is {base!r}"
            raise FlowFailed("template", problem, place)
    try:
        return moment_of(moment, base, now=turn.now, zone=turn.zone)
    except OverflowError:
        problem = f"{base.isoformat() if base else 'that moment'} is beyond the calendar"
        raise FlowFailed("template", problem, place) from None
