"""Moving an open session to another version of its flow.

A session can move when the step that it waits at, and each step that it will come back to, is in
the other version too, under the same id or the one that `migrate` names, and stands for the same
wait (`signatures`). Nothing is sent by a move. One that can't be carried out leaves the session as
it was, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from random import Random
from typing import Any

from smsflow.engine import retiming
from smsflow.engine.effects import Effect
from smsflow.engine.model import Anytime, Flow, Migration, Set, Step
from smsflow.engine.signatures import unlike, waits
from smsflow.engine.state import Conversation, Session, Waiting
from smsflow.engine.turn import FlowFailed, Turn
from smsflow.engine.verbs import deciding
from smsflow.engine.world import World


def keep_up(turn: Turn) -> None:
    """Take sessions to the newest version of flows that say `update: follow`, where they can go;
    a line in the trace tells of each that can't, once for each version."""
    for session in turn.conversation.sessions:
        newest = turn.world.flows.get(session.flow)
        if newest is None or newest.version == session.version or newest.update != "follow":
            continue
        why_not = move(turn, session, newest)
        if why_not and session.stays != newest.version:
            session.stays = newest.version
            turn.trace(session, None, "pinned", f"not {newest.version}: {why_not}")


def moved(
    world: World, conversation: Conversation, session: str, new: Flow, *, now: datetime, rng: Random
) -> tuple[Conversation, list[Effect], str]:
    """The conversation after its session of that id moved, the effects, and why it did not ('')."""
    turn = Turn(world, conversation, now=now, rng=rng)
    found = turn.conversation.session(session)
    if found is None or not found.live:
        return conversation, [], "it has ended"
    why_not = move(turn, found, new)
    return turn.conversation, turn.effects, why_not


def move(turn: Turn, session: Session, new: Flow) -> str:
    """Take a session to that version of its flow; '', or why it stays where it is."""
    old = turn.world.flow(session.flow, session.version)
    if old is None:
        return f"nobody remembers the version {session.version}"
    migration = new.migration_from(old.version)
    why_not = _obstacle(session, old, new, migration)
    if why_not:
        return why_not
    before, done = replace(session), len(turn.effects)
    fields, spoken = dict(turn.contact.fields), (turn.contact.language, turn.contact.timezone)
    try:
        _carry_over(turn, session, old, new, migration)
    except FlowFailed as failure:
        for name in Session.__slots__:
            setattr(session, name, getattr(before, name))
        turn.contact.fields, (turn.contact.language, turn.contact.timezone) = fields, spoken
        del turn.effects[done:]
        return failure.message
    step = new.steps[session.waiting.step] if session.waiting else None
    turn.trace(session, step, "moved", f"{old.version} -> {new.version}")
    return ""


# --- whether it can -------------------------------------------------------------------------------


def step_obstacle(old: Flow, new: Flow, step: str, migration: Migration) -> str:
    """Why whoever waits at that step of the old version can't in the new one; '' if they can."""
    before, target = old.steps[step], migration.steps.get(step, step)
    after = new.steps.get(target)
    if after is None:
        return f"there is no step '{target}'"
    save = getattr(before, "save", None)
    why = unlike(before, after, migration.values.get(save or step), renamed=target != step)
    return f"{after.verb} '{target}' {why}" if why else ""


def unknown_names(old: Flow, migration: Migration) -> list[str]:
    """Steps that `migrate` takes to be in the old version, and that nobody waits at there."""
    return [name for name in migration.steps if name not in old.steps or not waits(old.steps[name])]


def _obstacle(session: Session, old: Flow, new: Flow, migration: Migration) -> str:
    for wait in _waits_of(session):
        why = step_obstacle(old, new, wait.step, migration)
        if why:
            return why
    given = {*session.variables, *(target for target, _ in migration.assignments)}
    missing = [each.name for each in new.inputs if each.required and each.name not in given]
    if missing:
        return f"it has no value for the input '{missing[0]}'; `migrate` can set one"
    positions = [migration.steps.get(each.step, each.step) for each in _waits_of(session)]
    for position in positions[1:]:  # inside of the handlers that set the others aside
        if _handler_around(new, position) is None:
            return f"the step '{position}' is in no 'anytime' handler"
    if session.handling and _handling(session, migration) not in new.handlers:
        return f"there is no handler '{_handling(session, migration)}'"
    return ""


