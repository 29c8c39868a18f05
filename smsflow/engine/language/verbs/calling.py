"""Building the steps that reach outside: call, lookup, action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smsflow.engine.language import slots
from smsflow.engine.language.drafts import Draft
from smsflow.engine.language.reading import Context, Fields, listed, suggest
from smsflow.engine.language.services import OURS, seconds_of_a_try
from smsflow.engine.language.verbs.building import Builder, variable
from smsflow.engine.model import Action, AnyStep, Call, Duration, Expression, Lookup

_MOST_RETRIES = 20
_LONGEST_ACTION = 600  # seconds


def _call(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields = draft.fields
    _one_body(ctx, draft)
    _headers(ctx, fields)
    if "save" in fields:
        variable(ctx, fields, "save")
    retries, retry_after = _retry(ctx, fields)
    statuses, where = _expect(fields.get("expect"))
    seconds = seconds_of_a_try(ctx, fields)
    return Call(
        **common,
        request=draft.main,
        json=fields.get("json"),
        form=fields.get("form"),
        query=fields.get("query", {}),
        headers=fields.get("headers", {}),
        statuses=statuses,
        where=where,
        retries=retries,
        retry_after=retry_after,
        timeout=None if seconds is None else Duration(seconds=seconds),
        save=fields.get("save"),
    )


def _one_body(ctx: Context, draft: Draft) -> None:
    places = draft.fields.places
    if "json" in places and "form" in places:
        message = "'json' and 'form' are two bodies for one call"
        ctx.issue(places["form"], "F211", message, "leave one of them out")
    for key in ("json", "form"):
        if key in places and draft.main.method == "GET":
            message = f"a GET has no body, so '{key}' can't go with it"
            ctx.issue(places[key], "F211", message, "write `query`, or POST")


def _headers(ctx: Context, fields: Fields) -> None:
    node = fields.nodes.get("headers")
    for name in fields.get("headers", {}):
        lower = name.lower()
        if lower in OURS or lower == "authorization":
            message = f"the header {name!r} can't be set here"
            hint = "write it under `auth` of the service" if lower == "authorization" else ""
            ctx.issue(node.place if node else fields.place, "F208", message, hint)
        elif not name.isascii() or not all(char.isalnum() or char in "-_" for char in name):
            message = f"{name!r} is no name of a header"
            ctx.issue(node.place if node else fields.place, "F208", message, "such as X-Source")


def _retry(ctx: Context, fields: Fields) -> tuple[int, Duration]:
    retry = fields.get("retry", Call.retries)
    after = Call.retry_after
    if isinstance(retry, Fields):
        after = retry.get("after", after)
        retry = retry.get("times", Call.retries)
    if retry > _MOST_RETRIES:
        message = f"'retry' must be from 0 to {_MOST_RETRIES}, not {retry}"
        ctx.issue(fields.nodes["retry"].place, "F208", message)
    return retry, after


def _expect(expect: Any) -> tuple[tuple[str, ...], Expression | None]:
    if isinstance(expect, Fields):
        return expect.get("status", Call.statuses), expect.get("where")
    return expect or Call.statuses, None


def _action(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields = draft.fields
    if "save" in fields:
        variable(ctx, fields, "save")
    timeout = fields.get("timeout", Action.timeout)
    if slots.seconds(timeout) > _LONGEST_ACTION:
        message = f"'timeout' of an action is {_LONGEST_ACTION // 60}m at most"
        ctx.issue(fields.nodes["timeout"].place, "F208", message)
    arguments = fields.get("with", {})
    _arguments(ctx, draft, arguments)
    return Action(
        **common,
        name=draft.main,
        arguments=arguments,
        timeout=timeout,
        save=fields.get("save"),
    )


def _arguments(ctx: Context, draft: Draft, given: Mapping[str, Any]) -> None:
    """Note arguments that the function does not take, and those that it needs."""
    action = ctx.extension.actions.get(draft.main) if ctx.extension is not None else None
    if action is None:
        return
    place = draft.fields.places.get("with", draft.place)
    if not action.takes_any:
        known = (*action.required, *action.optional)
        for name in given:
            if name not in known:
                has = f"it takes: {listed(known) or 'nothing'}"
                message = f"the action '{action.name}' takes no {name!r}"
                ctx.issue(place, "F317", message, suggest(name, known, has))
    missing = [name for name in action.required if name not in given]
    if missing:
        message = f"the action '{action.name}' needs {listed(missing)}"
        ctx.issue(place, "F317", message, f"write it under `with`: {{{missing[0]}: ...}}")


def _lookup(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields = draft.fields
    if "save" in fields:
        variable(ctx, fields, "save")
    return Lookup(**common, phone=draft.main, via=fields.get("via"), save=fields.get("save"))


BUILDERS: Mapping[str, Builder] = {
    "call": _call,
    "lookup": _lookup,
    "action": _action,
}
