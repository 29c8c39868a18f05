"""The simulation holds, can be played again, and notices broken rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.docs.markdown import DOCS, rows
from tests.simulation.mutants import MUTANTS
from tests.simulation.surroundings import quiet_logs, scratch
from tests.simulation.town import Town

SEEDS = 20

# The rules that a few seeds show; `python -m tests.simulation --mutants` breaks all of them.
SOON_NOTICED = (
    "no-unique-key",
    "gate-without-expiry",
    "made-without-hours",
    "early-timers",
)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """A town that is built once."""
    with quiet_logs(), scratch() as folder:
        town = Town(folder)
        yield town
        town.close()


def test_nothing_is_lost_doubled_or_wrong(town: Town) -> None:
    """Each seed ends in the right state, whatever was killed, paused, lost or repeated."""
    results = [town.run(seed) for seed in range(SEEDS)]
    assert {each.seed: each.violations for each in results if each.violations} == {}
    assert sum(each.crashes for each in results) > SEEDS, "a simulation must not be too tame"


def test_a_seed_is_the_same_story_each_time(town: Town) -> None:
    """What a seed found can be looked at again, also after other seeds."""
    first = town.run(3, verbose=True)
    town.run(4)
    assert town.run(3, verbose=True).story == first.story


@pytest.mark.parametrize("name", SOON_NOTICED)
def test_a_broken_rule_is_noticed(town: Town, name: str) -> None:
    """With this rule broken, a seed ends in a violation before long."""
    with MUTANTS[name].on():
        assert any(town.run(seed).violations for seed in range(SEEDS))


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_a_mutant_fits_the_code_that_it_breaks(name: str) -> None:
    """What it puts in takes what the original takes, so it is caught for what it breaks."""
    with MUTANTS[name].on():
        pass


def test_the_page_lists_the_mutants() -> None:
    """docs/simulation.md tells of each broken rule what it breaks."""
    told = rows(DOCS / "simulation.md", "| mutant | what it breaks |")
    assert told == [[f"`{each.name}`", each.what] for each in MUTANTS.values()]
