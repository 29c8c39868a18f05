"""The lines of a test: what can happen, what must follow, and which values each of them takes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from typing import Any

from smsflow.engine.inputs import read_value
from smsflow.engine.language import source
from smsflow.engine.language.literals import event, parse_duration
from smsflow.engine.language.reading import Context, Refused, kind_of, listed, scalar, suggest
from smsflow.engine.language.source import Mapping, Node, Scalar, Sequence
from smsflow.engine.language.texts import cut_by_comma, note_cut
from smsflow.engine.transcripts.services import is_request
from smsflow.engine.words.keywords import PatternError, compile_pattern
from smsflow.errors import Place
from smsflow.sms.states import State

WHEN = (
    *("start", "in", "after", "at", "dlr", "event", "click"),
    *("verify", "agent", "restart", "deploy"),
)
THEN = ("out", "http", "silent", "emit", "handoff", "end", "expect")
OUT_KEYS = ("text", "starts", "contains", "matches", "lang", "via", "segments", "named", "to")

# What a report can say; what our own side decides (queued, refused ...) comes by itself.
REPORTS = {
    str(state): state
    for state in (
        State.DELIVERED,
        State.UNDELIVERABLE,
        State.EXPIRED,
        State.REJECTED,
        State.DELETED,
        State.UNKNOWN,
        State.SENT,
        State.PENDING,
    )
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a test: its word, what stands behind it, and where.

    `value` of a line with several parts is a mapping, and `places` are those of its parts.
    """

    word: str
    value: Any
    place: Place
    value_place: Place
    places: Dict[str, Place] = field(default_factory=dict)

    @property
    def happens(self) -> bool:
        """True for what happens, false for what must follow."""
        return self.word in WHEN

    def place_of(self, part: str) -> Place:
        """Where that part of the value is written."""
        return self.places.get(part, self.value_place)


def read_line(ctx: Context, node: Node) -> Line:
    """One line of a test; Refused when it can't be read, with the issue noted."""
    if isinstance(node, Mapping) and any(cut_by_comma(ctx, node, key) for key, _ in node):
        raise Refused
    if not isinstance(node, Mapping) or len(node.items) != 1:
        hint = "such as - in: hello; texts with ': ' need quotes"
        raise ctx.refuse(node.place, "F202", "a line is one word with a value", hint)
    ((key, value),) = node.items
    word = key.text
    reader = _READERS.get(word)
    if reader is None:
        hint = suggest(word, _READERS, f"known: {listed(_READERS)}")
        raise ctx.refuse(key.place, "F206", f"unknown line '{word}'", hint)
    places = {each.text: at.place for each, at in value} if isinstance(value, Mapping) else {}
    return Line(word, reader(ctx, value), key.place, value.place, places)


def plain(node: Node, *, typed: bool = True) -> Any:
    """A node as Python data; with `typed`, plain numbers and true, false, null are themselves."""
    match node:
        case Mapping():
            return {key.text: plain(value, typed=typed) for key, value in node}
        case Sequence():
            return [plain(value, typed=typed) for value in node]
        case _:
            return node.value if typed else node.text


# --- the value of each line -----------------------------------------------------------------------


def _start(ctx: Context, node: Node) -> dict[str, Any]:
    if isinstance(node, Scalar) and not node.text:
        return {}
    if not isinstance(node, Mapping):
        hint = "such as start: {purpose: pay}, or start: {}"
        raise ctx.refuse(node.place, "F202", "'start' takes the inputs as a mapping", hint)
    found: dict[str, Any] = plain(node)
    return found


def _in(ctx: Context, node: Node) -> dict[str, str]:
    if not isinstance(node, Mapping):
        return {"text": _text(ctx, node)}
    found = _parts(ctx, node, {"text": _text, "to": _text}, "in")
    if "text" not in found:
        raise ctx.refuse(node.place, "F201", "'text' is missing", "write what is texted")
    return found


def _after(ctx: Context, node: Node) -> str:
    text = _text(ctx, node)
    length = parse_duration(text)
    if length is None or length.days < 0 or length.seconds < 0:
        hint = "such as 30s, 4h, 1h30m or 2d"
        raise ctx.refuse(node.place, "F208", f"{text!r} is no length of time", hint)
    return text


def _at(ctx: Context, node: Node) -> str:
    text = _text(ctx, node)
    check_moment(ctx, text, node.place)
    return text


def check_moment(ctx: Context, text: str, place: Place) -> None:
    """Note a text that is no moment; which zone it is in doesn't matter for that."""
    try:
        read_value("datetime", text, zone="UTC")
    except ValueError:
        hint = "such as 2025-03-30 10:30 Europe/London"
        raise ctx.refuse(place, "F208", f"{text!r} is no date and time", hint) from None


def _dlr(ctx: Context, node: Node) -> dict[str, Any]:
    if not isinstance(node, Mapping):
        return {"status": _report(ctx, node)}
    found = _parts(ctx, node, {"status": _report, "of": _count, "error": _text}, "dlr")
    if "status" not in found:
        raise ctx.refuse(node.place, "F201", "'status' is missing", f"one of {listed(REPORTS)}")
    return found


def _report(ctx: Context, node: Node) -> str:
    text = _text(ctx, node)
    if text not in REPORTS:
        hint = suggest(text, REPORTS, f"known: {listed(REPORTS)}; no report: let time pass")
        raise ctx.refuse(node.place, "F207", f"{text!r} is no report", hint)
    return text


