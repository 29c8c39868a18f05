"""What the tests of a project never came to: steps, ways out of them, texts in a language.

The simulator notes what sessions do, by the version of the flow that they are on; what a flow has
to offer is read off its graph. A version that a test deploys is no flow of the project, and what
is reached in it counts for that version alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from smsflow.engine.effects import Effect, SendText, Traced
from smsflow.engine.model import (
    DELIVERY_OUTCOMES,
    AnyStep,
    Ask,
    End,
    Flow,
    Goto,
    Handoff,
    Otp,
    Speaking,
    Text,
)
from smsflow.engine.state import Session
from smsflow.engine.ways import ANSWERED, NUDGED, REWORDED, SKIPPED, ways_of
from smsflow.errors import Place

_Step = tuple[str, str, str]  # flow, version, id


@dataclass(slots=True)
class Reached:
    """What sessions came to: steps, also those passed over; ways out of steps; texts of steps."""

    visited: set[_Step] = field(default_factory=set)
    entered: set[_Step] = field(default_factory=set)
    ways: set[tuple[_Step, str]] = field(default_factory=set)
    texts: set[tuple[_Step, Place]] = field(default_factory=set)
    _skips: Counter[tuple[str, str]] = field(default_factory=Counter)  # by session and step

    def note(self, sessions: Iterable[Session], effects: Iterable[Effect]) -> None:
        """Add what one event led to."""
        known = {each.id: each for each in sessions}
        for effect in effects:
            if not isinstance(effect, Traced | SendText) or effect.step is None:
                continue
            session = known.get(effect.session or "")
            if session is None:
                continue
            step = (session.flow, session.version, effect.step)
            if isinstance(effect, SendText):
                if effect.place is not None:
                    self.texts.add((step, effect.place))
            elif effect.way is not None:
                self.ways.add((step, effect.way))
                self._skips[session.id, effect.step] += effect.way == SKIPPED
        for session in known.values():
            for name, visits in session.visits.items():
                step = (session.flow, session.version, name)
                self.visited.add(step)
                if visits > self._skips[session.id, name]:
                    self.entered.add(step)

    def add(self, other: Reached) -> None:
        """Add what another test came to."""
        self.visited |= other.visited
        self.entered |= other.entered
        self.ways |= other.ways
        self.texts |= other.texts


@dataclass(frozen=True, slots=True)
class Missing:
    """Something of a step that no test came to. `what` is '' for the step as a whole, `behind`
    counts the steps that nothing else leads to, but for `goto`, and `passed_over` is true when its
    `when` was false each time."""

    step: AnyStep
    what: str
    place: Place
    behind: int = 0
    passed_over: bool = False


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a flow the tests came to. Steps that lie behind something missing are counted
    there; what else a step offers that was never reached is not told one by one."""

    flow: Flow
    reached: int
    total: int
    missing: tuple[Missing, ...]

    @property
    def percent(self) -> int:
        """The share that was reached, rounded down, so that 100 is all."""
        return 100 * self.reached // self.total if self.total else 100


def coverage(flow: Flow, found: Reached) -> Coverage:
    """What of the flow was reached, and what was not."""
    steps = [step for step in flow.steps.values() if _is_written(step.id)]
    entered = {each.id for each in steps if _key(flow, each) in found.entered}
    parts = [(step, part) for step in steps for part in _parts(step)]
    reached = {part for step, part in parts if _came(flow, step, part, found)}
    missing = [
        (step, part)
        for step, part in parts
        if part not in reached and (part.kind == "step" or step.id in entered)
    ]
    return Coverage(flow, len(reached), len(parts), tuple(_told(flow, missing, entered, found)))


# --- what a step offers ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """Something of a step that can be reached: itself, a way, a text in a language."""

    owner: str
    kind: str  # step, way, text
    name: str
    place: Place


