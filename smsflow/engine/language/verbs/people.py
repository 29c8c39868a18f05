"""Building the steps about people and other flows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smsflow.engine.language.drafts import Draft
from smsflow.engine.language.reading import Context, Fields
from smsflow.engine.language.verbs.building import Builder, needs
from smsflow.engine.model import (
    AnyStep,
    Duration,
    Emit,
    Group,
    Handoff,
    Moment,
    Start,
    Subscribe,
    Unsubscribe,
)


def _group(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    add, remove = draft.main.get("add", ()), draft.main.get("remove", ())
    if not draft.main.places:
        message = "this step puts nobody in and takes nobody out"
        ctx.issue(draft.main.place, "F201", message, "such as group: {add: [patients]}")
    both = sorted(set(add) & set(remove))
    if both:
        message = f"{both[0]!r} is added and removed at once"
        ctx.issue(draft.main.nodes["remove"].place, "F211", message, "leave one of them out")
    return Group(**common, add=add, remove=remove)


def _subscribe(_: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields = draft.fields
    source, proof = fields.get("source"), fields.get("proof", True)
    return Subscribe(**common, list=draft.main, source=source, proof=proof)


def _unsubscribe(_: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    return Unsubscribe(**common, list=draft.main)


def _handoff(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields = draft.fields
    needs(ctx, fields, "on_timeout", "timeout")
    keys = ("text", "note", "timeout")
    return Handoff(**common, queue=draft.main, **{name: fields.get(name) for name in keys})


def _start(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields = draft.fields
    needs(ctx, fields, "offset", "at")
    if "contact" in fields.places and "group" in fields.places:
        message = "'contact' and 'group' say two things"
        ctx.issue(fields.places["group"], "F211", message, "leave one of them out")
    return Start(
        **common,
        flow=draft.main,
        inputs=fields.get("with", {}),
        contact=fields.get("contact"),
        group=fields.get("group"),
        at=_at(fields),
    )


def _at(fields: Fields) -> Moment | None:
    if "at" not in fields:
        return None
    return Moment(until=fields.get("at"), offset=fields.get("offset", Duration()))


def _emit(_: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    return Emit(**common, event=draft.main, data=draft.fields.get("data", {}))


BUILDERS: Mapping[str, Builder] = {
    "group": _group,
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "handoff": _handoff,
    "start": _start,
    "emit": _emit,
}
