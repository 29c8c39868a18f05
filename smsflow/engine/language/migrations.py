"""`update` and `migrate`: what a flow says of sessions that are open on its older versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from smsflow.engine.language import source
from smsflow.engine.language.reading import Context, Fields, listed, suggest
from smsflow.engine.language.source import Scalar
from smsflow.engine.language.verbs.deciding import assignments
from smsflow.engine.model import Ask, Flow, Migration, Value
from smsflow.engine.signatures import waits

_VERSION = re.compile(r"[0-9a-f]{4,8}")


def read_migrations(ctx: Context, entries: Sequence[Fields]) -> Iterator[Migration]:
    """The entries of `migrate` as they are written; `check_moves` holds them against the flow."""
    for each in entries:
        version = each.get("from", "")
        if version and not _VERSION.fullmatch(version):
            hint = "copy it from `smsflow sessions` or `smsflow diff`, such as 7c1e04ab"
            ctx.issue(each.nodes["from"].place, "F208", f"{version!r} is no version", hint)
        yield Migration(
            source=version,
            place=each.places.get("from", each.place),
            steps=each.get("steps", {}),
            values=each.get("values", {}),
            assignments=tuple(_assignments(ctx, each)),
        )


def _assignments(ctx: Context, entry: Fields) -> Iterator[tuple[str, Value]]:
    node = entry.nodes.get("set")
    if isinstance(node, source.Mapping):
        yield from assignments(ctx, node, entry.get("set", {}))


def _pairs(fields: Fields, name: str) -> Iterator[tuple[Scalar, source.Node]]:
    node = fields.nodes.get(name)
    yield from node if isinstance(node, source.Mapping) else ()


def check_moves(ctx: Context, flow: Flow, written: Sequence[Fields]) -> None:
    """Note waits that sessions can't be found at again, and entries of `migrate` that lead astray;
    `written` are those entries as they were read."""
    if flow.update == "follow":
        for step in flow.steps.values():
            if waits(step) and "/" in step.id:
                message = f"sessions wait at this '{step.verb}', and it is known by its place alone"
                hint = "give it an `id`: a step before it would make it another one"
                ctx.issue(step.place, "F801", message, hint, "warning")
    taken: dict[str, Migration] = {}
    for entry, fields in zip(flow.migrations, written, strict=True):
        _check_source(ctx, flow, entry, taken)
        _check_steps(ctx, flow, fields)
        _check_values(ctx, flow, entry, fields)


def _check_source(ctx: Context, flow: Flow, entry: Migration, taken: dict[str, Migration]) -> None:
    if flow.version.startswith(entry.source):
        message = f"{entry.source} is the version that this flow is now"
        ctx.issue(entry.place, "F802", message, "name the version that sessions are to leave")
    first = taken.setdefault(entry.source[:4], entry)
    short, long = sorted((first.source, entry.source), key=len)
    if first is not entry and long.startswith(short):
        message = f"line {first.place.line} says already what becomes of {entry.source}"
        ctx.issue(entry.place, "F802", message, "put both into one")


def _check_steps(ctx: Context, flow: Flow, fields: Fields) -> None:
    waiting = [each.id for each in flow.steps.values() if waits(each)]
    for _, node in _pairs(fields, "steps"):
        target = node.text if isinstance(node, Scalar) else ""
        if target not in flow.steps:
            hint = suggest(target, waiting, f"sessions wait at: {listed(waiting) or 'no step'}")
            ctx.issue(node.place, "F803", f"there is no step {target!r}", hint)
        elif target not in waiting:
            hint = f"sessions wait at: {listed(waiting) or 'no step'}"
            ctx.issue(node.place, "F803", f"nobody waits at the step {target!r}", hint)


def _check_values(ctx: Context, flow: Flow, entry: Migration, fields: Fields) -> None:
    """A value that a question has choices for has to be one of them."""
    for name, node in _pairs(fields, "values"):
        renamed = entry.steps.get(name.text, name.text)
        asks = [
            each
            for each in flow.steps.values()
            if isinstance(each, Ask) and {each.id, each.save} & {name.text, renamed}
        ]
        choices = [choice.key for each in asks for choice in each.answer.choices]
        for _, value in node if choices and isinstance(node, source.Mapping) else ():
            if isinstance(value, Scalar) and value.text not in choices:
                hint = suggest(value.text, choices, f"there are: {listed(choices)}")
                message = f"'{renamed}' has no answer {value.text!r}"
                ctx.issue(value.place, "F804", message, hint)
