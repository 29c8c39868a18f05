"""What a text will be on the air: how many segments, and which character makes it dear.

The values are not known before a text is sent, so they are taken as typical ones: a name of eight
letters, a date, a time, a code. A text with branches counts as its longest way.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from jinja2 import nodes

from smsflow.engine.language.reading import Context
from smsflow.engine.model import Template, Text
from smsflow.engine.policy import MAX_SEGMENTS
from smsflow.engine.templating import syntax
from smsflow.errors import Place
from smsflow.sms.encoding import first_outside_gsm, segments
from smsflow.sms.options import NO_OPTIONS, Options

_BY_FILTER = {"date": "30 September", "time": "10:30", "datetime": "30 September 10:30"}
_BY_NAME = {"code": "482913", "attempts_left": "2"}
_TYPICAL = "Anderson"


def check_text(
    ctx: Context, language: str, template: Template, seen: set[Place], options: Options = NO_OPTIONS
) -> None:
    """Note a text that needs more than one segment, or more than may be sent."""
    if template.place in seen:
        return
    seen.add(template.place)
    typed = typical(template.source)
    text, shifts = options.as_sent(typed), options.shifts(typed)
    count = options.segments(typed)
    if count <= 1:
        return
    prefix = f"{language}: " if language else ""
    if count > MAX_SEGMENTS:
        message = f"{prefix}this text needs {count} segments; at most {MAX_SEGMENTS} are sent"
        ctx.issue(template.place, "F603", message, "make it shorter")
        return
    foreign = first_outside_gsm(text, shifts)
    if foreign is None:
        message = f"{prefix}this text needs {count} segments instead of 1"
        ctx.issue(template.place, "F602", message, "make it shorter", "warning")
        return
    plain = ("x" if first_outside_gsm(char, shifts) else char for char in text)
    cheap = segments("".join(plain), shifts)
    message = f"{prefix}{foreign[1]!r} is not in GSM-7, so this text needs {count} segments"
    if cheap < count:
        message += f" instead of {cheap}"
    scalar = ctx.origins.get(template.place)
    at = scalar.text.find(foreign[1]) if scalar else -1
    place = scalar.place_at(at) if scalar and at >= 0 else template.place
    ctx.issue(place, "F602", message, "write it another way, or make the text shorter", "warning")


def check_texts(ctx: Context, texts: Iterable[tuple[Text, Options]]) -> None:
    """Check every variant of every text as it will be sent, each place once."""
    seen: set[Place] = set()
    for text, options in texts:
        for language, template in text.variants.items():
            check_text(ctx, language, template, seen, options)


@lru_cache(maxsize=4096)
def typical(source: str) -> str:
    """A text as it may well be sent, its longest branches taken."""
    if "{" not in source:
        return source
    return _body(syntax.body(source))


def _body(body: Iterable[nodes.Node]) -> str:
    return "".join(map(_node, body))


def _node(node: nodes.Node) -> str:
    match node:
        case nodes.Output(nodes=parts):
            return "".join(map(_node, parts))
        case nodes.TemplateData(data=data):
            return data
        case nodes.Const(value=value):
            return str(value)
        case nodes.If(body=body, elif_=others, else_=otherwise):
            ways = [_body(body), *(_body(other.body) for other in others), _body(otherwise)]
            return max(ways, key=segments_then_length)
        case nodes.For(body=body):
            return _body(body) * 3
        case nodes.CondExpr(expr1=then, expr2=otherwise):
            ways = [_node(then), _node(otherwise) if otherwise else ""]
            return max(ways, key=segments_then_length)
        case nodes.Filter(name=name, node=inner):
            return _BY_FILTER.get(name) or (_node(inner) if inner is not None else _TYPICAL)
        case nodes.Concat(nodes=parts):
            return "".join(map(_node, parts))
        case nodes.Name(name=name):
            return _BY_NAME.get(name, _TYPICAL)
        case nodes.Assign():
            return ""
        case _:
            return _TYPICAL


def segments_then_length(text: str) -> tuple[int, int]:
    """How dear a text is."""
    return segments(text), len(text)
