"""A click that a provider told of: what is kept of it, and whom it is news to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smsflow.engine import addressing, clicks
from smsflow.engine.effects import Traced
from smsflow.engine.events import EventHappened
from smsflow.engine.hiding import MASKED
from smsflow.engine.state import encode
from smsflow.engine.world import World
from smsflow.store.rows import Click, Kind, Message, NewRow


@dataclass(frozen=True, slots=True)
class Followed:
    """A click, the line of the trace, the event when it concerns whoever clicked, and rows for
    others whom it concerns."""

    click: Click
    line: Traced
    event: EventHappened | None
    further: list[NewRow]


def followed(world: World, message: Message, told: Mapping[str, Any], now: datetime) -> Followed:
    """What a click on a link in that message means."""
    at, url = datetime.fromisoformat(told["at"]), _shown(message, told["url"])
    data = clicks.data_of(
        message.contact,
        message.owner or message.contact,
        message.root,
        flow=message.flow,
        step=message.step,
        url=url,
        at=at,
    )
    phones = addressing.phones(world, clicks.EVENT, data, now)
    payload = {"name": clicks.EVENT, "data": encode(data)}
    others = [phone for phone in phones if phone != message.contact]
    return Followed(
        Click(
            contact=message.contact,
            message=message.root,
            session=message.session,
            flow=message.flow,
            step=message.step,
            url=url,
            at=at,
        ),
        Traced(message.session, message.step, "click", url),
        EventHappened(clicks.EVENT, data) if message.contact in phones else None,
        [NewRow(Kind.EVENT, phone, payload, now) for phone in others],
    )


def _shown(message: Message, url: str) -> str:
    """The link, unless it is what the mask of its text hides: a code, or a sensitive answer."""
    return url if message.masked is None or url in message.masked else MASKED
