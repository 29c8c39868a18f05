"""What a line wants and what came, in words; and whether the two agree."""

from __future__ import annotations

from typing import Any

from smsflow.engine.transcripts.kept import SimulatedText
from smsflow.engine.words.keywords import PATTERN_SECONDS, compile_pattern


def shown_text(text: SimulatedText) -> str:
    """A text of ours in the chat, with its phone when that is not the contact's."""
    to = text.effect.to
    return text.effect.text if to is None else f"(to {to}) {text.effect.text}"


def agrees(key: str, got: str, wanted: str) -> bool:
    """True when what was sent is what that part of an `out` line wants."""
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


def wish(key: str, value: Any) -> str:
    """What one part of an `out` line wants."""
    return str(value) if key == "text" else f"{key} {value}"
