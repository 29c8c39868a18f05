"""What becomes of a text that meets an open question: an answer, a skip, or asked again."""

from __future__ import annotations

from smsflow.engine import running, understanding
from smsflow.engine.hiding import MASKED
from smsflow.engine.model import Ask
from smsflow.engine.questions import expect_answer_to
from smsflow.engine.state import Session, Waiting
from smsflow.engine.turn import Turn
from smsflow.engine.verbs.texts import repeat
from smsflow.engine.words.replies import Invalid, Parsed


def accept(
    turn: Turn, session: Session, waiting: Waiting, step: Ask, parsed: Parsed, text: str
) -> None:
    """Keep the answer and go its way."""
    tries = waiting.tries + 1
    way = understanding.keep(turn, session, step, parsed, text, tries=tries, what="reply")
    running.outcome(turn, session, step, way)


def skip(turn: Turn, session: Session, step: Ask) -> None:
    """Go on without an answer: it is the default, or unset."""
    turn.trace(session, step, "skip", "a skip word", way="on_skip")
    _take_default(turn, session, step)
    session.asked.append(step.id)
    running.outcome(turn, session, step, "on_skip")


def ask_previous(turn: Turn, session: Session, waiting: Waiting) -> None:
    """Forget the last answer of the session and ask for it again; the open question if none."""
    flow = turn.flow_of(session)
    step = flow.steps.get(session.asked.pop()) if session.asked else None
    if not isinstance(step, Ask):
        repeat(turn, session, waiting)
        return
    session.answers.pop(step.save or step.id, None)
    if step.save is not None:
        session.variables.pop(step.save, None)
        if step.save in flow.variables:
            session.variables[step.save] = flow.variables[step.save]
    running.leave(turn, session, step.id)


def _take_default(turn: Turn, session: Session, step: Ask) -> None:
    if step.save is not None:
        value = step.default
        session.variables[step.save] = None if value is None else turn.value(session, value)


def refuse(turn: Turn, session: Session, waiting: Waiting, step: Ask, invalid: Invalid) -> None:
    """Ask again while there are tries left, else go the way of `on_invalid`."""
    waiting.tries += 1
    given_up = waiting.tries > step.retry.times
    why_not = MASKED if step.sensitive else invalid.reason
    turn.trace(session, step, "invalid", why_not, way="on_invalid" if given_up else None)
    if given_up:
        _take_default(turn, session, step)
        otherwise = "invalid" if step.default is None else None
        running.outcome(turn, session, step, "on_invalid", otherwise=otherwise)
        return
    why = step.invalid if invalid.reason == understanding.REFUSED else None
    slot = why or step.retry.text or step.invalid or step.text
    waits = step.follows_delivery
    text = turn.render(session, slot)
    sent = turn.say(session, step, text, at=step, slot=slot, waits=waits, question=True)
    expect_answer_to(turn, waiting, sent)
