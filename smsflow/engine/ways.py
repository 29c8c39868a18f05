"""The ways in which a step can end, those among them that its author did not write.

Their names are those of `Step.outcomes`, where an author may lead them somewhere. A few more are
nobody's to lead: that a `when` is false, a reminder, a new code, an event that came.
"""

from __future__ import annotations

from collections.abc import Iterator

from smsflow.engine.model import AnyStep, Ask, End, Handoff, If, Otp, Resume, Switch, Wait
from smsflow.engine.words.answers import AnswerSpec

SKIPPED = "when"  # it was passed over
ANSWERED = "then"  # an answer, or the right code; then.<answer> where each is a way of its own
NUDGED = "nudge"
RESENT = "resend"
CAME = "event"
REWORDED = "fallback"  # its text went out in other words


def ways_of(step: AnyStep) -> list[str]:
    """Every way in which the step can end, each once."""
    found = [*_of_verb(step), *step.outcomes]
    if step.when is not None:
        found.append(SKIPPED)
    return list(dict.fromkeys(found))


def goes_on(step: AnyStep) -> bool:
    """True when a way in which the step can end leads to the step after it.

    A `run` may always: how the other flow can end, its own file says.
    """
    if step.when is not None:
        return True
    on: Iterator[str]
    match step:
        case End() | Resume():
            return False
        case Ask():
            on = (each for each in _of_question(step) if _is_passed(step, each))
        case If() | Switch() | Handoff():
            on = _of_verb(step)
        case _:
            return True
    return any(way not in step.outcomes for way in on)


def _is_passed(step: Ask, way: str) -> bool:
    """True for an answer or what stands for one: left open, it leads to the next step."""
    if way == "on_invalid":
        return step.default is not None
    return way not in (NUDGED, "on_timeout")


def _of_verb(step: AnyStep) -> Iterator[str]:
    match step:
        case Ask():
            yield from _of_question(step)
        case Otp():
            yield from (ANSWERED, "on_expired", "on_locked")
            if step.resend is not None:
                yield RESENT
        case If():
            yield from ("then", "else")
        case Switch():
            yield from (name for name in step.outcomes if name.startswith("case."))
            yield "else"
        case Wait() if step.happening is not None:
            yield CAME
            if step.timeout is not None:
                yield "on_timeout"
        case Handoff():
            yield "on_closed"
            if step.timeout is not None:
                yield "on_timeout"


def _of_question(step: Ask) -> Iterator[str]:
    yield from (f"then.{each}" for each in known_answers(step))
    if not known_answers(step):
        yield ANSWERED
    if can_be_unclear(step):
        yield "on_invalid"
    if step.skip:
        yield "on_skip"
    if step.nudge is not None:
        yield NUDGED
    if step.timeout is not None:
        yield "on_timeout"


def known_answers(step: Ask) -> list[str]:
    """The answers of which each can have a way of its own; [] when there is no end of them."""
    known = {"choice": [each.key for each in step.answer.choices], "yesno": ["yes", "no"]}
    return known.get(step.answer.type, [])


def can_be_unclear(step: Ask) -> bool:
    """False for a question that any text answers."""
    bounded = step.minimum is not None or step.maximum is not None
    return bounded or step.answer != AnswerSpec() or step.valid is not None
