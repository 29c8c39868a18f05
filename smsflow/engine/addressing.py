"""Whom an event concerns: the phones that the flows read out of it.

An event comes in once and may be about several people. Each of them gets it as an event of their
own, and nobody else does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from smsflow.engine.model import Expression
from smsflow.engine.reader import Reader
from smsflow.engine.templating.templates import TemplateError
from smsflow.engine.world import World
from smsflow.errors import Place
from smsflow.sms.numbers import is_phone, normalise

PHONE = Expression("event.phone", Place("smsflow", 1, 1))  # when nothing else is said


def phones(world: World, name: str, data: Mapping[str, Any], now: datetime) -> list[str]:
    """The phones that an event is about, E.164, each once; none when nobody listens to it."""
    found = (phone_of(world, each, data, now) for each in world.listeners.get(name, ()))
    return sorted({phone for phone in found if phone is not None})


def phone_of(
    world: World, contact: Expression | None, data: Mapping[str, Any], now: datetime
) -> str | None:
    """The phone that `contact` reads out of an event; None when there is none in it."""
    reader = Reader.of_project(world)
    try:
        value = reader.read(contact or PHONE, {**reader.scope(now), "event": data})
        phone = normalise(str(value))
    except (TemplateError, ValueError):
        return None
    return phone if is_phone(phone) else None
