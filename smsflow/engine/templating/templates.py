"""Texts and expressions of flows: Jinja2, compiled once, rendered within limits.

Only files of the project are templates; what people text is data that a template prints and never
a template.

An unset name is falsy, `is none`, and takes `default(...)`, as does a name whose value is none.
Printing one, ordering it or calculating with it is an error (flow language, section 1.11).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Template, Undefined, meta, nodes
from jinja2.parser import Parser

from smsflow.engine.templating import nodes as template_nodes
from smsflow.engine.templating.errors import TemplateError, told
from smsflow.engine.templating.methods import FUNCTIONS, Method
from smsflow.engine.templating.sandbox import Rendering, sandbox

__all__ = [
    "CompiledExpression",
    "CompiledText",
    "TemplateError",
    "compile_expression",
    "compile_text",
]

MAX_SOURCE = 10_000  # characters of a template
MAX_OUTPUT = 2_000  # characters of a rendered text
Filters = Mapping[str, Callable[..., Any]]  # of a project, by name
NO_FILTERS: Filters = {}
_NONE: frozenset[str] = frozenset()
_RESULT = "_value"  # templates cannot write names that begin with an underscore
_ENVIRONMENT = sandbox()


class CompiledText:
    """A text of a flow, ready to be rendered. `names` are the top-level names that it reads."""

    __slots__ = ("_plain", "_template", "names")

    def __init__(self, plain: str, template: Template | None, names: frozenset[str]) -> None:
        self._plain = plain
        self._template = template
        self.names = names

    def render(
        self, scope: Mapping[str, Any], *, language: str, zone: str, filters: Filters = NO_FILTERS
    ) -> str:
        """The text with the values of `scope`, at most 2,000 characters, or a TemplateError.

        `language` and `zone` (an IANA name) are the reader's; values are printed, never rendered.
        """
        if self._template is None:
            return self._plain
        return _run(self._template, scope, language, zone, filters)[0]


class CompiledExpression:
    """A bare expression of a flow. `names` are the top-level names that it reads."""

    __slots__ = ("_template", "names")

    def __init__(self, template: Template, names: frozenset[str]) -> None:
        self._template = template
        self.names = names

    def evaluate(
        self, scope: Mapping[str, Any], *, language: str, zone: str, filters: Filters = NO_FILTERS
    ) -> Any:
        """The value, in its own type; a TemplateError of kind undefined when it is unset."""
        value = self._value(scope, language, zone, filters)
        if isinstance(value, Undefined):
            raise TemplateError(value._undefined_message, "undefined", 1)
        return value

    def value_if_set(
        self, scope: Mapping[str, Any], *, language: str, zone: str, filters: Filters = NO_FILTERS
    ) -> Any:
        """The value, in its own type; None when it is unset."""
        value = self._value(scope, language, zone, filters)
        return None if isinstance(value, Undefined) else value

    def holds(
        self, scope: Mapping[str, Any], *, language: str, zone: str, filters: Filters = NO_FILTERS
    ) -> bool:
        """True when the value is truthy, as a condition asks; an unset one is not."""
        return bool(self._value(scope, language, zone, filters))

    def _value(self, scope: Mapping[str, Any], language: str, zone: str, filters: Filters) -> Any:
        value = _run(self._template, scope, language, zone, filters)[1].vars[_RESULT]
        if isinstance(value, Method):
            raise TemplateError("a method is no value; call it with ()", "type", 1)
        return value


def _run(
    template: Template, scope: Mapping[str, Any], language: str, zone: str, filters: Filters
) -> tuple[str, Rendering]:
    """The output of a compiled template and the context that it leaves."""
    context = Rendering(_ENVIRONMENT, scope, None, {})  # type: ignore[arg-type]
    context.language, context.zone, context.filters = language, zone, filters
    chunks, size = [], 0
    try:
        for chunk in template.root_render_func(context):
            size += len(chunk)
            if size > MAX_OUTPUT:
                raise TemplateError(f"the text is longer than {MAX_OUTPUT:,} characters", "limit")
            chunks.append(chunk)
    # Values and filters can fail in any way; whatever it is, the session has one error to handle.
    except Exception as error:
        raise told(error, template) from error
    return "".join(chunks), context


@lru_cache(maxsize=4096)
def compile_text(source: str, filters: frozenset[str] | None = _NONE) -> CompiledText:
    """The text template `source`, ready to render; a TemplateError when it cannot be compiled.

    `filters` are the names of the project's own filters beside ours; None lets any name pass, for
    whoever compiles what was checked before.
    """
    if "{" not in source:
        plain = source.replace("\r\n", "\n").replace("\r", "\n")  # as Jinja does
        if len(plain) > MAX_OUTPUT:
            raise TemplateError(f"the text is longer than {MAX_OUTPUT:,} characters", "limit")
        return CompiledText(plain, None, frozenset())
    return CompiledText("", *_compiled(source, filters, expression=False))


@lru_cache(maxsize=4096)
def compile_expression(source: str, filters: frozenset[str] | None = _NONE) -> CompiledExpression:
    """The bare expression `source`; a TemplateError when it cannot be compiled."""
    if source.lstrip().startswith(("{{", "{%")):
        raise TemplateError("an expression is written bare, without {{ }}", "syntax", 1)
    return CompiledExpression(*_compiled(source, filters, expression=True))


def _compiled(
    source: str, filters: frozenset[str] | None, *, expression: bool
) -> tuple[Template, frozenset[str]]:
    if len(source) > MAX_SOURCE:
        raise TemplateError(f"a template has at most {MAX_SOURCE:,} characters", "limit")
    try:
        parsed = _parsed_expression if expression else _parsed_text
        tree = parsed(source, filters)
        template_nodes.OfProject().visit(tree)
        tree.set_environment(_ENVIRONMENT)
        names = meta.find_undeclared_variables(tree) - set(FUNCTIONS)
        template_nodes.Counted().visit(tree)
        tree.set_environment(_ENVIRONMENT)
        code = _ENVIRONMENT.compile(tree)
        return Template.from_code(_ENVIRONMENT, code, {}), frozenset(names)
    # Jinja's and Python's compilers answer odd sources with a dozen types of errors.
    except Exception as error:
        raise told(error) from error


def _parsed_text(source: str, filters: frozenset[str] | None) -> nodes.Template:
    tree = Parser(_ENVIRONMENT, source).parse()
    template_nodes.check(tree, filters)
    return tree


def _parsed_expression(source: str, filters: frozenset[str] | None) -> nodes.Template:
    """A template that assigns the expression to a name, which is how its value gets out."""
    parser = Parser(_ENVIRONMENT, source, state="variable")
    value = parser.parse_expression()
    if not parser.stream.eos:
        parser.fail("there is something left after the expression", parser.stream.current.lineno)
    template_nodes.check(value, filters)
    target = nodes.Name(_RESULT, "store", lineno=1)
    return nodes.Template([nodes.Assign(target, value, lineno=1)], lineno=1)
