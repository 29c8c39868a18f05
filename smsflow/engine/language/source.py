"""YAML as flow files use it: a strict subset, in which every node knows its place.

The usual loaders turn NO into false, 21:00 into 1260 and a phone number into an integer, and they
forget where a value stood. Here every scalar stays the text that was written, and a mistake can be
shown with file, line, column and a caret. libyaml does the scanning (PyYAML's own scanner refuses
`{en: Really?}`); this module builds the tree from its events, so that depth, size and aliases are
bounded while it is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from smsflow.errors import Issue, Place

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50
MAX_ALIASES = 100
MAX_NODES = 50_000  # with every alias counted as often as it is used

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,12})?", re.ASCII)
_WORDS = {"": None, "null": None, "true": True, "false": False}
# Controls, and the line breaks that only YAML 1.1 knows: nobody can see them in an editor.
CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A piece of text; `raw` is how it stands in the file, quotes and line breaks included."""

    text: str
    plain: bool
    place: Place
    raw: str = field(default="", compare=False)
    comment: str = field(default="", compare=False)  # cut off by YAML, one space behind the text

    @property
    def value(self) -> str | int | float | bool | None:
        """What it is as a value: only true, false, null and plain decimal numbers are special."""
        if not self.plain:
            return self.text
        if self.text in _WORDS:
            return _WORDS[self.text]
        if _NUMBER.fullmatch(self.text):
            return float(self.text) if "." in self.text else int(self.text)
        return self.text

    def place_at(self, offset: int, length: int = 1) -> Place:
        """The place in the file of the character at `offset` of the text."""
        at = _raw_offset(self, offset)
        before = self.raw[:at]
        line = self.place.line + before.count("\n")
        column = at - before.rfind("\n") if "\n" in before else self.place.column + at
        return Place(self.place.file, line, column, length)

    def place_of_line(self, number: int) -> Place:
        """The place of line `number` (from 1) of the text, as long as that line is."""
        lines = self.text.split("\n")
        number = min(max(number, 1), len(lines))
        offset = sum(len(line) + 1 for line in lines[: number - 1])
        line = lines[number - 1]
        offset += len(line) - len(line.lstrip())
        return self.place_at(min(offset, len(self.text)), max(len(line.strip()), 1))


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with their values, as written."""

    items: tuple[tuple[Scalar, Node], ...]
    place: Place

    def get(self, name: str) -> Node | None:
        """The value under `name`, when it is there."""
        return next((value for key, value in self.items if key.text == name), None)

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.items)


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes."""

    items: tuple[Node, ...]
    place: Place

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)


Node = Scalar | Mapping | Sequence


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document of a file."""

    root: Node
    file: str


def _raw_offset(scalar: Scalar, offset: int) -> int:
    """Where in `raw` the character at `offset` of the text stands, found by walking both."""
    raw, text = scalar.raw, scalar.text
    at = 0
    if raw[:1] in ("|", ">"):
        at = raw.find("\n") + 1
    elif raw[:1] in ("'", '"') and not scalar.plain:
        at = 1
    for char in text[: offset + 1]:
        start = at
        while at < len(raw) and raw[at] != char and (raw[at].isspace() or raw[at] in "\\'"):
            at += 1
        if at >= len(raw) or raw[at] != char:
            at = start  # folded away or escaped: stay, and meet again at the next character
        else:
            at += 1
    return min(max(at - 1, 0), max(len(raw) - 1, 0))


# --- bytes to text --------------------------------------------------------------------------------


def decode_file(data: bytes, file: str) -> tuple[str, list[Issue]]:
    """The text of a file, '' with issues when it is too large, not UTF-8 or holds control bytes."""
    if len(data) > MAX_BYTES:
        message = f"this file has {len(data):,} bytes; at most {MAX_BYTES:,} are read"
        return "", [Issue(Place(file, 1, 1), "F110", message, "split it into several flows")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8", "replace")
        line, column = good.count("\n") + 1, len(good) - good.rfind("\n")
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return "", [
            Issue(Place(file, line, column), "F111", message, "save this file in UTF-8 encoding")
        ]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = CONTROL.search(text)
    if found:
        return "", [control_issue(text, found.start(), file)]
    return text, []


def control_issue(text: str, at: int, file: str) -> Issue:
    """The issue for the invisible character at `at`."""
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    name = f"U+{ord(text[at]):04X}"
    return Issue(
        Place(file, line, column),
        "F112",
        f"the invisible character {name} stands here",
        "remove it; nobody can see it in an editor",
    )
