"""Which names a text or an expression must have, and which a condition proves to be there.

An answer that was not given is falsy, `is none`, equal to nothing, and takes `default`: those are
guards. Printing, ordering or calculating with it is an error, so there its name is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from jinja2 import nodes

from smsflow.engine.templating import syntax

_GUARDS = frozenset({"none", "defined", "undefined"})
_SOFT_OPERATORS = frozenset({"eq", "ne", "in", "notin"})
Names = frozenset[str]
_NOTHING: Names = frozenset()


@dataclass(frozen=True, slots=True)
class Needs:
    """The names that must be set, and what a condition proves; `contact.city` is a name here."""

    names: Names
    if_true: Names = _NOTHING
    if_false: Names = _NOTHING


@lru_cache(maxsize=4096)
def of_text(source: str) -> Needs:
    """What a template needs."""
    if "{" not in source:
        return Needs(_NOTHING)
    walk = _Walk()
    walk.block(syntax.body(source), _NOTHING)
    return Needs(frozenset(walk.needed))


@lru_cache(maxsize=4096)
def of_condition(source: str) -> Needs:
    """What an expression needs, and what it proves where it holds and where it does not."""
    test = _expression(source)
    walk = _Walk()
    walk.test(test, _NOTHING)
    proven = (_proves(test, holds=True), _proves(test, holds=False))
    return Needs(frozenset(walk.needed), *proven)


@lru_cache(maxsize=4096)
def of_value(source: str) -> Needs:
    """What an expression needs whose value is assigned; a bare name may be unset, it is null."""
    walk = _Walk()
    walk.soft(_expression(source), _NOTHING)
    return Needs(frozenset(walk.needed))


@lru_cache(maxsize=4096)
def strict_expression(source: str) -> Needs:
    """What an expression needs whose value is used, as a moment to wait for is."""
    walk = _Walk()
    walk.strict(_expression(source), _NOTHING)
    return Needs(frozenset(walk.needed))


def offset_of(text: str, name: str) -> int:
    """Where a name stands in a template, inside its braces, or in an expression; -1 if nowhere."""
    word = re.compile(rf"(?<![\w'\"]){re.escape(name)}(?!\w)")
    for block in re.finditer(r"\{[{%].*?[%}]\}", text, re.DOTALL):
        found = word.search(text, block.start(), block.end())
        if found:
            return found.start()
    found = None if "{" in text else word.search(text)
    return found.start() if found else -1


def _expression(source: str) -> nodes.Expr:
    (output,) = syntax.body("{{ (" + source + "\n) }}")
    expression = output.nodes[0] if isinstance(output, nodes.Output) else output
    assert isinstance(expression, nodes.Expr)  # noqa: S101 - it was compiled before
    return expression


def _name(node: nodes.Node) -> str | None:
    """A variable, or a field of the contact, as the name that is followed; else None."""
    match node:
        case nodes.Name(name=str(name)):
            return name
        case nodes.Getattr(node=nodes.Name(name="contact"), attr=attr):
            return f"contact.{attr}"
        case _:
            return None


def _proves(test: nodes.Node, *, holds: bool) -> Names:
    """The names that are surely set when `test` holds, or does not."""
    name = _name(test)
    if name is not None:
        return frozenset({name}) if holds else _NOTHING
    match test:
        case nodes.Not(node=inner):
            return _proves(inner, holds=not holds)
        case nodes.And(left=left, right=right) if holds:
            return _proves(left, holds=True) | _proves(right, holds=True)
        case nodes.Or(left=left, right=right) if not holds:
            return _proves(left, holds=False) | _proves(right, holds=False)
        case nodes.Test(node=inner, name="none" | "undefined" | "defined" as word):
            set_when = word == "defined"
            name = _name(inner)
            return frozenset({name}) if name and holds is set_when else _NOTHING
        case nodes.Compare(expr=inner, ops=[nodes.Operand(op="eq", expr=nodes.Const(value=other))]):
            name = _name(inner)
            return frozenset({name}) if name and holds and other is not None else _NOTHING
        case _:
            return _NOTHING


@dataclass(slots=True)
class _Walk:
    """One walk; `safe` are the names that are proven where the walk stands."""

    needed: set[str] = field(default_factory=set)

    def block(self, body: Iterable[nodes.Node], safe: Names) -> None:
        for node in body:
            match node:
                case nodes.If():
                    self._branches(node, safe)
                case nodes.For():
                    self.strict(node.iter, safe)
                    self.block(node.body, safe | _targets(node.target) | {"loop"})
                    self.block(node.else_, safe)
                case nodes.Assign():
                    self.soft(node.node, safe)
                    safe = safe | _targets(node.target)
                case _:
                    self.strict(node, safe)

    def _branches(self, node: nodes.If, safe: Names) -> None:
        self.test(node.test, safe)
        self.block(node.body, safe | _proves(node.test, holds=True))
        safe = safe | _proves(node.test, holds=False)
        for other in node.elif_:
            self.test(other.test, safe)
            self.block(other.body, safe | _proves(other.test, holds=True))
            safe = safe | _proves(other.test, holds=False)
        self.block(node.else_, safe)

    def test(self, node: nodes.Node, safe: Names) -> None:
        """A node whose truth is asked: a bare name may be unset there."""
        match node:
            case nodes.Not(node=inner):
                self.test(inner, safe)
            case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
                self.test(left, safe)
                holds = isinstance(node, nodes.And)
                self.test(right, safe | _proves(left, holds=holds))
            case _:
                self.soft(node, safe)

    def soft(self, node: nodes.Node, safe: Names) -> None:
        """A node that may be unset itself, though nothing inside it may."""
        if _name(node) is not None:
            return
        match node:
            case nodes.Getattr(node=inner) | nodes.Getitem(node=inner):
                self.soft(inner, safe)
            case nodes.Or(left=left, right=right):
                self.test(left, safe)
                self.soft(right, safe | _proves(left, holds=False))
            case nodes.And(left=left, right=right):
                self.test(left, safe)
                self.soft(right, safe | _proves(left, holds=True))
            case nodes.CondExpr(test=test, expr1=then, expr2=otherwise):
                self.test(test, safe)
                self.soft(then, safe | _proves(test, holds=True))
                if otherwise is not None:
                    self.soft(otherwise, safe | _proves(test, holds=False))
            case _:
                self.strict(node, safe)

    def strict(self, node: nodes.Node, safe: Names) -> None:
        """A node whose value is used."""
        name = _name(node)
        if name is not None:
            if name not in safe:
                self.needed.add(name)
            return
        match node:
            case nodes.Filter(name="default" | "d", node=inner):
                if inner is not None:
                    self.soft(inner, safe)
                self._children([*node.args, *node.kwargs], safe)
            case nodes.Test(node=inner, name=test) if test in _GUARDS:
                self.soft(inner, safe)
            case nodes.Compare(expr=expr, ops=ops) if all(
                each.op in _SOFT_OPERATORS for each in ops
            ):
                self.soft(expr, safe)
                for operand in ops:
                    walk = self.strict if "in" in operand.op else self.soft
                    walk(operand.expr, safe)
            case nodes.Not():
                self.test(node, safe)
            case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
                self.test(left, safe)
                holds = isinstance(node, nodes.And)
                self.strict(right, safe | _proves(left, holds=holds))
            case nodes.CondExpr(test=test, expr1=then, expr2=otherwise):
                self.test(test, safe)
                self.strict(then, safe | _proves(test, holds=True))
                if otherwise is not None:
                    self.strict(otherwise, safe | _proves(test, holds=False))
            case _:
                self._children(node.iter_child_nodes(), safe)

    def _children(self, children: Iterable[nodes.Node], safe: Names) -> None:
        for child in children:
            self.strict(child, safe)


def _targets(target: nodes.Node) -> Names:
    names = [target, *target.find_all(nodes.Name)]
    return frozenset(each.name for each in names if isinstance(each, nodes.Name))
