"""The words that a step's text goes out with, and how its provider is to send them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from smsflow.engine.failing import FlowFailed
from smsflow.engine.model import Ask, Delivery, DeliveryPolicy, Flow, Send, Speaking, Text
from smsflow.engine.policy import MAX_SEGMENTS
from smsflow.errors import Place
from smsflow.sms.options import LONGEST_CALLBACK, Options


@dataclass(frozen=True, slots=True)
class Wording:
    """A text, the slot it is written in if not the step's own, and words for a rejection."""

    text: str
    slot: Text | None = None
    fallback: str | None = None


def worded(
    step: Speaking,
    policy: DeliveryPolicy,
    text: str,
    options: Options,
    render: Callable[[Text], str],
) -> Wording:
    """The step's text, or its other words when it needs more segments than are sent.

    A code has no other words: they would lie beside the text, where nobody masks them.
    """
    slot = (step.delivery.fallback or policy.fallback) if isinstance(step, Send | Ask) else None
    if slot is None:
        return Wording(text)
    other = render(slot)
    if options.segments(text) > MAX_SEGMENTS:
        return Wording(other, slot)
    return Wording(text, fallback=other)


def options_of(
    delivery: Delivery, flow: Flow, value: Callable[[Any], Any], place: Place
) -> Options:
    """What is asked of the provider for a text of that flow; FlowFailed for a callback that is too
    long."""
    callback = None if delivery.callback is None else value(delivery.callback)
    if callback is not None and len(str(callback)) > LONGEST_CALLBACK:
        message = f"'callback' may have {LONGEST_CALLBACK} characters at most"
        raise FlowFailed("limit", message, place)
    tracking = delivery.track
    if tracking is not None and tracking.type is None:
        tracking = replace(tracking, type=flow.name)
    return replace(
        delivery.options,
        tracking=tracking,
        callback=None if callback is None else str(callback),
    )


def place_of(step: Speaking | None, slot: Text | None, language: str) -> Place | None:
    """Where the words of a text are written: those of the slot, else of the step."""
    text = slot or (step.text if step is not None else None)
    return text.in_language(language).place if text is not None else None
