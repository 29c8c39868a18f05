"""What people and other systems do in a run, by the seed; tokens tell the answers apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

LENGTH = 60.0  # seconds in which people text
LATER = (200.0, 2600.0)  # seconds; now and then somebody texts in or after the quiet hours

# What stands for a code until it is texted, for only the phone knows the codes that came.
CODE = "<the last code>"
OLD_CODE = "<the code before>"
WRONG_CODE = "<no code of ours>"

_CODE_IN = re.compile(r"code [a-z]+ (\d{6})")
_KINDS = {
    "echo": 5.0,
    "fast": 4.0,
    "later": 1.0,
    "night": 0.7,
    "brief": 1.5,
    "sum": 3.0,
    "STOP": 1.2,
    "START": 1.0,
}
_WITH_CODES = {
    CODE: 4.0,
    OLD_CODE: 3.0,
    WRONG_CODE: 0.7,
    "RESEND": 3.0,
    "code": 1.0,
    "echo": 0.7,
    "STOP": 0.3,
    "START": 0.3,
}


@dataclass(frozen=True)
class Line:
    """Somebody texts us, or, with a flow, another system starts it for them."""

    at: float
    id: str
    phone: str  # without +
    text: str
    number: str  # the provider that the text comes through
    flow: str = ""  # to start by the API; the text is what it is given


@dataclass
class Script:
    """All of it, what was really said, and what of that was acknowledged."""

    lines: list[Line]
    said: dict[str, str] = field(default_factory=dict)  # id of the line -> its text
    acknowledged: set[str] = field(default_factory=set)


def write(rng: Random) -> Script:
    """Two to four people, some texts each, with tokens that tell the answers apart."""
    tokens = map(_token, count(1))
    lines: list[Line] = []
    for person in range(rng.randrange(2, 5)):
        phone = f"44770090010{person}"
        provider = "primary" if rng.random() < 0.9 else "secondary"
        spoken = _coder(rng, tokens) if rng.random() < 0.3 else _talker(rng, tokens)
        if rng.random() < 0.15:
            said = rng.choice((f"echo {next(tokens)}", "STOP", "START"))
            spoken.append((rng.uniform(*LATER), said))
        for at, text in spoken:
            lines.append(Line(at, f"mo{len(lines)}", phone, text, provider))
        if rng.random() < 0.2:
            lines.append(_start(rng, len(lines), phone, next(tokens)))
    if rng.random() < 0.3:  # somebody who never texts us
        lines.append(_start(rng, len(lines), "447700900109", next(tokens)))
    return Script(lines)


def _start(rng: Random, number: int, phone: str, token: str) -> Line:
    flow = rng.choice(("later", "night"))
    return Line(rng.uniform(0, LENGTH), f"api{number}", phone, token, "", flow)


def _talker(rng: Random, tokens: Iterator[str]) -> list[tuple[float, str]]:
    """One who texts keywords and numbers: at leisure, in a hurry, or several times at once.

    SUM comes once at most, and its answers after it.
    """
    at, summing = rng.uniform(0, LENGTH / 2), False
    spoken: list[tuple[float, str]] = []
    for _ in range(1 + rng.randrange(5)):
        kind = "sum" if summing and rng.random() < 0.4 else _drawn(rng, _KINDS)
        if kind == "sum":
            spoken.append((at, str(rng.randrange(1, 100)) if summing else "SUM"))
            summing = True
        else:
            spoken.append((at, _in_full(kind, tokens)))
        at += rng.choice(
            (0.01, rng.uniform(0.3, 2), rng.uniform(0.3, 4), rng.uniform(4, LENGTH / 2))
        )
    return spoken


def _coder(rng: Random, tokens: Iterator[str]) -> list[tuple[float, str]]:
    """One who asks for a code and texts it back, or an old one, or the same one again."""
    at = rng.uniform(0, LENGTH / 2)
    spoken = [(at, _in_full("code", tokens))]
    for _ in range(2 + rng.randrange(5)):
        at += rng.choice((0.01, rng.uniform(0.5, 6), rng.uniform(6, 20), rng.uniform(20, 70)))
        spoken.append((at, _in_full(_drawn(rng, _WITH_CODES), tokens)))
    return spoken


def _drawn(rng: Random, weights: dict[str, float]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _in_full(kind: str, tokens: Iterator[str]) -> str:
    return f"{kind} {next(tokens)}" if kind.islower() and kind.isalpha() else kind


def _token(number: int) -> str:
    """A number in letters, which no question takes for its answer."""
    return "".join("bcdfghjklm"[int(digit)] for digit in str(number))


def spoken(text: str, on_the_phone: Sequence[str]) -> str | None:
    """A line's text as it is really said; None while no code has come that could be texted."""
    if text == WRONG_CODE:
        return "000000"
    if text not in (CODE, OLD_CODE):
        return text
    codes = [code for words in on_the_phone if (code := code_in(words))]
    if not codes:
        return None
    return codes[-2] if text == OLD_CODE and len(codes) > 1 else codes[-1]


def code_in(words: str) -> str | None:
    """The code in a text of ours."""
    found = _CODE_IN.fullmatch(words)
    return found and found[1]
