"""What a test or a demo decides and sees, over HTTP under /sandbox; no part of the provider's API.

Handsets are played here: they text, their fates are written, and what they got is shown.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response

from smsflow.sandbox import fates, faults, forms, profiles
from smsflow.sandbox.clock import Clock, SystemClock
from smsflow.sandbox.exchange import read_json_body, respond_error, respond_json
from smsflow.sandbox.forms import Tree
from smsflow.sandbox.handset import Talk
from smsflow.sandbox.links import Link
from smsflow.sandbox.network import Network
from smsflow.sandbox.records import Inbound, Message, Order, Route
from smsflow.sandbox.wire import ApiError, write_date

EVERY_NUMBER = "*"
MOST_TIMES = 1000  # how often one text can be told
MOST_MONEY = 1_000_000_000  # EUR
MOST_SECONDS = 86_400 * 366
MOST_SPEED = 1_000_000


def control_api(network: Network, clock: Clock) -> Blueprint:
    """The endpoints under /sandbox; a mistake in a body is a 400 that says what is wrong."""
    api = Blueprint("control", __name__, url_prefix="/sandbox")

    @api.errorhandler(ValueError)
    def mistaken(error: ValueError) -> Response:
        return respond_error(ApiError(400, "BAD_REQUEST", str(error)))

    @api.put("/numbers/<number>")
    def number(number: str) -> Response:
        told = _read_object()
        if "mo" in told:
            network.route(number, _route(told["mo"], "mo"))
        if "keywords" in told:
            network.listen_for(number, _words(told["keywords"]))
        return respond_json({})

    @api.post("/mo")
    def mo() -> Response:
        told = read_json_body()
        texts = [_text(each) for each in (told if isinstance(told, list) else [told])]
        now = clock.now()
        received = [network.receive(**text, now=now) for text in texts]
        return respond_json({"messageIds": [inbound.message_id for inbound in received]})

    @api.put("/handsets/<number>")
    def handset(number: str) -> Response:
        told = _read_object()
        fate = fates.parse(told["fate"]) if told.get("fate") is not None else None
        if number == EVERY_NUMBER:
            network.script_all(fate)
            return respond_json({})
        if "lookup" in told:
            network.describe(number, profiles.parse(told["lookup"]))
        if told.keys() != {"lookup"}:
            network.script(number, fate, fates.parse_all(told.get("fates")))
        return respond_json({})

    @api.get("/handsets/<number>/messages")
    def talk(number: str) -> Response:
        return respond_json({"messages": [_talk(network, talk) for talk in network.talk(number)]})

    @api.get("/messages")
    def messages() -> Response:
        return respond_json({"messages": [_message(message) for message in network.messages()]})

    @api.get("/clicks")
    def clicks() -> Response:
        return respond_json({"clicks": [forms.click(*clicked) for clicked in network.clicks()]})

    @api.put("/clicks")
    def click_route() -> Response:
        told = _read_object()
        network.tell_clicks(_route(told, "clicks") if told.get("url") is not None else None)
        return respond_json({})

    @api.put("/account")
    def account() -> Response:
        network.set_balance(_number(_read_object().get("balance"), MOST_MONEY, "balance"))
        return respond_json({})

    @api.put("/clock")
    def set_clock() -> Response:
        if not isinstance(clock, SystemClock):
            raise ValueError("the clock is led by the program that this sandbox is part of")
        told = _read_object()
        speed = told.get("speed")
        ahead = timedelta(seconds=_number(told.get("advance", 0), MOST_SECONDS, "advance"))
        clock.set(ahead=ahead, speed=None if speed is None else _number(speed, MOST_SPEED, "speed"))
        return respond_json({"now": write_date(clock.now())})

    @api.put("/faults")
    def set_faults() -> Response:
        network.faults = faults.parse(read_json_body())
        return respond_json({})

    @api.get("/pending")
    def pending() -> Response:
        due = network.pending()
        moment = None if due.next_due is None else write_date(due.next_due)
        return respond_json({"deliveries": due.deliveries, "pushes": due.pushes, "nextDue": moment})

    @api.delete("")
    def reset() -> Response:
        network.reset()
        return respond_json({})

    return api


def _read_object() -> dict[str, Any]:
    told = read_json_body()
    if not isinstance(told, dict):
        raise ValueError("the body must be an object")
    return told


def _number(told: object, most: float, what: str) -> float:
    """A number from 0 to `most`."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told <= most:
        raise ValueError(f"{what} must be a number from 0 to {most:,}")
    return told


