"""What can be seen from the shape of a flow: steps that nothing reaches, loops that never wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from smsflow.engine.language.flows import FlowReading
from smsflow.engine.model import AnyStep, Flow, Goto
from smsflow.engine.signatures import waits
from smsflow.engine.ways import goes_on


def check_graph(reading: FlowReading) -> None:
    """Note unreachable steps and loops without a wait."""
    flow = reading.flow
    if flow is None:
        return
    _unreachable(reading, flow)
    _intruders(reading, flow)
    _loops(reading, flow)


def successors(step: AnyStep) -> Iterator[str]:
    """The ids of the steps that can follow on a step."""
    ways = list(step.outcomes.values())
    if goes_on(step):
        ways.append(step.next)
    return (way for way in ways if way is not None)


def reachable(flow: Flow) -> set[str]:
    """The ids of all steps that a session can come to."""
    found: set[str] = set()
    waiting = list(flow.entries)
    while waiting:
        position = waiting.pop()
        if position not in found:
            found.add(position)
            waiting.extend(successors(flow.steps[position]))
    return found


def _unreachable(reading: FlowReading, flow: Flow) -> None:
    """Tell the first step of each stretch that nothing reaches; the rest follows from it."""
    lost = flow.steps.keys() - reachable(flow)
    followers = {way for name in lost for way in successors(flow.steps[name]) if way != name}
    sections = {first: name for name, first in flow.sections.items()}
    for name in lost:
        if name in sections:
            message = f"nothing leads to the section '{sections[name]}'"
            place = reading.section_places[sections[name]]
            reading.ctx.issue(place, "F501", message, f"write goto: {sections[name]} somewhere")
        elif name not in followers:
            message = "this step is never reached"
            hint = "the step before it always goes elsewhere; remove one of them"
            reading.ctx.issue(flow.steps[name].place, "F501", message, hint)


def _intruders(reading: FlowReading, flow: Flow) -> None:
    """Tell ways into an `anytime` handler: only what it is for leads there."""
    for handler in flow.anytime:
        inside = flow.handlers[handler.name]
        for step in flow.steps.values():
            if step.id not in inside and not inside.isdisjoint(successors(step)):
                message = "this leads into an 'anytime' handler"
                hint = "put the steps that both need into a section, and go there"
                reading.ctx.issue(step.place, "F505", message, hint)


def _loops(reading: FlowReading, flow: Flow) -> None:
    """Tell each loop once, at the `goto` that closes it, or else at its first step."""
    graph = {
        name: [way for way in successors(step) if not waits(flow.steps[way])]
        for name, step in flow.steps.items()
        if not waits(step)
    }
    told: set[str] = set()
    for name in graph:
        if name in told:
            continue
        loop = _loop_from(graph, name)
        if loop and told.isdisjoint(loop):
            told |= set(loop)
            steps = [flow.steps[each] for each in loop]
            place = next((step for step in reversed(steps) if isinstance(step, Goto)), steps[-1])
            hint = "put a wait or an ask into it, or leave it"
            reading.ctx.issue(place.place, "F503", "this goes round without ever waiting", hint)


def _loop_from(graph: Mapping[str, list[str]], start: str) -> list[str]:
    """The steps of a way from `start` back to it; [] when there is none."""
    before: dict[str, str] = {}
    waiting = [start]
    while waiting:
        position = waiting.pop()
        for way in graph[position]:
            if way == start:
                path = [position]
                while path[-1] != start:
                    path.append(before[path[-1]])
                return path[::-1]
            if way not in before:
                before[way] = position
                waiting.append(way)
    return []
