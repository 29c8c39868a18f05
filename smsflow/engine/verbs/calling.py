"""Reaching outside: a call, a lookup, an action, and how a session goes on when it is over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import Any
from urllib.parse import quote

from smsflow.engine import errands, policy
from smsflow.engine.effects import Errand, Traced
from smsflow.engine.events import ErrandDone
from smsflow.engine.model import (
    Action,
    Call,
    Duration,
    Flow,
    Lookup,
    Reaching,
    Request,
    Value,
    service_of,
)
from smsflow.engine.state import Session, Waiting, decode, encode, kept
from smsflow.engine.templating.values import as_text
from smsflow.engine.turn import FlowFailed, Turn
from smsflow.engine.verbs.people import phone_of

LARGEST = 65_536  # bytes of an order: what a step may send
LOOKUP_TIMEOUT = 30  # seconds of a try
WAITS = "call"  # the kind of a wait for an errand


def call(turn: Turn, session: Session, flow: Flow, step: Call) -> None:
    """Send for an answer and wait."""
    _begin(turn, session, flow, step, _order_of_call(turn, session, step))


def action(turn: Turn, session: Session, flow: Flow, step: Action) -> None:
    """Have a function run and wait."""
    order = {
        "name": step.name,
        "arguments": _encoded(turn, session, step),
        "timeout": _seconds(step.timeout),
        "tries": 1,
        "after": 0,
        "context": {
            "phone": turn.contact.phone,
            "session": session.id,
            "flow": flow.name,
            "language": session.language,
        },
    }
    _begin(turn, session, flow, step, order)


def lookup(turn: Turn, session: Session, flow: Flow, step: Lookup) -> None:
    """Have a provider asked about a number and wait."""
    numbers = turn.world.project.numbers
    via = step.via if step.via in numbers else session.number
    ours = numbers.get(via or "") or next(iter(numbers.values()))
    order = {
        "provider": ours.provider,
        "phone": phone_of(turn, session, step.phone, "lookup"),
        "timeout": LOOKUP_TIMEOUT,
        "tries": 3,
        "after": 5,
    }
    _begin(turn, session, flow, step, order)


def _begin(turn: Turn, session: Session, flow: Flow, step: Reaching, order: dict[str, Any]) -> None:
    if len(json.dumps(order)) > LARGEST:
        raise FlowFailed("limit", f"a step can send {LARGEST:,} bytes at most", step.place)
    waiting = turn.wait(session, step, WAITS)
    waiting.errand = turn.new_id()
    waiting.numbers = [session.number] if session.number else []
    expires = turn.now + errands.span(order) + errands.GRACE
    turn.effects.append(
        Errand(
            errand=waiting.errand,
            session=session.id,
            serial=waiting.serial,
            kind=step.verb,
            order=order,
            due=turn.now,
            expires=expires,
        )
    )
    ends = policy.end_of_life(flow, session, turn.zone)
    if ends < expires:
        turn.timer(session, waiting, "lifetime", ends)
    else:
        turn.timer(session, waiting, "errand", expires)


# --- what is sent ---------------------------------------------------------------------------------


def _order_of_call(turn: Turn, session: Session, step: Call) -> dict[str, Any]:
    service, path = _target(turn, session, step.request)
    order: dict[str, Any] = {
        "method": step.request.method,
        "service": service,
        "path": path,
        "query": _pairs(turn, session, step, step.query),
        "headers": dict(_pairs(turn, session, step, step.headers)),
        "statuses": list(step.statuses),
        "tries": step.retries + 1,
        "after": _seconds(step.retry_after),
        "timeout": _seconds(step.timeout) if step.timeout else _patience(turn, service),
    }
    if step.json is not None:
        data = turn.data(session, step.json)
        order["json"] = {name: _plain(step, value) for name, value in data.items()}
    if step.form is not None:
        order["form"] = _pairs(turn, session, step, step.form)
    return order


def _patience(turn: Turn, service: str) -> int:
    return turn.world.project.services[service].timeout


def _target(turn: Turn, session: Session, request: Request) -> tuple[str, str]:
    """The service and the path, every value in it escaped."""
    written = "".join(
        part if isinstance(part, str) else _in_path(turn, session, request, part.source, part)
        for part in request.parts
    )
    services = turn.world.project.services
    if request.service is None:
        found = service_of(written, services.values())
        name, path = (found.name, written[len(found.url.rstrip("/")) :]) if found else ("", "")
    else:
        name, path = request.service, written
    if name not in services:
        missing = f"smsflow.yaml has no service for {request.written}"
        raise FlowFailed("http", missing, request.place)
    if any(segment in (".", "..") for segment in path.split("/")):
        raise FlowFailed("http", "a path can't hold . or .. as a part", request.place)
    return name, path


def _in_path(turn: Turn, session: Session, request: Request, name: str, part: Any) -> str:
    value = turn.evaluate(session, part)
    try:
        text = as_text(value)
    except TypeError as error:
        raise FlowFailed("template", f"'{name}' in the path: {error}", request.place) from None
    if not text:
        raise FlowFailed("template", f"'{name}' in the path is empty", request.place)
    return quote(text, safe="")


def _pairs(
    turn: Turn, session: Session, step: Call, items: Mapping[str, Value]
) -> list[tuple[str, str]]:
    """Names with texts; a list is its items one after the other, and none is left out."""
    pairs: list[tuple[str, str]] = []
    for name, value in turn.data(session, items).items():
        for each in value if isinstance(value, list) else [value]:
            if each is None:
                continue
            try:
                pairs.append((name, as_text(each)))
            except TypeError as error:
                raise FlowFailed("template", f"'{name}': {error}", step.place) from None
    return pairs


def _plain(step: Call, value: Any) -> Any:
    """A value as JSON: dates as texts, decimals as numbers."""
    match value:
        case None | bool() | int() | str():
            return value
        case float() if isfinite(value):
            return value
        case Decimal() if value.is_finite():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime() | date() | time():
            return value.isoformat()
        case dict():
            return {str(name): _plain(step, each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(step, each) for each in value]
        case _:
            raise FlowFailed("template", f"{value!r} can't be sent as JSON", step.place)


def _encoded(turn: Turn, session: Session, step: Action) -> dict[str, Any]:
    """Arguments, their types kept."""
    try:
        return {name: encode(each) for name, each in turn.data(session, step.arguments).items()}
    except TypeError as error:
        raise FlowFailed("template", str(error), step.place) from None


def _seconds(length: Duration) -> int:
    return length.days * 86_400 + length.seconds


# --- what comes back ------------------------------------------------------------------------------


def out(session: Session) -> bool:
    """True while the session waits for an errand."""
    return session.live and session.waiting is not None and session.waiting.kind == WAITS


def waits_for(turn: Turn, event: ErrandDone) -> tuple[Session, Waiting] | None:
    """The session and its wait that a result is for; None, with a line in the trace, when it comes
    too late or a second time."""
    session = turn.conversation.session(event.session)
    for waiting in [session.waiting, *session.aside] if session is not None else []:
        if waiting is not None and session is not None and waiting.errand == event.errand:
            return session, waiting
    line = Traced(event.session, None, "late", f"a result that nobody waits for: {event.errand}")
    turn.effects.append(line)
    return None


def take(turn: Turn, session: Session, step: Reaching, result: Mapping[str, Any]) -> None:
    """Note the result of an errand; FlowFailed when it failed."""
    named = _named(step)
    if isinstance(step, Call):
        http = {"status": result.get("status"), "body": result.get("body")}
        session.last = {**session.last, "http": http}
    if not result["ok"]:
        session.last = {**session.last, "error": result["error"]}
        raise FlowFailed(result["kind"], f"{named}: {result['error']}", step.place)
    value = _value(turn, session, step, result)
    turn.trace(session, step, step.verb, f"{named} {result['told']}")
    if step.save is not None:
        session.variables[step.save] = value


def _named(step: Reaching) -> str:
    match step:
        case Call():
            return step.request.written
        case Action():
            return step.name
        case Lookup():
            return f"lookup {step.phone.source}"


def _value(turn: Turn, session: Session, step: Reaching, result: Mapping[str, Any]) -> Any:
    """What the step saves; FlowFailed when the answer is not what it expects."""
    if not isinstance(step, Call):
        return decode(result["value"])
    try:
        body = kept(result["body"])
    except TypeError as error:
        raise FlowFailed("http", f"the answer can't be kept: {error}", step.place) from None
    extra = {"body": body, "status": result["status"]}
    if not turn.holds(session, step.where, extra):
        message = f"{step.request.written}: the answer is not what 'expect' says"
        raise FlowFailed("http", message, step.where.place if step.where else step.place)
    return body
