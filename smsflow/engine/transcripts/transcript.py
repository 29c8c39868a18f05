"""Transcript files: what a test file says, line by line, with the place of every line.

    smsflow-test: 1
    flow: hours
    given: {now: 2025-03-10 09:00 Europe/London, contact: {phone: "+447700900123"}}
    tests:
      - name: a keyword is answered
        steps:
          - in: hours
          - out: {starts: We are open}

Reading finds every mistake of form before anything is played; `transcript_lines` knows the lines,
`given` the world that a test begins in, and `playing` plays.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Any

from smsflow.engine.language.compose import read
from smsflow.engine.language.reading import Context, Refused, kind_of, suggest
from smsflow.engine.language.source import Mapping, Node, Scalar, Sequence, decode_file
from smsflow.engine.transcripts.given import GIVEN, check_given
from smsflow.engine.transcripts.lines import Line, plain, read_line
from smsflow.errors import Issue, Place

KEYS = ("smsflow-test", "flow", "given", "tests")


@dataclass(frozen=True, slots=True)
class Transcript:
    """One test: a world, and what happens in it. `places` are those of `given`, by path."""

    name: str
    flow: str
    given: Dict[str, Any]
    places: Dict[str, Place]
    lines: tuple[Line, ...]
    place: Place

    def place_of(self, path: str) -> Place:
        """Where that part of `given` is written, else where the nearest part around it is."""
        while path and path not in self.places:
            path = path.rpartition(".")[0]
        return self.places.get(path, self.place)


def is_transcript(text: str) -> bool:
    """True when the first key of a file is `smsflow-test`."""
    for line in text.lstrip("\ufeff").splitlines():
        if line.strip() and not line.startswith(("#", "---", "%")):
            return line.startswith("smsflow-test:")
    return False


def read_transcripts(data: bytes, file: str) -> tuple[list[Transcript], list[Issue]]:
    """The tests of a file, and every mistake in it."""
    text, issues = decode_file(data, file)
    documents, more = read(text, file) if not issues else ([], [])
    ctx = Context(file, issues=[*issues, *more])
    tests: list[Transcript] = []
    for document in documents:
        try:
            tests += _document(ctx, document.root)
        except Refused:
            continue
    if not documents and not ctx.issues:
        ctx.issue(Place(file, 1, 1), "F201", "this file is empty", "begin with: smsflow-test: 1")
    return tests, sorted(dict.fromkeys(ctx.issues), key=lambda issue: issue.place)


def _document(ctx: Context, root: Node) -> list[Transcript]:
    top = _mapping(ctx, root, "a mapping with flow and tests")
    key = next((key for key, _ in top if key.text == "smsflow"), None)
    if key is not None and top.get("smsflow-test") is None:
        hint = "name a file of tests, such as tests/flows/<flow>.test.yaml"
        raise ctx.refuse(key.place, "F201", "this is a flow, and no test of one", hint)
    _known(ctx, top, KEYS, "in a test file")
    version, flow, tests = top.get("smsflow-test"), top.get("flow"), top.get("tests")
    if not isinstance(version, Scalar) or version.text != "1":
        place = version.place if version else top.place
        ctx.issue(place, "F201", "a test file says its version", "write: smsflow-test: 1")
    if not isinstance(flow, Scalar) or not flow.text:
        place = flow.place if flow else top.place
        raise ctx.refuse(place, "F201", "'flow' is missing", "name the flow that is tested")
    given = _given(ctx, top.get("given"))
    if not isinstance(tests, Sequence):
        place = tests.place if tests else top.place
        raise ctx.refuse(place, "F201", "'tests' is missing", "write a list of tests")
    found: list[Transcript] = []
    for node in tests:
        try:
            found.append(_test(ctx, flow.text, given, node))
        except Refused:
            continue
    return found


def _mapping(ctx: Context, node: Node, wanted: str) -> Mapping:
    if not isinstance(node, Mapping):
        raise ctx.refuse(node.place, "F202", f"{wanted} is expected here, not {kind_of(node)}")
    return node


def _known(ctx: Context, mapping: Mapping, names: tuple[str, ...], where: str) -> None:
    """Note every key that is not one of `names`."""
    for key, _ in mapping:
        if key.text not in names:
            hint = suggest(key.text, names, f"known: {', '.join(names)}")
            ctx.issue(key.place, "F203", f"unknown key '{key.text}' {where}", hint)


def _test(ctx: Context, flow: str, shared: _Given, node: Node) -> Transcript:
    mapping = _mapping(ctx, node, "a test with name and steps")
    _known(ctx, mapping, ("name", "given", "steps"), "in a test")
    name, steps = mapping.get("name"), mapping.get("steps")
    if not isinstance(name, Scalar) or not name.text.strip():
        place = name.place if name else mapping.place
        raise ctx.refuse(place, "F201", "this test has no name", "write what it shows")
    if not isinstance(steps, Sequence) or not steps.items:
        hint = "write a list under 'steps'"
        raise ctx.refuse(name.place, "F201", "this test has no steps", hint)
    own = _given(ctx, mapping.get("given"))
    lines: list[Line] = []
    for each in steps:
        try:
            lines.append(read_line(ctx, each))
        except Refused:
            continue
    given = merged(merged({}, shared.values), own.values)
    places = {**shared.places, **own.places}
    test = Transcript(name.text, flow, given, places, tuple(lines), name.place)
    check_given(ctx, given, test.place_of)
    return test


# --- the world that is given ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Given:
    """What a `given` says, and the places of its values by their dotted paths."""

    values: Dict[str, Any]
    places: Dict[str, Place]


def _given(ctx: Context, node: Node | None) -> _Given:
    if node is None:
        return _Given({}, {})
    mapping = _mapping(ctx, node, "a mapping")
    for key, _ in mapping:
        top = _top(key.text)
        if top not in GIVEN:
            hint = suggest(top, GIVEN, f"known: {', '.join(GIVEN)}")
            ctx.issue(key.place, "F203", f"unknown key '{top}' in 'given'", hint)
    # Codes are read by their source text: 012345 is six digits.
    values = {
        key.text: plain(value, typed=_top(key.text) not in ("codes", "now"))
        for key, value in mapping
    }
    return _Given(values, dict(_places(mapping, "")))


def _places(mapping: Mapping, path: str) -> list[tuple[str, Place]]:
    found: list[tuple[str, Place]] = []
    for key, value in mapping:
        found.append((path + key.text, value.place))
        if isinstance(value, Mapping):
            found += _places(value, f"{path}{key.text}.")
    return found


def _top(path: str) -> str:
    return path.partition(".")[0]


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
