"""What a test or a demo decides and sees, over HTTP under /sandbox; no part of the provider's API.

Handsets are played here: they text, their fates are written, and what they got is shown.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from smsflow.sandbox import fates, faults
from smsflow.sandbox.exchange import read_body, respond, respond_error
from smsflow.sandbox.forms import Tree
from smsflow.sandbox.handset import Talk
from smsflow.sandbox.network import Network
from smsflow.sandbox.pusher import Clock
from smsflow.sandbox.records import Inbound, Message, Route
from smsflow.sandbox.wire import ApiError, write_date

EVERY_NUMBER = "*"
MOST_TIMES = 1000  # how often one text can be told


def control_api(network: Network, clock: Clock) -> Blueprint:
    """The endpoints under /sandbox; a mistake in a body is a 400 that says what is wrong."""
    api = Blueprint("control", __name__, url_prefix="/sandbox")

    @api.errorhandler(ValueError)
    def mistaken(error: ValueError) -> Response:
        return respond_error(ApiError(400, "BAD_REQUEST", str(error)))

    @api.put("/numbers/<number>")
    def number(number: str) -> Response:
        network.route(number, _route(_read_object().get("mo")))
        return respond({})

    @api.post("/mo")
    def mo() -> Response:
        told = read_body()
        texts = [_text(each) for each in (told if isinstance(told, list) else [told])]
        now = clock.now()
        received = [network.receive(**text, now=now) for text in texts]
        return respond({"messageIds": [inbound.message_id for inbound in received]})

    @api.put("/handsets/<number>")
    def handset(number: str) -> Response:
        told = _read_object()
        fate = fates.parse(told["fate"]) if told.get("fate") is not None else None
        if number == EVERY_NUMBER:
            network.script_all(fate)
        else:
            network.script(number, fate, fates.parse_all(told.get("fates")))
        return respond({})

    @api.get("/handsets/<number>/messages")
    def talk(number: str) -> Response:
        return respond({"messages": [_talk(talk) for talk in network.talk(number)]})

    @api.get("/messages")
    def messages() -> Response:
        return respond({"messages": [_message(message) for message in network.messages()]})

    @api.put("/faults")
    def set_faults() -> Response:
        network.faults = faults.parse(read_body())
        return respond({})

    @api.get("/pending")
    def pending() -> Response:
        due = network.pending()
        moment = None if due.next_due is None else write_date(due.next_due)
        return respond({"deliveries": due.deliveries, "pushes": due.pushes, "nextDue": moment})

    @api.delete("")
    def reset() -> Response:
        network.reset()
        return respond({})

    return api


def _read_object() -> dict[str, Any]:
    told = read_body()
    if not isinstance(told, dict):
        raise ValueError("the body must be an object")
    return told


def _route(told: object) -> Route | None:
    """Where texts to a number go: {url, method}, or None for pulling."""
    if told is None:
        return None
    if not isinstance(told, dict):
        raise ValueError("mo must be {url, method}")
    url, method = told.get("url"), told.get("method", "GET")
    if not (isinstance(url, str) and url.lower().startswith(("http://", "https://"))):
        raise ValueError("mo.url must be an http or https URL")
    if method not in ("GET", "POST"):
        raise ValueError("mo.method must be GET or POST")
    return Route(url, method)


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
    octets = _field(told, "bin", str, None)
    if octets is not None:
        text["octets"] = bytes.fromhex(octets)
    return text


def _field(told: dict[str, Any], name: str, kind: type, *default: object) -> Any:
    """A field of this kind, or the default; without a default it has to be there."""
    value = told.get(name)
    if value is None and default:
        return default[0]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{name} must be a {kind.__name__}")
    return value


def _talk(talk: Talk) -> Tree:
    """One line of a handset's history."""
    match talk.text:
        case Message() as message:
            known: Tree = {
                "direction": "got",
                "from": message.order.sender,
                "to": message.to,
                "text": message.order.text,
                "parts": message.order.parts,
                "flash": message.order.flash,
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
    }
