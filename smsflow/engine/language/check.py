"""What can only be checked once a flow is whole: its variables, its graph, its texts, its peers.

The order is that of the codes. Nothing here stops at the first mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from smsflow.engine.language.case_checks import check_cases
from smsflow.engine.language.flows import FlowReading
from smsflow.engine.language.graph_checks import check_graph
from smsflow.engine.language.migrations import check_moves
from smsflow.engine.language.reading import Context, listed, suggest
from smsflow.engine.language.sms_checks import check_texts
from smsflow.engine.language.subflow_checks import check_runs
from smsflow.engine.language.time_checks import check_times
from smsflow.engine.language.variables import check_variables
from smsflow.engine.model import (
    Ask,
    End,
    Flow,
    Handoff,
    Otp,
    Run,
    Send,
    Speaking,
    Start,
    Subscribe,
    Text,
)
from smsflow.engine.words.folding import fold
from smsflow.errors import Issue, Place
from smsflow.sms.options import NO_OPTIONS, Options

_GIVES_INPUTS = frozenset({"event", "schedule", "delivery", "outcome"})  # or has to


def check_flow(reading: FlowReading) -> None:
    """Note everything that is wrong inside one flow."""
    check_variables(reading)
    check_graph(reading)
    if reading.flow is not None:
        check_cases(reading)
        check_times(reading, reading.flow)
        check_moves(reading.ctx, reading.flow, reading.migrations)
        _check_triggers(reading, reading.flow)
        steps = reading.flow.steps.values()
        texts = ((text, _options(step)) for step in steps for text in _texts(step))
        check_texts(reading.ctx, texts)
        if reading.flow.kind == "marketing":
            _check_marketing(reading.ctx, reading.flow)


def _check_marketing(ctx: Context, flow: Flow) -> None:
    """Note marketing to people who did not agree to it, and in their quiet hours."""
    for step in flow.steps.values():
        if isinstance(step, Send) and step.to is not None:
            message = "marketing goes to the contact who subscribed, and to nobody else"
            hint = "leave 'to' out, or send it from a flow of another kind"
            ctx.issue(step.to.place, "F702", message, hint)
        if isinstance(step, Speaking) and step.delivery.quiet == "ignore":
            message = "marketing never leaves in quiet hours"
            ctx.issue(step.place, "F702", message, "leave 'quiet: ignore' out")


def _options(step: object) -> Options:
    """How the texts of a step are sent, as far as that is known before."""
    if not isinstance(step, Speaking):
        return NO_OPTIONS
    delivery = step.delivery
    return replace(delivery.options, tracking=delivery.track)


def _check_triggers(reading: FlowReading, flow: Flow) -> None:
    """Note `fills` of no question, and consent by a word that nobody wrote."""
    names = {step.save for step in flow.steps.values() if isinstance(step, Ask) and step.save}
    subscribes = any(isinstance(step, Subscribe) for step in flow.steps.values())
    for each in reading.triggers:
        for node in each.fills:
            if node.text not in names:
                there = f"its questions save: {listed(sorted(names)) or 'nothing'}"
                message = f"no question of this flow has `save: {node.text}`"
                reading.ctx.issue(node.place, "F319", message, suggest(node.text, names, there))
        if subscribes and each.trigger.fuzzy != "off":
            message = "this flow puts people on a list, and its keyword may be mistyped"
            hint = "consent should be exact: write fuzzy: off here, or ask before `subscribe`"
            place = each.trigger.place
            reading.ctx.issue(place, "F703", message, hint, "warning")


def _texts(step: object) -> Iterator[Text]:
    found: list[Text | None] = []
    if isinstance(step, Speaking):
        found += [step.text, step.delivery.fallback]
    match step:
        case Ask():
            found += [step.invalid, step.retry.text, step.nudge.text if step.nudge else None]
        case Otp():
            found.append(step.wrong)
        case End() | Handoff():
            found.append(step.text)
    return (text for text in found if text is not None)


def check_together(readings: Sequence[FlowReading]) -> Iterator[Issue]:
    """What flows do to each other: two of one name, two that a text could start."""
    yield from _names(readings)
    taken: dict[tuple[str, ...], Place] = {}
    for reading in sorted(readings, key=lambda each: each.place):
        for key, place, what in _claims(reading):
            first = taken.setdefault(key, place)
            if first != place:
                message = f"{what} is also taken by {first}"
                yield Issue(place, "F320", message, "one of the two would never start its flow")


def _names(readings: Iterable[FlowReading]) -> Iterator[Issue]:
    first: dict[str, Place] = {}
    for reading in sorted(readings, key=lambda each: each.place):
        before = first.setdefault(reading.name, reading.place)
        if before != reading.place:
            message = f"a flow {reading.name!r} stands in {before.file} already"
            yield Issue(reading.place, "F308", message, "rename one of them")


def check_other_flows(readings: Sequence[FlowReading]) -> Iterator[Issue]:
    """Flows that another one names, and what it hands to them."""
    known = {each.name: each for each in readings}
    for reading in readings:
        for node in reading.ctx.flows_named:
            if node.text not in known:
                there = f"the project has: {listed(sorted(known))}"
                hint = suggest(node.text, known, there)
                yield Issue(node.place, "F313", f"there is no flow {node.text!r}", hint)
        for step in reading.flow.steps.values() if reading.flow else ():
            other = known.get(step.flow) if isinstance(step, Run | Start) else None
            if isinstance(step, Run | Start) and other and other.flow:
                yield from handed_over(step.inputs, other.flow, step.place)
        for each in reading.triggers if reading.flow else ():
            if each.trigger.kind in _GIVES_INPUTS and reading.flow:
                yield from handed_over(each.trigger.inputs, reading.flow, each.trigger.place)
    yield from check_runs(readings)


def handed_over(given: Iterable[str], flow: Flow, place: Place) -> Iterator[Issue]:
    """What is wrong with the names of the inputs that a flow is given."""
    names = {each.name for each in flow.inputs}
    for name in sorted(set(given) - names):
        has = f"its inputs are: {listed(sorted(names)) or 'none'}"
        message = f"the flow {flow.name!r} has no input {name!r}"
        yield Issue(place, "F314", message, suggest(name, names, has))
    for each in flow.inputs:
        if each.required and each.name not in given:
            message = f"the flow {flow.name!r} needs the input {each.name!r}"
            yield Issue(place, "F314", message, "give it a value, or a default there")


def _claims(reading: FlowReading) -> Iterator[tuple[tuple[str, ...], Place, str]]:
    """What a flow's triggers take: a key that is equal when two could both win, and its place."""
    for each in reading.triggers:
        trigger = each.trigger
        where = trigger.number or "", trigger.from_group or ""
        on = f"on number '{trigger.number}'" if trigger.number else "on every number"
        if trigger.from_group:
            on += f" for the group '{trigger.from_group}'"
        match trigger.kind:
            case "keyword":
                for word in each.words:
                    folded = fold(word.text) or word.text
                    key = ("keyword", *where, trigger.match, folded)
                    yield key, word.place, f"keyword {word.text.upper()} {on}"
            case "pattern":
                yield ("pattern", *where, trigger.pattern), trigger.place, f"this pattern {on}"
            case "catch_all":
                yield ("catch_all", *where), trigger.place, f"every other text {on}"
