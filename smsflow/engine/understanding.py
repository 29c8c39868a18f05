"""What a text says as the answer to a question of a flow, and how an answer is kept.

The question's bounds, `valid` and language are those of the session, so this stands between the
words (`words.replies`) and the verbs that ask.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from smsflow.engine.hiding import MASKED
from smsflow.engine.model import Ask, Value
from smsflow.engine.state import Session, encode
from smsflow.engine.turn import FlowFailed, Turn
from smsflow.engine.words.answers import (
    AnswerContext,
    AnswerSpec,
    AnswerTypeError,
    bound_of,
    label_of,
)
from smsflow.engine.words.replies import Invalid, Parsed, parse
from smsflow.sms.numbers import country_of

REFUSED = "'valid' is false"


def read(
    turn: Turn, session: Session, step: Ask, text: str, said_at: datetime | None = None
) -> Parsed | Invalid:
    """What the text says as an answer to this question; `said_at`: when, if it was not now.

    Raises FlowFailed for a bound that is none, and for a registered type that fails.
    """
    spec = bounded(turn, session, step)
    try:
        parsed = parse(text, spec, context(turn, session, said_at or turn.now))
        if isinstance(parsed, Parsed):
            encode(parsed.value)  # of a registered type it can be anything
    except (AnswerTypeError, TypeError) as error:
        # What the type says may quote the text.
        message = f"type {spec.type!r} failed" if step.sensitive else str(error)
        raise FlowFailed("action", message, step.place) from error
    if isinstance(parsed, Invalid) or step.valid is None:
        return parsed
    if turn.holds(session, step.valid, {"value": parsed.value}):
        return parsed
    return Invalid(REFUSED)


def bounded(turn: Turn, session: Session, step: Ask) -> AnswerSpec:
    """What the question takes, with bounds that are expressions worked out."""
    spec = step.answer
    if step.minimum is not None:
        spec = replace(spec, minimum=_bound(turn, session, step, step.minimum))
    if step.maximum is not None:
        spec = replace(spec, maximum=_bound(turn, session, step, step.maximum))
    return spec


def context(turn: Turn, session: Session, at: datetime) -> AnswerContext:
    """What reading an answer that came at that time may know of the person."""
    zone = turn.zone
    return AnswerContext(
        language=session.language,
        today=at.astimezone(ZoneInfo(zone)).date(),
        zone=zone,
        country=country_of(turn.contact.phone),
        types=turn.world.extension.answer_types,
    )


def _bound(turn: Turn, session: Session, step: Ask, value: Value) -> Any:
    bound = turn.needed_value(session, value)
    try:
        return bound_of(bound, step.answer.type)
    except ValueError as error:
        message = f"a bound of the answer can't be {bound!r}: it {error}"
        raise FlowFailed("template", message, step.place) from error


def keep(
    turn: Turn, session: Session, step: Ask, parsed: Parsed, text: str, *, tries: int, what: str
) -> str:
    """Keep an answer, with a line for the trace (`what`); the outcome of the step that it is."""
    label = label_of(parsed.value)
    way = f"then.{_way(parsed.value)}"
    told = MASKED if step.sensitive else f"{label} ({parsed.how})"
    turn.trace(session, step, what, told, way=way)
    session.answers[step.save or step.id] = {
        "raw": text,
        "tries": tries,
        "at": turn.now,
        "label": label,
    }
    if step.save is not None:
        session.variables[step.save] = parsed.value
    session.asked.append(step.id)
    return way


def _way(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return label_of(value)
