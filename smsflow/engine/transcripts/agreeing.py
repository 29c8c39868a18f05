"""Whether what came is what a line of a test wants, and both in words."""

from __future__ import annotations

from typing import Any

from smsflow.engine.words.keywords import PATTERN_SECONDS, compile_pattern


def agrees(key: str, got: str, wanted: str) -> bool:
    """True when what came is what a part of an `out` line wants."""
    match key:
        case "starts":
            return got.startswith(wanted)
        case "contains":
            return wanted in got
        case "matches":
            try:
                return compile_pattern(wanted).search(got, timeout=PATTERN_SECONDS) is not None
            except TimeoutError:
                return False
        case _:
            return got == wanted


def told(key: str, value: Any) -> str:
    """What was wanted, in words."""
    return str(value) if key == "text" else f"{key} {value}"


def shown(value: Any) -> str:
    """A value as it is written in a test."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
