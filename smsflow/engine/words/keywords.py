"""Which keyword, pattern or catch-all a text hits, in the same time for ten and for 10,000.

The routing order is published (flow language, section 1.4): entries of the number that was texted
before those of every number, and for either those of the contact's groups before those of
everybody; among them a word that is the whole message, then a pattern, then a first word, then a
word anywhere; longer words before shorter. All words lie in dictionaries by their folded form, so
a look-up costs by the length of the text alone. Catch-alls come last.

Mistyped keywords are a question of their own (`near`), asked when nothing else takes a text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import regex

from smsflow.engine.words.folding import fold
from smsflow.engine.words.typos import Neighbourhood, allowance
from smsflow.errors import SmsflowError

__all__ = [
    "CatchAllEntry",
    "KeywordEntry",
    "KeywordIndex",
    "Match",
    "PatternEntry",
    "PatternError",
    "compile_pattern",
    "fold",
]

MAX_PATTERN = 1_000  # characters; compiling takes time that grows with their square
PATTERN_SECONDS = 0.05  # a pattern that takes longer on a text does not match it


@dataclass(frozen=True, slots=True)
class KeywordEntry:
    """Words that lead to `target`, on one number of ours or (None) on every one.

    `group` keeps them to the contacts of one group. `fuzzy` says how many typing mistakes a word
    may have: off, 1, 2, or auto, which is 1 for 4 to 7 letters and 2 for more.
    """

    words: tuple[str, ...]
    match: str  # first, whole, anywhere
    number: str | None
    target: Any
    fuzzy: str = "off"
    group: str | None = None


@dataclass(frozen=True, slots=True)
class PatternEntry:
    """A regular expression, searched in the text as it came, in any case."""

    regex: str
    number: str | None
    target: Any
    group: str | None = None


@dataclass(frozen=True, slots=True)
class CatchAllEntry:
    """What a text leads to that nothing else takes."""

    number: str | None
    target: Any
    group: str | None = None


Entry = KeywordEntry | PatternEntry | CatchAllEntry


@dataclass(frozen=True, slots=True)
class Match:
    """An entry's target, and what of the text it took.

    `word` is the keyword as its author wrote it ('' for patterns and catch-alls), `args` the words
    after it, `groups` a pattern's named groups. `whole` is true when the match is all of the text,
    `mistakes` counts the letters that are wrong in a mistyped keyword.
    """

    target: Any
    word: str = ""
    args: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False
    mistakes: int = 0


class PatternError(SmsflowError, ValueError):
    """A pattern that is no regular expression."""


def compile_pattern(source: str) -> Any:
    """The compiled pattern, or a PatternError that says what is wrong with it."""
    if len(source) > MAX_PATTERN:
        raise PatternError(f"a pattern has at most {MAX_PATTERN:,} characters")
    try:
        return regex.compile(source, regex.IGNORECASE)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise PatternError(f"{source!r} is no pattern: {error}") from error


_Words = dict[str, tuple[str, KeywordEntry]]  # folded word -> the word as written, its entry


@dataclass(slots=True)
class _Scope:
    """The entries of one number, or of every number, for one group or for everybody."""

    raw: _Words = field(default_factory=dict)  # by the word as written: "?" folds to nothing
    whole: _Words = field(default_factory=dict)
    first: _Words = field(default_factory=dict)
    anywhere: _Words = field(default_factory=dict)
    patterns: list[tuple[Any, PatternEntry]] = field(default_factory=list)
    catch_all: CatchAllEntry | None = None
    mistyped: dict[str, Neighbourhood] = field(default_factory=dict)  # by the way to match

    def words(self, match: str) -> _Words:
        """The dictionary of one way to match."""
        ways = {"whole": self.whole, "first": self.first, "anywhere": self.anywhere}
        return ways[match]


@dataclass(slots=True)
class _Asked:
    """One text to route: as it came, and its folded words."""

    raw: str
    folded: str
    tokens: list[str]


class KeywordIndex:
    """All entries of a project, ready to be asked. Of two equal entries the earlier wins.

    `reserved` says of which words no mistyped keyword is made and none is taken for: those that
    stop, start and help.
    """

    def __init__(
        self, entries: Iterable[Entry], *, reserved: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._reserved = reserved
        self._scopes: dict[tuple[str | None, str | None], _Scope] = {}  # by number and group
        self._clashes: dict[tuple[int, int], tuple[Entry, Entry]] = {}
        self._longest = 1  # words in the longest keyword
        self._folded: set[str] = set()  # all keywords
        for entry in entries:
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        scope = self._scopes.setdefault((entry.number, entry.group), _Scope())
        match entry:
            case KeywordEntry():
                for word in entry.words:
                    self._add_word(scope, entry, word.strip())
            case PatternEntry():
                for _, other in scope.patterns:
                    self._note_clash(other if other.regex == entry.regex else None, entry)
                scope.patterns.append((compile_pattern(entry.regex), entry))
            case CatchAllEntry():
                self._note_clash(scope.catch_all, entry)
                scope.catch_all = scope.catch_all or entry

    def _add_word(self, scope: _Scope, entry: KeywordEntry, word: str) -> None:
        folded = fold(word)
        words = scope.words(entry.match) if folded else scope.raw
        _, other = words.setdefault(folded or word, (word, entry))
        self._note_clash(other, entry)
        if entry.match == "whole":
            scope.raw.setdefault(word, (word, entry))
        self._longest = max(self._longest, folded.count(" ") + 1)
        self._folded.add(folded)
        allowed = allowance(entry.fuzzy, folded)
        if allowed and words[folded][1] is entry and not self._reserved(folded):
            scope.mistyped.setdefault(entry.match, Neighbourhood()).add(folded, allowed)

    def _note_clash(self, other: Entry | None, entry: Entry) -> None:
        if other is not None and other is not entry:
            self._clashes[id(other), id(entry)] = (other, entry)

    def clashes(self) -> list[tuple[Entry, Entry]]:
        """Pairs that could both win: same word and way to match, same pattern, two catch-alls."""
        return list(self._clashes.values())

    def words(self, number: str | None) -> Iterator[tuple[str, KeywordEntry]]:
        """The keywords that work on a number, as written, each with its entry: for hints."""
        for (name, _), scope in self._scopes.items():
            if name in (number, None):
                for words in (scope.raw, scope.whole, scope.first, scope.anywhere):
                    yield from words.values()

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that some entry is for."""
        return tuple(dict.fromkeys(group for _, group in self._scopes if group is not None))

    def find(self, text: str, number: str | None, groups: Iterable[str] = ()) -> Match | None:
        """The best match of a text that came in on `number`; None when nothing takes it."""
        return next(self.matches(text, number, groups), None)

    def matches(self, text: str, number: str | None, groups: Iterable[str] = ()) -> Iterator[Match]:
        """All matches for a contact of these groups, best first: for a caller whose best one has a
        condition that fails."""
        folded = fold(text)
        asked = _Asked(text.strip(), folded, folded.split())
        scopes = list(self._scopes_for(number, groups))
        for scope in scopes:
            yield from self._in_scope(scope, asked)
        for scope in scopes:
            if scope.catch_all is not None:
                yield Match(scope.catch_all.target, args=tuple(asked.raw.split()))

    def _scopes_for(self, number: str | None, groups: Iterable[str]) -> Iterator[_Scope]:
        """The scopes that hold for a text, the most specific first."""
        for key in product(dict.fromkeys((number, None)), (*groups, None)):
            if key in self._scopes:
                yield self._scopes[key]

    def near(self, text: str, number: str | None, groups: Iterable[str] = ()) -> list[Match]:
        """The keywords that a text may have been meant for, each target once, the nearest first.

        One is what was meant; of several the person has to be asked. A word that is a keyword or
        reserved as it stands is no mistyped one.
        """
        tokens = fold(text).split()
        found: dict[int, Match] = {}
        for scope in self._scopes_for(number, groups):
            for way, words in scope.mistyped.items():
                for match in self._mistyped(words, scope.words(way), way, text, tokens):
                    other = found.setdefault(id(match.target), match)
                    if match.mistakes < other.mistakes:
                        found[id(match.target)] = match
        return sorted(found.values(), key=lambda match: match.mistakes)

    def _mistyped(
        self, near: Neighbourhood, words: _Words, way: str, text: str, tokens: list[str]
    ) -> Iterator[Match]:
        """The keywords of one way to match that a part of the text is near to."""
        for start, end in self._spans(way, len(tokens)):
            said = " ".join(tokens[start:end])
            if self._reserved(said) or said in self._folded:
                continue
            for mistakes, folded in near.near(said):
                word, entry = words[folded]
                args = () if end == len(tokens) else _words_after(text, end)
                whole = end - start == len(tokens)
                yield Match(entry.target, word, args, whole=whole, mistakes=mistakes)

    def _spans(self, way: str, count: int) -> Iterator[tuple[int, int]]:
        """Where in a text of `count` words a keyword may stand."""
        for start in range(count if way == "anywhere" else min(count, 1)):
            for end in range(start + 1, min(count, start + self._longest) + 1):
                if way != "whole" or end - start == count:
                    yield start, end

    def _in_scope(self, scope: _Scope, asked: _Asked) -> Iterator[Match]:
        as_written = scope.raw.get(asked.raw)
        if as_written is not None:
            yield Match(as_written[1].target, as_written[0], whole=True)
        whole = scope.whole.get(asked.folded)
        if whole is not None and (as_written is None or whole[1] is not as_written[1]):
            yield Match(whole[1].target, whole[0], whole=True)
        for pattern, entry in scope.patterns:
            match = _by_pattern(pattern, entry, asked.raw)
            if match is not None:
                yield match
        if scope.first:
            yield from self._at(scope.first, asked, 0)
        if scope.anywhere:
            for start in range(len(asked.tokens)):
                yield from self._at(scope.anywhere, asked, start)

    def _at(self, words: _Words, asked: _Asked, start: int) -> Iterator[Match]:
        """Keywords that begin at a word of the text, the longest first."""
        tokens = asked.tokens
        for end in range(min(len(tokens), start + self._longest), start, -1):
            found = words.get(" ".join(tokens[start:end]))
            if found is not None:
                whole = end - start == len(tokens)
                args = () if end == len(tokens) else _words_after(asked.raw, end)
                yield Match(found[1].target, found[0], args, whole=whole)


def _by_pattern(pattern: Any, entry: PatternEntry, text: str) -> Match | None:
    try:
        found = pattern.search(text, timeout=PATTERN_SECONDS)
    except TimeoutError:
        return None
    if found is None:
        return None
    groups = {name: value for name, value in found.groupdict().items() if value is not None}
    return Match(entry.target, groups=groups, whole=found[0] == text)


def _words_after(text: str, taken: int) -> tuple[str, ...]:
    """The words of `text` as they were typed, after those that make its first folded words."""
    rest: list[str] = []
    for word in text.split():
        tokens = fold(word).split()
        if taken <= 0:
            rest.append(word)
        elif taken < len(tokens):
            rest.extend(tokens[taken:])  # "BOOK:friday" is one word as typed, and two folded
        taken -= len(tokens)
    return tuple(rest)
