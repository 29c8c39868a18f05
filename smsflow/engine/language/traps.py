"""What libyaml's errors mean to somebody who writes texts, and how to mend them.

`mapping values are not allowed in this context` is true and helps nobody: nearly always a text
holds `: `, begins with `{{`, or lacks a closing quote. Those are told by name, at the text itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from smsflow.engine.language.source import Mapping, Sequence
from smsflow.errors import Issue, Place

_BRACES_HINT = "put it in quotes: {quoted} (in a condition, leave the braces out)"


@dataclass(slots=True)
class Trail:
    """What was read last, for an error that comes after it."""

    last: Any = None
    braces: int = -1  # where the last `{{` of a mapping inside a mapping's key stood

    def add(self, event: Any, text: str) -> None:
        """Note one event."""
        self.last = event
        if isinstance(event, yaml.MappingStartEvent) and event.flow_style and event.start_mark:
            at = event.start_mark.index
            if at and text[at - 1] == "{":
                self.braces = at - 1


def quoted(text: str) -> str:
    """A text as it may be pasted back into YAML, in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def place_in(text: str, at: int, end: int, file: str) -> Place:
    """The place of `text[at:end]`, cut at the end of its line."""
    stop = text.find("\n", at)
    end = min(end, len(text) if stop < 0 else stop)
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return Place(file, line, column, max(end - at, 1))


def explain(error: yaml.MarkedYAMLError, trail: Trail, text: str, file: str) -> Issue:
    """libyaml's error as one of ours, with its place and its cure."""
    mark = error.problem_mark or error.context_mark
    at = min(mark.index, len(text)) if mark else 0
    problem = error.problem or ""
    if trail.braces >= 0 and "\n" not in text[trail.braces : at]:
        return _braces(text, trail.braces, file)
    last = trail.last
    if isinstance(last, yaml.ScalarEvent) and not last.style:
        colon = _colon(last, at, problem, text, file)
        if colon:
            return colon
    return _by_problem(error, at, text, file)


def _braces(text: str, at: int, file: str) -> Issue:
    end = text.find("\n", at)
    value = text[at : None if end < 0 else end].rstrip()
    place = place_in(text, at, at + len(value), file)
    message = "this text begins with {{, which YAML reads as a mapping"
    return Issue(place, "F106", message, _BRACES_HINT.format(quoted=quoted(value)))


def _colon(event: Any, at: int, problem: str, text: str, file: str) -> Issue | None:
    """The issue for a plain text that holds ': ', when that is what went wrong."""
    start, end = event.start_mark.index, event.end_mark.index
    if end != at or text[at : at + 1] != ":":
        return None
    if "\n" in text[start:end]:
        line = text.rfind("\n", 0, at) + 1
        place = place_in(text, line + len(text[line:at]) - len(text[line:at].lstrip()), at, file)
        message = (
            "YAML takes this line as more of the text above it, and no key may stand in a text"
        )
        return Issue(place, "F107", message, "line the key up with those above, or quote the text")
    flow = "flow mapping" in problem or "did not find expected ','" in problem
    stop = re.compile(r"[,}\n]| {2,}#" if flow else r"\n| {2,}#").search(text, at)
    value = text[start : stop.start() if stop else len(text)].rstrip()
    message = "this text holds ': ', so YAML reads it as a key"
    place = place_in(text, start, start + len(value), file)
    return Issue(place, "F107", message, f"put it in quotes: {quoted(value)}")


def _by_problem(error: yaml.MarkedYAMLError, at: int, text: str, file: str) -> Issue:
    problem, context = error.problem or "", error.context or ""
    opened = error.context_mark.index if error.context_mark else at
    if "quoted scalar" in context:
        message, hint, at = "this quote is never closed", "close it with the same quote", opened
    elif "cannot start any token" in problem or "block scalar" in context:
        char = text[at : at + 1]
        message, hint = f"a text can't begin with {char!r}", "put the text in quotes"
    elif "expected ',' or" in problem:
        message = f"what is opened here with {text[opened : opened + 1]!r} is not closed"
        hint, at = "close it; a text that holds quotes, commas or colons needs quotes", opened
    elif "could not find expected ':'" in problem:
        message, hint, at = "this line is no `key: value`", "add a colon and a space", opened
    elif "alias" in context or "anchor" in context:
        message = f"YAML reads {text[opened : opened + 1]!r} as the mark of an anchor or alias"
        hint, at = "put the text in quotes", opened
    elif "did not find expected key" in problem or "'-' indicator" in problem:
        message = "this does not fit the lines above"
        hint = "check the indentation and the quotes: keys of one step stand in one column"
    else:
        message, hint = f"YAML can't be read here: {problem or context}", "check the line above too"
    return Issue(place_in(text, at, at + 1, file), "F101", message, hint)


def key_is_no_text(key: Mapping | Sequence, text: str) -> Issue:
    """The issue for a mapping or list in the place of a key: nearly always `{{ ... }}`."""
    lines = text.split("\n")
    line, column = lines[key.place.line - 1], key.place.column - 1
    if column and line[column - 1 : column + 1] == "{{":
        before = line[: column - 1]
        inside = sum(map(before.count, "{[")) > sum(map(before.count, "}]"))
        # Inside braces a comma ends the text; elsewhere all of the line belongs to it.
        ends = r".*?\}\}(?=\s*(?:[,}\]]|$))" if inside else r".*?(?=\s*(?: #|$))"
        closed = re.compile(ends).match(line, column - 1)
        value = closed.group() if closed else line[column - 1 :].rstrip()
        place = Place(key.place.file, key.place.line, column, len(value))
        message = "this text begins with {{, which YAML reads as a mapping"
        return Issue(place, "F106", message, _BRACES_HINT.format(quoted=quoted(value)))
    return Issue(key.place, "F115", "a key has to be a text", "write one word before the colon")
