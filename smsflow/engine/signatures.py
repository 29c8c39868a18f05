"""What a session that waits at a step relies on: whether another version's step can take its place.

The verb, the kind of wait, the variable that keeps what comes, the type of the answer and its
choices. Texts, times and ways are no part of it: those can change under a session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from smsflow.engine.model import (
    AnyStep,
    Ask,
    Handoff,
    Otp,
    Reaching,
    Run,
    Send,
    Template,
    Text,
    Wait,
)
from smsflow.errors import Place


def waits(step: AnyStep) -> bool:
    """True for a step that sessions can wait at."""
    return isinstance(step, Ask | Otp | Wait | Run | Reaching | Handoff) or (
        isinstance(step, Send) and step.follows_delivery
    )


def unlike(
    old: AnyStep, new: AnyStep, values: Mapping[str, str] | None = None, *, renamed: bool = False
) -> str:
    """Why whoever waits at `old` could not wait at `new`: a clause about `new`; '' when they could.

    `values` are answers of `old` that have other names now; a step that was `renamed` may keep its
    answer in another variable.
    """
    match old, new:
        case Ask(), Ask():
            return _questions(old, new, values or {}, renamed=renamed)
        case Wait(), Wait() if (old.happening is None) != (new.happening is None):
            kinds = "a moment", "an event"
            before, now = kinds if new.happening else kinds[::-1]
            return f"waits for {now}, not for {before}"
        case Otp(), Otp() if old.digits != new.digits:
            return f"has a code of {new.digits} digits, not {old.digits}"
        case Run(), Run() if old.flow != new.flow:
            return f"runs '{new.flow}', not '{old.flow}'"
        case Send(), Send() if not waits(new):
            return "does not wait for its report any more"
    if old.verb != new.verb:
        return f"was '{old.verb}'"
    return "" if renamed else _saved(getattr(old, "save", None), getattr(new, "save", None))


def _questions(old: Ask, new: Ask, values: Mapping[str, str], *, renamed: bool) -> str:
    saved = "" if renamed else _saved(old.save, new.save)
    if saved:
        return saved
    if old.answer.type != new.answer.type:
        return f"is of type {new.answer.type}, not {old.answer.type}"
    there = {each.key for each in new.answer.choices}
    gone = [each.key for each in old.answer.choices if values.get(each.key, each.key) not in there]
    return f"has no choice {', '.join(map(repr, gone))}" if gone else ""


def _saved(old: str | None, new: str | None) -> str:
    if old == new:
        return ""
    return f"saves as {new!r}, not as {old!r}" if new and old else f"saves {new or 'nothing'!r}"


def plain(value: Any, *, texts: bool = True) -> Any:
    """A part of a flow as something to compare: without places, and without texts if told so."""
    match value:
        case Place():
            return None
        case Text() | Template() if not texts:
            return None
        case Mapping():
            return {key: plain(each, texts=texts) for key, each in value.items()}
        case tuple() | list():
            return [plain(each, texts=texts) for each in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            names = (each.name for each in fields(value))
            kept = {name: plain(getattr(value, name), texts=texts) for name in names}
            return (type(value).__name__, kept)
        case _:
            return value
