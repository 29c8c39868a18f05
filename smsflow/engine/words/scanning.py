"""Taking the days and times of day out of a text, by patterns made once for each language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from smsflow.engine.words.answer_words import FILLERS, NUMBERS
from smsflow.engine.words.calendars import CALENDARS, Calendar

_BEGIN, _END = r"(?<![\w./:-])(?:", r")(?![\w]|[./:-]\d)"
_GAP = " ~ "  # stands where something was taken, so that what was apart does not meet


def piece(pattern: str) -> re.Pattern[str]:
    """A pattern that begins and ends with a word, and within no 12/5/2025."""
    return re.compile(f"{_BEGIN}{pattern}{_END}")


class Scan:
    """A plain text of which parts are taken, one pattern after the other."""

    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """All places that the pattern fits; they are gone from the text."""
        found = list(pattern.finditer(self.text))
        if found:
            self.text = pattern.sub(_GAP, self.text)
        return found

    @property
    def said(self) -> str:
        """What is left, without pleasantries."""
        return " ".join(each for each in self.text.split() if each not in FILLERS and each != "~")

    def leaves_open(self, calendar: Calendar) -> str:
        """The first word left over that makes the answer another one, or ''."""
        for word in self.text.split():
            if word in calendar.open_words or any(char.isdigit() for char in word):
                return word
        return ""


def languages(tag: str) -> Iterator[str]:
    """The languages in which a text may be meant: the session's, English, then the others."""
    own = tag.lower()[:2]
    yield from dict.fromkeys((own if own in CALENDARS else "en", "en", *CALENDARS))


@lru_cache(maxsize=32)
def calendar_of(name: str, *, foreign: bool) -> Calendar:
    """The pieces of a language; of a foreign one whole names alone, for `mon` is French for my."""
    calendar = CALENDARS[name]
    if not foreign:
        return calendar
    return replace(
        calendar,
        months=tuple(_long(names) for names in calendar.months),
        weekdays=tuple(_long(names) for names in calendar.weekdays),
    )


def _long(names: str) -> str:
    return names.split("|")[0]


@lru_cache(maxsize=32)
def number_words(language: str) -> dict[str, int]:
    """The number words below 60 of a language."""
    return {word: value for word, value in NUMBERS[language].items() if value < 60}


@lru_cache(maxsize=32)
def numeral(language: str) -> str:
    """A number of one or two digits, or a word for one."""
    return r"\d{1,2}|" + either(number_words(language))


def value_of(written: str, language: str) -> int:
    """The number that `numeral` matched."""
    return int(written) if written.isdecimal() else number_words(language)[written]


def either(words: Iterable[str]) -> str:
    """An alternation of words, the longest first."""
    return "|".join(sorted(words, key=len, reverse=True))
