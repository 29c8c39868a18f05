"""A question's words, folded and laid out so that a text is looked up in them in microseconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from smsflow.engine.words.folding import fold

# Single letters that are words of their own in some language ("it was a nightmare", "y", "e"): as
# keywords they count when they are the whole message, and not in the middle of a sentence.
_SMALL_WORDS = frozenset("aeiouy")


@dataclass(frozen=True, slots=True)
class Found:
    """A value that a text could mean, and what in the text says so."""

    value: Any
    how: str


class Lexicon:
    """Words that stand for values. A word that stands for two values is ambiguous."""

    AMBIGUOUS: ClassVar[object] = object()

    def __init__(self, listed: Iterable[tuple[Any, Sequence[str]]]) -> None:
        self._written: dict[str, Found] = {}
        self._folded: dict[str, Found] = {}
        self._starts: dict[str, int] = {}  # first token -> words of the longest that begins so
        for value, words in listed:
            for word in words:
                self.add(value, word, f"word {word!r}")

    def add(self, value: Any, word: str, how: str) -> None:
        """Let `word` stand for `value`."""
        folded = fold(word)
        _put(self._written, word.strip(), value, how)
        if folded:
            _put(self._folded, folded, value, how)
            first, length = folded.partition(" ")[0], folded.count(" ") + 1
            self._starts[first] = max(self._starts.get(first, 0), length)

    def knows(self, word: str) -> bool:
        """True when the word, folded, stands for something."""
        return fold(word) in self._folded

    def words(self) -> Iterator[tuple[str, Found]]:
        """The folded words, each with what it stands for."""
        yield from self._folded.items()

    def as_written(self, raw: str) -> Found | None:
        """What the text means exactly as it came."""
        return _exact(self._written.get(raw))

    def whole(self, folded: str) -> Found | None:
        """What the whole folded text means."""
        return _exact(self._folded.get(folded))

    def within(self, tokens: list[str]) -> tuple[list[Found], list[str]]:
        """The words that occur in a text, the longest at each place, and the tokens left over.

        Single letters count only when no longer word occurs. Those that are words of a language
        ("a", "y") don't pick a value, but beside another letter they leave two readings.
        """
        long: list[Found] = []
        short: list[Found] = []
        small: list[Found] = []
        rest: list[str] = []
        index = 0
        while index < len(tokens):
            found, length = self._at(tokens, index)
            if found is None:
                rest.append(tokens[index])
            elif length > 1 or len(tokens[index]) > 1 or not tokens[index].isalpha():
                long.append(found)
            elif tokens[index] in _SMALL_WORDS:
                small.append(found)
            else:
                short.append(found)
            index += length
        return long or (short and short + small), rest

    def _at(self, tokens: list[str], index: int) -> tuple[Found | None, int]:
        for length in range(self._starts.get(tokens[index], 0), 0, -1):
            found = self._folded.get(" ".join(tokens[index : index + length]))
            if found is not None:
                return found, min(length, len(tokens) - index)
        return None, 1


def _put(words: dict[str, Found], word: str, value: Any, how: str) -> None:
    other = words.get(word)
    if other is not None and other.value != value:
        words[word] = Found(Lexicon.AMBIGUOUS, how)
    else:
        words.setdefault(word, Found(value, how))


def _exact(found: Found | None) -> Found | None:
    return None if found is None else Found(found.value, f"{found.how}, exact")


def choice_lexicon(
    listed: Iterable[tuple[str, Sequence[str]]], keys: Sequence[str], *, letters: bool
) -> Lexicon:
    """The words of choices; positions and letters where no choice has them as a word."""
    lexicon = Lexicon(listed)
    for index, key in enumerate(keys):
        position, letter = str(index + 1), chr(ord("a") + index)
        if not lexicon.knows(position):
            lexicon.add(key, position, f"position {position}")
        if letters and letter.isascii() and letter.isalpha() and not lexicon.knows(letter):
            lexicon.add(key, letter, f"letter {letter!r}")
    return lexicon
