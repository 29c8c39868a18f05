"""A flow as a picture: Mermaid text, drawn from the compiled graph.

It exists because a list of steps hides where side paths lead. What is drawn is what runs: the
edges are the engine's own `next` and `outcomes`, so a picture can't promise what a flow does not
do. Solid lines are what people do, dashed ones silence and failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from smsflow.engine.captions import anytime_text, head, length_text, snippet
from smsflow.engine.comparing import trigger_text
from smsflow.engine.model import (
    DELIVERY_OUTCOMES,
    AnyStep,
    Ask,
    Duration,
    End,
    Flow,
    Goto,
    Handoff,
    If,
    Otp,
    Resume,
    Send,
    Switch,
)
from smsflow.engine.signatures import plain
from smsflow.engine.ways import can_be_unclear, goes_on

MAIN = "main"  # the section that `steps` is; it gets no frame
_DASHED = (DELIVERY_OUTCOMES - {"on_delivered"}) | {
    *("on_timeout", "on_invalid", "on_past", "on_late", "on_locked", "on_error"),
}
_SHAPES = {
    "round": ("(", ")"),
    "stadium": ("([", "])"),
    "box": ("[", "]"),
    "diamond": ("{", "}"),
    "circle": ("(((", ")))"),
    "note": ("[/", "/]"),
}
_CLASSES = {
    "added": "fill:#d7f5dd,stroke:#1a7f37,color:#0b3d1b",
    "removed": "fill:#ffdcd9,stroke:#cf222e,color:#5c0f14,stroke-dasharray:4 3",
    "changed": "fill:#fff3c4,stroke:#9a6700,color:#4d3300",
    "live": "stroke-width:3px",
}
_LINES = {"added": "stroke:#1a7f37", "removed": "stroke:#cf222e"}
# What Mermaid gives no meaning to; all else is written as a character's number.
_PLAIN = frozenset(" .,:!?'_/+=-()“”…€£")


@dataclass(frozen=True, slots=True)
class _Node:
    """One shape: its lines, and the section that frames it."""

    shape: str
    lines: tuple[str, ...]
    section: str = MAIN
    content: object = None  # what makes it another one, beyond what is shown


@dataclass(frozen=True, slots=True)
class _Edge:
    source: str
    target: str
    label: str = ""
    dashed: bool = False


@dataclass(slots=True)
class _Graph:
    """Shapes by key, in the order of the file, and the lines between them."""

    nodes: dict[str, _Node] = field(default_factory=dict)
    edges: list[_Edge] = field(default_factory=list)

    def line(self, edge: _Edge) -> None:
        """Add a line, once."""
        if edge not in self.edges:
            self.edges.append(edge)


def mermaid(
    flow: Flow, *, live: Mapping[str, int] | None = None, before: Flow | None = None
) -> str:
    """The flow as a Mermaid flowchart that ends with a line break.

    `live` counts the sessions that wait, by step id; ids that this version does not have are told
    apart. With `before`, what was added since is green, what is gone is red, what changed amber.
    """
    graph = _graph(flow)
    marks: dict[str, str] = {}
    lines: dict[_Edge, str] = {}
    if before is not None:
        graph, marks, lines = _merged(_graph(before), graph)
    _count(graph, live or {}, marks)
    return "\n".join(_written(graph, marks, lines)) + "\n"


# --- from the flow to shapes and lines ------------------------------------------------------------


def _graph(flow: Flow) -> _Graph:
    graph = _Graph()
    said = tuple(trigger_text(each) for each in flow.triggers) or ("no trigger",)
    graph.nodes["triggers"] = _Node("stadium", said)
    graph.line(_Edge("triggers", _at(flow, flow.start, graph)))
    section = MAIN
    firsts = {first: name for name, first in flow.sections.items()} | _entries(flow, graph)
    language = flow.languages[0] if flow.languages else ""
    for step in flow.steps.values():  # section by section, as they are compiled
        section = firsts.get(step.id, section)
        if isinstance(step, Goto):
            continue
        shape, lines = _look(step, language)
        graph.nodes[step.id] = _Node(shape, lines, section, plain(_own(step)))
        for target, label, dashed in _ways(step):
            graph.line(_Edge(step.id, _at(flow, target, graph), label, dashed))
        for outcome, end in _unwritten(step):
            graph.line(_Edge(step.id, _implied(graph, end), _label(step, outcome), dashed=True))
    return graph


def _entries(flow: Flow, graph: _Graph) -> dict[str, str]:
    """Frames for the handlers of the whole flow, each with a shape for what leads there."""
    told = {each.start: anytime_text(each) for each in flow.anytime}
    told |= {flow.on_error: "any failure"} if flow.on_error else {}
    told |= {flow.on_expire: "lifetime over"} if flow.on_expire else {}
    for start, what in told.items():
        graph.nodes[f" {what}"] = _Node("stadium", (what,), what)
        graph.line(_Edge(f" {what}", _at(flow, start, graph), "", dashed=True))
    return told


def _own(step: AnyStep) -> dict[str, object]:
    """What the step is, without where it leads."""
    return {
        name: getattr(step, name)
        for name in step.__dataclass_fields__
        if name not in ("next", "outcomes")
    }


def _at(flow: Flow, target: str | None, graph: _Graph) -> str:
    """The shape that a way leads to: through every goto, or to an end that nobody wrote."""
    seen: set[str] = set()
    while target is not None and target not in seen:
        step = flow.steps[target]
        if not isinstance(step, Goto):
            return target
        seen.add(target)
        target = step.next
    return _implied(graph, "done" if target is None else "goto for ever")


def _implied(graph: _Graph, label: str) -> str:
    """The end that the engine gives a session when its author wrote none."""
    key = f" end {label}"  # no step's id has a blank
    graph.nodes.setdefault(key, _Node("circle", (label,)))
    return key


def _look(step: AnyStep, language: str) -> tuple[str, tuple[str, ...]]:
    """The shape of a step and its lines."""
    text = step.text if isinstance(step, Send | Ask | Otp | End | Handoff) else None
    shape, told = head(step)
    shown = [told]
    if text is not None:
        shown.append(snippet(text, language))
    if step.when is not None:
        shown.append(f"when {step.when.source}")
    return shape, tuple(shown)


# --- where a step leads ---------------------------------------------------------------------------


def _ways(step: AnyStep) -> Iterator[tuple[str | None, str, bool]]:
    """Where a step leads: a step's id or None, the label, and whether it is silence or failure."""
    for name, target in step.outcomes.items():
        yield target, _label(step, name), name in _DASHED
    match step:
        case If():
            for name in ("then", "else"):
                if name not in step.outcomes:
                    yield step.next, name, False
        case Switch() if "else" not in step.outcomes:
            yield step.next, "else", False
        case End() if step.when is not None:
            yield step.next, "else", False
        case End() | Switch() | Resume():
            return
        case _ if goes_on(step):
            yield step.next, "", False


