"""What a child process of the command line does: one town, and the seeds that it is handed."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from dataclasses import dataclass

from tests.simulation.mutants import MUTANTS
from tests.simulation.surroundings import quiet_logs
from tests.simulation.town import Result, Town

MUTANT_SEEDS = 300

_town: list[Town] = []


@dataclass(frozen=True)
class Caught:
    """What became of a mutant; without a seed it survived."""

    name: str
    seed: int | None
    violation: str


def begin(folder: str) -> None:
    """Build this process's town in a folder."""
    _town.append(Town(folder))
    # What is there now stays, and runs leave little behind: looking for it seldom is enough.
    gc.freeze()
    gc.set_threshold(100_000)


def end() -> None:
    """Give it back."""
    _town.pop().close()


def play(work: tuple[int, str | None, bool]) -> Result:
    """Play a seed, with a mutant or without; with its story when asked to, once it fails."""
    seed, mutant, verbose = work
    with quiet_logs(), ExitStack() as stack:
        if mutant is not None:
            stack.enter_context(MUTANTS[mutant].on())
        return _town[0].run(seed, verbose=verbose)


def hunt(name: str) -> Caught:
    """Play seeds with a mutant until one notices it."""
    with quiet_logs(), MUTANTS[name].on():
        for seed in range(MUTANT_SEEDS):
            result = _town[0].run(seed)
            if result.violations:
                return Caught(name, seed, result.violations[0])
    return Caught(name, None, "")
