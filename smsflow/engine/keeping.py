"""Texts that come while an errand is out: kept, and routed in order when it is over.

A flow that asks a web service is in the middle of a sentence. What the person texts meanwhile is
most likely meant for what the flow says next, so it waits. Words of compliance don't: they are
obeyed before anything is kept.
"""

from __future__ import annotations

from smsflow.engine import routing, settling
from smsflow.engine.events import TextReceived
from smsflow.engine.turn import Turn


def release(turn: Turn) -> None:
    """Route what was kept, as long as nobody waits for an errand."""
    numbers = turn.world.project.numbers
    while turn.contact.kept and not routing.errand_out(turn):
        first = turn.contact.kept.pop(0)
        number = first["number"] if first["number"] in numbers else next(iter(numbers))
        routing.receive(turn, TextReceived(first["text"], number, first["at"]))
        settling.settle(turn)
