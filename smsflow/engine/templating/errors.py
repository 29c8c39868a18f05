"""The one error of templates, and how what goes wrong inside Jinja is told to an author."""

from __future__ import annotations

from types import TracebackType

from jinja2 import Template, TemplateSyntaxError, UndefinedError

from smsflow.errors import SmsflowError


class TemplateError(SmsflowError, ValueError):
    """A text or an expression that cannot be compiled or rendered.

    `kind` is syntax (found when compiling), refused (so is that: templates don't have it; the
    message says what they have), undefined (a value that is not set was used), limit
    (too long, too deep, too many steps) or type (an operation on a value it does not go with).
    `line` counts from 1 inside the source; None when it is not known.
    """

    def __init__(self, message: str, kind: str, line: int | None = None) -> None:
        self.message = message
        self.kind = kind
        self.line = line
        super().__init__(message)


def told(error: Exception, template: Template | None = None) -> TemplateError:
    """`error` as a TemplateError, with the line of `template` (None: while compiling)."""
    message, kind = _message_and_kind(error, compiling=template is None)
    if isinstance(error, TemplateSyntaxError):
        return TemplateError(message, kind, error.lineno)
    line = error.line if isinstance(error, TemplateError) else None
    if line is None and template is not None:
        line = _line(error.__traceback__, template)
    return TemplateError(message, kind, line)


def _message_and_kind(error: Exception, *, compiling: bool) -> tuple[str, str]:
    match error:
        case TemplateError():
            return error.message, error.kind
        case TemplateSyntaxError() | UndefinedError():
            kind = "undefined" if isinstance(error, UndefinedError) else "syntax"
            return error.message or str(error), kind
        case RecursionError() | MemoryError():
            return "it is nested too deeply", "limit"
        case OverflowError():
            return str(error) or "a number is out of bounds", "limit"
        case TypeError() if "NoneType" in str(error):
            # Ordering or calculating with none is what an answer that was skipped leads to.
            return "a value that is none cannot be compared or calculated with", "undefined"
        case _ if compiling:
            return f"it cannot be compiled: {error}", "syntax"
        case _:
            return str(error) or type(error).__name__, "type"


def _line(trace: TracebackType | None, template: Template) -> int | None:
    """The line of the source that was at work, from the innermost frame of the template's code."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_globals.get("__jinja_template__") is template:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line
