"""What people and other systems do in a run, by the seed; tokens tell the answers apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random

LENGTH = 60.0  # seconds in which people text


@dataclass(frozen=True)
class Line:
    """Somebody texts us, or, with a flow, another system starts it for them."""

    at: float
    id: str
    phone: str  # without +
    text: str
    number: str  # the provider that the text comes through
    by_api: bool = False


@dataclass
class Script:
    """All of it, and what was acknowledged."""

    lines: list[Line]
    acknowledged: set[str] = field(default_factory=set)


def write(rng: Random) -> Script:
    """Two to four people, some texts each, with tokens that tell the answers apart."""
    tokens = map(_token, count(1))
    lines: list[Line] = []
    for person in range(rng.randrange(2, 5)):
        phone = f"44770090010{person}"
        times = _times(rng)
        provider = "primary" if rng.random() < 0.9 else "secondary"
        for at, text in zip(times, _texts(rng, tokens), strict=False):
            lines.append(Line(at, f"mo{len(lines)}", phone, text, provider))
        if rng.random() < 0.2:
            at = rng.uniform(0, LENGTH)
            lines.append(Line(at, f"api{len(lines)}", phone, next(tokens), "", by_api=True))
    return Script(lines)


def _times(rng: Random) -> list[float]:
    """When one person texts: at leisure, in a hurry, or several times at once."""
    times = [rng.uniform(0, LENGTH / 2)]
    for _ in range(rng.randrange(5)):
        gap = rng.choice((0.01, rng.uniform(0.3, 4), rng.uniform(4, LENGTH / 2)))
        times.append(times[-1] + gap)
    return times


def _texts(rng: Random, tokens: Iterator[str]) -> Iterator[str]:
    """What one person texts: never ends. SUM comes once at most, and its answers after it."""
    summing = False
    while True:
        kind = rng.choices(("echo", "fast", "later", "sum", "STOP", "START"), (5, 4, 1, 3, 1.2, 1))[
            0
        ]
        if kind == "sum":
            yield str(rng.randrange(1, 100)) if summing else "SUM"
            summing = True
        elif kind in ("STOP", "START"):
            yield kind
        else:
            yield f"{kind} {next(tokens)}"


def _token(number: int) -> str:
    """A number in letters, which no question takes for its answer."""
    return "".join("bcdfghjklm"[int(digit)] for digit in str(number))
