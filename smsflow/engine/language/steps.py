"""From drafts to steps: one builder for each verb, and the links between them.

A step's `next` is the one behind it; a handler's last step goes on behind its owner, so a session
needs no stack to find its way back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smsflow.engine.language.drafts import Draft
from smsflow.engine.language.reading import Context, Refused, suggest
from smsflow.engine.language.verbs import BUILDERS
from smsflow.engine.model import (
    AnyStep,
    Goto,
    If,
)


class Linker:
    """Makes the steps of one flow from its drafts."""

    def __init__(
        self, ctx: Context, sections: Mapping[str, str], ids: set[str], lines: Mapping[str, int]
    ) -> None:
        self.ctx = ctx
        self.sections = sections
        self.ids = ids
        self.lines = lines  # of sections and ids, for hints
        self.steps: dict[str, AnyStep] = {}
        self.handlers: dict[str, frozenset[str]] = {}  # the steps of error handlers, by name

    def link(self, drafts: list[Draft], after: str | None) -> None:
        """Make the steps of a list; behind its last one comes `after`."""
        followers = [*(draft.id for draft in drafts[1:]), after]
        for draft, following in zip(drafts, followers, strict=False):  # of no steps, none follow
            outcomes = {name: handler[0].id for name, handler in draft.handlers.items() if handler}
            self.steps[draft.id] = self._step(draft, following, outcomes)
            for name, handler in draft.handlers.items():
                before = set(self.steps)
                self.link(handler, following)
                if name == "on_error":
                    self.handlers[f"{draft.id}.{name}"] = frozenset(self.steps.keys() - before)

    def _step(self, draft: Draft, following: str | None, outcomes: dict[str, str]) -> AnyStep:
        common: dict[str, Any] = {
            "id": draft.id,
            "place": draft.place,
            "when": draft.fields.get("when"),
            "next": following,
            "outcomes": outcomes,
        }
        try:
            if draft.main is None:
                raise Refused
            if draft.verb == "goto":
                return self._goto(draft, common)
            return BUILDERS[draft.verb](self.ctx, draft, common)
        except Refused:
            return Goto(**common, target="")  # its issue is noted; the graph stays whole

    def _goto(self, draft: Draft, common: dict[str, Any]) -> AnyStep:
        """A goto; one with a `when` is an `if`, for when it is skipped it goes on behind itself."""
        target = self._target(draft)
        condition = common.pop("when")
        if condition is not None:
            return If(
                **{**common, "outcomes": {**common["outcomes"], "then": target}},
                condition=condition,
            )
        return Goto(**{**common, "next": target}, target=draft.main)

    def _target(self, draft: Draft) -> str:
        name = draft.main
        if name in self.sections:
            return self.sections[name]
        if name in self.ids:
            return str(name)
        close = suggest(name, {*self.sections, *self.ids})
        hint = "add it under `sections`"
        if close:
            found = close.split("'")[1]
            what = "section" if found in self.sections else "step"
            hint = f"did you mean '{found}' ({what}, line {self.lines.get(found, 0)})?"
        place = draft.fields.nodes["goto"].place
        raise self.ctx.refuse(place, "F301", f"'{name}' is no section and no step id", hint)
