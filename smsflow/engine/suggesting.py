"""What `migrate` could say so that open sessions can move: a guess from two versions of a flow.

A step that is gone and a new one that stands for the same wait are taken to be one step that was
renamed; so are an answer that is gone and a new one with a word in common, or the only new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smsflow.engine.model import AnyStep, Ask, Flow, Migration
from smsflow.engine.moving import step_obstacle
from smsflow.engine.signatures import unlike, waits


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Entries for `migrate`, and the steps of the old version that could move with them."""

    source: str
    steps: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    helps: tuple[str, ...] = field(default=())

    def as_entry(self) -> dict[str, Any]:
        """The entry as it is written."""
        parts = {"from": self.source, "steps": self.steps, "values": self.values}
        return {name: part for name, part in parts.items() if part}


def suggest_migration(old: Flow, new: Flow) -> Suggestion | None:
    """What would let more sessions of the old version move; None when nothing is found."""
    given = new.migration_from(old.version)
    stuck = [
        step
        for step in old.steps.values()
        if waits(step) and step_obstacle(old, new, step.id, given)
    ]
    steps, values = dict(given.steps), dict(given.values)
    helps = []
    for step in stuck:
        target = new.steps.get(steps.get(step.id, step.id)) or _renamed(step, old, new)
        if target is None:
            continue
        words = _translations(step, target)
        tried = {**steps, step.id: target.id} if target.id != step.id else steps
        name = (step.save if isinstance(step, Ask) else None) or step.id
        found = {**values, name: {**values.get(name, {}), **words}} if words else values
        entry = Migration(source=old.version, place=new.place, steps=tried, values=found)
        if not step_obstacle(old, new, step.id, entry):
            steps, values = tried, found
            helps.append(step.id)
    return Suggestion(old.version, steps, values, tuple(helps)) if helps else None


def _renamed(step: AnyStep, old: Flow, new: Flow) -> AnyStep | None:
    """The one new step that could be this one under another id."""
    found = [
        each
        for each in new.steps.values()
        if each.id not in old.steps
        and waits(each)
        and not unlike(step, each, _translations(step, each), renamed=True)
    ]
    return found[0] if len(found) == 1 else None


def _translations(old: AnyStep, new: AnyStep) -> dict[str, str]:
    """Answers that are gone, each with the new one that has taken its place."""
    if not isinstance(old, Ask) or not isinstance(new, Ask):
        return {}
    before = {each.key: set(each.words) for each in old.answer.choices}
    after = {each.key: set(each.words) for each in new.answer.choices}
    gone = [key for key in before if key not in after]
    added = [key for key in after if key not in before]
    found = {}
    for key in gone:
        alike = [each for each in added if before[key] & after[each]]
        if len(gone) == len(added) == 1:
            alike = added
        if len(alike) == 1:
            found[key] = alike[0]
    return found
