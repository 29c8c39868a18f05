"""Mutants of what may happen when: the gate of the claim, timers, and one-time codes."""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from smsflow.engine import codes, policy, routing
from smsflow.engine.model import Duration
from smsflow.engine.turn import Turn
from smsflow.store import outbox
from smsflow.store.gate import Gate, Judged
from tests.simulation.broken import Mutant, Pretending, enter_into, put
from tests.simulation.database import SimulatedDatabase

TIMES: dict[str, Mutant] = {}

_mutant = partial(enter_into, TIMES)


# --- the gate of the claim ------------------------------------------------------------------------


@_mutant("neither the claim nor the database looks whether a contact has opted out")
def _gate_without_opt_out(stack: ExitStack) -> None:
    def gate(row: Any, *given: Any) -> Any:
        return original(Pretending(row, opted_out=False), *given)

    original = put(stack, outbox, "_gate", gate)
    put(stack, SimulatedDatabase, "guarded", False)


@_mutant("neither the claim nor the database looks whether a text has expired")
def _gate_without_expiry(stack: ExitStack) -> None:
    def gate(row: Any, *given: Any) -> Any:
        return original(Pretending(row, expires=None), *given)

    original = put(stack, outbox, "_gate", gate)
    put(stack, SimulatedDatabase, "guarded", False)


@_mutant("neither the claim nor the database looks at the hours of a text")
def _gate_without_hours(stack: ExitStack) -> None:
    put(stack, Gate, "hours", lambda *_: Judged())
    put(stack, SimulatedDatabase, "guarded", False)


# --- timers ---------------------------------------------------------------------------------------


@_mutant("a text that we begin knows no quiet hours")
def _made_without_hours(stack: ExitStack) -> None:
    put(stack, policy, "release", lambda now, **_: now)


@_mutant("timers fire at half of their time")
def _early_timers(stack: ExitStack) -> None:
    def timer(turn: Turn, session: Any, waiting: Any, name: str, due: datetime) -> None:
        original(turn, session, waiting, name, turn.now + (due - turn.now) / 2)

    original = put(stack, Turn, "timer", timer)


# --- one-time codes -------------------------------------------------------------------------------


@_mutant("a new code leaves the one before alive")
def _old_code_works(stack: ExitStack) -> None:
    given: defaultdict[str, set[str | None]] = defaultdict(set)

    def wait_for(turn: Turn, session: Any, *more: Any) -> None:
        wait(turn, session, *more)
        given[session.id].add(session.waiting.digest)

    def compare(turn: Turn, session: Any, waiting: Any, step: Any, guess: str, at: Any) -> str:
        said = codes.digest(turn.world.secret, session.id, guess)
        if said in given[session.id]:
            waiting.digest = said
        return judge(turn, session, waiting, step, guess, at)

    wait = put(stack, codes, "_wait_for", wait_for)
    judge = put(stack, codes, "compare", compare)


@_mutant("a code that was accepted is accepted again")
def _code_works_twice(stack: ExitStack) -> None:
    def judge(turn: Turn, session: Any, waiting: Any, *more: Any) -> str:
        before = replace(waiting)
        verdict = original(turn, session, waiting, *more)
        if verdict == "verified":
            session.waiting, session.outcome, session.ended_at = before, None, None
        return verdict

    original = put(stack, routing, "judge", judge)


@_mutant("a code works for a day, whatever the flow says")
def _code_lives_on(stack: ExitStack) -> None:
    day = Duration(seconds=timedelta(days=1).total_seconds())

    def wait_for(turn: Turn, session: Any, step: Any, *more: Any) -> None:
        wait(turn, session, replace(step, expires=day), *more)

    def compare(turn: Turn, session: Any, waiting: Any, step: Any, *more: Any) -> str:
        return judge(turn, session, waiting, replace(step, expires=day), *more)

    wait = put(stack, codes, "_wait_for", wait_for)
    judge = put(stack, codes, "compare", compare)
