"""What differs between two versions of a flow, and what that means for sessions under way.

A session finishes on the version with which it began, so no change here ever breaks one. What a
change decides is whether sessions could be moved to the new version: the step that one waits at
has to be there still, and to take the same answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import IntEnum

from smsflow.engine.model import AnyStep, Ask, Flow, Text, Trigger
from smsflow.engine.signatures import plain, unlike, waits
from smsflow.errors import Place


class Change(IntEnum):
    """How deep a change goes; the deepest one counts for the whole flow."""

    NONE = 0
    TEXT = 1  # other words
    ADDITIVE = 2  # something new beside what was there
    STRUCTURAL = 3  # other ways, times or conditions; who waits could be moved
    BREAKING = 4  # who waits at a step could not be moved, or who starts the flow is refused

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Changed:
    """One difference: how deep it goes, and the step that it is at (None: the flow's head)."""

    change: Change
    what: str
    step: str | None = None
    place: Place | None = None


def compare(old: Flow, new: Flow) -> list[Changed]:
    """Every difference between two versions, the head first, then step by step as written."""
    if old.version == new.version:
        return []
    found = [*_heads(old, new), *_steps(old, new)]
    # The version counts what no session meets, too.
    return found or [Changed(Change.TEXT, "owner, tags or texts that no step uses changed")]


def depth(changes: list[Changed]) -> Change:
    """The deepest of them."""
    return max((each.change for each in changes), default=Change.NONE)


# --- the head -------------------------------------------------------------------------------------

_HEAD = (
    *("kind", "languages", "key", "mode", "starts", "lifetime", "variables"),
    *("interrupt", "quiet", "anytime", "on_error", "on_expire"),
)


def _heads(old: Flow, new: Flow) -> Iterator[Changed]:
    yield from _inputs(old, new)
    yield from _triggers(old, new)
    for name in _HEAD:
        if plain(getattr(old, name)) != plain(getattr(new, name)):
            shown = {"variables": "vars", "starts": "limits"}.get(name, name)
            yield Changed(Change.STRUCTURAL, f"'{shown}' changed")
    if old.description != new.description:
        yield Changed(Change.TEXT, "'description' changed")


def _triggers(old: Flow, new: Flow) -> Iterator[Changed]:
    """One that reads alike is the same with other settings, and no other one."""
    before, after = ([plain(each) for each in flow.triggers] for flow in (old, new))
    gone = [each for each in old.triggers if plain(each) not in after]
    for trigger in (each for each in new.triggers if plain(each) not in before):
        text = trigger_text(trigger)
        known = next((each for each in gone if trigger_text(each) == text), None)
        if known is None:
            yield Changed(Change.ADDITIVE, f"trigger {text} added")
        else:
            gone.remove(known)
            what = f"trigger {text}: {_what(known, trigger)} changed"
            yield Changed(Change.STRUCTURAL, what, None, trigger.place)
    for trigger in gone:
        yield Changed(Change.STRUCTURAL, f"trigger {trigger_text(trigger)} removed")


def _inputs(old: Flow, new: Flow) -> Iterator[Changed]:
    before = {each.name: each for each in old.inputs}
    after = {each.name: each for each in new.inputs}
    for name, given in after.items():
        known = before.get(name)
        if known is None:
            change = Change.BREAKING if given.required else Change.ADDITIVE
            yield Changed(change, f"input '{name}' added", None, given.place)
        elif plain(known) != plain(given):
            yield Changed(Change.BREAKING, f"input '{name}' changed", None, given.place)
    for name in before.keys() - after.keys():
        yield Changed(Change.BREAKING, f"input '{name}' removed")


def trigger_text(trigger: Trigger) -> str:
    """A trigger in a few words, such as `keyword HOURS, OPEN to main`."""
    said = {
        "keyword": ", ".join(trigger.words),
        "pattern": trigger.pattern,
        "schedule": trigger.schedule.cron if trigger.schedule else "",
        "delivery": ", ".join(sorted(trigger.labels)),
        "outcome": f"{trigger.subject} {', '.join(sorted(trigger.labels))}",
    }.get(trigger.kind, trigger.subject)
    kind = "catch-all" if trigger.kind == "catch_all" else trigger.kind
    number = f"to {trigger.number}" if trigger.number else ""
    group = f"of group {trigger.from_group}" if trigger.from_group else ""
    return " ".join(part for part in (kind, said, number, group) if part)


# --- the steps ------------------------------------------------------------------------------------


def _steps(old: Flow, new: Flow) -> Iterator[Changed]:
    for name, step in new.steps.items():
        known = old.steps.get(name)
        if known is None:
            yield Changed(Change.ADDITIVE, f"{step.verb} '{name}' added", name, step.place)
        else:
            yield from _step(_led_alike(known, step, old, new), step)
    for name, step in old.steps.items():
        if name not in new.steps:
            change = Change.BREAKING if waits(step) else Change.STRUCTURAL
            yield Changed(change, f"{step.verb} '{name}' removed", name)


def _led_alike(step: AnyStep, now: AnyStep, old: Flow, new: Flow) -> AnyStep:
    """The old step with the new one's ways, where they differ by steps that came or went: those
    are told already."""

    def way(before: str | None, after: str | None) -> str | None:
        told = (after in new.steps and after not in old.steps) or (
            before in old.steps and before not in new.steps
        )
        return after if told else before

    names = {*step.outcomes, *now.outcomes}
    outcomes = {name: way(step.outcomes.get(name), now.outcomes.get(name)) for name in names}
    kept = {name: to for name, to in outcomes.items() if name in now.outcomes or to is not None}
    return replace(step, next=way(step.next, now.next), outcomes=kept)


def _step(old: AnyStep, new: AnyStep) -> Iterator[Changed]:
    named = f"{new.verb} '{new.id}'"
    if plain(old) == plain(new):
        return
    if old.verb != new.verb:
        change = Change.BREAKING if waits(old) else Change.STRUCTURAL
        yield Changed(change, f"{named} was '{old.verb}'", new.id, new.place)
        return
    if isinstance(old, Ask) and isinstance(new, Ask):
        answers = list(_answers(old, new, named))
        if answers:
            yield from (Changed(change, what, new.id, new.place) for change, what in answers)
            return
    elif waits(old) and (why := unlike(old, new)):
        yield Changed(Change.BREAKING, f"{named} {why}", new.id, new.place)
        return
    if plain(old, texts=False) == plain(new, texts=False):
        yield Changed(Change.TEXT, f"{named}: {_languages(old, new)}", new.id, new.place)
    else:
        yield Changed(Change.STRUCTURAL, f"{named}: {_what(old, new)} changed", new.id, new.place)


def _answers(old: Ask, new: Ask, named: str) -> Iterator[tuple[Change, str]]:
    """What makes the answer to a question another one: its name, its type, its choices."""
    if old.save != new.save:
        yield Change.BREAKING, f"{named}: saved as '{new.save}', was '{old.save}'"
    if old.answer.type != new.answer.type:
        yield Change.BREAKING, f"{named}: type {new.answer.type}, was {old.answer.type}"
        return
    before = [each.key for each in old.answer.choices]
    after = [each.key for each in new.answer.choices]
    for name in before:
        if name not in after:
            yield Change.BREAKING, f"{named}: choice '{name}' removed"
    for name in after:
        if name not in before:
            yield Change.ADDITIVE, f"{named}: choice '{name}' added"


def _languages(old: AnyStep, new: AnyStep) -> str:
    """Which texts changed: their languages, where the step's own text is by language."""
    before, after = (getattr(each, "text", None) for each in (old, new))
    if isinstance(before, Text) and isinstance(after, Text):
        names = [*after.variants, *(each for each in before.variants if each not in after.variants)]
        changed = [
            name
            for name in names
            if plain(before.variants.get(name)) != plain(after.variants.get(name))
        ]
        if changed and changed != [""]:
            return f"text changed in {', '.join(name or 'any language' for name in changed)}"
    return "text changed"


_WAYS = ("next", "outcomes")


def _what(old: AnyStep | Trigger, new: AnyStep | Trigger) -> str:
    """The parts that differ, by their names in the file where they have one there."""
    names = [
        each.name
        for each in fields(new)
        if plain(getattr(old, each.name)) != plain(getattr(new, each.name))
    ]
    shown = {"minimum": "min", "maximum": "max", "condition": "the condition", "language": "lang"}
    told = [shown.get(name, name) for name in names if name not in _WAYS]
    if any(name in _WAYS for name in names) and "target" not in told:
        told.append("where it leads")
    return ", ".join(told)
