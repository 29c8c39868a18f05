"""Handlers of a whole flow: `anytime`, `on_error`, `on_expire`, and their place in the graph.

Their steps stand beside those of the sections. Behind the last one comes a step that nobody wrote:
back to what was open, or the end that there would have been without the handler.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from smsflow.engine.language import moments, slots
from smsflow.engine.language.asking import forbid_compliance_words
from smsflow.engine.language.drafts import Draft, Drafter
from smsflow.engine.language.grammar.waiting import ANYTIME_KINDS, HAPPENING
from smsflow.engine.language.reading import Context, Fields, Refused, listed
from smsflow.engine.language.source import Node
from smsflow.engine.language.steps import Linker
from smsflow.engine.model import AnyStep, Anytime, End, Resume
from smsflow.errors import Place

RESUME = "@resume"
_ENDS = {"on_error": "failed", "on_expire": "expired"}


@dataclass(slots=True)
class Handler:
    """One handler that was read: its name, its drafts, and the entry under `anytime`."""

    name: str
    place: Place
    drafts: list[Draft]
    entry: Fields | None = None


def read_handlers(drafter: Drafter, fields: Fields) -> list[Handler]:
    """The handlers of a flow, not linked yet."""
    found: list[Handler] = []
    for number, entry in enumerate(fields.get("anytime", ()), 1):
        node = entry.nodes.get("then")
        if node is not None:
            found.append(Handler(f"@anytime-{number}", entry.place, [], entry))
            _drafts(drafter, found[-1], node)
    for key in _ENDS:
        if key in fields.nodes:
            found.append(Handler(f"@{key}", fields.places[key], []))
            _drafts(drafter, found[-1], fields.nodes[key])
    return [each for each in found if each.drafts]


def _drafts(drafter: Drafter, handler: Handler, node: Node) -> None:
    try:
        handler.drafts = drafter.steps(node, handler.name)
    except Refused:
        return


def link_handlers(linker: Linker, handlers: list[Handler]) -> None:
    """Give the handlers their steps, and the steps that nobody wrote behind them."""
    for handler in handlers:
        label = _ENDS.get(handler.name.removeprefix("@"))
        behind = RESUME if label is None else f"@{label}"
        before = set(linker.steps)
        linker.link(handler.drafts, behind)
        linker.handlers[handler.name] = frozenset(linker.steps.keys() - before - {behind})
        if behind not in linker.steps and _leads_to(linker.steps, behind):
            linker.steps[behind] = (
                Resume(id=behind, place=handler.place)
                if label is None
                else End(id=behind, place=handler.place, label=label)
            )


def _leads_to(steps: Mapping[str, AnyStep], target: str) -> bool:
    return any(target in (step.next, *step.outcomes.values()) for step in steps.values())


def anytime_of(ctx: Context, handlers: list[Handler]) -> Iterator[Anytime]:
    """The entries under `anytime`, those left out that could not be read."""
    for handler in handlers:
        if handler.entry is not None:
            try:
                yield _anytime(ctx, handler, handler.entry)
            except Refused:
                continue


def _anytime(ctx: Context, handler: Handler, entry: Fields) -> Anytime:
    kinds = [kind for kind in ANYTIME_KINDS if kind in entry.places]
    if len(kinds) != 1:
        place = entry.places[kinds[1]] if kinds else entry.place
        message = "this says two things" if kinds else "this does not say what may happen"
        hint = f"write one of: {listed(ANYTIME_KINDS)}"
        raise ctx.refuse(place, "F205" if kinds else "F201", message, hint)
    kind = kinds[0]
    if kind not in entry:
        raise Refused
    for key in HAPPENING:
        if key in entry.places and kind != "event":
            message = f"'{key}' does not go with '{kind}'"
            ctx.issue(entry.places[key], "F211", message, "leave it out")
    words = entry.get("keyword", ())
    forbid_compliance_words(ctx, words)
    return Anytime(
        name=handler.name,
        kind=kind,
        place=entry.places[kind],
        start=handler.drafts[0].id,
        happening=moments.happening(entry) if kind == "event" else None,
        words=slots.texts_of(words),
        deadline=moments.moment(ctx, entry.get("deadline")) if kind == "deadline" else None,
        silent=entry.get("resume") == "silent",
    )