def _parts(step: AnyStep) -> Iterator[_Part]:
    yield _Part(step.id, "step", "", step.place)
    slots = dict(_slots(step))
    for way in ways_of(step):
        if way not in slots:  # a reminder in words of its own is told by its texts
            yield _Part(step.id, "way", way, step.place)
    for name, text in slots.items():
        for language, variant in text.variants.items():
            if name or len(text.variants) > 1:
                shown = " ".join(each for each in (name, language) if each)
                yield _Part(step.id, "text", shown, variant.place)


def _slots(step: AnyStep) -> Iterator[tuple[str, Text]]:
    """The texts of a step by what they are for; the first one is its own, under ''."""
    own = step.text if isinstance(step, Speaking | End | Handoff) else None
    slots: list[tuple[str, Text | None]] = [("", own)]
    if isinstance(step, Speaking):
        slots.append((REWORDED, step.delivery.fallback))
    match step:
        case Ask():
            slots += [("retry", step.retry.text), ("invalid", step.invalid)]
            slots.append((NUDGED, step.nudge.text if step.nudge else None))
        case Otp():
            slots.append(("wrong", step.wrong))
    return ((name, text) for name, text in slots if text is not None)


# --- what was reached -----------------------------------------------------------------------------


def _is_written(name: str) -> bool:
    """False for the end of a handler of the whole flow, a step that nobody wrote."""
    return not name.startswith("@") or "/" in name


def _key(flow: Flow, step: AnyStep) -> _Step:
    return flow.name, flow.version, step.id


def _came(flow: Flow, step: AnyStep, part: _Part, found: Reached) -> bool:
    key = _key(flow, step)
    match part.kind:
        case "step":
            return key in found.entered
        case "text":
            sent = (key, part.place) in found.texts
            return sent or (part.name.startswith(REWORDED) and (key, REWORDED) in found.ways)
    if part.name in DELIVERY_OUTCOMES and part.name in step.outcomes:
        # The fate of a text is told before it is known whether it is sent again.
        return (flow.name, flow.version, step.outcomes[part.name]) in found.visited
    taken = {way for owner, way in found.ways if owner == key}
    if part.name == ANSWERED:
        return any(
            way.startswith(ANSWERED) and (way == ANSWERED or way not in step.outcomes)
            for way in taken
        )
    return part.name in taken


# --- what is told ---------------------------------------------------------------------------------


def _told(
    flow: Flow, missing: list[tuple[AnyStep, _Part]], entered: set[str], found: Reached
) -> Iterator[Missing]:
    """What is missing, in the order of the flow; steps that follow from something are counted."""
    led = _behind(flow, missing, entered)
    for step, part in missing:
        if part.kind != "step" or step.id not in led:
            here = (step.id, part.name)
            behind = sum(
                owner == here and not isinstance(flow.steps[name], Goto)
                for name, owner in led.items()
            )
            passed_over = part.kind == "step" and _key(flow, step) in found.visited
            yield Missing(step, part.name, part.place, behind, passed_over)


def _behind(
    flow: Flow, missing: list[tuple[AnyStep, _Part]], entered: set[str]
) -> dict[str, tuple[str, str]]:
    """Steps that were never reached: each with the missing way, or step, that leads there."""
    led: dict[str, tuple[str, str]] = {}
    for step, part in missing:
        if part.kind == "way" and step.outcomes.get(part.name) is not None:
            _follow(flow, step.outcomes[part.name], (step.id, part.name), entered, led)
    for step, part in missing:
        if part.kind == "step" and step.id not in led:
            here = (step.id, "")
            for target in (*step.outcomes.values(), step.next):
                _follow(flow, target, here, entered, led)
            led.pop(step.id, None)
    return led


def _follow(
    flow: Flow,
    start: str | None,
    owner: tuple[str, str],
    entered: set[str],
    led: dict[str, tuple[str, str]],
) -> None:
    waiting = [start]
    while waiting:
        position = waiting.pop()
        if position is None or position in entered or position in led:
            continue
        if not _is_written(position):
            continue
        led[position] = owner
        step = flow.steps[position]
        waiting += [*step.outcomes.values(), step.next]
