"""Numbers written in digits of any script, as people text them."""

from __future__ import annotations

import re
from dataclasses import dataclass

TOO_LARGE = object()  # more digits than an answer can have

# A sign counts at the start or after a blank ("3-5" is two numbers, not 3 and -5). Groups are
# joined by a separator and nothing else. ٫ and ٬ are the Arabic decimal and thousands separators.
_NUMERAL = re.compile(r"(?:(?<!\S)[+\-−])?\d+(?:[.,٫٬]\d+)*")
_SHARE = re.compile(r"\s*(?:/|out of|of|sur|von|sobre|de|su|van)\s*", re.IGNORECASE)
_MOST_DIGITS = 15  # what a float holds exactly
_THOUSANDS = re.compile(r"[+\-−]?\d{1,3}(?:[.,٬]\d{3})+")
_COMMA_GROUPS = frozenset({"en"})  # languages that write 1,000 for a thousand; the others 1.000


@dataclass(frozen=True, slots=True)
class Numeral:
    """One number: its value (int, float or TOO_LARGE), as written, and whether `/` leads to it."""

    value: object
    written: str
    after_share: bool = False


def numerals(text: str, language: str, *, grouped: bool) -> list[Numeral]:
    """All numbers in `text`, left to right.

    One separator before three digits is read as thousands when `grouped` (whole numbers are
    asked for) or when the language writes them so; else the last separator begins the decimals.
    """
    found: list[Numeral] = []
    end = 0
    for match in _NUMERAL.finditer(text):
        share = bool(found) and _SHARE.fullmatch(text, end, match.start()) is not None
        value = _value(match[0], language, grouped=grouped)
        found.append(Numeral(value, match[0], share))
        end = match.end()
    return found


def _value(written: str, language: str, *, grouped: bool) -> object:
    plain = written.replace("−", "-").replace("٫", ".").replace("٬", ",")
    if sum(map(str.isdigit, plain)) > _MOST_DIGITS:
        return TOO_LARGE
    separators = [char for char in plain if char in ".,"]
    if not separators:
        return int(plain)
    kinds = set(separators)
    if _THOUSANDS.fullmatch(written) and len(kinds) == 1:
        own = "," if language in _COMMA_GROUPS else "."
        if grouped or len(separators) > 1 or separators[0] == own:
            return int(re.sub("[.,]", "", plain))
    whole, _, decimals = plain.rpartition(separators[-1])
    return float(f"{re.sub('[.,]', '', whole)}.{decimals}")
