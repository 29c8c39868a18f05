"""What flows that run each other have to agree on: how the inner one ends, and who runs whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from smsflow.engine.language.flows import FlowReading
from smsflow.engine.language.graph_checks import reachable
from smsflow.engine.language.reading import listed, suggest
from smsflow.engine.model import Ask, End, Flow, Otp, Run
from smsflow.errors import Issue

_NEVER = {
    "on_opted_out": "STOP ends this flow, too",
    "on_cancelled": "it is cancelled when this flow leaves it",
    "on_restarted": "a flow that is run does not start again",
}


def labels_of(flow: Flow) -> frozenset[str]:
    """The labels that a session of this flow can end with when another one runs it."""
    steps = [flow.steps[name] for name in reachable(flow)]
    found = {"done", "failed", "expired", "interrupted"}
    for step in steps:
        match step:
            case End(label=label):
                found.add(label)
            case Ask():
                found |= {"invalid", "no_answer"}
            case Otp():
                found.add("locked")
    return frozenset(found)


def check_runs(readings: Sequence[FlowReading]) -> Iterator[Issue]:
    """Handlers for ends that never come, and flows that run themselves."""
    flows = {each.name: each.flow for each in readings if each.flow is not None}
    told: set[frozenset[str]] = set()
    for flow in flows.values():
        for step in flow.steps.values():
            other = flows.get(step.flow) if isinstance(step, Run) else None
            if other is not None and isinstance(step, Run):
                yield from _labels(flow, step, other)
                way = _way(flows, other.name, flow.name)
                if way and frozenset(way) not in told:
                    told.add(frozenset(way))
                    shown = " runs ".join(f"'{name}'" for name in (flow.name, *way))
                    hint = "let one of them `start` the other instead"
                    yield Issue(step.place, "F504", f"{shown}, without end", hint)


def _labels(flow: Flow, step: Run, other: Flow) -> Iterator[Issue]:
    labels = labels_of(other)
    known = sorted(f"on_{label}" for label in labels)
    for name, handler in step.outcomes.items():
        if name == "on_error" or name in known:
            continue
        why = _NEVER.get(name)
        message = f"'{name}' can never happen: '{other.name}' has no such end"
        hint = why or suggest(name, known, f"it ends as: {listed(sorted(labels))}")
        yield Issue(flow.steps[handler or step.id].place, "F212", message, hint)


def _way(flows: Mapping[str, Flow], start: str, goal: str) -> list[str]:
    """The flows on a way from one flow to another by `run`; [] when there is none."""
    ways = [[start]]
    seen = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == goal:
            return way
        flow = flows.get(way[-1])
        for step in flow.steps.values() if flow is not None else ():
            if isinstance(step, Run) and step.flow not in seen:
                seen.add(step.flow)
                ways.append([*way, step.flow])
    return []
