"""What the fate of a text means to its session: another try, an outcome, or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from smsflow.engine import asides, policy, triggering, ways
from smsflow.engine.effects import SendAgain
from smsflow.engine.events import Sent
from smsflow.engine.leaving import plan_for_other
from smsflow.engine.model import Send, Step
from smsflow.engine.policy import Window
from smsflow.engine.questions import pause_others
from smsflow.engine.state import Plan, Session, Waiting
from smsflow.engine.turn import Turn
from smsflow.sms.states import OUTCOMES, State


def report(turn: Turn, sent: Sent, state: State, error: str | None) -> None:
    """The state of a text became final, or pending."""
    outcome = OUTCOMES[state]
    detail = f"{state}" if error is None else f"{state}: {error}"
    if state is State.PENDING:
        _pending(turn, sent, detail)
        return
    # Whom our own gate refused a text, it would refuse another one.
    _settle(turn, sent, outcome, detail, reword=state is State.REJECTED)


def _pending(turn: Turn, sent: Sent, detail: str) -> None:
    """The phone was not reached yet: news to a step that handles it, and to nobody else."""
    session = turn.conversation.session(sent.session) if sent.session else None
    waiting = _wait_of(session, sent)
    if session is None or waiting is None or sent.replaced:
        return
    flow = turn.world.flow(session.flow, session.version)
    step = flow.steps[waiting.step] if flow else None
    if step is not None and asides.handler_of(step, "pending") is not None:
        turn.trace(session, step, "report", detail)
        _note(turn, session, sent, "pending")
        asides.come(turn, session, waiting, dict(asides.PENDING))


def no_report(turn: Turn, sent: Sent) -> None:
    """The time in which a final report should have come is over."""
    if not sent.state.final:
        _settle(turn, sent, "no_report", "no final report in time")


def _settle(turn: Turn, sent: Sent, outcome: str, detail: str, *, reword: bool = False) -> None:
    session = turn.conversation.session(sent.session) if sent.session else None
    waiting = _wait_of(session, sent)
    concerned = waiting is not None
    if session is not None:
        flow = turn.world.flow(session.flow, session.version)
        step = flow.steps[waiting.step] if flow and waiting else None
        turn.trace(session, step, "report", detail)
    if outcome == "delivered":
        turn.drop_retries(sent.root)
    elif sent.replaced or _tried_again(turn, sent, outcome, concerned=concerned, reword=reword):
        return
    if session is not None:
        _note(turn, session, sent, outcome)
    if session is not None and waiting is not None:
        asides.come(turn, session, waiting, {"delivery": outcome})
    elif sent.to is None:
        triggering.begin_by_fate(turn, sent, outcome)


def _note(turn: Turn, session: Session, sent: Sent, outcome: str) -> None:
    """Bring the variable up to date that keeps the text's status."""
    step = _step_of(turn, session, sent)
    if not isinstance(step, Send) or step.save is None:
        return
    known = session.variables.get(step.save)
    if isinstance(known, dict) and known.get("id") == sent.root:
        session.variables[step.save] = {**known, "status": outcome}


def _step_of(turn: Turn, session: Session, sent: Sent) -> Step | None:
    """The step that sent the text, in the session's version of the flow."""
    flow = turn.world.flow(session.flow, session.version)
    return flow.steps.get(sent.step or "") if flow is not None else None


def _wait_of(session: Session | None, sent: Sent) -> Waiting | None:
    """The wait that the text belongs to, also one that is set aside."""
    waits = (session.waiting, *session.aside) if session is not None else ()
    return next((each for each in waits if each is not None and each.root == sent.root), None)


def _tried_again(turn: Turn, sent: Sent, outcome: str, *, concerned: bool, reword: bool) -> bool:
    """Send once more if the plan says so; a question that was answered needs no further try."""
    if (turn.contact.opted_out and sent.to is None) or (sent.plan.question and not concerned):
        return False
    words = None
    following = _following(turn, sent, outcome)
    if following is None and reword:
        words, following = sent.plan.fallback, _in_other_words(turn, sent)
    if following is None:
        return False
    plan, window = following
    again = SendAgain(turn.new_id(), sent.message, plan, window.opens, window.closes, words)
    turn.effects.append(again)
    session = turn.conversation.session(sent.session) if sent.session else None
    if session is not None:
        other = "" if words is None else f", in other words: {words}"
        told = f"via {plan.number} after {outcome}{other}"
        way = None if words is None else ways.REWORDED
        turn.trace(session, _step_of(turn, session, sent), "again", told, way=way)
        waiting = _wait_of(session, sent)
        if waiting is not None and concerned and plan.number not in waiting.numbers:
            waiting.numbers.append(plan.number)
            if sent.plan.question and waiting is session.waiting and not waiting.paused:
                pause_others(turn, session)
    return True


def _following(turn: Turn, sent: Sent, outcome: str) -> tuple[Plan, Window] | None:
    """The next try and when it leaves: not in quiet hours, and on a number that we still have."""
    plan = sent.plan
    while (following := policy.next_try(plan, outcome, now=turn.now, zone=turn.zone)) is not None:
        plan, due = following
        if plan.number in turn.world.project.numbers:
            return _in_time(turn, sent, plan, due)
    return None


def _in_other_words(turn: Turn, sent: Sent) -> tuple[Plan, Window] | None:
    """The try with the words that the author wrote for that, from the first number on."""
    plan, numbers = sent.plan, turn.world.project.numbers
    left = [place for place, name in enumerate(plan.via) if name in numbers]
    if plan.fallback is None or not left:
        return None
    return _in_time(turn, sent, replace(plan, position=left[0], fallback=None), turn.now)


def _in_time(turn: Turn, sent: Sent, plan: Plan, due: datetime) -> tuple[Plan, Window] | None:
    """The try that is due then, and when it leaves; None when that is too late."""
    rules = policy.Rules(turn.world.project)
    if sent.to is not None:
        window = plan_for_other(rules, sent.to, sent.kind, due, own=plan.quiet)
    else:
        window = rules.window(due, sent.kind, turn.contact, own=plan.quiet, holds=plan.holds)
    given_up = plan.give_up_at is not None and window.opens >= plan.give_up_at
    return None if given_up else (plan, window)