def _event(ctx: Context, node: Node) -> dict[str, Any]:
    """One event, with what it tells: {ticket.closed: {id: T1, phone: "+44..."}}, or its name."""
    if isinstance(node, Scalar):
        return {event(ctx, node): {}}
    if not isinstance(node, Mapping) or len(node.items) != 1:
        hint = 'such as {ticket.closed: {id: T1, phone: "+447700900123"}}'
        raise ctx.refuse(node.place, "F202", "one event is expected here, with its data", hint)
    ((key, value),) = node.items
    empty = isinstance(value, Scalar) and not value.text
    data = {} if empty else plain(value)
    if not isinstance(data, dict):
        raise ctx.refuse(value.place, "F202", "an event tells values by name", "or {}")
    return {event(ctx, key): data}


def _click(ctx: Context, node: Node) -> dict[str, Any]:
    """A part of the link's URL, in the last text that has such a link, or in text number `of`."""
    if not isinstance(node, Mapping):
        return {"url": _text(ctx, node)}
    found = _parts(ctx, node, {"url": _text, "of": _count}, "click")
    if "url" not in found:
        hint = "such as click: {url: example.com/offer, of: 1}"
        raise ctx.refuse(node.place, "F201", "'url' is missing", hint)
    return found


def _verify(ctx: Context, node: Node) -> str:
    return _text(ctx, node)


def _agent(ctx: Context, node: Node) -> dict[str, Any]:
    """What a person texts, or {close: true}."""
    if not isinstance(node, Mapping):
        return {"text": _text(ctx, node)}
    found = _parts(ctx, node, {"close": _true}, "agent")
    if not found:
        raise ctx.refuse(node.place, "F201", "'close' is missing", "such as agent: {close: true}")
    return found


def _handoff(ctx: Context, node: Node) -> dict[str, str]:
    if not isinstance(node, Mapping):
        return {"queue": _text(ctx, node)}
    found = _parts(ctx, node, {"queue": _text, "note": _text}, "handoff")
    if not found:
        hint = "such as handoff: {queue: reception}"
        raise ctx.refuse(node.place, "F201", "'queue' is missing", hint)
    return found


def _true(ctx: Context, node: Node) -> bool:
    if not isinstance(node, Scalar) or node.value is not True:
        raise ctx.refuse(node.place, "F202", "only 'true' can stand here", "or leave the line out")
    return True


def _deploy(ctx: Context, node: Node) -> dict[str, Any]:
    if not isinstance(node, Mapping):
        return {"flow": _text(ctx, node)}
    found = _parts(ctx, node, {"flow": _text, "move": _true}, "deploy")
    if "flow" not in found:
        hint = "name the file, such as tests/flows/otp.new.yaml"
        raise ctx.refuse(node.place, "F201", "'flow' is missing", hint)
    return found


def _out(ctx: Context, node: Node) -> dict[str, Any]:
    if not isinstance(node, Mapping):
        return {"text": _text(ctx, node)}
    parts = {**dict.fromkeys(OUT_KEYS, _text), "segments": _count, "matches": _pattern}
    return _parts(ctx, node, parts, "out")


def _pattern(ctx: Context, node: Node) -> str:
    text = _text(ctx, node)
    try:
        compile_pattern(text)
    except PatternError as error:
        raise ctx.refuse(node.place, "F406", str(error)) from None
    return text


def _http(ctx: Context, node: Node) -> dict[str, Any]:
    """The call in words, and the part of its body that is looked at."""
    body: Node | None = None
    if isinstance(node, Mapping):
        if len(node.items) != 1:
            hint = "such as http: {POST crm:/csat: {score: 2}}"
            raise ctx.refuse(node.place, "F202", "'http' takes one call", hint)
        ((key, body),) = node.items
        words, place = key.text, key.place
    else:
        words, place = _text(ctx, node), node.place
    words = " ".join(words.split())
    if not is_request(words):
        hint = "such as POST crm:/csat"
        raise ctx.refuse(place, "F208", f"{words!r} is no call", hint)
    return {"call": words, **({} if body is None else {"body": plain(body)})}


def _end(ctx: Context, node: Node) -> str:
    return _text(ctx, node)


def _expect(ctx: Context, node: Node) -> dict[str, Any]:
    if not isinstance(node, Mapping) or not node.items:
        hint = "such as expect: {score: 5, contact.city: Leeds}"
        raise ctx.refuse(node.place, "F202", "'expect' takes names with their values", hint)
    found: dict[str, Any] = plain(node)
    return found


def _text(ctx: Context, node: Node) -> str:
    if isinstance(node, Scalar) and not node.text and not node.plain:
        return ""  # written as "": an empty text
    found = scalar(ctx, node, "a text")
    note_cut(ctx, found)
    return found.text


def _count(ctx: Context, node: Node) -> int:
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ctx.refuse(node.place, "F208", f"a number from 1 is expected, not {kind_of(node)}")
    return value


def _parts(
    ctx: Context, node: Mapping, known: Dict[str, Callable[[Context, Node], Any]], word: str
) -> dict[str, Any]:
    """The values of a mapping with the keys that `known` reads."""
    found: dict[str, Any] = {}
    for key, value in node:
        if key.text in known:
            found[key.text] = known[key.text](ctx, value)
        elif not cut_by_comma(ctx, node, key):
            hint = suggest(key.text, known, f"known: {listed(known)}")
            ctx.issue(key.place, "F203", f"unknown key '{key.text}' in '{word}'", hint)
    return found


_READERS: Dict[str, Callable[[Context, source.Node], Any]] = {
    "start": _start,
    "in": _in,
    "after": _after,
    "at": _at,
    "dlr": _dlr,
    "event": _event,
    "click": _click,
    "emit": _event,
    "verify": _verify,
    "agent": _agent,
    "handoff": _handoff,
    "restart": _true,
    "deploy": _deploy,
    "out": _out,
    "http": _http,
    "silent": _true,
    "end": _end,
    "expect": _expect,
}