def _unwritten(step: AnyStep) -> Iterator[tuple[str, str]]:
    """Outcomes that no author handles, each with the label with which the session then ends."""
    match step:
        case Ask():
            if step.timeout is not None and "on_timeout" not in step.outcomes:
                yield "on_timeout", "no_answer"
            ends = can_be_unclear(step) and step.default is None
            if ends and "on_invalid" not in step.outcomes:
                yield "on_invalid", "invalid"
        case Otp():
            for outcome in ("on_expired", "on_locked"):
                if outcome not in step.outcomes:
                    yield outcome, outcome.removeprefix("on_")


def _label(step: AnyStep, outcome: str) -> str:
    kind, dot, value = outcome.partition(".")
    if dot:
        return value
    match kind, step:
        case "on_timeout", Ask(timeout=Duration() as timeout):
            return f"{length_text(timeout)} silent"
        case "on_timeout", Handoff(timeout=Duration() as timeout):
            return f"{length_text(timeout)} unanswered"
        case "on_invalid", Ask():
            return f"{step.retry.times + 1} unclear"
        case "on_locked", Otp():
            return f"{step.attempts} wrong"
        case "on_expired", Otp():
            return f"{length_text(step.expires)} over"
        case _:
            return kind.removeprefix("on_").replace("_", " ")


