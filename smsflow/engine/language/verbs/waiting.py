"""Building the steps that wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smsflow.engine.language.drafts import Draft
from smsflow.engine.language.reading import Context, Refused
from smsflow.engine.language.verbs.building import Builder
from smsflow.engine.model import AnyStep, Duration, Moment, Wait


def _wait(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    if isinstance(draft.main, Duration):
        if "on_past" in draft.fields.places:
            message = "'on_past' can never happen: this step has no 'until'"
            ctx.issue(draft.fields.places["on_past"], "F212", message, "leave it out")
        return Wait(**common, duration=draft.main)
    until = draft.main.get("until")
    if until is None:
        raise Refused
    return Wait(**common, moment=Moment(until, draft.main.get("offset", Duration())))


BUILDERS: Mapping[str, Builder] = {
    "wait": _wait,
}
