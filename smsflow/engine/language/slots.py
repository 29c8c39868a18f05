"""Reading what stands behind a key, as the grammar says what may stand there.

One `match` over the kinds of slot; handlers and steps come back as the nodes they are, for the
compiler of steps gives them their ids and their place in the graph.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from smsflow.engine.inputs import read_inputs, read_value
from smsflow.engine.language import grammar, literals, requests, source, texts
from smsflow.engine.language.grammar import Key, Kind, Slot
from smsflow.engine.language.reading import (
    Context,
    Fields,
    Refused,
    kind_of,
    listed,
    scalar,
    suggest,
)
from smsflow.engine.language.source import Node, Scalar
from smsflow.engine.model import Duration, Expression, Input, Value
from smsflow.errors import Place

_WHOLE = re.compile(r"\s*\{\{((?:(?!\}\}).)*)\}\}\s*", re.DOTALL)


def read(ctx: Context, node: Node, slot: Slot, name: str) -> Any:
    """The value of a slot; raises Refused when it has none, its issue noted."""
    match slot.kind:
        case Kind.RECORD:
            return record(ctx, node, slot.keys, f"under '{name}'")
        case Kind.OFF_OR_RECORD:
            if isinstance(node, Scalar) and node.text == "off":
                return None
            return record(ctx, node, slot.keys, f"under '{name}'")
        case Kind.DATA:
            return data(ctx, node)
        case Kind.CHOICES if isinstance(node, source.Sequence):
            return {each.text: () for each in literals.words(ctx, node)}
        case Kind.CHOICES:
            return free_map(ctx, node, Slot(Kind.MAP, item=Slot(Kind.WORDS)), name)
        case Kind.MAP | Kind.HANDLERS:
            return free_map(ctx, node, slot, name)
        case Kind.LIST:
            return _list(ctx, node, slot, name)
        case Kind.DURATION_OR_RECORD:
            if isinstance(node, source.Mapping):
                return record(ctx, node, slot.keys, f"under '{name}'")
            return literals.duration(ctx, node)
        case Kind.TIMES_OR_RECORD:
            if isinstance(node, source.Mapping):
                return record(ctx, node, slot.keys, f"under '{name}'")
            return literals.integer(ctx, node)
        case Kind.YES_OR_RECORD:
            if isinstance(node, source.Mapping):
                return record(ctx, node, slot.keys, f"under '{name}'")
            return literals.boolean(ctx, node)
        case Kind.EXPECT:
            if isinstance(node, source.Mapping):
                return record(ctx, node, slot.keys, f"under '{name}'")
            return literals.statuses(ctx, node)
        case Kind.TYPED:
            raise AssertionError("types have names; see free_map")
        case Kind.BY_VERB if not isinstance(node, source.Mapping):
            raise ctx.refuse(node.place, "F202", f"a mapping is expected here, not {kind_of(node)}")
        case Kind.HANDLER | Kind.STEPS | Kind.BY_VERB:
            return node
        case _:
            return _leaf(ctx, node, slot)


def _leaf(ctx: Context, node: Node, slot: Slot) -> Any:
    match slot.kind:
        case Kind.TEXT:
            return texts.read_text(ctx, node)
        case Kind.CONDITION:
            return condition(ctx, node)
        case Kind.VALUE:
            return value(ctx, node)
        case Kind.LITERAL:
            return literals.literal(ctx, node)
        case Kind.PLAIN:
            return scalar(ctx, node, "a text").text.strip()
        case Kind.NAME | Kind.TARGET:
            return literals.name(ctx, node)
        case Kind.FLOW:
            return _flow(ctx, node)
        case Kind.EVENT:
            return literals.event(ctx, node)
        case Kind.REQUEST:
            return requests.request(ctx, node)
        case Kind.ACTION:
            return _action(ctx, node)
        case Kind.PROVIDER:
            return _provider(ctx, node, slot)
        case Kind.WORDS:
            return literals.words(ctx, node)
        case Kind.ENUM if slot.values == grammar.ANSWER_TYPES and _of_project(node):
            return _answer_type(ctx, node)
        case Kind.ENUM:
            return literals.one_of(ctx, node, slot.values)
        case _:
            return _small(ctx, node, slot)


def _small(ctx: Context, node: Node, slot: Slot) -> Any:
    match slot.kind:
        case Kind.DURATION:
            return literals.duration(ctx, node)
        case Kind.OFFSET:
            return literals.duration(ctx, node, signed=True)
        case Kind.TIME:
            return literals.time_of_day(ctx, node)
        case Kind.RATE:
            return literals.rate(ctx, node)
        case Kind.INTEGER:
            return literals.integer(ctx, node)
        case Kind.BOOLEAN:
            return literals.boolean(ctx, node)
        case Kind.PAIR:
            return literals.pair(ctx, node)
        case Kind.ENUMS:
            found = literals.scalars(ctx, node, f"one or more of {listed(slot.values)}")
            return tuple(literals.one_of(ctx, each, slot.values) for each in found)
        case Kind.NAMES:
            return tuple(literals.name(ctx, each) for each in literals.scalars(ctx, node, "a name"))
        case _:
            return _known(ctx, node, slot.kind)


def _known(ctx: Context, node: Node, kind: Kind) -> Any:
    """Names of the project: numbers and policies."""
    if kind is Kind.NUMBERS:
        found = literals.scalars(ctx, node, "the name of a number")
        return tuple(_exists(ctx, each, ctx.numbers, "F302", "number", "numbers") for each in found)
    each = scalar(ctx, node, "a name")
    if kind is Kind.NUMBER:
        return _exists(ctx, each, ctx.numbers, "F302", "number", "numbers")
    return _exists(ctx, each, ctx.policies, "F303", "delivery policy", "deliver")


def _flow(ctx: Context, node: Node) -> str:
    """The name of a flow; whether there is one is seen when all of them are read."""
    found = literals.name(ctx, node)
    if isinstance(node, Scalar):
        ctx.flows_named.append(node)
    return found


def _of_project(node: Node) -> bool:
    return isinstance(node, Scalar) and node.text.startswith("app.")


def _answer_type(ctx: Context, node: Node) -> str:
    """A type of answers that the project's Python registers."""
    found = scalar(ctx, node, "a type of answers")
    known = ctx.extension.answer_types if ctx.extension is not None else {found.text: None}
    if found.text not in known:
        hint = suggest(found.text, known, f"registered are: {listed(known) or 'none'}")
        message = f"there is no type of answers {found.text!r}"
        raise ctx.refuse(found.place, "F316", message, hint)
    return found.text


