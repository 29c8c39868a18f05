"""Handing a conversation over to a person, what the person texts, and how that ends.

The wait of a handoff has its id as long as it is open. `Waiting.since` is then when the contact
began to wait for an answer, and None while they have one.
"""

from __future__ import annotations

from dataclasses import replace

from smsflow.engine import policy
from smsflow.engine.effects import HandedOff, HandoffClosed, HandoffMoved, SendText
from smsflow.engine.model import Delivery, Flow, Handoff
from smsflow.engine.questions import pause_others
from smsflow.engine.state import Session, Waiting
from smsflow.engine.turn import Turn

# A person answers somebody, whatever the flow is for.
KIND = "transactional"


def hand_over(turn: Turn, session: Session, flow: Flow, step: Handoff) -> None:
    """Tell the contact, put the conversation into the queue, and wait for the person."""
    note = turn.render(session, step.note) if step.note is not None else ""
    number = turn.first_number(session, None)
    if step.text is not None:
        text = turn.render(session, step.text)
        number = turn.say(session, None, text, at=step, slot=step.text).plan.number
    session.number = number
    waiting = turn.wait(session, step, "handoff")
    waiting.numbers, waiting.handoff = [number], turn.new_id()
    turn.effects.append(
        HandedOff(
            handoff=waiting.handoff,
            queue=step.queue,
            session=session.id,
            flow=flow.name,
            step=step.id,
            number=number,
            note=note,
        )
    )
    turn.trace(session, step, "handoff", f"{step.queue}: {note}" if note else step.queue)
    pause_others(turn, session)
    turn.timer(session, waiting, "lifetime", policy.end_of_life(flow, session, turn.zone))
    _limit(turn, session, waiting, step)


def _limit(turn: Turn, session: Session, waiting: Waiting, step: Handoff) -> None:
    """The contact waits from now on, and only so long."""
    if step.timeout is not None:
        due = turn.length(step.timeout, turn.now)
        if due <= waiting.due.get("lifetime", due):
            turn.timer(session, waiting, "timeout", due)


def wait_for_answer(turn: Turn, session: Session, waiting: Waiting, step: Handoff) -> None:
    """The contact has texted: they wait, from now on if they did not wait before."""
    turn.trace(session, step, "person", f"it goes to a person: {step.queue}")
    if waiting.since is None and waiting.handoff is not None:
        waiting.since = turn.now
        turn.effects.append(HandoffMoved(waiting.handoff, turn.now))
        _limit(turn, session, waiting, step)


def text_of_person(
    turn: Turn, session: Session, waiting: Waiting, step: Handoff, text: str, by: str
) -> SendText:
    """Send what the person wrote; the contact has their answer.

    It is no text of the flow, so it does not count for the limits of a session.
    """
    flow, rules = turn.flow_of(session), policy.Rules(turn.world.project)
    own = (flow.quiet.start, flow.quiet.end) if flow.quiet else None
    window = rules.window(turn.now, KIND, turn.contact, own=own)
    plan = turn.plan(session, Delivery(), window.opens, waits=False, question=False)
    effect = SendText(
        message=turn.new_id(),
        session=session.id,
        flow=flow.name,
        step=None,
        text=text,
        masked=None,
        kind=KIND,
        plan=replace(plan, quiet=own),
        due=window.opens,
        closes=window.closes,
        expires=plan.give_up_at,
    )
    turn.effects.append(effect)
    turn.trace(session, step, "agent", f"{by}: {text}" if by else text)
    if waiting.since is not None and waiting.handoff is not None:
        waiting.since = None
        turn.effects.append(HandoffMoved(waiting.handoff, None))
        _call_off_timeout(turn, session, waiting)
    return effect


def _call_off_timeout(turn: Turn, session: Session, waiting: Waiting) -> None:
    """Timers of the serial so far are stale now; those that still count are set anew."""
    if waiting.due.pop("timeout", None) is not None:
        session.serial += 1
        waiting.serial = session.serial
        for name, due in list(waiting.due.items()):
            turn.timer(session, waiting, name, due)


def shut(turn: Turn, waiting: Waiting, reason: str, by: str | None = None) -> None:
    """Nobody holds the conversation any longer by this handoff, if it was open."""
    if waiting.handoff is not None:
        turn.effects.append(HandoffClosed(waiting.handoff, by, reason))
        waiting.handoff = None
