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
    Delivery,
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
            yield from _of_delivery(step.delivery)
            yield from in_text(step.text, _OTP_NAMES)
            yield from in_text(step.wrong, _OTP_NAMES)
        case Send():
            yield from in_text(step.text)
            yield from _of_delivery(step.delivery)
            if step.to is not None:
                yield Use(needs.strict_expression(step.to.source), step.to.place)
            yield from in_moment(step.send_at)
        case End():
            yield from in_text(step.text)
        case Wait():
            yield from in_moment(step.moment)
            yield from in_happening(step.happening)
        case Run():
            yield from (of_value(each) for each in expressions_in(step.inputs))
        case Log():
            yield from in_text(step.text)
        case Handoff():
            yield from in_text(step.text)
            yield from in_text(step.note)
        case Start():
            yield from (of_value(each) for each in expressions_in(step.inputs))
            yield from in_moment(step.at)
            if step.contact is not None:
                yield Use(needs.strict_expression(step.contact.source), step.contact.place)
        case Emit():
            yield from (of_value(each) for each in expressions_in(step.data))
        case If():
            yield Use.of(step.condition)
        case Switch():
            yield Use.of(step.subject)
        case Call() | Action() | Lookup():
            yield from _of_errand(step)


def _of_delivery(delivery: Delivery) -> Iterator[Use]:
    yield from in_text(delivery.fallback)
    if delivery.callback is not None:
        yield from (of_value(each) for each in delivery.callback.expressions())


def _of_ask(step: Ask) -> Iterator[Use]:
    value = frozenset({"value"})
    yield from _of_delivery(step.delivery)
    yield from in_text(step.text)
    yield from in_text(step.invalid)
    yield from in_text(step.retry.text)
    yield from in_text(step.nudge.text if step.nudge else None)
    if step.valid is not None:
        yield Use.of(step.valid, value)
    for bound in (step.default, step.minimum, step.maximum):
        yield from map(of_value, bound.expressions() if bound is not None else ())


def _of_errand(step: Reaching) -> Iterator[Use]:
    if isinstance(step, Call):
        for part in step.request.parts:
            if isinstance(part, Expression):
                yield Use(needs.strict_expression(part.source), part.place)
        if step.where is not None:
            yield Use.of(step.where, frozenset({"body", "status"}))
    if isinstance(step, Lookup):
        yield Use(needs.strict_expression(step.phone.source), step.phone.place)
    yield from map(of_value, sent(step))


def sent(step: Reaching) -> Iterator[Expression]:
    """The expressions in what a step sends: a bare name there may be unset, and is null."""
    if isinstance(step, Call):
        for data in (step.json, step.form, step.query, step.headers):
            yield from expressions_in(data or {})
    elif isinstance(step, Action):
        yield from expressions_in(step.arguments)


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
