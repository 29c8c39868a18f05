"""From the body of a request that sends to a `Submission`.

A wrong field of a message turns down that message alone, which is the network's to say (`judge`):
by the status that the manual has for it, else as REJECTED_NOT_SENT, with the error in the logs.
What holds for a request as a whole (its form, bulkId, tracking, its size) turns down all of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from smsflow.sandbox import options
from smsflow.sandbox.codes import NO_ERROR, GsmError, Status, error_of, status_of
from smsflow.sandbox.fields import Fields
from smsflow.sandbox.records import Destination, Order, Submission, Tracking
from smsflow.sandbox.wire import ApiError, WrongField
from smsflow.sms.encoding import segments

MAX_BULK_ID = 100
MAX_MESSAGE_ID = 200
MAX_CALLBACK_DATA = 4000
MAX_PARTS = 255  # the part counter of a concatenated text is one octet (3GPP 23.040, 9.2.3.24.1)
MOST_DESTINATIONS = 10_000  # in one request
MOST_LOOKUPS = 1000

_NUMBER = re.compile(r"\+?[1-9][0-9]{4,14}")
_DIGITS = re.compile(r"\+?[0-9]+")
_PRINTABLE = re.compile(r"[ -~]{3,11}")

_MISSING_TO = status_of(51)
_INVALID_TO = status_of(52)
_INVALID_SOURCE = status_of("REJECTED_SOURCE")
_TOO_LONG = status_of("REJECTED_MESSAGE_TOO_LONG")
_NOT_SENT = status_of("REJECTED_NOT_SENT")
_DATA_MISSING = error_of("EC_DATA_MISSING")
_MISTYPED = error_of("EC_MISTYPED_PARAMETER")
_UNEXPECTED = error_of("EC_UNEXPECTED_DATA_VALUE")


def single(body: object) -> Submission:
    """One text to one number or to a list of them; manual section "Send SMS"."""
    return _bounded(Submission((_plain(Fields(body), 0),)))


def multi(body: object) -> Submission:
    """Several texts, each with its numbers; "Multiple SMS to multiple destinations"."""
    messages = enumerate(_messages(Fields(body)))
    return _bounded(Submission(tuple(_plain(fields, place) for place, fields in messages)))


def advanced(body: object, now: datetime) -> Submission:
    """Everything that a text can be told; manual section "Fully featured textual message"."""
    fields = Fields(body)
    bulk_id = fields.text("bulkId", MAX_BULK_ID)
    tracking = options.tracking(fields)
    pace = options.pace(fields)
    messages = enumerate(_messages(fields))
    orders = tuple(_full(message, now, tracking, place) for place, message in messages)
    return _bounded(Submission(orders, bulk_id or None, pace))


def query(told: Mapping[str, str], now: datetime) -> Submission:
    """One text told by the parameters of a URL, each of which is a field of the advanced form."""
    message: dict[str, Any] = {
        name: told[name]
        for name in (
            *("from", "text", "transliteration", "notifyUrl", "notifyContentType"),
            *("callbackData", "sendAt"),
        )
        if told.get(name)
    }
    for name in ("flash", "intermediateReport"):
        if told.get(name):
            message[name] = {"true": True, "false": False}.get(told[name], told[name])
    if minutes := told.get("validityPeriod"):
        decimal = minutes.isascii() and minutes.isdigit() and len(minutes) < 10
        message["validityPeriod"] = int(minutes) if decimal else minutes
    if told.get("languageCode"):
        message["language"] = {"languageCode": told["languageCode"]}
    message["destinations"] = [{"to": to} for to in told.get("to", "").split(",")]
    body: dict[str, Any] = {"messages": [message], "bulkId": told.get("bulkId")}
    if told.get("track"):
        body["tracking"] = {"track": told["track"], "type": told.get("trackingType")}
    return advanced(body, now)


def lookup(body: object) -> list[str]:
    """The numbers of a lookup: one, or a list of at most 1000; section "Number lookup"."""
    fields = Fields(body)
    told = fields.get("to")
    numbers = [_number(to) or "" for to in (told if isinstance(told, list) else [told])]
    if not any(numbers):
        raise fields.missing("to", "may not be empty")
    if len(numbers) > MOST_LOOKUPS:
        text = f"[to : Number of destinations is limited to {MOST_LOOKUPS}.]"
        raise ApiError(400, "BAD_REQUEST", text)
    return numbers


def judge(order: Order, destination: Destination) -> tuple[Status, GsmError] | None:
    """The status that turns this destination down, and the error that the logs have with it.

    None when nothing speaks against it.
    """
    if not destination.to:
        return _MISSING_TO, NO_ERROR
    if not is_number(destination.to):
        return _INVALID_TO, NO_ERROR
    if not valid_source(order.sender):
        return _INVALID_SOURCE, NO_ERROR
    if order.parts > MAX_PARTS:
        return _TOO_LONG, NO_ERROR
    wrong = order.wrong or destination.wrong
    return (_NOT_SENT, wrong) if wrong else None


def is_number(to: str) -> bool:
    """True for what E.164 can hold, with or without a plus."""
    return _NUMBER.fullmatch(to) is not None


def valid_source(sender: str) -> bool:
    """True for 3 to 14 digits, or 3 to 11 other printable characters."""
    if _DIGITS.fullmatch(sender):
        return 3 <= len(sender.removeprefix("+")) <= 14
    return _PRINTABLE.fullmatch(sender) is not None


def _bounded(submission: Submission) -> Submission:
    if sum(len(order.destinations) for order in submission.orders) > MOST_DESTINATIONS:
        text = f"[to : Number of destinations is limited to {MOST_DESTINATIONS}.]"
        raise ApiError(400, "BAD_REQUEST", text)
    return submission


def _messages(fields: Fields) -> list[Fields]:
    """The messages of a request; what is none is a message without a field."""
    told = list(fields.items("messages"))
    if not told:
        raise fields.missing("messages", "may not be empty")
    return [Fields(item if isinstance(item, dict) else {}, path) for path, item in told]


def _plain(fields: Fields, place: int) -> Order:
    """A message whose `to` is a string or a list of strings."""
    told = fields.get("to")
    numbers = (told or [None]) if isinstance(told, list) else [told]
    sender, destinations = _sender(fields), tuple(Destination(_number(to)) for to in numbers)
    try:
        text = _text(fields)
    except WrongField as wrong:
        return Order(sender, "", 1, destinations, place=place, wrong=_reason(wrong))
    return Order(sender, text, segments(text), destinations, place=place)


def _full(fields: Fields, now: datetime, tracking: Tracking | None, place: int) -> Order:
    """A message with `destinations` and options; its text is the one that handsets get."""
    sender, destinations = _sender(fields), _destinations(fields)
    try:
        table = options.transliteration(fields)
        text = options.rewritten(_text(fields), table)
        shifts = options.shifts(fields, text)
        return Order(
            sender,
            text,
            segments(text, shifts),
            destinations,
            notify_url=options.url(fields, "notifyUrl"),
            notify_type=options.content_type(fields),
            intermediate=fields.flag("intermediateReport"),
            callback_data=fields.text("callbackData", MAX_CALLBACK_DATA),
            validity=options.validity(fields),
            send_at=options.send_at(fields, now),
            flash=fields.flag("flash"),
            shifts=shifts,
            transliteration=table,
            window=options.window(fields),
            tracking=tracking,
            place=place,
        )
    except WrongField as wrong:
        told = fields.get("text")
        text = told if isinstance(told, str) else ""
        parts = segments(text) if text else 1
        return Order(sender, text, parts, destinations, place=place, wrong=_reason(wrong))


def _reason(wrong: WrongField) -> GsmError:
    """The error that the manual has for such a field."""
    if wrong.missing:
        return _DATA_MISSING
    return _MISTYPED if wrong.mistyped else _UNEXPECTED


def _text(fields: Fields) -> str:
    text = fields.text("text")
    if not text:
        raise fields.missing("text", "may not be empty")
    return text


def _sender(fields: Fields) -> str:
    """The sender; "" for what is none, which `judge` turns down."""
    told = fields.get("from")
    return told if isinstance(told, str) else ""


def _destinations(fields: Fields) -> tuple[Destination, ...]:
    """Whom a message goes to; without anybody one destination is missing."""
    told = fields.get("destinations")
    found = told if isinstance(told, list) and told else [None]
    return tuple(_destination(item) for item in found)


def _destination(item: object) -> Destination:
    if not isinstance(item, dict):
        return Destination(None)
    told, to = Fields(item), _number(item.get("to"))
    try:
        return Destination(to, told.text("messageId", MAX_MESSAGE_ID) or None)
    except WrongField as wrong:
        return Destination(to, wrong=_reason(wrong))


def _number(to: object) -> str | None:
    """An address as text; some clients write it as a number. What is neither is no number."""
    if to is None or isinstance(to, str):
        return to
    return str(to) if isinstance(to, int) else "?"