def _waits_of(session: Session) -> list[Waiting]:
    """What it waits for, outermost first."""
    return [*session.aside, *([session.waiting] if session.waiting else [])]


def _handler_around(flow: Flow, step: str) -> Anytime | None:
    found = (each for each in flow.anytime if step in flow.handlers.get(each.name, ()))
    return next(found, None)


def _handling(session: Session, migration: Migration) -> str:
    """The error handler that runs, by its name in the new version."""
    step, dot, outcome = (session.handling or "").rpartition(".")
    return f"{migration.steps.get(step, step)}{dot}{outcome}"


# --- how it does ----------------------------------------------------------------------------------


def _carry_over(turn: Turn, session: Session, old: Flow, new: Flow, migration: Migration) -> None:
    values = [(name, turn.needed_value(session, value)) for name, value in migration.assignments]
    _rename(session, old, new, migration)
    step = Set(id="migrate", place=migration.place, assignments=())
    for name, value in values:
        deciding.assign(turn, session, step, name, value)
    waits_before = [each.step for each in _waits_of(session)]
    _place_waits(session, new, migration)
    session.version, session.stays = new.version, None
    for wait, was in zip(_waits_of(session), waits_before, strict=True):
        now = new.steps[wait.step]
        retiming.retime(turn, session, wait, old=old.steps[was], new=now, before=old)
    if not session.queued:
        retiming.retime_deadlines(turn, session, old=old, new=new)


def _place_waits(session: Session, new: Flow, migration: Migration) -> None:
    """Put each wait at its step of the new version, and each handler around the one within."""
    if session.handling:
        session.handling = _handling(session, migration)
    waits_now = [
        replace(each, step=migration.steps.get(each.step, each.step), due=dict(each.due))
        for each in _waits_of(session)
    ]
    for outer, inner in pairwise(waits_now):
        around = _handler_around(new, inner.step)
        outer.handler = around.name if around else None
    if session.waiting is not None:
        session.waiting = waits_now.pop()
    session.aside = waits_now


def _rename(session: Session, old: Flow, new: Flow, migration: Migration) -> None:
    """Answers, variables and the record of steps, under the names of the new version."""
    steps = migration.steps
    variables, answers = dict(session.variables), dict(session.answers)
    for name, mapping in migration.values.items():
        if name in variables:
            variables[name] = _translated(variables[name], mapping)
        if name in answers:
            label = answers[name].get("label")
            answers[name] = {**answers[name], "label": _translated(label, mapping)}
    for was, now in steps.items():
        if was in old.steps and now in new.steps:
            before, after = _saved(old.steps[was]), _saved(new.steps[now])
            _take_along(variables, before, after)
            _take_along(answers, before or was, after or now)
    # A constant that nobody changed follows its flow; what is new begins as that flow says.
    unchanged = {
        name: value
        for name, value in new.variables.items()
        if name not in variables or variables[name] == old.variables.get(name)
    }
    defaults = {each.name: each.default for each in new.inputs if not each.required}
    session.variables = {**defaults, **variables, **unchanged}
    session.answers = answers
    session.visits = {steps.get(name, name): count for name, count in session.visits.items()}
    session.asked = [name for each in session.asked if (name := steps.get(each, each)) in new.steps]


def _saved(step: Step) -> str | None:
    return getattr(step, "save", None)


def _translated(value: Any, mapping: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_translated(each, mapping) for each in value]
    return mapping.get(value, value) if isinstance(value, str) else value


def _take_along(values: dict[str, Any], before: str | None, after: str | None) -> None:
    if before is not None and after is not None and before != after and before in values:
        values[after] = values.pop(before)
