"""Files of a project with one thing broken: a required key gone, or a name that names nothing.

What can be broken is read off the grammar, so a key that comes into the language is broken, too.
No line moves: what is gone leaves its line empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from smsflow.engine.language import grammar
from smsflow.engine.language.compose import read
from smsflow.engine.language.grammar import Key, Kind, Slot
from smsflow.engine.language.source import Mapping as Map
from smsflow.engine.language.source import Node, Scalar, Sequence

RECORDS = {
    *(Kind.RECORD, Kind.OFF_OR_RECORD, Kind.YES_OR_RECORD, Kind.EXPECT),
    *(Kind.DURATION_OR_RECORD, Kind.TIMES_OR_RECORD),
}
NAMED = {
    *(Kind.TARGET, Kind.FLOW, Kind.POLICY, Kind.NUMBER, Kind.NUMBERS, Kind.ENUM, Kind.ENUMS),
    *(Kind.PROVIDER, Kind.ACTION, Kind.TYPED),
}
# Names that the grammar takes for any, and that have to be there all the same.
BY_KEY = {"lang", "fills", "provider", "languages"}
_SERVICE = re.compile(r"(?<= )\w+(?=:/[^/])")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken file. `lines` are those on which it may be told; `kind` is of the slot, or ''."""

    what: str
    text: str
    lines: frozenset[int]
    kind: str = ""


def mutants(text: str, keys: Mapping[str, Key]) -> Iterator[Mutant]:
    """The file once for each thing in it that can be broken, its documents having these keys."""
    documents, issues = read(text, "")
    assert issues == []
    for document in documents:
        assert isinstance(document.root, Map)
        yield from _Breaker(text).record(document.root, keys, frozenset({1}))


class _Breaker:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")

    # --- walking along the grammar ---------------------------------------------------------------

    def record(self, node: Map, keys: Mapping[str, Key], above: frozenset[int]) -> Iterator[Mutant]:
        """A mapping with these keys; `above` are lines of what it stands under."""
        for key, value in node:
            known = keys.get(key.text)
            if known is None:
                continue
            if known.required:
                yield self.without(node, key, above)
            yield from self.slot(value, known.slot, key)

    def slot(self, node: Node, slot: Slot, key: Scalar) -> Iterator[Mutant]:
        """What stands in a slot of the grammar, under that key."""
        under = frozenset({key.place.line})
        match slot.kind, node:
            case Kind.TYPED, Map():
                yield from self.record(node, grammar.TYPED, under)
            case kind, Map() if kind in RECORDS:
                yield from self.record(node, slot.keys, under)
            case Kind.MAP, Map() if slot.item is not None:
                for name, value in node:
                    yield from self.slot(value, slot.item, name)
            case Kind.LIST, Sequence() if slot.item is not None:
                for each in node:
                    yield from self.slot(each, slot.item, key)
            case Kind.STEPS | Kind.HANDLER, _:
                yield from self.steps(node, key)
            case Kind.HANDLERS, Map():
                for name, value in node:
                    yield from self.steps(value, name)
            case Kind.TEXT, Map():
                yield from self.of_text(node)
            case Kind.REQUEST, Scalar():
                yield from self.renamed(node, slot.kind, _SERVICE)
            case kind, _ if kind in NAMED or key.text in BY_KEY:
                said = key.text if key.text in BY_KEY else kind
                for each in node if isinstance(node, Sequence) else [node]:
                    if isinstance(each, Scalar) and each.value is not None:
                        yield from self.renamed(each, said)

    def steps(self, node: Node, key: Scalar) -> Iterator[Mutant]:
        """One step or a list of them."""
        for step in node if isinstance(node, Sequence) else [node]:
            if not isinstance(step, Map):
                continue
            verb = next((each for each, _ in step if each.text in grammar.VERBS), None)
            if verb is None:
                continue
            above = frozenset({key.place.line, step.place.line})
            yield self.without(step, verb, above)
            known = grammar.VERBS[verb.text]
            slot = Key(known.slot, "")
            keys = {**grammar.COMMON, **known.keys, verb.text: slot}
            yield from self.record(step, keys, above)

    def of_text(self, node: Map) -> Iterator[Mutant]:
        """A template, a text by its name, or one for each language."""
        for key, value in node:
            if key.text in ("template", "text") and isinstance(value, Scalar):
                yield from self.renamed(value, key.text)
            else:
                yield from self.renamed(key, "language")

    # --- breaking --------------------------------------------------------------------------------

    def renamed(
        self, scalar: Scalar, kind: str, part: re.Pattern[str] | None = None
    ) -> Iterator[Mutant]:
        """With a letter more in the name, or in that part of it."""
        found = (part or re.compile(re.escape(scalar.text))).search(scalar.raw)
        if found is None or "*" in scalar.raw[:1]:
            return
        start = self.offset(scalar) + found.end()
        changed = self.text[:start] + "q" + self.text[start:]
        lines = frozenset({scalar.place.line})
        yield Mutant(f"{kind} '{found[0]}q'", changed, lines, kind)

    def without(self, node: Map, key: Scalar, above: frozenset[int]) -> Mutant:
        """Without a key and what stands under it."""
        keys = [each for each, _ in node]
        number = keys.index(key)
        following = keys[number + 1] if number + 1 < len(keys) else None
        start = self.offset(key)
        if self.text[self.offset(node)] == "{":
            end = self.closing(self.offset(node)) if following is None else self.offset(following)
        elif following is not None:
            end = self.offset(following)
            end -= following.place.column - 1
        else:
            end = self.end_of_block(key)
        gone = re.sub(r"[^\n]", "", self.text[start:end])
        if "\n" not in gone and self.text[self.offset(node)] != "{" and following is not None:
            gone = "\n"
        changed = self.text[:start] + gone + self.text[end:]
        lines = {node.place.line, *(each.place.line for each in keys)}
        return Mutant(f"no '{key.text}'", changed, frozenset(lines) | above)

    def offset(self, node: Node) -> int:
        """Where a node begins in the text."""
        before = sum(len(line) + 1 for line in self.lines[: node.place.line - 1])
        return before + node.place.column - 1

    def closing(self, start: int) -> int:
        """Where the bracket at `start` is closed; brackets in quotes are none."""
        depth, quote = 0, ""
        for at in range(start, len(self.text)):
            char = self.text[at]
            if quote:
                quote = "" if char == quote else quote
            elif char in "'\"" and self.text[at - 1] in " {[,:":
                quote = char
            elif char in "{[":
                depth += 1
            elif char in "}]":
                depth -= 1
                if depth == 0:
                    return at
        raise AssertionError("a bracket is never closed")

    def end_of_block(self, key: Scalar) -> int:
        """The end of what stands under the last key of a mapping in lines."""
        last = key.place.line
        for line in self.lines[key.place.line :]:
            indent = len(line) - len(line.lstrip())
            if line.strip() and indent < key.place.column:
                break
            last += 1
        return sum(len(line) + 1 for line in self.lines[:last]) - 1
