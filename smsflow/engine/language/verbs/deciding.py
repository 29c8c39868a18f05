"""Building the steps that choose a way, set variables, and end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from smsflow.engine.language import literals, slots
from smsflow.engine.language.drafts import Draft
from smsflow.engine.language.reading import Context, Refused, suggest
from smsflow.engine.language.source import Mapping as MappingNode
from smsflow.engine.language.source import Node, Scalar
from smsflow.engine.language.verbs.building import Builder
from smsflow.engine.model import AnyStep, End, If, Set, Switch, Value
from smsflow.engine.scope import RESERVED

_KNOWN = ("language", "timezone")  # of every contact
_FIXED = {
    "phone": "it is what a contact is known by",
    "groups": "write group: {add: [...], remove: [...]}",
    "subscribed": "write subscribe: <list>, which keeps the proof",
}


def _if(_: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    return If(**common, condition=draft.main)


def _switch(_: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    node = draft.fields.nodes.get("cases")
    written = node if isinstance(node, MappingNode) else ()
    return Switch(**common, subject=draft.main, cases={key.text: key.place for key, _ in written})


def _set(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    node = draft.fields.nodes["set"]
    assert isinstance(node, MappingNode)  # noqa: S101 - the slot was read
    return Set(**common, assignments=tuple(assignments(ctx, node, draft.main)))


def assignments(
    ctx: Context, node: MappingNode, values: Mapping[str, Value]
) -> Iterator[tuple[str, Value]]:
    """What a `set` assigns, in order; notes names and values that can't be."""
    for key, child in node:
        if _assignable(ctx, key) and key.text in values:
            with suppress(Refused):
                yield key.text, _fitted(ctx, key, child, values[key.text])


def _fitted(ctx: Context, key: Scalar, node: Node, value: Value) -> Value:
    """A literal as a value of the contact's field that it is for."""
    owner, _, name = key.text.rpartition(".")
    if ctx.kept or not owner or value.expression is not None or value == Value():
        return value
    if name == "timezone" and isinstance(node, Scalar):
        literals.zone(ctx, node.text, node.place)
    declared = (ctx.fields or {}).get(name)
    return value if declared is None else Value(slots.fit(ctx, declared.type, node))


def _assignable(ctx: Context, key: Scalar) -> bool:
    """True for the name of a variable or of a field of contacts; notes what is wrong."""
    owner, _, name = key.text.rpartition(".")
    if not name.isidentifier() or owner not in ("", "contact") or key.text in RESERVED:
        hint = "write a variable such as score, or contact.<field>"
        ctx.issue(key.place, "F310", f"{key.text!r} can't be set", hint)
        return False
    if owner and name in _FIXED:
        ctx.issue(key.place, "F310", f"{key.text!r} can't be set", _FIXED[name])
        return False
    if owner and ctx.fields is not None and name not in (*ctx.fields, *_KNOWN):
        hint = suggest(name, ctx.fields, "declare it in smsflow.yaml under contact, fields")
        message = f"smsflow.yaml declares no contact field {name!r}"
        ctx.issue(key.place, "F405", message, hint, "warning")
    return True


def _end(_: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    if common["when"] is None:  # else it can be skipped, and the flow goes on behind it
        common["next"] = None
    return End(**common, label=draft.main, text=draft.fields.get("text"))


BUILDERS: Mapping[str, Builder] = {
    "if": _if,
    "switch": _switch,
    "set": _set,
    "end": _end,
}