def _provider(ctx: Context, node: Node, slot: Slot) -> str:
    """A kind of provider: ours, or one that the project's Python registers."""
    if ctx.extension is None:
        return scalar(ctx, node, "a kind of provider").text
    return literals.one_of(ctx, node, (*slot.values, *ctx.extension.providers))


def _action(ctx: Context, node: Node) -> str:
    """The name of a function that the project's Python registers."""
    found = scalar(ctx, node, "the name of an action")
    if ctx.extension is not None and found.text not in ctx.extension.actions:
        known = ctx.extension.actions
        hint = suggest(found.text, known, f"registered are: {listed(known)}")
        if not known:
            hint = "name your module under `python` in smsflow.yaml, and register it there"
        raise ctx.refuse(found.place, "F316", f"there is no action {found.text!r}", hint)
    return found.text


def _exists(
    ctx: Context, node: Scalar, known: frozenset[str] | None, code: str, what: str, section: str
) -> str:
    if known is not None and node.text not in known:
        there = f"smsflow.yaml has under `{section}`: {listed(sorted(known)) or 'nothing'}"
        hint = suggest(node.text, known, there)
        raise ctx.refuse(node.place, code, f"smsflow.yaml has no {what} {node.text!r}", hint)
    return node.text


# --- expressions and values -----------------------------------------------------------------------


