"""Which parts of Jinja's language a flow may use, and what is put around the costly ones.

A parsed template is first held against a closed list (no macros, includes, calls with stars, names
with a leading underscore), then changed so that everything whose cost can grow goes through a
function of ours that counts: loops, `~`, literals, comparisons inside loops.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from smsflow.engine.templating.errors import TemplateError
from smsflow.engine.templating.filters import FILTERS, TESTS
from smsflow.engine.templating.methods import CLOCK_NAMES

MAX_DEPTH = 100  # of the tree; Jinja's compiler and Python's walk it by recursion
_NODES_PER_STEP = 4  # what a pass through a loop's body costs

# Names of the filters that the changed tree calls. The blanks keep templates from naming them.
LOOP, JOINED, LITERAL, WEIGHED, ON_CLOCK, OF_PROJECT = (
    "in loop",
    "joined text",
    "sized literal",
    "weighed operand",
    "on the clock of the reader",
    "filter of the project",
)

_ALLOWED: frozenset[type[nodes.Node]] = frozenset(
    {
        *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign),
        *(nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair),
        *(nodes.Keyword, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Call, nodes.Getitem),
        *(nodes.Getattr, nodes.Slice, nodes.Concat, nodes.Compare, nodes.Operand),
        *(nodes.And, nodes.Or, nodes.Not, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div),
        *(nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos),
    }
)
_WORDS = {
    nodes.Pow: "the operator **",
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "a filter block",
    nodes.AssignBlock: "a set block",
    nodes.With: "with",
    nodes.NSRef: "a namespace",
    nodes.ScopedEvalContextModifier: "autoescape",
}
_TESTS = frozenset({*TESTS, "defined", "undefined", "none"})
_RESERVED_NAMES = frozenset({"self", "super", "caller", "varargs", "kwargs"})


def check(tree: nodes.Node, filters: frozenset[str] | None) -> None:
    """Raise a TemplateError for the first node that is outside of the allowed language.

    `filters` are those of the project beside our own; None lets any name pass.
    """
    open_nodes: list[tuple[nodes.Node, int]] = [(tree, 1)]
    while open_nodes:
        node, depth = open_nodes.pop()
        if depth > MAX_DEPTH:
            raise TemplateError("it is nested too deeply", "limit", node.lineno)
        refusal = _refusal(node, filters)
        if refusal:
            raise TemplateError(refusal, "refused", node.lineno)
        open_nodes.extend((child, depth + 1) for child in node.iter_child_nodes())


def _instead(name: str, known: Iterable[str]) -> str:
    """The name that was meant, or all that there are."""
    close = difflib.get_close_matches(name, sorted(known), 1)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(known))}"


def _refusal(node: nodes.Node, filters: frozenset[str] | None) -> str:
    """Why a flow may not use this node; '' when it may."""
    if type(node) not in _ALLOWED:
        name = _WORDS.get(type(node), type(node).__name__.lower())
        return f"{name} is not part of smsflow's templates"
    match node:
        case nodes.Name() if node.name.startswith("_") or node.name in _RESERVED_NAMES:
            return f"the name {node.name!r} is reserved"
        case nodes.Filter() if filters is not None and node.name not in {*FILTERS, *filters}:
            known = {*FILTERS, *filters}
            return f"there is no filter {node.name!r}; {_instead(node.name, known)}"
        case nodes.Test() if node.name not in _TESTS:
            return f"there is no test {node.name!r}; {_instead(node.name, _TESTS)}"
        case nodes.For() if node.recursive:
            return "a loop cannot be recursive"
        case nodes.Call() | nodes.Filter() | nodes.Test() if node.dyn_args or node.dyn_kwargs:
            return "arguments with * are not part of smsflow's templates"
    return ""


class OfProject(NodeTransformer):
    """Has the filters of the project looked up when the text is rendered."""

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802 (the visitor's protocol)
        """`x | vat(20)` becomes our own filter with the name as an argument."""
        self.generic_visit(node)
        if node.name not in FILTERS:
            node.args.insert(0, nodes.Const(node.name, lineno=node.lineno))
            node.name = OF_PROJECT
        return node


class Counted(NodeTransformer):
    """Puts the counting filters around the nodes whose cost can grow."""

    def __init__(self) -> None:
        self._loops = 0

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 (the visitor's protocol)
        """Each pass costs steps in proportion to the loop's body."""
        cost = 1 + _size(node) // _NODES_PER_STEP
        self._loops += 1
        self.generic_visit(node)
        self._loops -= 1
        node.iter = _through(LOOP, node.iter, nodes.Const(cost, lineno=node.lineno))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 (the visitor's protocol)
        """`a ~ b` becomes a join that knows how much it makes."""
        self.generic_visit(node)
        return _through(JOINED, nodes.List(node.nodes, lineno=node.lineno))

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802 (the visitor's protocol)
        """A list made of lists made of lists is weighed in whole."""
        self.generic_visit(node)
        return _through(LITERAL, node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802 (the visitor's protocol)
        """As for lists."""
        self.generic_visit(node)
        return _through(LITERAL, node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802 (the visitor's protocol)
        """As for lists, unless it is the target of an assignment."""
        self.generic_visit(node)
        return _through(LITERAL, node) if node.ctx == "load" else node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 (the visitor's protocol)
        """Comparing long values costs, where it can be done many times."""
        self.generic_visit(node)
        if self._loops:
            node.expr = _through(WEIGHED, node.expr)
            for operand in node.ops:
                operand.expr = _through(WEIGHED, operand.expr)
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802 (the visitor's protocol)
        """`.hour` and `.weekday()` read the reader's clocks, not UTC's."""
        self.generic_visit(node)
        if node.attr in CLOCK_NAMES:
            node.node = _through(ON_CLOCK, node.node)
        return node


def _through(name: str, node: nodes.Node, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


def _size(node: nodes.Node) -> int:
    return 1 + sum(_size(child) for child in node.iter_child_nodes())