def _route(told: object, what: str) -> Route | None:
    """Where something goes: {url, method, contentType}, or None for pulling."""
    if told is None:
        return None
    if not isinstance(told, dict):
        raise ValueError(f"{what} must be {{url, method}}")
    url, method = told.get("url"), told.get("method", "GET")
    content_type = told.get("contentType", "application/json")
    if not (isinstance(url, str) and url.lower().startswith(("http://", "https://"))):
        raise ValueError(f"{what}.url must be an http or https URL")
    if method not in ("GET", "POST"):
        raise ValueError(f"{what}.method must be GET or POST")
    if content_type not in ("application/json", "application/xml"):
        raise ValueError(f"{what}.contentType must be application/json or application/xml")
    return Route(url, method, content_type)


def _words(told: object) -> list[str]:
    """The keywords of a number."""
    if not isinstance(told, list) or not all(isinstance(word, str) for word in told):
        raise ValueError("keywords must be a list of strings")
    return told


def _text(told: object) -> dict[str, Any]:
    """The arguments of `Network.receive` but the time, from one text of a handset."""
    if not isinstance(told, dict):
        raise ValueError("a text must be an object")
    text: dict[str, Any] = {
        "sender": _field(told, "from", str),
        "receiver": _field(told, "to", str),
        "text": _field(told, "text", str, ""),
        "message_id": _field(told, "messageId", str, None),
        "datacoding": _field(told, "datacoding", int, None),
        "esmclass": _field(told, "esmclass", int, 0),
        "times": _field(told, "times", int, 1),
    }
    if not 1 <= text["times"] <= MOST_TIMES:
        raise ValueError(f"times must be from 1 to {MOST_TIMES}")
    for name in ("datacoding", "esmclass"):
        if not 0 <= (text[name] or 0) <= 255:
            raise ValueError(f"{name} must be from 0 to 255")
    octets = _field(told, "bin", str, None)
    if octets is not None:
        text["octets"] = _octets(octets)
    return text


def _octets(told: str) -> bytes:
    try:
        return bytes.fromhex(told)
    except ValueError:
        raise ValueError("bin must be octets as hex, such as 04160438") from None


def _field(told: dict[str, Any], name: str, kind: type, *default: object) -> Any:
    """A field of this kind, or the default; without a default it has to be there."""
    value = told.get(name)
    if value is None and default:
        return default[0]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{name} must be a {kind.__name__}")
    return value


def _talk(network: Network, talk: Talk) -> Tree:
    """One line of a handset's history."""
    match talk.text:
        case Message() as message:
            known: Tree = {
                "direction": "got",
                "from": message.order.sender,
                "to": message.to,
                "text": message.order.text,
                **_on_air(message.order),
                "links": [_link(link) for link in network.links_of(message)],
                "state": message.status.name,
                "messageId": message.message_id,
            }
        case Inbound() as inbound:
            known = {
                "direction": "sent",
                "from": inbound.sender,
                "to": inbound.receiver,
                "text": inbound.text,
                "parts": inbound.parts,
                "state": "RECEIVED",
                "messageId": inbound.message_id,
            }
    return known | {"at": write_date(talk.at)}


def _on_air(order: Order) -> Tree:
    """How a text came: in how many parts, as flash, in which letters and by which tables."""
    shifts = order.shifts
    return {
        "parts": order.parts,
        "flash": order.flash,
        "transliteration": order.transliteration,
        "singleShift": shifts.single.value if shifts and shifts.single else None,
        "lockingShift": shifts.locking.value if shifts and shifts.locking else None,
    }


def _link(link: Link) -> Tree:
    """A short link in a text; its path is asked for here."""
    return {"short": link.short, "path": f"/{link.path}", "url": link.url}


def _message(message: Message) -> Tree:
    """All that is known of one text, for an auditor."""
    return {
        "messageId": message.message_id,
        "bulkId": message.bulk_id,
        "from": message.order.sender,
        "to": message.to,
        "text": message.order.text,
        "parts": message.order.parts,
        "state": message.status.name,
        "group": message.status.group_name,
        "error": message.error.name,
        "callbackData": message.order.callback_data,
        "submittedAt": write_date(message.submitted_at),
        "sentAt": write_date(message.sent_at),
        "doneAt": write_date(message.done_at),
        "tries": message.tries,
        **forms.tracking(message),
    }
