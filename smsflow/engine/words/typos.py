"""Typing mistakes: how far apart two words are, and which of 10,000 words lie near one.

Distance is Damerau-Levenshtein in its form of optimal string alignment: a letter left out, put in
or changed, or two neighbours swapped, is one mistake each, and no part of a word is mended twice.
Near words are found by their deletion neighbourhoods: when two words are d mistakes apart, then
leaving out at most d letters of each makes them the same. So a look-up costs by the length of the
text, whatever the number of words.
"""

from __future__ import annotations

SHORT, LONG = 4, 8  # letters from which a word may have one mistake, and two
_MOST = 2
_END = 10  # letters at either end of a word whose neighbourhoods are kept; what lies between them
# is compared when both ends are near
_LONGEST = 64  # letters of a word that is looked for


def allowance(fuzzy: str, word: str) -> int:
    """How many mistakes a folded word may have: `fuzzy` is off, auto, 1 or 2."""
    letters = len(word.replace(" ", ""))
    if fuzzy == "auto":
        return 0 if letters < SHORT else 1 if letters < LONG else _MOST
    return 0 if fuzzy == "off" else min(int(fuzzy), letters // 2)


def distance(one: str, other: str, most: int) -> int | None:
    """The mistakes between two folded words when there are at most `most`, else None.

    Digits are no typing mistakes: A12 and A13 are two codes, so words whose digits differ are
    never near.
    """
    if abs(len(one) - len(other)) > most or _digits(one) != _digits(other):
        return None
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, char in enumerate(one, start=1):
        now = [row]
        for column, against in enumerate(other, start=1):
            cost = min(last[column] + 1, now[column - 1] + 1, last[column - 1] + (char != against))
            swapped = row > 1 and column > 1 and char == other[column - 2]
            if swapped and one[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        if min(now) > most and min(last) > most:
            return None
        before, last = last, now
    return last[-1] if last[-1] <= most else None


def _digits(word: str) -> list[str]:
    return [char for char in word if char.isdigit()]


class Neighbourhood:
    """Folded words, each with its allowance, that a mistyped one is looked up in."""

    def __init__(self) -> None:
        self._allowed: dict[str, int] = {}
        self._heads: dict[str, list[str]] = {}
        self._tails: dict[str, list[str]] = {}  # of words longer than a head

    def add(self, word: str, allowed: int) -> None:
        """Let a word be found with that many mistakes; the larger of two allowances counts."""
        before = self._allowed.get(word, 0)
        if allowed <= before:
            return
        self._allowed[word] = allowed
        _file(self._heads, word, word[:_END], before, allowed)
        if len(word) > _END:
            _file(self._tails, word, word[-_END:], before, allowed)

    def near(self, text: str) -> list[tuple[int, str]]:
        """The words that a folded text may be meant for, with its mistakes, the nearest first."""
        if len(text) > _LONGEST:
            return []
        words = _found(self._heads, text[:_END])
        if any(len(word) > _END for word in words):
            tails = _found(self._tails, text[-_END:])
            words = {word for word in words if len(word) <= _END or word in tails}
        found: list[tuple[int, str]] = []
        for word in words:
            mistakes = distance(text, word, self._allowed[word])
            if mistakes is not None:
                found.append((mistakes, word))
        return sorted(found)


def _file(near: dict[str, list[str]], word: str, end: str, before: int, allowed: int) -> None:
    """Let a word be found by the neighbours of its end that it was not yet found by."""
    known = _neighbours(end, before) if before else set()
    for neighbour in _neighbours(end, allowed) - known:
        near.setdefault(neighbour, []).append(word)


def _found(near: dict[str, list[str]], end: str) -> set[str]:
    return {word for neighbour in _neighbours(end, _MOST) for word in near.get(neighbour, ())}


def _neighbours(end: str, most: int) -> set[str]:
    """The end of a word with up to `most` of its letters left out."""
    level = {end}
    found = set(level)
    for _ in range(most):
        level = {each[:at] + each[at + 1 :] for each in level for at in range(len(each))}
        found |= level
    return found
