"""The command line of the simulation.

python -m tests.simulation --seeds 10000        all of them, on every core
python -m tests.simulation --seed 42            one, with its story in words
python -m tests.simulation --mutants            is every broken rule noticed?
python -m tests.simulation --seeds 300 --mutant no-rank
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tests.simulation import crew
from tests.simulation.crew import MUTANT_SEEDS, Caught
from tests.simulation.mutants import MUTANTS
from tests.simulation.surroundings import scratch
from tests.simulation.town import Result


@click.command()
@click.option("--seeds", default=100, show_default=True, help="How many seeds to play.")
@click.option("--first", default=0, show_default=True, help="The first of them.")
@click.option("--seed", type=int, help="Play this one alone, and tell its story.")
@click.option("--mutant", type=click.Choice(sorted(MUTANTS)), help="Break this rule.")
@click.option("--mutants", is_flag=True, help="Break each rule in turn, until it is noticed.")
@click.option("--verbose", is_flag=True, help="Tell the story of each seed that fails.")
@click.option("--processes", default=os.cpu_count() or 1, show_default=True)
def main(
    seeds: int,
    first: int,
    seed: int | None,
    mutant: str | None,
    mutants: bool,
    verbose: bool,
    processes: int,
) -> None:
    """Play seeds; exit with 1 when there is a violation, or a mutant that nobody notices."""
    console = Console(width=None if sys.stdout.isatty() else 150)
    if mutants:
        right = _all_mutants(console, processes)
    elif seed is not None:
        right = _one(console, seed, mutant)
    else:
        right = _many(console, range(first, first + seeds), mutant, verbose, processes)
    sys.exit(0 if right else 1)


def _one(console: Console, seed: int, mutant: str | None) -> bool:
    with scratch() as folder:
        crew.begin(folder)
        result = crew.play((seed, mutant, True))
        crew.end()
    for line in result.story:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    _accuse(console, result)
    _sum_up(console, [result], 0.0)
    return not result.violations


def _many(
    console: Console, seeds: range, mutant: str | None, verbose: bool, processes: int
) -> bool:
    began = time.monotonic()
    results: list[Result] = []
    work = [(seed, mutant, verbose) for seed in seeds]
    for result in _in_children(console, processes, "seeds", crew.play, work):
        results.append(result)
        if result.violations:
            for line in result.story if verbose else ():
                console.print(line, highlight=False, markup=False, soft_wrap=True)
            _accuse(console, result)
    _sum_up(console, results, time.monotonic() - began)
    return not any(result.violations for result in results)


def _accuse(console: Console, result: Result) -> None:
    for violation in result.violations:
        console.print(f"seed {result.seed}: {violation}", style="red", markup=False)
    if result.violations:
        console.print(f"  again: python -m tests.simulation --seed {result.seed}")


def _sum_up(console: Console, results: list[Result], seconds: float) -> None:
    days = sum(each.seconds for each in results) / 86_400
    figures = {
        "seeds": f"{len(results):,}",
        "steps": f"{sum(each.steps for each in results):,}",
        "crashes": f"{sum(each.crashes for each in results):,}",
        "pauses": f"{sum(each.pauses for each in results):,}",
        "texts in": f"{sum(each.texts for each in results):,}",
        "texts out": f"{sum(each.messages for each in results):,}",
        "violations": f"{sum(len(each.violations) for each in results):,}",
        "simulated": f"{days:,.0f} days",
        "seconds": f"{seconds:,.1f}",
    }
    table = Table(title="Simulation", show_header=False)  # fits a narrow terminal
    table.add_column()
    table.add_column(justify="right")
    for name, figure in figures.items():
        table.add_row(name, figure)
    console.print(table)


def _all_mutants(console: Console, processes: int) -> bool:
    found: list[Caught] = list(_in_children(console, processes, "mutants", crew.hunt, MUTANTS))
    table = Table(title=f"Mutants, {MUTANT_SEEDS} seeds each at the most")
    for name in ("mutant", "what it breaks", "caught at seed", "by"):
        table.add_column(name, overflow="fold")
    for each in sorted(found, key=lambda caught: list(MUTANTS).index(caught.name)):
        seed = "SURVIVES" if each.seed is None else f"{each.seed}"
        table.add_row(each.name, MUTANTS[each.name].what, seed, each.violation)
    console.print(table)
    return all(each.seed is not None for each in found)


_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


def _in_children(
    console: Console,
    processes: int,
    title: str,
    work: Callable[[_Given], _Found],
    given: Collection[_Given],
) -> Iterator[_Found]:
    """What comes of each piece of work, as it comes, with a bar that tells how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        scratch() as folder,
        Progress(*columns, TimeRemainingColumn(), console=console) as bar,
        ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), crew.begin, (folder,)
        ) as children,
    ):
        task = bar.add_task(title, total=len(given))
        for future in as_completed([children.submit(work, each) for each in given]):
            yield future.result()
            bar.advance(task)


if __name__ == "__main__":
    main()
