"""Building the steps that wait: for a moment, an event, another flow; and the one that logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smsflow.engine.language import moments
from smsflow.engine.language.drafts import Draft
from smsflow.engine.language.grammar.waiting import HAPPENING, MOMENT
from smsflow.engine.language.reading import Context, Fields
from smsflow.engine.language.verbs.building import Builder, needs, variable
from smsflow.engine.model import AnyStep, Duration, Log, Run, Wait

# What each key needs: the kinds of a wait that it goes with, and the word that stands for them.
_FITTING: Mapping[str, tuple[tuple[str, ...], str]] = {
    "on_past": (("moment",), "until"),
    "on_late": (("moment", "duration"), "until"),
    "late_after": (("moment", "duration"), "until"),
    "timeout": (("event",), "event"),
    "on_timeout": (("event",), "event"),
    "save": (("event",), "event"),
}


def _wait(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields, main = draft.fields, draft.main
    if isinstance(main, Duration):
        _fitting(ctx, fields, "duration")
        common["duration"] = main
    elif "event" in main.places:
        _fitting(ctx, fields, "event")
        _alone(ctx, main)
        common["happening"] = moments.happening(main)
    else:
        _fitting(ctx, fields, "moment")
        for key in HAPPENING:
            if key in main.places:
                message = f"'{key}' does not go with a moment"
                ctx.issue(main.places[key], "F211", message, "leave it out, or add 'event'")
        common["moment"] = moments.moment(ctx, main)
    if "happening" in common:
        needs(ctx, fields, "on_timeout", "timeout")
    else:
        needs(ctx, fields, "on_late", "late_after")
    if "save" in fields:
        variable(ctx, fields, "save")
    names = ("late_after", "timeout", "save")
    return Wait(**common, **{name: fields.get(name) for name in names})


def _fitting(ctx: Context, fields: Fields, kind: str) -> None:
    for key, (kinds, word) in _FITTING.items():
        if key not in fields.places or kind in kinds:
            continue
        if key.startswith("on_"):
            message = f"'{key}' can never happen: this step has no '{word}'"
            ctx.issue(fields.places[key], "F212", message, "leave it out")
        else:
            message = f"'{key}' does not go with a wait without '{word}'"
            ctx.issue(fields.places[key], "F211", message, "leave it out")


def _alone(ctx: Context, main: Fields) -> None:
    for key in MOMENT:
        if key in main.places:
            message = f"'{key}' does not go with an event"
            hint = "wait for one of them; `timeout` bounds how long"
            ctx.issue(main.places[key], "F211", message, hint)


def _run(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields = draft.fields
    if "save" in fields:
        variable(ctx, fields, "save")
    inputs = fields.get("with", {})
    return Run(**common, flow=draft.main, inputs=inputs, save=fields.get("save"))


def _log(_: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    return Log(**common, text=draft.main, level=draft.fields.get("level", Log.level))


BUILDERS: Mapping[str, Builder] = {
    "wait": _wait,
    "run": _run,
    "log": _log,
}
