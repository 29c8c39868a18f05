"""Small values as flow files write them: 4h, -1d, 08:00, 5/1h, [A, yes], 12, true."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

from smsflow.engine.language.reading import Context, kind_of, listed, scalar, suggest
from smsflow.engine.language.source import Mapping, Node, Scalar, Sequence
from smsflow.engine.model import Duration
from smsflow.errors import Place

# What editors are told, too (`schema`).
DURATION = re.compile(r"(-?)(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
RATE = re.compile(r"(\d{1,6})/(\d{0,5}[smhdw])", re.ASCII)
EVENT = re.compile(r"(?!.{101})[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*", re.ASCII)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
MAX_DAYS = 400


def duration(ctx: Context, node: Node, *, signed: bool = False) -> Duration:
    """A length of time; days are calendar days, the rest exact seconds."""
    wanted = "a duration such as 30s, 10m, 4h, 1h30m or 2d"
    found = scalar(ctx, node, wanted)
    length = parse_duration(found.text)
    if length is None:
        hint = "write a number and s, m, h, d or w"
        raise ctx.refuse(found.place, "F208", f"{found.text!r} is not {wanted}", hint)
    total = length.days * 86400 + length.seconds
    if abs(total) > MAX_DAYS * 86400:
        raise ctx.refuse(found.place, "F208", f"{found.text} is more than {MAX_DAYS} days")
    if not signed and total <= 0:
        raise ctx.refuse(found.place, "F208", f"{found.text} is not more than nothing")
    return length


def zone(ctx: Context, text: str, place: Place, *, of_contacts: bool = False) -> str | None:
    """An IANA time zone, None with an issue when it is none; `of_contacts`: each's own will do."""
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        hint = "such as Europe/London" + (", or contact for each contact's own" * of_contacts)
        ctx.issue(place, "F208", f"{text!r} is no IANA time zone", hint)
        return None


def parse_duration(text: str) -> Duration | None:
    """`1h30m` and the like; None when it is not one."""
    match = DURATION.fullmatch(text.strip())
    if not match or len(text) > 40 or not any(match.groups()[1:]):
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    length = Duration(weeks * 7 + days, hours * 3600 + minutes * 60 + seconds)
    return -length if match[1] else length


def time_of_day(ctx: Context, node: Node) -> int:
    """Minutes since midnight."""
    found = scalar(ctx, node, "a time such as 08:00")
    match = TIME.fullmatch(found.text)
    if not match:
        raise ctx.refuse(found.place, "F208", f"{found.text!r} is not a time such as 08:00")
    return int(match[1]) * 60 + int(match[2])


def rate(ctx: Context, node: Node) -> tuple[int, Duration]:
    """How many in how long."""
    found = scalar(ctx, node, "a rate such as 5/1h or 50/s")
    match = RATE.fullmatch(found.text.replace(" ", ""))
    per = match and parse_duration(match[2] if match[2][0].isdigit() else "1" + match[2])
    if not match or not per or not int(match[1]) or per == Duration():
        raise ctx.refuse(found.place, "F208", f"{found.text!r} is not a rate such as 5/1h or 50/s")
    return int(match[1]), per


def integer(ctx: Context, node: Node) -> int:
    """A whole number, not negative."""
    found = scalar(ctx, node, "a whole number")
    value = found.value
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ctx.refuse(found.place, "F202", f"{found.text!r} is not a whole number")
    return value


def boolean(ctx: Context, node: Node) -> bool:
    """true or false."""
    found = scalar(ctx, node, "true or false")
    value = found.value
    if not isinstance(value, bool):
        hint = "write true or false"
        raise ctx.refuse(found.place, "F202", f"{found.text!r} is neither true nor false", hint)
    return value


def name(ctx: Context, node: Node) -> str:
    """A name: letters, digits, _ and -."""
    found = scalar(ctx, node, "a name")
    if not NAME.fullmatch(found.text):
        message = f"{found.text!r} can't be a name"
        hint = "use letters, digits, _ and -, and begin with a letter"
        raise ctx.refuse(found.place, "F310", message, hint)
    return found.text


def event(ctx: Context, node: Node) -> str:
    """The name of an event: names with dots between them, such as ticket.closed."""
    found = scalar(ctx, node, "the name of an event")
    if not EVENT.fullmatch(found.text):
        message = f"{found.text!r} can't be the name of an event"
        raise ctx.refuse(found.place, "F310", message, "such as ticket.closed")
    return found.text


def one_of(ctx: Context, node: Node, values: tuple[str, ...]) -> str:
    """One of a few words."""
    found = scalar(ctx, node, f"one of {listed(values)}")
    if found.text in values:
        return found.text
    hint = suggest(found.text, values, f"it can be: {listed(values)}")
    raise ctx.refuse(found.place, "F207", f"{found.text!r} is not known here", hint)


def scalars(ctx: Context, node: Node, wanted: str) -> list[Scalar]:
    """One scalar or a list of them, none empty."""
    nodes = node.items if isinstance(node, Sequence) else (node,)
    if not nodes:
        raise ctx.refuse(node.place, "F210", f"{wanted} is expected here; the list is empty")
    return [scalar(ctx, each, wanted) for each in nodes]


_STATUS = re.compile(r"[1-5](?:\d\d|xx)", re.ASCII)


def statuses(ctx: Context, node: Node) -> tuple[str, ...]:
    """HTTP statuses: 200, 2xx, or a list."""
    found = scalars(ctx, node, "a status such as 200 or 2xx")
    for each in found:
        if not _STATUS.fullmatch(each.text):
            message = f"{each.text!r} is no HTTP status"
            raise ctx.refuse(each.place, "F208", message, "such as 200, 2xx or [200, 404]")
    return tuple(each.text for each in found)


def words(ctx: Context, node: Node) -> tuple[Scalar, ...]:
    """Words by their source text, so that [1, 01, yes] is three words."""
    return tuple(scalars(ctx, node, "a word or a list of words"))


def literal(ctx: Context, node: Node) -> Any:
    """A value with its YAML 1.2 type; no expression inside."""
    match node:
        case Mapping():
            return {key.text: literal(ctx, value) for key, value in node}
        case Sequence():
            return [literal(ctx, each) for each in node]
        case Scalar(text=text) if "{{" in text or "{%" in text:
            message = "an expression can't stand here"
            raise ctx.refuse(node.place, "F208", message, "write a plain value")
        case _:
            return node.value


def pair(ctx: Context, node: Node) -> tuple[int | float, int | float]:
    """Two numbers, the smaller first."""
    if isinstance(node, Sequence) and len(node.items) == 2:
        values = [each.value for each in node.items if isinstance(each, Scalar)]
        numbers = [
            value
            for value in values
            if isinstance(value, int | float) and not isinstance(value, bool)
        ]
        if len(numbers) == 2 and numbers[0] <= numbers[1]:
            return numbers[0], numbers[1]
    message = f"a range is two numbers such as [1, 5], not {kind_of(node)}"
    raise ctx.refuse(node.place, "F202", message, "write the smaller number first")
