"""Texts and values written as YAML that reads back as the same, whatever they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from smsflow.engine.templating.values import as_written

# Nothing in these means anything to YAML, wherever they stand on their own in a list.
_HARMLESS = re.compile(r"[A-Za-z][A-Za-z0-9.!?']*(?: [A-Za-z0-9.!?']+)*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def quoted(text: str) -> str:
    """A text in double quotes, what can't be seen as an escape."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def plain(text: str) -> str:
    """A text as a person would write it, for slots that hold texts: quoted only where needed."""
    return text if _HARMLESS.fullmatch(text) else quoted(text)


def inline(value: Any) -> str:
    """A value on one line: mappings as {key: value}, lists as [value], texts in quotes."""
    match value:
        case None | bool() | int() | float():
            return as_written(value)
        case Mapping():
            pairs = (f"{plain(str(key))}: {inline(item)}" for key, item in value.items())
            return "{" + ", ".join(pairs) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(inline, value)) + "]"
        case _:
            return quoted(str(value))
