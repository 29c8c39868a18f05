"""Names that may be unset where a text or a condition needs them, found over the graph of steps.

A name is set at a step when every way to that step sets it. The same walk that the engine does at
run time is done here once for all ways at the same time, so that "the person skipped the question"
is found at a desk and not by that person.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from smsflow.engine.language import needs, unset
from smsflow.engine.language.flows import FlowReading
from smsflow.engine.language.graph_checks import successors
from smsflow.engine.language.parts import check_parts
from smsflow.engine.language.reading import Context
from smsflow.engine.language.triggers import ReadTrigger
from smsflow.engine.language.uses import (
    Use,
    asked_in,
    expressions_in,
    in_happening,
    in_moment,
    in_text,
    of_value,
    uses_of,
)
from smsflow.engine.model import (
    Action,
    AnyStep,
    Anytime,
    Ask,
    Call,
    End,
    Expression,
    Flow,
    If,
    Lookup,
    Resume,
    Run,
    Send,
    Set,
    Switch,
    Text,
    Wait,
)
from smsflow.engine.templating.methods import FUNCTIONS
from smsflow.engine.templating.templates import compile_expression

Names = frozenset[str]
_TRIGGERED: Names = frozenset({"contact", "message", "trigger", "now", "today"}) | frozenset(
    FUNCTIONS
)
_OF_PROJECT: Names = frozenset({"contact", "project"}) | frozenset(FUNCTIONS)
_OF_CONTACTS = frozenset({"phone", "language", "timezone", "groups", "subscribed"})
_BY_TEXT = frozenset({"keyword", "pattern", "catch_all"})


def check_variables(reading: FlowReading) -> None:
    """Note names that may be unset where they are needed, and undeclared fields of contacts."""
    flow = reading.flow
    if flow is None:
        return
    start = _at_start(reading, flow)
    known = _known_at(flow, start)
    somewhere = unset.ALWAYS | unset.own_names(flow).union(
        *(each.groups for each in reading.triggers)
    )
    for handler in flow.anytime:
        if handler.happening is not None and handler.happening.where is not None:
            _check_asked(reading.ctx, flow, handler.happening.where, somewhere)
    for step in flow.steps.values():
        for expression, extra in asked_in(step):
            _check_asked(reading.ctx, flow, expression, somewhere | extra)
    for step in flow.steps.values():
        if step.id in known:
            _check_step(reading, flow, step, known[step.id])
    if flow.key is not None:
        _check(reading, flow, Use.strict(flow.key, slot="head"), start)
    for handler in flow.anytime:
        names = start if handler.kind == "deadline" else _everywhere(known, start)
        for use in in_moment(handler.deadline):
            _check(reading, flow, replace(use, slot="head"), names)
        for use in in_happening(handler.happening):
            _check(reading, flow, use, names)
    for whose in filter(None, map(_addressed, (*flow.anytime, *flow.steps.values()))):
        # Whom an event concerns is asked before anybody's session is known.
        known_before = frozenset({"event", "now", "today"}) | frozenset(FUNCTIONS)
        _check(reading, flow, Use.strict(whose, slot="head"), known_before)
    for each in reading.triggers:
        _check_trigger(reading, flow, each)


def _addressed(listening: Anytime | AnyStep) -> Expression | None:
    happening = listening.happening if isinstance(listening, Anytime | Wait) else None
    return happening.contact if happening is not None else None


def _check_trigger(reading: FlowReading, flow: Flow, each: ReadTrigger) -> None:
    """What the conditions and inputs of a trigger may read depends on what it listens to."""
    trigger = each.trigger
    people = contact_names(reading.ctx)
    names = _TRIGGERED | each.groups | people
    match trigger.kind:
        case "event" | "outcome":
            names = _TRIGGERED - {"message", "trigger"} | people | {"event"}
        case "delivery":
            names = _TRIGGERED - {"trigger"} | people
        case "schedule" | "api" | "broadcast":
            names = _TRIGGERED - {"message", "trigger"} | people
        case _:
            pass
    audience = trigger.schedule.where if trigger.schedule else None
    for condition in (trigger.when, trigger.where, audience):
        if condition is not None:
            _check(reading, flow, Use.of(condition, slot="head"), names)
            _check_asked(reading.ctx, flow, condition, names | {"contact"})
    if trigger.contact is not None:
        _check(reading, flow, Use.strict(trigger.contact, slot="head"), names - {"contact"})
    for expression in expressions_in(trigger.inputs):
        _check(reading, flow, replace(of_value(expression), slot="head"), names)
        _check_asked(reading.ctx, flow, expression, names | {"contact"})


def _at_start(reading: FlowReading, flow: Flow) -> Names:
    """The names that every way of starting the flow brings."""
    always = {name for name, value in flow.variables.items() if value is not None}
    always |= {each.name for each in flow.inputs if each.default is not None}
    required = {each.name for each in flow.inputs if each.required}
    brought = [
        set(each.groups) if each.trigger.kind in _BY_TEXT else required for each in reading.triggers
    ] or [required]
    return unset.ALWAYS | always | set.intersection(*brought) | contact_names(reading.ctx)


def contact_names(ctx: Context) -> Names:
    """The fields that every contact has, and those that have a default."""
    declared = ctx.fields or {}
    known = [name for name, each in declared.items() if each.default is not None]
    return frozenset(f"contact.{name}" for name in (*_OF_CONTACTS, *known))


def check_project_texts(ctx: Context, texts: Iterable[Text], extra: Names = frozenset()) -> None:
    """Note names that are not there in texts that belong to no flow; `extra`: what they know."""
    known = _OF_PROJECT | contact_names(ctx) | extra
    for use in (use for text in texts for use in in_text(text)):
        for name in sorted(use.needed.names - known):
            place = unset.place_of(ctx, use.place, name)
            if name.startswith("contact."):
                unset.tell_field(ctx, place, name, use)
            else:
                hint = "this text belongs to no flow; it knows contact and project"
                ctx.issue(place, "F402", f"'{name}' is not set here", hint)


def _known_at(flow: Flow, start: Names) -> dict[str, Names]:
    """By step id, the names that are set on every way there; unreachable steps are absent."""
    known: dict[str, Names] = {flow.start: start}
    _spread(flow, known, [flow.start])
    handlers = flow.entries[1:]
    # A handler may break in wherever the session waits.
    known |= dict.fromkeys(handlers, _everywhere(known, start))
    _spread(flow, known, handlers)
    return known


def _everywhere(known: Mapping[str, Names], start: Names) -> Names:
    """The names that are set at every step."""
    return start.intersection(*known.values())


def _spread(flow: Flow, known: dict[str, Names], begun: Iterable[str]) -> None:
    waiting = deque(begun)
    while waiting:
        position = waiting.popleft()
        following = set(successors(flow.steps[position]))
        for target, names in _ways(flow.steps[position], known[position]):
            if target is None or target not in following:
                continue
            merged = names & known[target] if target in known else names
            if known.get(target) != merged:
                known[target] = merged
                waiting.append(target)


def _ways(step: AnyStep, names: Names) -> Iterator[tuple[str | None, Names]]:
    """Where a step can lead, with the names that are set on that way."""
    if step.when is not None:
        proven = needs.of_condition(step.when.source)
        yield step.next, names | proven.if_false
        names |= proven.if_true
    if "on_error" in step.outcomes:
        yield step.outcomes["on_error"], names
    match step:
        case Ask(save=str(save)):
            yield from _ways_of_ask(step, save, names)
        case Run(save=str(save)) | Send(save=str(save)):
            yield from ((target, names | {save}) for target in step.outcomes.values())
            yield step.next, names | {save}
        case Wait(save=str(save)):
            yield from ((target, names) for target in step.outcomes.values())
            yield step.next, names | {save}
            if step.timeout is not None and "on_timeout" not in step.outcomes:
                yield step.next, names - {save}
        case If():
            proven = needs.of_condition(step.condition.source)
            yield step.outcomes.get("then", step.next), names | proven.if_true
            yield step.outcomes.get("else", step.next), names | proven.if_false
        case Set():
            yield step.next, _after_set(step, names)
        case Call(save=str(save)) | Action(save=str(save)) | Lookup(save=str(save)):
            yield from ((target, names) for target in step.outcomes.values())
            yield step.next, names | {save}
        case End() | Resume():
            return
        case Switch():
            yield from ((target, names) for target in step.outcomes.values())
            yield step.outcomes.get("else", step.next), names
        case _:
            yield from ((target, names) for target in step.outcomes.values())
            yield step.next, names


def _ways_of_ask(step: Ask, save: str, names: Names) -> Iterator[tuple[str | None, Names]]:
    """An answer sets the name; without one, skipped or unclear, it is the default or nothing."""
    for name, target in step.outcomes.items():
        empty = name in ("on_skip", "on_invalid")
        answered = name.startswith("then.") or (empty and step.default is not None)
        yield target, names | {save} if answered else names - {save} if empty else names
    yield step.next, names | {save}
    if step.skip and "on_skip" not in step.outcomes and step.default is None:
        yield step.next, names - {save}


def _after_set(step: Set, names: Names) -> Names:
    for target, value in step.assignments:
        if value.expression is not None:
            source = value.expression.source
            may_be_null = needs.strict_expression(source).names - needs.of_value(source).names
            # What is known of contacts grows; that a text needs it is told where it is read.
            empty = any(not each.startswith("contact.") for each in may_be_null - names)
        else:
            empty = value.literal is None and value.parts is None
        names = names - {target} if empty else names | {target}
    return names


# --- what a step uses -----------------------------------------------------------------------------


def _check_step(reading: FlowReading, flow: Flow, step: AnyStep, names: Names) -> None:
    if step.when is not None:
        _check(reading, flow, Use.of(step.when), names)
        names |= needs.of_condition(step.when.source).if_true
    for use in uses_of(step):
        _check(reading, flow, use, names)
    if isinstance(step, Set):
        _check_assignments(reading, flow, step, names)


def _check_assignments(reading: FlowReading, flow: Flow, step: Set, names: Names) -> None:
    """Each assignment may use what those before it have set."""
    for target, value in step.assignments:
        for expression in value.expressions():
            _check(reading, flow, of_value(expression), names)
        names = _after_set(Set(id="", place=step.place, assignments=((target, value),)), names)


def _check_asked(ctx: Context, flow: Flow, condition: Expression, somewhere: Names) -> None:
    """Note names that no way sets and that are not needed, which `_check` tells."""
    needed = needs.of_condition(condition.source).names
    for name in sorted(compile_expression(condition.source, None).names - needed - somewhere):
        place = unset.place_of(ctx, condition.place, name)
        hint = unset.cure(flow, name, Use.of(condition), somewhere)
        ctx.issue(place, "F402", f"'{name}' may be unset: nothing sets it", hint)


# --- what is said about it ------------------------------------------------------------------------


def _check(reading: FlowReading, flow: Flow, use: Use, names: Names) -> None:
    ctx = reading.ctx
    check_parts(ctx, flow, use)
    for name in sorted(use.needed.names - names - use.extra):
        place = unset.place_of(ctx, use.place, name)
        if name.startswith("contact."):
            unset.tell_field(ctx, place, name, use)
        else:
            message = f"'{name}' may be unset: {unset.why(flow, name)}"
            ctx.issue(place, "F402", message, unset.cure(flow, name, use, names))
