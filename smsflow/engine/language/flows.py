"""From a document to a flow: the top-level keys, and the graph of its steps.

Every mistake is noted; a flow comes back only when there was none, so nothing downstream ever
meets half a flow.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from smsflow.engine.language import grammar, slots, source, texts
from smsflow.engine.language.catalogues import words_of
from smsflow.engine.language.drafts import Draft, Drafter
from smsflow.engine.language.grammar import VERBS
from smsflow.engine.language.handlers import Handler, anytime_of, link_handlers, read_handlers
from smsflow.engine.language.migrations import read_migrations
from smsflow.engine.language.reading import Context, Fields, Refused, suggest
from smsflow.engine.language.source import Document, Node, Scalar
from smsflow.engine.language.steps import Linker
from smsflow.engine.language.triggers import ReadTrigger, read_trigger
from smsflow.engine.model import Ask, Duration, Flow, QuietHours, StartLimit
from smsflow.engine.scope import RESERVED
from smsflow.errors import Place

MAIN = "main"  # the section that `steps` is


@dataclass(slots=True)
class FlowReading:
    """A flow as far as it could be read, with what the checker needs beside it."""

    name: str
    place: Place
    ctx: Context
    flow: Flow | None = None
    triggers: list[ReadTrigger] = field(default_factory=list)
    section_places: dict[str, Place] = field(default_factory=dict)
    migrations: list[Fields] = field(default_factory=list)  # the entries of `migrate`

    @property
    def sound(self) -> bool:
        """True when it was read, and nothing was found wrong with it or with its templates."""
        wrong = any(issue.level == "error" for issue in self.ctx.issues)
        return self.flow is not None and not wrong


def read_flow(ctx: Context, document: Document, *, several: bool) -> FlowReading:
    """Read one document of a flow file; `ctx.issues` tells what is wrong with it."""
    root = document.root
    stem = PurePosixPath(document.file).stem
    reading = FlowReading(stem, root.place, ctx)
    try:
        _languages(ctx, root)
        _named_texts(ctx, root)
        fields = slots.record(ctx, root, grammar.FLOW, "at the top of a flow")
    except Refused:
        return reading
    reading.name = fields.get("flow", stem)
    if several and "flow" not in fields.places:
        message = "each document of a file with several needs a name"
        ctx.issue(root.place, "F201", message, "add `flow: name` at its top")
    version(ctx, fields, "smsflow")
    _fill(ctx, fields, reading)
    return reading


def version(ctx: Context, fields: Fields, key: str) -> None:
    """Note a version of the language that this engine does not read."""
    found = fields.get(key)
    if found not in (None, 1):
        message = f"version {found} of the language is not known here"
        ctx.issue(fields.nodes[key].place, "F209", message, f"write {key}: 1")


def _languages(ctx: Context, root: Node) -> None:
    """The languages first: no text can be read before they are known."""
    node = root.get("languages") if isinstance(root, source.Mapping) else None
    if node is None:
        return
    nodes = node.items if isinstance(node, source.Sequence) else (node,)
    found = tuple(each.text for each in nodes if isinstance(each, Scalar) and each.text)
    ctx.languages = tuple(dict.fromkeys(found)) or ctx.languages


def _named_texts(ctx: Context, root: Node) -> None:
    node = root.get("texts") if isinstance(root, source.Mapping) else None
    if not isinstance(node, source.Mapping):
        return
    for key, child in node:
        try:
            ctx.texts[key.text] = texts.read_text(ctx, child)
        except Refused:
            continue


def _fill(ctx: Context, fields: Fields, reading: FlowReading) -> None:
    for each in fields.get("triggers", ()):
        try:
            reading.triggers.append(read_trigger(ctx, each))
        except Refused:
            continue
    graph = _graph(ctx, fields, reading)
    anytime = tuple(anytime_of(ctx, graph.handlers))
    _variable_names(ctx, fields)
    reading.migrations = list(fields.get("migrate", ()))
    migrations = tuple(read_migrations(ctx, reading.migrations))
    starts = fields.get("limits") and fields.get("limits").get("starts")
    if any(issue.level == "error" for issue in ctx.issues):
        return
    reading.flow = Flow(
        name=reading.name,
        version=_hash(ctx, fields),
        place=reading.place,
        description=fields.get("description", ""),
        kind=fields.get("kind", "transactional"),
        languages=ctx.languages,
        inputs=tuple(fields.get("inputs", {}).values()),
        triggers=tuple(each.trigger for each in reading.triggers),
        key=fields.get("key"),
        mode=fields.get("mode", "restart"),
        list=fields.get("list", "marketing"),
        starts=StartLimit(*starts) if starts else None,
        lifetime=fields.get("lifetime", Duration(days=30)),
        variables=fields.get("vars", {}),
        steps=graph.linker.steps,
        sections=graph.sections,
        start=graph.sections[MAIN],
        interrupt=fields.get("interrupt", "pause"),
        quiet=_quiet(ctx, fields),
        anytime=anytime,
        on_error=graph.first("@on_error"),
        on_expire=graph.first("@on_expire"),
        handlers=graph.linker.handlers,
        update=fields.get("update", ctx.update),
        migrations=migrations,
        sensitive=frozenset(
            step.save or step.id
            for step in graph.linker.steps.values()
            if isinstance(step, Ask) and step.sensitive
        ),
    )


def _quiet(ctx: Context, fields: Fields) -> QuietHours | None:
    """The flow's own quiet hours; `off` is hours that begin and end at one time."""
    if "quiet" not in fields.values:
        return None
    kinds = frozenset({fields.get("kind", "transactional")})
    quiet = fields.get("quiet")
    if quiet is None:
        return QuietHours(0, 0, kinds)
    start, end = quiet.get("from"), quiet.get("to")
    if start is None or end is None:
        return None
    if start == end:
        message = "quiet hours that begin and end at one time leave nothing, or everything"
        hint = "write two different times, or quiet: off"
        ctx.issue(quiet.places["to"], "F208", message, hint)
    return QuietHours(start, end, kinds)


