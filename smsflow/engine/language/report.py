"""How an issue is printed: for people with the line and a caret, for programs as JSON.

An author fixes what they can see. The form is that of section 2.1 of the flow language: place,
code and sentence; the line above; the line; a caret under the place, and the cure behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smsflow.errors import Issue

_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m"}
_CARET, _DIM, _PLAIN = "\x1b[1;36m", "\x1b[2m", "\x1b[0m"
_WIDEST = 120  # characters of a source line; more of it hides the caret
_BEFORE = 40  # characters that stay before the caret where a line is cut
_CUT = "..."


def render(issue: Issue, source_lines: Sequence[str], colour: bool = False) -> str:
    """The issue with its source, in lines without a line break at the end.

    `source_lines` are the lines of its file; without the line in question the place and the cure
    still print.
    """

    def paint(text: str, code: str) -> str:
        return f"{code}{text}{_PLAIN}" if colour and text else text

    place = issue.place
    head = f"{place}: {paint(f'{issue.level} {issue.code}', _COLOURS.get(issue.level, ''))}"
    lines = [f"{head}: {issue.message}"]
    if not 1 <= place.line <= len(source_lines):
        return "\n".join([*lines, f"      {issue.hint}"] if issue.hint else lines)
    if place.line > 1:
        above = _cut(_shown(source_lines[place.line - 2]), 0)
        lines.append(f"{place.line - 1:>5} | {paint(above, _DIM)}")
    source = _shown(source_lines[place.line - 1])
    fits = len(source) <= _WIDEST or place.column <= _WIDEST - _BEFORE
    start = 0 if fits else place.column - 1 - _BEFORE
    shown = _cut(source, start)
    lines.append(f"{place.line:>5} | {shown}")
    column = place.column - start
    length = min(place.length, max(len(shown) - column + 1, 1))
    pointer = " " * (column - 1) + paint("^" * length, _CARET)
    lines.append(f"      | {pointer} {issue.hint}".rstrip())
    return "\n".join(lines)


def _shown(line: str) -> str:
    """A line that keeps its width and can't move the terminal's cursor."""
    return "".join(char if char.isprintable() else " " for char in line)


def _cut(line: str, start: int) -> str:
    """As much of a line as is shown, from `start`; dots stand in the place of what is not."""
    rest = line[start:]
    if start:
        rest = _CUT + rest[len(_CUT) :]
    return rest if len(rest) <= _WIDEST else rest[: _WIDEST - len(_CUT)] + _CUT


def as_json(issue: Issue) -> dict[str, Any]:
    """The issue as plain JSON."""
    place = issue.place
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "length": place.length,
        "level": issue.level,
        "code": issue.code,
        "message": issue.message,
        "hint": issue.hint,
    }


def as_github(issue: Issue) -> str:
    """The issue as a workflow command of GitHub Actions, which marks the line in a pull request."""
    place = issue.place
    where = (
        f"file={_property(place.file)},line={place.line},col={place.column},"
        f"endColumn={place.column + place.length}"
    )
    text = f"{issue.message}: {issue.hint}" if issue.hint else issue.message
    return f"::{issue.level} {where},title={_property(issue.code)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
