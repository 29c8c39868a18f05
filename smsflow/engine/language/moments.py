"""Reading moments and events, which steps wait for and `anytime` listens to."""

from __future__ import annotations

from smsflow.engine.language import literals
from smsflow.engine.language.reading import Context, Fields, Refused
from smsflow.engine.model import WEEKDAYS, Duration, Happening, Moment


def moment(ctx: Context, fields: Fields) -> Moment:
    """`{until, offset, at, weekday, tz}`; Refused when it says no moment."""
    if "until" not in fields.places and "at" not in fields.places:
        hint = "write a moment: {until: appointment.at, offset: -1d} or {at: 10:00, weekday: [mon]}"
        raise ctx.refuse(fields.place, "F201", "this says no moment: 'until' is missing", hint)
    if "until" in fields.places and "until" not in fields:
        raise Refused
    names = fields.get("weekday", ())
    return Moment(
        until=fields.get("until"),
        offset=fields.get("offset", Duration()),
        at=fields.get("at"),
        weekdays=tuple(sorted({WEEKDAYS.index(name) for name in names})),
        tz=_zone(ctx, fields),
    )


def _zone(ctx: Context, fields: Fields) -> str | None:
    zone: str | None = fields.get("tz")
    if zone is None or zone == "contact":
        return None
    return literals.zone(ctx, zone, fields.nodes["tz"].place, of_contacts=True)


def happening(fields: Fields) -> Happening:
    """`{event, where, contact}`; Refused when the event could not be read."""
    if "event" not in fields:
        raise Refused
    return Happening(fields.get("event"), fields.get("where"), fields.get("contact"))
