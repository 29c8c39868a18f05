"""Why a text goes where it goes: the routing order, with what each rule says.

Nothing is decided here. The text is routed by `routing.receive`, on a copy of the conversation,
and this puts into words what its rules said and what came of it.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from random import Random
from typing import TypeGuard

from smsflow.engine import keying, routing, settling
from smsflow.engine.effects import Effect, SendText, Traced
from smsflow.engine.events import TextReceived
from smsflow.engine.model import Otp
from smsflow.engine.state import Conversation
from smsflow.engine.turn import Turn
from smsflow.engine.words.folding import fold
from smsflow.engine.words.keywords import KeywordEntry
from smsflow.engine.world import World
from smsflow.errors import Place

_QUOTED = 40  # characters of a text in a reason
_NEAR = 0.6  # how alike two words are that one may have been meant for the other, 0 to 1


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the order: it took the text, it left it for that reason, or nobody asked it."""

    number: int
    name: str
    took: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something that came of it: a line of the trace, and where its step stands."""

    flow: str | None
    step: str | None
    what: str
    detail: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every rule from the first to the last, and what the one that took the text did."""

    rules: tuple[Rule, ...]
    steps: tuple[Step, ...]

    @property
    def winner(self) -> Rule:
        """The rule that took the text; there is always one, for the last is silence."""
        return next(rule for rule in self.rules if rule.took)


def explain(
    world: World, conversation: Conversation, event: TextReceived, *, now: datetime, rng: Random
) -> Explanation:
    """Where this text would go, and why; nothing is changed.

    Whether a code is the right one is not told: else this would be a way to guess it.
    """
    turn = Turn(world, conversation, now=now, rng=rng)
    verdicts: list[routing.Verdict] = []
    routing.receive(turn, event, verdicts)
    settling.settle(turn)
    steps = () if _is_code(turn) else tuple(_steps(turn))
    groups = tuple(conversation.contact.groups)
    return Explanation(tuple(_rules(world, event, groups, verdicts, turn)), steps)


def _rules(
    world: World,
    event: TextReceived,
    groups: tuple[str, ...],
    verdicts: list[routing.Verdict],
    turn: Turn,
) -> list[Rule]:
    told = [_rule(world, event, groups, number, each) for number, each in enumerate(verdicts, 1)]
    last = told[-1]
    if _is_code(turn):
        won = "a code: it is compared, and what comes of it is not told here"
    else:
        won = _started(world, event, groups, turn) or _what(turn)
    told[-1] = Rule(last.number, last.name, True, won)
    left = list(routing.ORDER)[len(told) :]
    return told + [
        Rule(last.number + n, name, False, "not asked") for n, name in enumerate(left, 1)
    ]


def _rule(
    world: World,
    event: TextReceived,
    groups: tuple[str, ...],
    number: int,
    verdict: routing.Verdict,
) -> Rule:
    reason = verdict.why_not
    if reason == keying.NO_KEYWORD and verdict.rule == "keyword":
        reason = _of_another_group(world, event, groups) or _no_keyword(world, event)
    return Rule(number, verdict.rule, False, reason)


def _of_another_group(world: World, event: TextReceived, groups: tuple[str, ...]) -> str:
    """The keyword or pattern that fits and is for contacts of a group that this one is not in."""
    others = [group for group in world.keywords.groups if group not in groups]
    for match in world.keywords.matches(event.text, event.number, others):
        trigger = match.target.trigger
        if trigger.kind != "catch_all" and trigger.from_group in others:
            said = match.word or trigger.pattern
            return f"{said} fits, and is for the group '{trigger.from_group}' ({trigger.place})"
    return ""


def _no_keyword(world: World, event: TextReceived) -> str:
    """That no keyword fits, and which one may have been meant."""
    words = fold(event.text).split()
    shown = event.text.strip() if len(words) <= 1 else event.text.split()[0]
    shown = shown if len(shown) <= _QUOTED else shown[: _QUOTED - 1] + "…"
    near = _nearest(world, words, event.number)
    reason = f"no keyword '{shown}', and no pattern fits" if shown else "the text is empty"
    if near is None:
        return reason
    word, entry = near
    trigger = entry.target.trigger
    where = "" if entry.match == "first" else f", match: {entry.match}"
    return f"{reason} (nearest: {word}{where} in {trigger.place})"


def _nearest(world: World, words: list[str], number: str) -> tuple[str, KeywordEntry] | None:
    """The keyword that is most like the first word of a text, or like one of them."""
    known = {fold(word): (word, entry) for word, entry in world.keywords.words(number)}
    for word in words:
        close = difflib.get_close_matches(word, known, 1, _NEAR)
        if close:
            return known[close[0]]
    return None


# --- what came of it ------------------------------------------------------------------------------


def _is_code(turn: Turn) -> bool:
    """True when the text was compared with a one-time code."""
    for effect in turn.effects:
        if not isinstance(effect, Traced) or effect.what not in ("reply", "wrong", "locked"):
            continue
        session = turn.conversation.session(effect.session or "")
        if session is not None and effect.step is not None:
            flow = turn.world.flow(session.flow, session.version)
            if flow is not None and isinstance(flow.steps.get(effect.step), Otp):
                return True
    return False


def _started(world: World, event: TextReceived, groups: tuple[str, ...], turn: Turn) -> str:
    """The flow that began, and the trigger that began it; '' when none did."""
    begun = next((each for each in turn.effects if _is_start(each)), None)
    session = turn.conversation.session(begun.session or "") if begun is not None else None
    if session is None:
        return ""
    keywords, where = world.keywords, (event.text, event.number, groups)
    for match in chain(keywords.matches(*where), keywords.near(*where)):
        if match.target.flow == session.flow:
            trigger = match.target.trigger
            said = match.word or trigger.pattern or "the catch-all"
            said += ", mistyped" if match.mistakes else ""
            return f"{said} ({trigger.place}) starts {session.flow}"
    return ""


def _is_start(effect: Effect) -> TypeGuard[Traced]:
    return isinstance(effect, Traced) and effect.what == "start"


def _what(turn: Turn) -> str:
    """The first thing that happened, in a few words."""
    first = next((each for each in turn.effects if isinstance(each, Traced)), None)
    if first is None:
        return "it was taken"
    step = _step(turn, first)
    at = f"{step.flow} " if step.flow else ""
    at += f"at '{step.step}': " if step.step else ""
    return f"{at}{step.what}, {step.detail}" if step.detail else f"{at}{step.what}"


def _steps(turn: Turn) -> list[Step]:
    return [_step(turn, each) for each in turn.effects if isinstance(each, Traced)] + [
        Step(None, None, "send", effect.masked or effect.text, effect.place)
        for effect in turn.effects
        if isinstance(effect, SendText) and effect.session is None
    ]


def _step(turn: Turn, traced: Traced) -> Step:
    session = turn.conversation.session(traced.session) if traced.session else None
    flow = session.flow if session is not None else None
    return Step(flow, traced.step, traced.what, traced.detail, traced.place)
