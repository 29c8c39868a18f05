"""The tree of a YAML file, built from libyaml's events under limits.

PyYAML's own composer recurses without a bound, knows no limit for aliases and drops the second of
two equal keys. Building the tree here costs a screen of code and makes each of those an issue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from smsflow.engine.language import traps
from smsflow.engine.language.source import (
    CONTROL,
    MAX_ALIASES,
    MAX_DEPTH,
    MAX_NODES,
    Document,
    Mapping,
    Node,
    Scalar,
    Sequence,
    control_issue,
)
from smsflow.errors import Issue, Place

_TAB = re.compile(r"\t")


class _Stop(Exception):
    """The rest of the file is not worth reading."""


def read(text: str, file: str) -> tuple[list[Document], list[Issue]]:
    """The documents of a file and every mistake in its YAML; never raises, whatever the text."""
    found = CONTROL.search(text)
    if found:
        return [], [control_issue(text, found.start(), file)]
    reader = _Reader(text, file)
    reader.tabs()
    documents: list[Document] = []
    try:
        reader.documents(documents)
    except _Stop:
        pass
    except yaml.MarkedYAMLError as error:
        if not reader.issues:  # a tab or a tag that was found already says it better
            reader.issues.append(traps.explain(error, reader.trail, text, file))
    except yaml.YAMLError as error:
        reader.issues.append(Issue(Place(file, 1, 1), "F101", f"this is no YAML: {error}"))
    return documents, reader.issues


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is still open."""

    event: Any
    mapping: bool
    nodes: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class _Anchor:
    node: Node
    size: int
    height: int


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.issues: list[Issue] = []
        self.trail = traps.Trail()
        self.loader = yaml.CBaseLoader(text)
        self.stack: list[_Frame] = []
        self.anchors: dict[str, _Anchor] = {}
        self.aliases = 0
        self.root: Node | None = None

    def issue(self, place: Place, code: str, message: str, hint: str = "") -> None:
        self.issues.append(Issue(place, code, message, hint))

    def stop(self, place: Place, code: str, message: str, hint: str = "") -> _Stop:
        self.issue(place, code, message, hint)
        return _Stop()

    def place(self, event: Any) -> Place:
        """Where an event stands; its length ends with its first line."""
        start, end = event.start_mark, event.end_mark
        stop = self.text.find("\n", start.index, end.index)
        length = (end.index if stop < 0 else stop) - start.index
        return Place(self.file, start.line + 1, start.column + 1, max(length, 1))

    def tabs(self) -> None:
        """Note the first tab of each line."""
        for number, line in enumerate(self.text.split("\n"), 1):
            found = _TAB.search(line)
            if found:
                place = Place(self.file, number, found.start() + 1)
                self.issue(place, "F103", "a tab stands here", "use spaces")

    def documents(self, found: list[Document]) -> None:
        while self.loader.check_event():
            event: Any = self.loader.get_event()  # its marks and fields are untyped in the stubs
            self.trail.add(event, self.text)
            match event:
                case yaml.DocumentStartEvent():
                    self.anchors, self.root = {}, None
                case yaml.DocumentEndEvent():
                    if self.root is not None:
                        found.append(Document(self.root, self.file))
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self.open(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self.close()
                case yaml.ScalarEvent():
                    self.tag(event)
                    self.add(self.scalar(event), 1, 1, event.anchor)
                case yaml.AliasEvent():
                    self.alias(event)

    def tag(self, event: Any) -> None:
        if event.tag is not None:
            place = self.place(event)
            hint = "remove it; a text that begins with ! needs quotes"
            self.issue(place, "F104", f"tags such as {event.tag!r} mean nothing here", hint)

    def open(self, event: Any) -> None:
        self.tag(event)
        self.stack.append(_Frame(event, isinstance(event, yaml.MappingStartEvent)))
        self.depth(len(self.stack), event)

    def depth(self, depth: int, event: Any) -> None:
        if depth > MAX_DEPTH:
            message = f"more than {MAX_DEPTH} levels stand inside each other"
            raise self.stop(self.place(event), "F113", message, "use sections and goto")

    def close(self) -> None:
        frame = self.stack.pop()
        place = self.place(frame.event)
        items = tuple(frame.nodes)
        node = self.mapping(frame, place) if frame.mapping else Sequence(items, place)
        self.add(node, frame.size, frame.height + 1, frame.event.anchor)

    def add(self, node: Node, size: int, height: int, anchor: str | None) -> None:
        """Put a finished node where it belongs."""
        if anchor is not None:
            self.anchors[anchor] = _Anchor(node, size, height)
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        frame.nodes.append(node)
        frame.size += size
        frame.height = max(frame.height, height)
        if frame.size > MAX_NODES:
            message = f"this holds more than {MAX_NODES:,} values"
            raise self.stop(node.place, "F114", message, "split the file, or use fewer aliases")

    def alias(self, event: Any) -> None:
        self.aliases += 1
        place = self.place(event)
        if self.aliases > MAX_ALIASES:
            raise self.stop(place, "F114", f"a file may have {MAX_ALIASES} aliases, no more")
        found = self.anchors.get(event.anchor)
        if found is None:
            hint = "define it above with &, or put a text that begins with * in quotes"
            raise self.stop(place, "F116", f"no anchor &{event.anchor} stands above", hint)
        self.depth(len(self.stack) + found.height - 1, event)
        self.add(found.node, found.size, found.height, None)

    def scalar(self, event: Any) -> Scalar:
        start, end = event.start_mark.index, event.end_mark.index
        plain = not event.style
        comment = ""
        if plain and event.value and self.text.startswith(" #", end):
            comment = self.text[end:].partition("\n")[0]
        return Scalar(event.value, plain, self.place(event), self.text[start:end], comment)

    def mapping(self, frame: _Frame, place: Place) -> Mapping:
        """A mapping whose keys are texts, each once."""
        seen: dict[str, Scalar] = {}
        items: list[tuple[Scalar, Node]] = []
        for key, value in zip(frame.nodes[::2], frame.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.issues.append(traps.key_is_no_text(key, self.text))
            elif key.text == "<<" and key.plain:
                hint = "say it once under `defaults`, by verb"
                self.issue(key.place, "F105", "merge keys are not read", hint)
            elif key.text in seen:
                line = seen[key.text].place.line
                message = f"the key {key.text!r} stands here twice"
                self.issue(key.place, "F102", message, f"the first is on line {line}")
            else:
                seen[key.text] = key
                items.append((key, value))
        return Mapping(tuple(items), place)
