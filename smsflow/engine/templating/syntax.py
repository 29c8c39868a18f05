"""Jinja's grammar by itself: texts are taken apart with it, and nothing is rendered."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import Environment, nodes

_GRAMMAR = Environment(keep_trailing_newline=True)  # noqa: S701 - never renders


def body(source: str) -> list[nodes.Node]:
    """The nodes of a template that was compiled before."""
    return _GRAMMAR.parse(source).body


def tokens(source: str) -> Iterator[tuple[int, str, str]]:
    """The line, kind and text of each token; raises TemplateSyntaxError."""
    return _GRAMMAR.lex(source)
