"""A batch that takes more than one request: one after the other, and not for long.

What waits for its turn is leased, so a STOP comes too late for it. So the requests go on only as
long as the provider is there to judge texts, and for some seconds; the rest is claimed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.messages import Outgoing
from smsflow.sms.states import State

PATIENCE = timedelta(seconds=5)  # then no request begins

JUDGED = frozenset({Verdict.ACCEPTED, Verdict.REJECTED, Verdict.FOR_NOW, Verdict.DUPLICATE})
_LATER = Answer(
    Verdict.NOT_SENT,
    State.QUEUED,
    detail="not tried yet: the requests before it took long",
    retry_after=0.0,
)

Texts = Sequence[Outgoing]


def in_turn(
    parts: Sequence[Texts], hand_over: Callable[[Texts], list[Answer]], now: Callable[[], datetime]
) -> list[Answer]:
    """The answers to all texts of the parts, each part handed over as the one before it was
    judged."""
    begun, told = now(), list[Answer]()
    for number, part in enumerate(parts):
        told += hand_over(part)
        left = sum(map(len, parts[number + 1 :]))
        if told[-1].verdict not in JUDGED:
            return told + [told[-1].of_untried()] * left
        if now() - begun >= PATIENCE:
            return told + [_LATER] * left
    return told