def condition(ctx: Context, node: Node) -> Expression:
    """A bare Jinja2 expression."""
    if isinstance(node, source.Mapping):
        message = f"a condition is a bare expression, not {kind_of(node)}"
        raise ctx.refuse(node.place, "F202", message, "such as: score <= 3")
    found = scalar(ctx, node, "a bare expression such as score <= 3")
    if "{{" in found.text or "{%" in found.text:
        inner = re.sub(r"\{[{%]|[%}]\}", "", found.text).strip()
        hint = f"leave the braces out: {inner}"
        raise ctx.refuse(found.place, "F404", "no braces belong into a condition", hint)
    texts.note_cut(ctx, found)
    return texts.expression(ctx, found, found.text)


def value(ctx: Context, node: Node) -> Value:
    """A literal, or a whole-string `"{{ expression }}"`, also inside lists and mappings."""
    if not isinstance(node, Scalar) and _has_braces(node):
        if isinstance(node, source.Mapping):
            return Value(parts={key.text: value(ctx, child) for key, child in node})
        return Value(parts=tuple(value(ctx, child) for child in node))
    if not isinstance(node, Scalar) or ("{{" not in node.text and "{%" not in node.text):
        return Value(literals.literal(ctx, node))
    whole = _WHOLE.fullmatch(node.text)
    if not whole:
        message = "a value is a literal, or one whole {{ expression }}"
        hint = "join texts inside the braces: \"{{ 'Hello ' ~ name }}\""
        raise ctx.refuse(node.place, "F208", message, hint)
    return Value(expression=texts.expression(ctx, node, whole[1].strip()))


def _has_braces(node: Node) -> bool:
    match node:
        case source.Mapping():
            return any(_has_braces(child) for _, child in node)
        case source.Sequence():
            return any(_has_braces(child) for child in node)
        case _:
            return "{{" in node.text or "{%" in node.text


def data(ctx: Context, node: Node) -> dict[str, Value]:
    """Values by name; a list stands for the variables of those names, null while unset."""
    if isinstance(node, source.Mapping):
        return {key.text: value(ctx, child) for key, child in node}
    found: dict[str, Value] = {}
    for each in literals.scalars(ctx, node, "values by name, or the name of a variable"):
        if not each.text.isidentifier():
            hint = "a list names variables; write name: value for anything else"
            raise ctx.refuse(each.place, "F310", f"{each.text!r} is no variable", hint)
        found[each.text] = Value(expression=texts.expression(ctx, each, each.text))
    return found


# --- mappings and lists ---------------------------------------------------------------------------


def record(ctx: Context, node: Node, keys: Mapping[str, Key], where: str) -> Fields:
    """A mapping with known keys; what could not be read is left out, its issues noted."""
    if not isinstance(node, source.Mapping):
        message = f"a mapping is expected {where}, not {kind_of(node)}"
        raise ctx.refuse(node.place, "F202", message, f"its keys: {listed(keys)}")
    values: dict[str, Any] = {}
    places: dict[str, Place] = {}
    nodes: dict[str, Node] = {}
    for key, child in node:
        if key.text.startswith("x-"):
            continue
        if key.text not in keys:
            _unknown_key(ctx, node, key, keys, where)
            continue
        places[key.text], nodes[key.text] = key.place, child
        try:
            values[key.text] = read(ctx, child, keys[key.text].slot, key.text)
        except Refused:
            continue
    for name, known in keys.items():
        if known.required and name not in places:
            ctx.issue(node.place, "F201", f"the key '{name}' is missing {where}", known.doc)
    return Fields(values, places, nodes, node.place)


def _unknown_key(
    ctx: Context, node: source.Mapping, key: Scalar, keys: Mapping[str, Key], where: str
) -> None:
    """Note a key that is not in the grammar; words without a colon are half a text."""
    if texts.cut_by_comma(ctx, node, key):
        return
    hint = suggest(key.text, keys, f"known here: {listed(keys)}")
    ctx.issue(key.place, "F203", f"unknown key '{key.text}' {where}", hint)