# --- two versions in one picture ------------------------------------------------------------------


def _merged(old: _Graph, new: _Graph) -> tuple[_Graph, dict[str, str], dict[_Edge, str]]:
    """Both graphs in one, with a mark for each shape and line that they don't share."""
    marks = {key: "added" for key in new.nodes if key not in old.nodes}
    marks |= {key: "removed" for key in old.nodes if key not in new.nodes}
    both = [key for key in new.nodes if key in old.nodes]
    marks |= {key: "changed" for key in both if old.nodes[key] != new.nodes[key]}
    lines = {edge: "added" for edge in new.edges if edge not in old.edges}
    lines |= {edge: "removed" for edge in old.edges if edge not in new.edges}
    gone = [edge for edge in old.edges if edge not in new.edges]
    return _Graph({**old.nodes, **new.nodes}, new.edges + gone), marks, lines


def _count(graph: _Graph, live: Mapping[str, int], marks: dict[str, str]) -> None:
    """Write on each shape how many sessions wait there."""
    for step, count in live.items():
        told = f"{count} live"
        node = graph.nodes.get(step)
        if node is None:
            graph.nodes[step] = _Node("note", (f"{told} at '{step}'", "of another version"))
        else:
            graph.nodes[step] = _Node(node.shape, (*node.lines, told), node.section)
        marks.setdefault(step, "live")


# --- Mermaid --------------------------------------------------------------------------------------


def _written(graph: _Graph, marks: Mapping[str, str], lines: Mapping[_Edge, str]) -> Iterator[str]:
    names = {key: f"n{number}" for number, key in enumerate(graph.nodes)}
    yield "flowchart TD"
    sections = dict.fromkeys(node.section for node in graph.nodes.values())
    for number, section in enumerate(sections):
        inside = [key for key, node in graph.nodes.items() if node.section == section]
        if section == MAIN:
            yield from (f"  {_shape(names[key], graph.nodes[key])}" for key in inside)
            continue
        yield f'  subgraph s{number}["{_escaped(section)}"]'
        yield from (f"    {_shape(names[key], graph.nodes[key])}" for key in inside)
        yield "  end"
    for edge in graph.edges:
        arrow = "-.->" if edge.dashed else "-->"
        label = f'|"{_escaped(edge.label)}"|' if edge.label else ""
        yield f"  {names[edge.source]} {arrow}{label} {names[edge.target]}"
    yield from _styles(names, marks, [lines.get(edge) for edge in graph.edges])


def _shape(name: str, node: _Node) -> str:
    opening, closing = _SHAPES[node.shape]
    return f'{name}{opening}"{"<br/>".join(_escaped(line) for line in node.lines)}"{closing}'


def _styles(
    names: Mapping[str, str], marks: Mapping[str, str], lines: Iterable[str | None]
) -> Iterator[str]:
    """Colours, only those that are used."""
    for mark, style in _CLASSES.items():
        marked = [names[key] for key, found in marks.items() if found == mark]
        if marked:
            yield f"  classDef {mark} {style}"
            yield f"  class {','.join(marked)} {mark}"
    for number, line in enumerate(lines):
        if line is not None:
            yield f"  linkStyle {number} {_LINES[line]}"


def _escaped(text: str) -> str:
    """A label in which no character means anything to Mermaid, on one line."""
    return "".join(
        each if each.isalnum() or each in _PLAIN else f"#{ord(each)};"
        for each in " ".join(text.split())
        if each.isprintable()
    )
