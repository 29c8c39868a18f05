"""The alphabets that a text can be written in, and which characters each holds at what price.

The default alphabet with its extension, and the same with national language tables in the place of
one or both: all are a `Repertoire`, so that counting, cutting and coding know no special cases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from smsflow.sms.gsm_tables import BASIC, ESCAPE, EXTENSION
from smsflow.sms.national_tables import (
    PORTUGUESE_LOCKING,
    PORTUGUESE_SINGLE,
    SPANISH_SINGLE,
    TURKISH_LOCKING,
    TURKISH_SINGLE,
)


class Alphabet(StrEnum):
    """The two ways of writing a text on the air."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


class Language(StrEnum):
    """The languages whose tables are known; the code is the provider's."""

    TR = "TR"
    ES = "ES"
    PT = "PT"

    @property
    def identifier(self) -> int:
        """The national language identifier (3GPP 23.038 section 6.2.1.2.4)."""
        return _IDENTIFIERS[self]

    @property
    def english(self) -> str:
        """Its name in English."""
        return _ENGLISH[self]


_IDENTIFIERS = {Language.TR: 1, Language.ES: 2, Language.PT: 3}
_ENGLISH = {Language.TR: "Turkish", Language.ES: "Spanish", Language.PT: "Portuguese"}

_LOCKING = {Language.TR: TURKISH_LOCKING, Language.PT: PORTUGUESE_LOCKING}
_SINGLE = {
    Language.TR: EXTENSION | TURKISH_SINGLE,
    Language.ES: EXTENSION | SPANISH_SINGLE,
    Language.PT: EXTENSION | PORTUGUESE_SINGLE,
}


@dataclass(frozen=True, slots=True)
class Shifts:
    """The national tables that a text is written with, one at least; they cost room in each part.

    `single` replaces the extension table, `locking` the default alphabet. ValueError for the
    Spanish locking table, which doesn't exist, and when no table is named.
    """

    single: Language | None = None
    locking: Language | None = None

    def __post_init__(self) -> None:
        if self.locking is Language.ES:
            raise ValueError("Spanish has no locking shift table (3GPP 23.038 annex A.3.2)")
        if self.single is None and self.locking is None:
            raise ValueError("name a single or a locking shift table; None means no tables")

    @staticmethod
    def of(language: Language) -> tuple[Shifts, ...]:
        """The ways of using the tables of this language: single, and locking and both if it can."""
        if language not in _LOCKING:
            return (Shifts(single=language),)
        return (Shifts(single=language), Shifts(locking=language), Shifts(language, language))

    def __str__(self) -> str:
        """Such as `the Turkish single shift table`."""
        named = [
            f"{language.english} {kind}"
            for language, kind in ((self.single, "single"), (self.locking, "locking"))
            if language
        ]
        return f"the {' and '.join(named)} shift table{'s' if len(named) > 1 else ''}"


@dataclass(frozen=True, slots=True)
class Repertoire:
    """The characters that septets can say, and how."""

    basic: str  # the character of a septet is at its index
    extension: dict[int, str]  # the character of a septet after an escape
    outside: re.Pattern[str]  # matches a character that it lacks
    doubles: frozenset[str]  # characters that take an escape
    septets: dict[int, str]  # for str.translate: a character as its septets


def _repertoire(basic: str, extension: dict[int, str]) -> Repertoire:
    """A character that stands in both tables is written in one septet."""
    plain = {ord(char): chr(code) for code, char in enumerate(basic) if code != ESCAPE}
    escaped = {ord(char): chr(ESCAPE) + chr(code) for code, char in extension.items()}
    septets = escaped | plain
    return Repertoire(
        basic=basic,
        extension=extension,
        outside=re.compile(f"[^{re.escape(''.join(map(chr, septets)))}]"),
        doubles=frozenset(char for char in extension.values() if ord(char) not in plain),
        septets=septets,
    )


DEFAULT = _repertoire(BASIC, EXTENSION)


@cache
def shifted(shifts: Shifts) -> Repertoire:
    """What can be said with these tables; the default ones stand where none is named."""
    return _repertoire(
        _LOCKING[shifts.locking] if shifts.locking else BASIC,
        _SINGLE[shifts.single] if shifts.single else EXTENSION,
    )
