"""Waits that are set aside while an `anytime` handler runs, and what comes to a wait.

A handler that breaks in leaves the session's wait on a pile, `Session.aside`, innermost last, and
has the session to itself. Its last step takes the wait up again: timers that rang meanwhile ring
now, what came meanwhile is worked off, and an open question is repeated.
"""

from __future__ import annotations

from typing import Any

from smsflow.engine import running
from smsflow.engine.model import Anytime, Handoff, Otp, Reaching, Run, Send, Step, Wait
from smsflow.engine.state import Session, Waiting
from smsflow.engine.turn import FlowFailed, Turn
from smsflow.engine.verbs import calling, texts


def break_in(turn: Turn, session: Session, handler: Anytime, detail: str) -> None:
    """Run an `anytime` handler; one that runs already gives up what it was at, and begins anew."""
    with running.guarded(turn, session):
        step = turn.flow_of(session).steps[handler.start]
        turn.trace(session, step, "anytime", detail)
        _set_aside(turn, session, handler.name)
        running.run(turn, session, handler.start)


def worn_out(session: Session, handler: Anytime) -> bool:
    """True when the handler has had its turns in this session: one more would be a failure."""
    return session.visits.get(handler.start, 0) >= running.MAX_VISITS


def _set_aside(turn: Turn, session: Session, name: str) -> None:
    names = [each.handler for each in session.aside]
    left, session.waiting = session.waiting, None
    if name in names:
        given_up = session.aside[names.index(name) + 1 :]
        del session.aside[names.index(name) + 1 :]
        for each in (*given_up, left):
            if each is not None:
                running.drop(turn, each)
    elif left is not None:
        left.handler = name
        session.aside.append(left)


def go_on(turn: Turn, session: Session, name: str | None) -> None:
    """The wait below the handler of that name was taken up: let come what came meanwhile."""
    waiting = session.waiting
    if waiting is None or not session.live:
        return
    result, waiting.result = waiting.result, None
    if result is not None:
        arrive(turn, session, result)
    if session.waiting is not waiting:
        return
    rang = [timer for timer, due in waiting.due.items() if due <= turn.now]
    for timer in rang:
        turn.timer(session, waiting, timer, turn.now)
    silent = any(each.silent for each in turn.flow_of(session).anytime if each.name == name)
    if not silent and all(timer == "nudge" for timer in rang):
        _repeat(turn, session)


def _repeat(turn: Turn, session: Session) -> None:
    """The question that stands open again: the session's own, or that of a flow that it runs."""
    asking = chain(turn, session)[-1]
    if asking.waiting is not None and asking.waiting.open_at(turn.now):
        with running.guarded(turn, asking):
            texts.repeat(turn, asking, asking.waiting)


def chain(turn: Turn, session: Session) -> list[Session]:
    """The session and the flows that it runs, outermost first."""
    found = [session]
    while True:
        last = found[-1]
        waits = [each for each in (last.waiting, *last.aside) if each is not None and each.child]
        child = turn.conversation.session(waits[0].child or "") if waits else None
        if child is None or not child.live:
            return found
        found.append(child)


# --- what comes to a wait -------------------------------------------------------------------------


PENDING = {"delivery": "pending"}  # what comes, when more may follow


def come(turn: Turn, session: Session, waiting: Waiting, result: dict[str, Any]) -> None:
    """Something comes that this wait is for; when it is set aside it will be told later."""
    if waiting is session.waiting:
        with running.guarded(turn, session):
            arrive(turn, session, result)
    elif waiting.result in (None, PENDING):
        waiting.result = result


def arrive(turn: Turn, session: Session, result: dict[str, Any]) -> None:
    """Take the session further by what its wait was for."""
    if session.waiting is None:
        return
    step = turn.flow_of(session).steps[session.waiting.step]
    if "event" in result and isinstance(step, Wait):
        session.event = result["event"]
        if step.save is not None:
            session.variables[step.save] = result["event"]
        running.leave(turn, session, step.next)
    elif "ended" in result and isinstance(step, Run):
        _ended(turn, session, step, result)
    elif "errand" in result and isinstance(step, Reaching):
        calling.take(turn, session, step, result["errand"])
        running.leave(turn, session, step.next)
    elif "closed" in result and isinstance(step, Handoff):
        running.outcome(turn, session, step, "on_closed")
    elif "delivery" in result:
        _delivered(turn, session, step, result["delivery"])


def _ended(turn: Turn, session: Session, step: Run, result: dict[str, Any]) -> None:
    """The flow that the step ran has ended: go the way of its label."""
    label = result["ended"]
    session.last = {**session.last, "outcome": label}
    if step.save is not None:
        session.variables[step.save] = result["variables"]
    turn.trace(session, step, "ran", f"{step.flow}: {label}", way=f"on_{label}")
    if label == "failed" and "on_failed" not in step.outcomes:
        raise FlowFailed("flow", f"the flow '{step.flow}' failed", step.place)
    running.outcome(turn, session, step, f"on_{label}")


def _delivered(turn: Turn, session: Session, step: Step, outcome: str) -> None:
    session.last = {**session.last, "delivery": outcome}
    name = handler_of(step, outcome)
    if name is not None:
        running.leave(turn, session, step.outcomes[name])
    elif isinstance(step, Send):
        running.leave(turn, session, step.next)


def handler_of(step: Step, outcome: str) -> str | None:
    """The handler that the author wrote for this fate of a text: its own, then `on_failed`."""
    if outcome in ("no_report", "pending"):
        # Some networks never report, so silence is no failure, and no more is a phone that is away.
        name = f"on_{outcome}"
        return name if name in step.outcomes else None
    if outcome == "delivered":
        # A question that arrived is still open; only a `send` goes on at that.
        return (
            "on_delivered" if isinstance(step, Send) and "on_delivered" in step.outcomes else None
        )
    # On an otp `on_expired` means the code, not the text (flow-language section 1.11).
    names = ["on_failed"] if isinstance(step, Otp) else [f"on_{outcome}", "on_failed"]
    return next((name for name in names if name in step.outcomes), None)
