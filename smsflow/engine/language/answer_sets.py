"""Named answer sets of smsflow.yaml, and the questions that use them: `type: answers.region`.

A set is written down as JSON, which is YAML: so a version of a flow can keep the sets that it was
read with. In a question its keys stand as if they had been written there, where others win.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from smsflow.engine.language import source
from smsflow.engine.language.compose import read
from smsflow.engine.language.reading import Context, listed, suggest
from smsflow.engine.language.source import Node, Scalar
from smsflow.errors import Place

PREFIX = "answers."


def written(node: Node | None) -> Mapping[str, str]:
    """The sets under `answers` by name, as JSON."""
    if not isinstance(node, source.Mapping):
        return {}
    sets = ((key.text, child) for key, child in node if isinstance(child, source.Mapping))
    return {name: json.dumps(_plain(child), ensure_ascii=False) for name, child in sets}


def _plain(node: Node) -> Any:
    match node:
        case source.Mapping():
            return {key.text: _plain(child) for key, child in node}
        case source.Sequence():
            return [_plain(child) for child in node]
        case _:
            return node.text if str(node.value) != node.text and node.text else node.value


def planted(ctx: Context, node: source.Mapping) -> source.Mapping:
    """The question with the keys of the set that its `type` names; Refused when there is none."""
    kind = node.get("type")
    if not isinstance(kind, Scalar) or not kind.text.startswith(PREFIX):
        return node
    name = kind.text.removeprefix(PREFIX)
    known = ctx.answers or {}
    if name not in known:
        there = f"smsflow.yaml has under `answers`: {listed(sorted(known)) or 'nothing'}"
        hint = suggest(name, known, there)
        raise ctx.refuse(kind.place, "F318", f"smsflow.yaml has no answer set {name!r}", hint)
    ctx.sets[name] = known[name]
    documents, _ = read(known[name], ctx.file)
    root = _placed(documents[0].root, kind.place)
    items = root.items if isinstance(root, source.Mapping) else ()
    own = {key.text for key, _ in node} - {"type"}
    kept = tuple(item for item in node.items if item[0].text != "type")
    added = tuple(item for item in items if item[0].text not in own)
    return source.Mapping(kept + added, node.place)


def _placed(node: Node, place: Place) -> Node:
    """The node as if it stood where the set is used: there a mistake about it is told."""
    match node:
        case source.Mapping():
            items = ((_scalar(key, place), _placed(child, place)) for key, child in node)
            return source.Mapping(tuple(items), place)
        case source.Sequence():
            return source.Sequence(tuple(_placed(child, place) for child in node), place)
        case _:
            return _scalar(node, place)


def _scalar(scalar: Scalar, place: Place) -> Scalar:
    return Scalar(scalar.text, scalar.plain, place, scalar.raw)