def _variable_names(ctx: Context, fields: Fields) -> None:
    """Note inputs and vars whose names are taken."""
    for key in ("inputs", "vars"):
        node = fields.nodes.get(key)
        for name, _ in node if isinstance(node, source.Mapping) else ():
            if name.text in RESERVED or not name.text.isidentifier():
                message = f"{name.text!r} can't be the name of a variable"
                ctx.issue(name.place, "F310", message, "choose another name")


@dataclass(frozen=True, slots=True)
class _Graph:
    """The linked steps, the first one of each section, and the handlers of the flow."""

    linker: Linker
    sections: dict[str, str]
    handlers: list[Handler]

    def first(self, name: str) -> str | None:
        """The first step of the handler of that name."""
        return next((each.drafts[0].id for each in self.handlers if each.name == name), None)


def _graph(ctx: Context, fields: Fields, reading: FlowReading) -> _Graph:
    """Draft all steps, then link them."""
    drafter = Drafter(ctx, _defaults(ctx, fields))
    lists: dict[str, list[Draft]] = {}
    nodes: list[tuple[str, Place, Node | None]] = [
        (MAIN, fields.places.get("steps", fields.place), fields.nodes.get("steps"))
    ]
    sections = fields.nodes.get("sections")
    if isinstance(sections, source.Mapping):
        nodes += [(key.text, key.place, child) for key, child in sections]
    for name, place, node in nodes:
        if name in lists:
            message = f"'{MAIN}' is the section that `steps` is"
            ctx.issue(place, "F310", message, "choose another name")
        elif node is not None:
            reading.section_places[name] = place
            lists[name] = _section(drafter, node, name)
    handlers = read_handlers(drafter, fields)
    firsts = {name: drafts[0].id for name, drafts in lists.items() if drafts}
    lines = {name: place.line for name, place in drafter.ids.items()}
    lines |= {name: place.line for name, place in reading.section_places.items()}
    linker = Linker(ctx, firsts, set(drafter.ids), lines)
    for drafts in lists.values():
        linker.link(drafts, None)
    link_handlers(linker, handlers)
    return _Graph(linker, firsts, handlers)


def _section(drafter: Drafter, node: Node, name: str) -> list[Draft]:
    try:
        return drafter.steps(node, name)
    except Refused:
        return []


def _defaults(ctx: Context, fields: Fields) -> dict[str, source.Mapping]:
    """The keys that every step of a verb gets, by verb; read once to check them."""
    node = fields.nodes.get("defaults")
    found: dict[str, source.Mapping] = {}
    for key, child in node if isinstance(node, source.Mapping) else ():
        if key.text not in VERBS:
            message = f"unknown verb '{key.text}' under 'defaults'"
            ctx.issue(key.place, "F206", message, suggest(key.text, VERBS, "leave it out"))
        elif isinstance(child, source.Mapping):
            keys = {k: v for k, v in VERBS[key.text].keys.items() if k != "save"}
            try:
                slots.record(ctx, child, keys, f"in the defaults of '{key.text}'")
            except Refused:
                continue
            kept = tuple(item for item in child.items if item[0].text in keys)
            found[key.text] = source.Mapping(kept, child.place)
    return found


# --- the version ----------------------------------------------------------------------------------


def _hash(ctx: Context, fields: Fields) -> str:
    """First 8 hex of SHA-256 over what the flow says; comments and formatting don't count, nor
    what is said of sessions of other versions."""
    apart = ("update", "migrate")
    said = {name: normal(node, name) for name, node in fields.nodes.items() if name not in apart}
    parts: list[Any] = [said, ctx.languages, ctx.used, *([ctx.sets] if ctx.sets else [])]
    if ctx.used_texts:
        parts.append(["texts", words_of(ctx.used_texts)])
    content = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def normal(node: Node, key: str = "") -> Any:
    """A node as plain data. Order counts where it means something: `choices` are numbered and
    `set` assigns one after the other."""
    match node:
        case Scalar():
            return node.text if isinstance(node.value, str) else [node.text]
        case source.Sequence():
            return [normal(each) for each in node]
        case _ if key in ("choices", "set"):
            return [[name.text, normal(child)] for name, child in node]
        case _:
            return {
                name.text: normal(child, name.text)
                for name, child in node
                if not name.text.startswith("x-")
            }
