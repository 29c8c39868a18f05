"""Transcript files: what a test file says, line by line, with the place of every line.

    smsflow-test: 1
    flow: hours
    given: {now: 2025-03-10 09:00 Europe/London, contact: {phone: "+447700900123"}}
    tests:
      - name: a keyword is answered
        steps:
          - in: hours
          - out: {starts: We are open}

Reading finds every mistake of form before anything is played; `playing` plays.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from typing import Any

from smsflow.engine.compose import read
from smsflow.engine.source import Mapping, Node, Scalar, Sequence, decode_file
from smsflow.errors import Issue, Place

WHEN = ("start", "in", "after", "at", "dlr", "verify", "restart", "deploy")
THEN = ("out", "silent", "end", "expect")
LATER = ("event", "http", "handoff", "emit", "agent", "run")
GIVEN = ("now", "contact", "start", "codes", "history", "random")
OUT_KEYS = ("text", "starts", "contains", "matches", "lang", "via", "segments", "named")
_SHAPES: Dict[str, tuple[str, ...]] = {
    "out": OUT_KEYS,
    "in": ("text", "to"),
    "dlr": ("status", "of", "error"),
    "deploy": ("flow",),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a test: its word, what stands behind it, and where."""

    word: str
    value: Any
    place: Place
    value_place: Place


@dataclass(frozen=True, slots=True)
class Transcript:
    """One test: a world, and what happens in it."""

    name: str
    flow: str
    given: Dict[str, Any]
    lines: tuple[Line, ...]
    place: Place


@dataclass(slots=True)
class _Reader:
    file: str
    issues: list[Issue] = field(default_factory=list)

    def issue(self, place: Place, code: str, message: str, hint: str = "") -> None:
        self.issues.append(Issue(place, code, message, hint))

    def mapping(self, node: Node | None, place: Place, what: str) -> Mapping | None:
        if isinstance(node, Mapping):
            return node
        self.issue(node.place if node else place, "F202", f"{what} is expected here")
        return None

    def known(self, mapping: Mapping, names: tuple[str, ...], where: str) -> None:
        """Every key has to be one of `names`."""
        for key, _ in mapping:
            if key.text not in names:
                close = difflib.get_close_matches(key.text, names, 1)
                hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"
                self.issue(key.place, "F203", f"unknown key '{key.text}' {where}", hint)


def read_transcripts(data: bytes, file: str) -> tuple[list[Transcript], list[Issue]]:
    """The tests of a file, and every mistake in it."""
    text, issues = decode_file(data, file)
    documents, more = read(text, file) if not issues else ([], [])
    reader = _Reader(file, [*issues, *more])
    tests: list[Transcript] = []
    for document in documents:
        tests.extend(_document(reader, document.root))
    if not documents and not reader.issues:
        reader.issue(Place(file, 1, 1), "F201", "this file is empty", "begin with: smsflow-test: 1")
    return tests, sorted(reader.issues, key=lambda issue: issue.place)


def _document(reader: _Reader, root: Node) -> list[Transcript]:
    top = reader.mapping(root, root.place, "a mapping with flow and tests")
    if top is None:
        return []
    reader.known(top, ("smsflow-test", "flow", "given", "tests"), "in a test file")
    version = top.get("smsflow-test")
    if not isinstance(version, Scalar) or version.text != "1":
        place = version.place if version else top.place
        reader.issue(place, "F201", "a test file says its version", "write: smsflow-test: 1")
    flow = top.get("flow")
    if not isinstance(flow, Scalar) or not flow.text:
        reader.issue(top.place, "F201", "'flow' is missing", "name the flow that is tested")
        return []
    given = _given(reader, top.get("given"))
    tests = top.get("tests")
    if not isinstance(tests, Sequence):
        reader.issue(top.place, "F201", "'tests' is missing", "write a list of tests")
        return []
    found = [_test(reader, flow.text, given, node) for node in tests]
    return [each for each in found if each is not None]


def _given(reader: _Reader, node: Node | None) -> dict[str, Any]:
    if node is None:
        return {}
    mapping = reader.mapping(node, node.place, "a mapping")
    if mapping is None:
        return {}
    for key, _ in mapping:
        top = key.text.partition(".")[0]
        if top in ("http", "subscribed"):
            reader.issue(key.place, "F204", f"'{top}' is not in this version yet", "leave it out")
        elif top not in GIVEN:
            close = difflib.get_close_matches(top, GIVEN, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(GIVEN)}"
            reader.issue(key.place, "F203", f"unknown key '{top}' in 'given'", hint)
    return {key.text: plain(value) for key, value in mapping}


def _test(reader: _Reader, flow: str, given: dict[str, Any], node: Node) -> Transcript | None:
    mapping = reader.mapping(node, node.place, "a test with name and steps")
    if mapping is None:
        return None
    reader.known(mapping, ("name", "given", "steps"), "in a test")
    name = mapping.get("name")
    steps = mapping.get("steps")
    if not isinstance(name, Scalar):
        reader.issue(mapping.place, "F201", "this test has no name", "write what it shows")
        return None
    if not isinstance(steps, Sequence) or not steps.items:
        reader.issue(name.place, "F201", "this test has no steps", "write a list under 'steps'")
        return None
    lines = [_line(reader, each) for each in steps]
    return Transcript(
        name.text,
        flow,
        merged(given, _given(reader, mapping.get("given"))),
        tuple(each for each in lines if each is not None),
        name.place,
    )


def _line(reader: _Reader, node: Node) -> Line | None:
    if not isinstance(node, Mapping) or len(node.items) != 1:
        reader.issue(node.place, "F202", "a line is one word with a value", "such as - in: hello")
        return None
    ((key, value),) = node.items
    word = key.text
    if word in LATER:
        reader.issue(key.place, "F204", f"'{word}' is not in this version yet", "leave it out")
        return None
    if word not in WHEN + THEN:
        close = difflib.get_close_matches(word, WHEN + THEN, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(WHEN + THEN)}"
        reader.issue(key.place, "F206", f"unknown line '{word}'", hint)
        return None
    if isinstance(value, Mapping) and word in _SHAPES:
        reader.known(value, _SHAPES[word], f"in '{word}'")
    elif not isinstance(value, Scalar) and word not in ("start", "expect"):
        reader.issue(value.place, "F202", f"a text is expected behind '{word}'")
        return None
    return Line(word, plain(value, typed=word in ("start", "expect")), key.place, value.place)


def plain(node: Node, *, typed: bool = True) -> Any:
    """A node as Python data; with `typed`, plain numbers and true, false, null are themselves."""
    match node:
        case Mapping():
            return {key.text: plain(value, typed=typed) for key, value in node}
        case Sequence():
            return [plain(value, typed=typed) for value in node]
        case _:
            return node.value if typed else node.text


def merged(base: Dict[str, Any], more: Dict[str, Any]) -> dict[str, Any]:
    """`base` with single paths overridden: `contact.language: fr` changes just that."""
    result: dict[str, Any] = _copied(base)
    for path, value in more.items():
        *parents, last = path.split(".")
        target = result
        for name in parents:
            inner = target.get(name)
            if not isinstance(inner, dict):
                inner = {}
                target[name] = inner
            target = inner
        target[last] = value
    return result


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return value
