"""Whether there are links to be clicked, for flows that listen for that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smsflow.engine import clicks
from smsflow.engine.language.flows import FlowReading
from smsflow.engine.model import Flow, Speaking, Wait
from smsflow.errors import Issue, Place


def check_clicks(readings: Sequence[FlowReading]) -> Iterator[Issue]:
    """Listeners to clicks in a project whose texts have no tracked links."""
    flows = [each.flow for each in readings if each.flow is not None]
    if any(map(_tracks, flows)):
        return
    for flow in flows:
        for place in _listens(flow):
            message = f"no text of the project has links that make '{clicks.EVENT}'"
            hint = "write `track: true` on the step with the link"
            yield Issue(place, "F604", message, hint, "warning")


def _tracks(flow: Flow) -> bool:
    steps = flow.steps.values()
    tracking = [step.delivery.track for step in steps if isinstance(step, Speaking)]
    return any(each is not None and each.of_links for each in tracking)


def _listens(flow: Flow) -> Iterator[Place]:
    for trigger in flow.triggers:
        if trigger.kind == "event" and trigger.subject == clicks.EVENT:
            yield trigger.place
    steps = flow.steps
    found = [(each.happening, steps[each.start].place) for each in flow.anytime]
    found += [(each.happening, each.place) for each in steps.values() if isinstance(each, Wait)]
    for happening, place in found:
        if happening is not None and happening.event == clicks.EVENT:
            yield place
