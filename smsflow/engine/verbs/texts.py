"""Sending a text and asking a question."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from smsflow.engine import policy, ways
from smsflow.engine.model import Ask, Expression, Flow, Send, Speaking
from smsflow.engine.questions import expect_answer_to, pause_others
from smsflow.engine.state import Session, Waiting
from smsflow.engine.turn import FlowFailed, Turn
from smsflow.engine.verbs.people import phone_of
from smsflow.engine.verbs.waiting import reckon

REPEATS_FOR = timedelta(hours=24)  # a paused question is not repeated after that


def send(turn: Turn, session: Session, flow: Flow, step: Send) -> None:
    """Send a text, and wait for its fate if the author handles that."""
    waits = step.follows_delivery
    to = _recipient(turn, session, step.to) if step.to is not None else None
    later = None
    if step.send_at is not None:
        later = reckon(turn, session, step.send_at, step.place, key="send_at")
    text = turn.render(session, step.text)
    sent = turn.say(session, step, text, at=step, waits=waits, to=to, later=later)
    if step.save is not None:
        session.variables[step.save] = {"id": sent.message, "status": "queued"}
    if waits:
        if later is not None:
            # The lifetime does not run while a text of its own date waits for it.
            session.asleep += ceil(((sent.options.send_at or sent.due) - turn.now).total_seconds())
        waiting = turn.wait(session, step, "report", sent)
        turn.timer(session, waiting, "lifetime", policy.end_of_life(flow, session, turn.zone))


def _recipient(turn: Turn, session: Session, to: Expression) -> str | None:
    """The phone of somebody else; None when it is the contact's after all."""
    phone, project = phone_of(turn, session, to, "to"), turn.world.project
    if phone == turn.contact.phone:
        return None
    if not turn.world.may_text(phone):
        raise FlowFailed("flow", f"'to': {phone} is of no country that may be texted", to.place)
    if any(number.address == phone for number in project.numbers.values()):
        raise FlowFailed("flow", f"'to': {phone} is a number of ours", to.place)
    return phone


def ask(turn: Turn, session: Session, flow: Flow, step: Ask) -> None:
    text = turn.render(session, step.text)
    waits = step.follows_delivery
    sent = turn.say(session, step, text, at=step, waits=waits, question=True)
    waiting = turn.wait(session, step, "reply", sent)
    if sent.due > turn.now:  # quiet hours hold it, so nobody can know it yet
        turn.timer(session, waiting, "release", sent.due)
    else:
        pause_others(turn, session)
    ends = policy.end_of_life(flow, session, turn.zone)
    times_out = turn.length(step.timeout, sent.due) if step.timeout is not None else None
    if times_out is not None and times_out <= ends:
        turn.timer(session, waiting, "timeout", times_out)
    else:
        turn.timer(session, waiting, "lifetime", ends)
    if step.nudge is not None and step.nudge.times > 0:
        turn.timer(session, waiting, "nudge", turn.length(step.nudge.after, sent.due))


def nudge(turn: Turn, session: Session, waiting: Waiting, step: Ask) -> None:
    """Remind of an open question, and set the next reminder while there is one."""
    if step.nudge is None or waiting.nudges >= step.nudge.times or waiting.paused:
        return
    waiting.nudges += 1
    told = f"reminder {waiting.nudges} of {step.nudge.times}"
    turn.trace(session, step, "nudge", told, way=ways.NUDGED)
    slot = step.nudge.text or step.text
    waits = step.follows_delivery
    text = turn.render(session, slot)
    sent = turn.say(session, step, text, at=step, slot=slot, waits=waits, question=True)
    expect_answer_to(turn, waiting, sent)
    if waiting.nudges < step.nudge.times:
        turn.timer(session, waiting, "nudge", turn.length(step.nudge.after, sent.due))


def ask_again(turn: Turn, session: Session, waiting: Waiting) -> None:
    """Open a paused question again, and repeat it unless it is too old for that."""
    waiting.paused = False
    if waiting.since is not None and turn.now - waiting.since <= REPEATS_FOR:
        repeat(turn, session, waiting)


def repeat(turn: Turn, session: Session, waiting: Waiting) -> None:
    """Ask once more what is open; a code is not sent twice."""
    step = turn.flow_of(session).steps[waiting.step]
    if isinstance(step, Ask):
        text = turn.render(session, step.text)
        waits = step.follows_delivery
        sent = turn.say(session, step, text, at=step, waits=waits, question=True)
        expect_answer_to(turn, waiting, sent)


def await_turn(turn: Turn, session: Session, flow: Flow, step: Speaking) -> None:
    """Hold a question back until `settling` finds the way free."""
    waiting = turn.wait(session, step, "turn")
    turn.timer(session, waiting, "lifetime", policy.end_of_life(flow, session, turn.zone))
