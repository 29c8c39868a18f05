"""Waiting for a length of time, or until a moment."""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil
from zoneinfo import ZoneInfo

from smsflow.engine import policy
from smsflow.engine.model import Flow, Wait
from smsflow.engine.state import Session
from smsflow.engine.turn import FlowFailed, Turn


def wait(turn: Turn, session: Session, flow: Flow, step: Wait) -> str | None:
    due = _wait_until(turn, session, step)
    if due <= turn.now and step.duration is None:
        turn.trace(session, step, "wait", "that moment is past")
        return step.outcomes.get("on_past", step.next)
    waiting = turn.wait(session, step, "timer")
    turn.trace(session, step, "wait", f"until {turn.by_the_clock(due)}")
    ends = policy.end_of_life(flow, session, turn.zone)
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
