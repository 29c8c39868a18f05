"""What becomes of a text that meets an open question: an answer, a skip, or asked again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from smsflow.engine import running
from smsflow.engine.model import Ask, Value
from smsflow.engine.questions import expect_answer_to
from smsflow.engine.state import Session, Waiting, encode
from smsflow.engine.turn import FlowFailed, Turn
from smsflow.engine.verbs.texts import repeat
from smsflow.engine.words.answers import AnswerContext, AnswerTypeError, bound_of, label_of
from smsflow.engine.words.replies import Invalid, Parsed, parse
from smsflow.sms.numbers import country_of


def read(turn: Turn, session: Session, step: Ask, text: str) -> Parsed | Invalid:
    """What the text says as an answer to this question."""
    spec = step.answer
    if step.minimum is not None:
        spec = replace(spec, minimum=_bound(turn, session, step, step.minimum))
    if step.maximum is not None:
        spec = replace(spec, maximum=_bound(turn, session, step, step.maximum))
    try:
        parsed = parse(text, spec, _context(turn, session))
        if isinstance(parsed, Parsed):
            encode(parsed.value)  # of a registered type it can be anything
    except (AnswerTypeError, TypeError) as error:
        raise FlowFailed("action", str(error), step.place) from error
    if isinstance(parsed, Invalid) or step.valid is None:
        return parsed
    if turn.holds(session, step.valid, {"value": parsed.value}):
        return parsed
    return Invalid("'valid' is false")


def _context(turn: Turn, session: Session) -> AnswerContext:
    """What reading an answer may know of the person."""
    return AnswerContext(
        language=session.language,
        today=turn.now.astimezone(ZoneInfo(turn.zone)).date(),
        zone=turn.zone,
        country=country_of(turn.contact.phone),
        types=turn.world.extension.answer_types,
    )


def _bound(turn: Turn, session: Session, step: Ask, value: Value) -> Any:
    bound = turn.value(session, value)
    try:
        return bound_of(bound, step.answer.type)
    except ValueError as error:
        message = f"a bound of the answer can't be {bound!r}: it {error}"
        raise FlowFailed("template", message, step.place) from error


def accept(
    turn: Turn, session: Session, waiting: Waiting, step: Ask, parsed: Parsed, text: str
) -> None:
    """Keep the answer and go its way."""
    turn.trace(session, step, "reply", f"{label_of(parsed.value)} ({parsed.how})")
    name = step.save or step.id
    session.answers[name] = {
        "raw": text,
        "tries": waiting.tries + 1,
        "at": turn.now,
        "label": label_of(parsed.value),
    }
    if step.save is not None:
        session.variables[step.save] = parsed.value
    session.asked.append(step.id)
    running.outcome(turn, session, step, f"then.{_way(parsed.value)}")


def _way(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return label_of(value)


def skip(turn: Turn, session: Session, step: Ask) -> None:
    """Go on without an answer: it is the default, or unset."""
    turn.trace(session, step, "skip", "a skip word")
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
    turn.trace(session, step, "invalid", invalid.reason)
    if waiting.tries > step.retry.times:
        _take_default(turn, session, step)
        otherwise = "invalid" if step.default is None else None
        running.outcome(turn, session, step, "on_invalid", otherwise=otherwise)
        return
    why = step.invalid if invalid.reason == "'valid' is false" else None
    slot = why or step.retry.text or step.invalid or step.text
    waits = step.follows_delivery
    text = turn.render(session, slot)
    sent = turn.say(session, step, text, at=step, slot=slot, waits=waits, question=True)
    expect_answer_to(turn, waiting, sent)
