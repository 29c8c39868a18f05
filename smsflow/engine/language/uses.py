"""Which names each part of a step uses, and where they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

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


Slot = Literal["text", "condition", "value", "head"]  # head: of the flow, where no step has begun


@dataclass(frozen=True, slots=True)
class Use:
    needed: needs.Needs
    place: Place
    slot: Slot
    source: str
    extra: Names = _NOTHING

    @classmethod
    def of(
        cls, used: Template | Expression, extra: Names = _NOTHING, *, slot: Slot = "condition"
    ) -> Use:
        """Of a text, or of an expression whose truth is asked."""
        if isinstance(used, Template):
            return cls(needs.of_text(used.source), used.place, "text", used.source, extra)
        return cls(needs.of_condition(used.source), used.place, slot, used.source, extra)

    @classmethod
    def strict(cls, used: Expression, *, slot: Slot = "value") -> Use:
        """Of an expression whose value has to be there."""
        return cls(needs.strict_expression(used.source), used.place, slot, used.source)


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
                yield Use.strict(step.to)
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
                yield Use.strict(step.contact)
        case If():
            yield Use.of(step.condition)
        case Switch():
            yield Use.of(step.subject, slot="value")
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
            yield Use.strict(each)


def _of_errand(step: Reaching) -> Iterator[Use]:
    if isinstance(step, Call):
        for part in step.request.parts:
            if isinstance(part, Expression):
                braced = f"{{{{ {part.source} }}}}"
                yield replace(Use.strict(part, slot="text"), source=braced)
        if step.where is not None:
            yield Use.of(step.where, _ANSWER)
    if isinstance(step, Lookup):
        yield Use.strict(step.phone)


def in_moment(moment: Moment | None) -> Iterator[Use]:
    if moment is not None and moment.until is not None:
        yield Use.strict(moment.until)


def in_happening(happening: Happening | None) -> Iterator[Use]:
    if happening is not None and happening.where is not None:
        yield Use.of(happening.where)


def expressions_in(values: Mapping[str, Value]) -> Iterator[Expression]:
    """All expressions in values by name."""
    return (each for value in values.values() for each in value.expressions())


def of_value(expression: Expression) -> Use:
    """Of an expression whose value is assigned or handed on."""
    source = expression.source
    return Use(needs.of_value(source), expression.place, "value", source)


def in_text(text: Text | None, extra: Names = _NOTHING) -> Iterator[Use]:
    for template in text.variants.values() if text else ():
        yield Use.of(template, extra)
