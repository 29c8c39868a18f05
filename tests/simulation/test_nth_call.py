"""The n-th call fails, n counting up until there is no such call: the end is right every time.

The story is the main one: a text comes in, the answer goes out, its report says that it can't be
delivered, the second number takes it up, and that report says that it arrived.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.faults import NthCall
from tests.simulation.network import DELIVERED, UNDELIVERABLE
from tests.simulation.script import Line, Script
from tests.simulation.surroundings import quiet_logs, scratch
from tests.simulation.town import Town

MOST_CALLS = 1000


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """A town that is built once."""
    with quiet_logs(), scratch() as folder:
        town = Town(folder)
        yield town
        town.close()


def story() -> Script:
    """One person, one text."""
    return Script([Line(0.0, "mo0", "447700900100", "fast b", "primary")])


@pytest.mark.parametrize(
    ("kind", "fault", "step"),
    [
        # Some five statements are one transaction, and whichever of them fails undoes it; some
        # three commands are one nudge.
        ("sql", "before", 11),
        ("sql", "crash", 13),
        ("commit", "before", 1),
        ("commit", "after", 1),
        ("http", "before", 1),
        ("http", "after", 1),
        ("http", "crash", 1),
        ("http answer", "crash", 1),
        ("redis", "before", 3),
        ("redis", "after", 3),
        ("redis", "crash", 5),
        ("answer", "crash", 1),
    ],
)
def test_the_nth_call_fails(town: Town, kind: str, fault: str, step: int) -> None:
    """Whatever call fails or is the last of its process: two texts, one of them delivered."""
    for number in range(1, MOST_CALLS, step):
        faults = NthCall(kind, number, fault)
        result = town.run(
            number,
            faults=faults,
            plot=story(),
            fate=lambda provider: UNDELIVERABLE if provider == "primary" else DELIVERED,
        )
        states = [row[0] for row in town.database.ask("SELECT state FROM messages ORDER BY seq")]
        assert (number, result.violations) == (number, [])
        assert states == ["undeliverable", "delivered"]
        if not faults.struck:
            break
    assert number > 2, "the story has calls of this kind"
