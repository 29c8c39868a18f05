"""Parts of smsflow's own names, such as `message.text`: which there are, and which a flow can have.

What stands under `event`, under variables and in the answers of services is theirs; all other sets
of names are closed, so a part outside of its set is a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import nodes

from smsflow.engine import errands
from smsflow.engine.language import unset
from smsflow.engine.language.reading import Context, listed, suggest
from smsflow.engine.language.uses import Use
from smsflow.engine.model import Ask, Call, Flow, Lookup, Reaching, Run, Speaking
from smsflow.engine.templating import syntax

_FIXED: Mapping[str, tuple[str, ...]] = {
    "message": ("text", "words", "from", "to", "at"),
    "trigger": ("kind", "keyword", "args", "groups", "data"),
    "error": ("kind", "message", "step", "place"),
    "last": ("outcome", "delivery", "http", "error"),
    "last.http": ("status", "body"),
}
_OF_ANSWERS = ("raw", "tries", "at", "label")
_METHODS = frozenset({"get", "items", "keys", "values"})  # of every mapping
_MADE_BY = {
    "last.outcome": "no step runs another flow",
    "last.delivery": "no step waits for a report",
    "last.http": "no step calls a service",
    "last.error": "no step reaches outside",
}


def check_parts(ctx: Context, flow: Flow, use: Use) -> None:
    """Note parts of smsflow's own names that are not there, or that this flow never has."""
    known = _known(flow)
    for path in _paths(use.source, is_text=use.slot == "text"):
        owner, _, part = path.rpartition(".")
        if owner not in known or part in _METHODS or (owner == "message" and use.slot == "head"):
            continue
        place = unset.place_of(ctx, use.place, path)
        if part not in known[owner]:
            hint = suggest(part, known[owner], f"there are: {listed(known[owner]) or 'none'}")
            ctx.issue(place, "F402", f"'{path}' is never set: '{owner}' has no '{part}'", hint)
        elif path in _MADE_BY and path not in _made(flow):
            hint = "leave it out, or add the step that it tells of"
            ctx.issue(place, "F402", f"'{path}' is never set: {_MADE_BY[path]} in this flow", hint)


def _known(flow: Flow) -> dict[str, tuple[str, ...]]:
    """The parts by the names that have them."""
    steps = flow.steps.values()
    answers = tuple(step.save or step.id for step in steps if isinstance(step, Ask))
    saved = {step.save for step in steps if isinstance(step, Lookup) and step.save}
    given = {each.name for each in flow.inputs} | set(flow.variables)
    looked_up = {
        name
        for name in saved - given
        if all(isinstance(step, Lookup) for step in unset.setters(flow, name))
    }
    return {
        **_FIXED,
        "flow": ("name", "version", *flow.variables),
        "answers": answers,
        **{f"answers.{name}": _OF_ANSWERS for name in answers},
        **dict.fromkeys(looked_up, ("phone", *errands.KNOWN)),
    }


def _made(flow: Flow) -> set[str]:
    """Which parts of `last` some step of the flow makes."""
    found = set()
    for step in flow.steps.values():
        if isinstance(step, Speaking) and step.follows_delivery:
            found.add("last.delivery")
        if isinstance(step, Reaching):
            found.add("last.error")
        if isinstance(step, Call):
            found.add("last.http")
        if isinstance(step, Run):
            found.add("last.outcome")
    return found


@lru_cache(maxsize=4096)
def _paths(source: str, *, is_text: bool) -> tuple[str, ...]:
    """Dotted paths that a template or an expression reads, with each path on the way there."""
    if is_text and "{" not in source:
        return ()
    whole = nodes.Template(syntax.body(source if is_text else "{{ (" + source + "\n) }}"))
    own = {each.name for each in whole.find_all(nodes.Name) if each.ctx == "store"}
    paths = map(_path, whole.find_all((nodes.Getattr, nodes.Getitem)))
    read = (path for path in paths if path is not None and path.partition(".")[0] not in own)
    return tuple(dict.fromkeys(read))


def _path(node: nodes.Node) -> str | None:
    match node:
        case nodes.Name(name=str(name)):
            return name
        case nodes.Getattr(node=inner, attr=str(part)):
            pass
        case nodes.Getitem(node=inner, arg=nodes.Const(value=str(part))):
            pass
        case _:
            return None
    before = _path(inner)
    return None if before is None else f"{before}.{part}"