def free_map(ctx: Context, node: Node, slot: Slot, name: str) -> dict[str, Any]:
    """A mapping of free names: its values by name."""
    if not isinstance(node, source.Mapping):
        message = f"a mapping is expected under '{name}', not {kind_of(node)}"
        raise ctx.refuse(node.place, "F202", message, f"such as {name}: {{name: ...}}")
    item = slot.item or Slot(Kind.HANDLER)
    found: dict[str, Any] = {}
    for key, child in node:
        try:
            if item.kind is Kind.TYPED:
                found[key.text] = typed(ctx, key, child)
            elif item.kind is Kind.RECORD:
                where = f"in '{key.text}' under '{name}'"
                found[key.text] = record(ctx, child, item.keys, where)
            else:
                found[key.text] = read(ctx, child, item, name)
        except Refused:
            continue
    return found


def _list(ctx: Context, node: Node, slot: Slot, name: str) -> list[Any]:
    if not isinstance(node, source.Sequence):
        raise ctx.refuse(
            node.place, "F202", f"a list is expected under '{name}', not {kind_of(node)}"
        )
    item = slot.item or Slot(Kind.LITERAL)
    found = []
    for each in node:
        try:
            if name == "triggers":
                found.append(record(ctx, each, item.keys, "in a trigger"))
            else:
                found.append(read(ctx, each, item, name))
        except Refused:
            continue
    return found


def typed(ctx: Context, key: Scalar, node: Node) -> Input:
    """`name: type`, or `name: {type, default, fields, values}`."""
    if not key.text.isidentifier():
        hint = "use letters, digits and _"
        raise ctx.refuse(key.place, "F310", f"{key.text!r} can't be a name of a variable", hint)
    if isinstance(node, Scalar):
        kind = literals.one_of(ctx, node, grammar.TYPES)
        return Input(key.text, kind, True, None, (), (), key.place)
    fields = record(ctx, node, grammar.TYPED, f"in '{key.text}'")
    if "type" not in fields:
        raise Refused
    kind = fields.get("type")
    allowed = fields.nodes.get("values") if "values" in fields else None
    nodes = allowed.items if isinstance(allowed, source.Sequence) else ()
    values = tuple(fit(ctx, kind, each) for each in nodes)
    inner = tuple(fields.get("fields", {}).values())
    default = _default(ctx, kind, inner, fields.nodes["default"]) if "default" in fields else None
    required = "default" not in fields.places
    return Input(key.text, kind, required, default, inner, values, key.place)


def _default(ctx: Context, kind: str, inner: tuple[Input, ...], node: Node) -> Any:
    """A default of its type; that of an object has the defaults of its fields, as one given has."""
    if kind != "object" or not isinstance(node, source.Mapping):
        return fit(ctx, kind, node)
    if ctx.kept:
        return literals.literal(ctx, node)
    values, mistakes = read_inputs(inner, literals.literal(ctx, node), zone=ctx.timezone)
    if mistakes:
        message = f"in this default {listed(mistakes)}"
        raise ctx.refuse(node.place, "F202", message, "`fields` says what it has")
    return values


def fit(ctx: Context, kind: str, node: Node) -> Any:
    """A literal as a value of the type that was declared; a text is what stands in the file."""
    raw = literals.literal(ctx, node)
    if raw is None:
        return None
    if isinstance(node, Scalar) and kind in ("text", "decimal"):
        raw = node.text
    try:
        return read_value(kind, raw, zone=ctx.timezone)
    except ValueError as error:
        shown = kind_of(node)
        raise ctx.refuse(node.place, "F202", f"{shown} {error}", f"the type is {kind}") from None


def texts_of(words: tuple[Scalar, ...]) -> tuple[str, ...]:
    """Words as plain texts."""
    return tuple(word.text.strip() for word in words)


def positive(ctx: Context, fields: Fields, name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`, else the default with an issue."""
    found = fields.get(name, default)
    if 1 <= found <= most:
        return int(found)
    ctx.issue(fields.places[name], "F208", f"'{name}' must be from 1 to {most}, not {found}")
    return default


def seconds(length: Duration) -> int:
    """A duration in seconds, a day counted as 24 hours."""
    return length.days * 86400 + length.seconds
