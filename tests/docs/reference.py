"""The tables of docs/language.md, from the one grammar that the checker reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from smsflow.engine.language.grammar import (
    COMMON,
    FLOW,
    PROJECT,
    TRIGGER,
    TYPED,
    VERBS,
    Key,
    Kind,
    Slot,
    Verb,
)

_WHAT: Mapping[Kind, str] = {
    Kind.TEXT: "text",
    Kind.CONDITION: "expression",
    Kind.VALUE: "value",
    Kind.LITERAL: "literal",
    Kind.PLAIN: "plain text",
    Kind.NAME: "name",
    Kind.DURATION: "duration",
    Kind.OFFSET: "duration, may begin with `-`",
    Kind.TIME: "time of day",
    Kind.RATE: "rate",
    Kind.WORDS: "word or list of words",
    Kind.NAMES: "name or list of names",
    Kind.INTEGER: "whole number",
    Kind.BOOLEAN: "`true` or `false`",
    Kind.PAIR: "two numbers",
    Kind.NUMBER: "number of the project",
    Kind.NUMBERS: "number of the project, or list",
    Kind.POLICY: "delivery policy",
    Kind.TARGET: "section or step id",
    Kind.HANDLER: "step or list of steps",
    Kind.HANDLERS: "steps by name",
    Kind.STEPS: "list of steps",
    Kind.BY_VERB: "keys by verb",
    Kind.DURATION_OR_RECORD: "duration, `{until, ...}` or `{event, ...}`",
    Kind.OFF_OR_RECORD: "`off`, or mapping",
    Kind.DATA: "values by name, or list of variables",
    Kind.FLOW: "name of a flow",
    Kind.EVENT: "name of an event",
    Kind.REQUEST: "method and `service:/path`, or method and URL",
    Kind.EXPECT: "status or list of statuses",
    Kind.TIMES_OR_RECORD: "whole number, or `{times, after}`",
    Kind.YES_OR_RECORD: "`true` or `false`, or mapping",
    Kind.ACTION: "action of the project's Python",
    Kind.CHOICES: "words by name, or list of names",
    Kind.TYPED: "type, or `{type, ...}`",
}


def tables() -> dict[str, str]:
    """Every generated part of the reference by its name."""
    parts = {
        "flow": _keys(FLOW),
        "trigger": _keys(TRIGGER),
        "typed": _keys(TYPED),
        "common": _keys(COMMON),
        "project": _keys(PROJECT),
        "verbs": _verbs(),
    }
    parts |= {f"verb {name}": _verb(verb) for name, verb in VERBS.items()}
    return parts


def _verbs() -> str:
    rows = [
        (f"[`{name}`](#{name})", _what(verb.slot), verb.doc, _names(verb.outcomes))
        for name, verb in VERBS.items()
    ]
    return _table(("verb", "its value", "what it does", "ways in which it can end"), rows)


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _verb(verb: Verb) -> str:
    rows = list(_rows("", verb.keys))
    if not rows:
        return "It has no keys of its own.\n"
    return _table(("key", "value", "meaning"), rows)


def _keys(keys: Mapping[str, Key]) -> str:
    return _table(("key", "value", "meaning"), list(_rows("", keys)))


def _rows(prefix: str, keys: Mapping[str, Key]) -> Iterator[tuple[str, ...]]:
    """A row for each key, and one for each key inside it."""
    for name, key in keys.items():
        path = f"{prefix}{name}"
        doc = f"{key.doc} (required)" if key.required else key.doc
        yield f"`{path}`", _what(key.slot), doc
        yield from _inner(path, key.slot)


def _inner(path: str, slot: Slot) -> Iterator[tuple[str, ...]]:
    if slot.kind in (Kind.RECORD, Kind.EXPECT, Kind.TIMES_OR_RECORD, Kind.YES_OR_RECORD):
        yield from _rows(f"{path}.", slot.keys)
    elif slot.kind is Kind.MAP and slot.item is not None and slot.item.kind is Kind.RECORD:
        yield from _rows(f"{path}.<name>.", slot.item.keys)


def _what(slot: Slot) -> str:
    match slot.kind:
        case Kind.ENUM:
            return _either(slot.values)
        case Kind.PROVIDER:
            return f"{_either(slot.values)}, or a kind of the project's Python"
        case Kind.EXPECT if slot.keys:
            return f"{_WHAT[slot.kind]}, or `{{status, where}}`"
        case Kind.ENUMS:
            return f"one or a list of {_either(slot.values)}"
        case Kind.RECORD:
            return "mapping"
        case Kind.MAP if slot.item is not None:
            return f"{_what(slot.item)} by name"
        case Kind.LIST if slot.item is not None:
            return f"list of {_what(slot.item)}s"
        case _:
            return _WHAT[slot.kind]


def _either(values: tuple[str, ...]) -> str:
    *most, last = (f"`{value}`" for value in values)
    return f"{', '.join(most)} or {last}" if most else last


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines
    )
