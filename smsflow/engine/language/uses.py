"""Which names each part of a step uses, and where they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from smsflow.engine.language import needs
from smsflow.engine.model import (
    Action,
    AnyStep,
    Ask,
    Call,
    Emit,
    End,
    Expression,
    Handoff,
    Happening,
    If,
    Log,
    Lookup,
    Moment,
    Otp,
    Reaching,
    Run,
    Send,
    Set,
    Speaking,
    Start,
    Switch,
    Template,
    Text,
    Value,
    Wait,
)
from smsflow.errors import Place

Names = frozenset[str]
_OTP_NAMES: Names = frozenset({"code", "attempts_left"})
_VALUE: Names = frozenset({"value"})
_ANSWER: Names = frozenset({"body", "status"})
_NOTHING: Names = frozenset()


@dataclass(frozen=True, slots=True)
class Use:
    needed: needs.Needs
    place: Place
    extra: Names = _NOTHING

    @classmethod
    def of(cls, used: Template | Expression, extra: Names = _NOTHING) -> Use:
        if isinstance(used, Template):
            return cls(needs.of_text(used.source), used.place, extra)
        return cls(needs.of_condition(used.source), used.place, extra)


def uses_of(step: AnyStep) -> Iterator[Use]:
    match step:
        case Ask():
            yield from _of_ask(step)
        case Otp():
            yield from in_text(step.delivery.fallback)
            yield from in_text(step.text, _OTP_NAMES)
            yield from in_text(step.wrong, _OTP_NAMES)
        case Send():
            yield from in_text(step.text)
            yield from in_text(step.delivery.fallback)
            if step.to is not None:
                yield Use(needs.strict_expression(step.to.source), step.to.place)
            yield from in_moment(step.send_at)
        case End():
            yield from in_text(step.text)
        case Wait():
            yield from in_moment(step.moment)
            yield from in_happening(step.happening)
        case Log():
            yield from in_text(step.text)
        case Handoff():
            yield from in_text(step.text)
            yield from in_text(step.note)
        case Start():
            yield from in_moment(step.at)
            if step.contact is not None:
                yield Use(needs.strict_expression(step.contact.source), step.contact.place)
        case If():
            yield Use.of(step.condition)
        case Switch():
            yield Use.of(step.subject)
        case Call() | Action() | Lookup():
            yield from _of_errand(step)
    if not isinstance(step, Set):  # whose values may use one another
        yield from map(of_value, values_of(step))


def values_of(step: AnyStep) -> Iterator[Expression]:
    """The expressions in value slots: a bare name there may be unset, and is null."""
    match step:
        case Set():
            yield from expressions_in(dict(step.assignments))
        case Speaking() if step.delivery.callback is not None:
            yield from step.delivery.callback.expressions()
        case Run() | Start():
            yield from expressions_in(step.inputs)
        case Emit():
            yield from expressions_in(step.data)
        case Call():
            for data in (step.json, step.form, step.query, step.headers):
                yield from expressions_in(data or {})
        case Action():
            yield from expressions_in(step.arguments)


def asked_in(step: AnyStep) -> Iterator[tuple[Expression, Names]]:
    """The expressions where a name may be unset on some ways, though not on all, with the names
    that only they know."""
    if step.when is not None:
        yield step.when, _NOTHING
    match step:
        case If():
            yield step.condition, _NOTHING
        case Switch():
            yield step.subject, _NOTHING
        case Ask(valid=Expression() as valid):
            yield valid, _VALUE
        case Call(where=Expression() as where):
            yield where, _ANSWER
        case Wait(happening=Happening(where=Expression() as where)):
            yield where, _NOTHING
    for each in values_of(step):
        yield each, _NOTHING


def _of_ask(step: Ask) -> Iterator[Use]:
    yield from in_text(step.delivery.fallback)
    yield from in_text(step.text)
    yield from in_text(step.invalid)
    yield from in_text(step.retry.text)
    yield from in_text(step.nudge.text if step.nudge else None)
    if step.valid is not None:
        yield Use.of(step.valid, _VALUE)
    for bound in (step.default, step.minimum, step.maximum):
        for each in bound.expressions() if bound is not None else ():
            yield Use(needs.strict_expression(each.source), each.place)


def _of_errand(step: Reaching) -> Iterator[Use]:
    if isinstance(step, Call):
        for part in step.request.parts:
            if isinstance(part, Expression):
                yield Use(needs.strict_expression(part.source), part.place)
        if step.where is not None:
            yield Use.of(step.where, _ANSWER)
    if isinstance(step, Lookup):
        yield Use(needs.strict_expression(step.phone.source), step.phone.place)


def in_moment(moment: Moment | None) -> Iterator[Use]:
    if moment is not None and moment.until is not None:
        yield Use(needs.strict_expression(moment.until.source), moment.until.place)


def in_happening(happening: Happening | None) -> Iterator[Use]:
    if happening is not None and happening.where is not None:
        yield Use.of(happening.where)


def expressions_in(values: Mapping[str, Value]) -> Iterator[Expression]:
    """All expressions in values by name."""
    return (each for value in values.values() for each in value.expressions())


def of_value(expression: Expression) -> Use:
    return Use(needs.of_value(expression.source), expression.place)


def in_text(text: Text | None, extra: Names = _NOTHING) -> Iterator[Use]:
    for template in text.variants.values() if text else ():
        yield Use.of(template, extra)
