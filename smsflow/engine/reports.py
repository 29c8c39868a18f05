"""What the fate of a text means to its session: another try, an outcome, or nothing."""

from __future__ import annotations

from smsflow.engine import policy, running
from smsflow.engine.effects import SendAgain
from smsflow.engine.events import Sent
from smsflow.engine.model import Otp, Send, Step
from smsflow.engine.policy import Window
from smsflow.engine.questions import pause_others
from smsflow.engine.state import Plan, Session
from smsflow.engine.turn import Turn
from smsflow.sms.states import OUTCOMES, State


def report(turn: Turn, sent: Sent, state: State, error: str | None) -> None:
    """The state of a text became final."""
    outcome = OUTCOMES[state]
    _settle(turn, sent, outcome, f"{state}" if error is None else f"{state}: {error}")


def no_report(turn: Turn, sent: Sent) -> None:
    """The time in which a final report should have come is over."""
    if not sent.state.final:
        _settle(turn, sent, "no_report", "no final report in time")


def _settle(turn: Turn, sent: Sent, outcome: str, detail: str) -> None:
    session = turn.conversation.session(sent.session) if sent.session else None
    waiting = session.waiting if session is not None else None
    concerned = waiting is not None and waiting.root == sent.root
    if session is not None:
        flow = turn.world.flow(session.flow, session.version)
        step = flow.steps[waiting.step] if flow and waiting and concerned else None
        turn.trace(session, step, "report", detail)
    if outcome == "delivered":
        turn.drop_retries(sent.root)
    elif sent.replaced or _tried_again(turn, sent, outcome, concerned=concerned):
        return
    if session is not None and concerned:
        session.last = {"delivery": outcome}
        with running.guarded(turn, session):
            _hear(turn, session, outcome)


def _tried_again(turn: Turn, sent: Sent, outcome: str, *, concerned: bool) -> bool:
    """Send once more if the plan says so; a question that was answered needs no further try."""
    if turn.contact.opted_out or (sent.plan.question and not concerned):
        return False
    following = _following(turn, sent, outcome)
    if following is None:
        return False
    plan, window = following
    again = SendAgain(turn.new_id(), sent.message, plan, window.opens, window.closes)
    turn.effects.append(again)
    session = turn.conversation.session(sent.session) if sent.session else None
    if session is not None:
        turn.trace(session, None, "again", f"via {plan.number} after {outcome}")
        waiting = session.waiting
        if waiting is not None and concerned and plan.number not in waiting.numbers:
            waiting.numbers.append(plan.number)
            if sent.plan.question and not waiting.paused:
                pause_others(turn, session)
    return True


def _following(turn: Turn, sent: Sent, outcome: str) -> tuple[Plan, Window] | None:
    """The next try and when it leaves: not in quiet hours, and on a number that we still have."""
    plan = sent.plan
    while (following := policy.next_try(plan, outcome, now=turn.now, zone=turn.zone)) is not None:
        plan, due = following
        if plan.number in turn.world.project.numbers:
            window = policy.Rules(turn.world.project).window(due, sent.kind, turn.contact)
            given_up = plan.give_up_at is not None and window.opens >= plan.give_up_at
            return None if given_up else (plan, window)
    return None


def _hear(turn: Turn, session: Session, outcome: str) -> None:
    """Take the session further, if the step that it waits at handles this outcome."""
    if session.waiting is None:
        return
    step = turn.flow_of(session).steps[session.waiting.step]
    name = _handler(step, outcome)
    if name is not None:
        running.leave(turn, session, step.outcomes[name])
    elif isinstance(step, Send):
        running.leave(turn, session, step.next)


def _handler(step: Step, outcome: str) -> str | None:
    """The handler that the author wrote for this outcome: its own first, then `on_failed`."""
    if outcome == "no_report":
        # Some networks never report, so silence is no failure.
        return "on_no_report" if "on_no_report" in step.outcomes else None
    if outcome == "delivered":
        # A question that arrived is still open; only a `send` goes on at that.
        return (
            "on_delivered" if isinstance(step, Send) and "on_delivered" in step.outcomes else None
        )
    # On an otp `on_expired` means the code, not the text (flow-language section 1.11).
    names = ["on_failed"] if isinstance(step, Otp) else [f"on_{outcome}", "on_failed"]
    return next((name for name in names if name in step.outcomes), None)
