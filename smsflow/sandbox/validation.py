"""From the body of a request that sends to a `Submission`, or the 400 that names the wrong field.

What the manual's tables have a status for turns down one destination only, and is the network's to
say (`judge`). Everything else that is wrong turns the whole request down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from smsflow.sandbox import options
from smsflow.sandbox.codes import Status, status_of
from smsflow.sandbox.fields import Fields
from smsflow.sandbox.records import Destination, Order, Submission, Tracking
from smsflow.sandbox.wire import ApiError, bad_request
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
    try:
        return advanced(body, now)
    except ApiError as error:
        path = next(iter(error.fields or {}), "")
        complaint = (error.fields or {}).get(path, [error.text])[0]
        raise bad_request(path.rpartition(".")[2], complaint) from None


def lookup(body: object) -> list[str]:
    """The numbers of a lookup: one, or a list of at most 1000; section "Number lookup"."""
    fields = Fields(body)
    told = fields.get("to")
    numbers = [_number(fields, to) or "" for to in (told if isinstance(told, list) else [told])]
    if not any(numbers):
        raise fields.wrong("to", "may not be empty")
    if len(numbers) > MOST_LOOKUPS:
        text = f"[to : Number of destinations is limited to {MOST_LOOKUPS}.]"
        raise ApiError(400, "BAD_REQUEST", text)
    return numbers


def judge(order: Order, to: str | None) -> Status | None:
    """The status that turns this destination down, or None when nothing speaks against it."""
    if not to:
        return _MISSING_TO
    if not is_number(to):
        return _INVALID_TO
    if not valid_source(order.sender):
        return _INVALID_SOURCE
    return _TOO_LONG if order.parts > MAX_PARTS else None


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
    messages = [Fields(item, path) for path, item in fields.items("messages")]
    if not messages:
        raise fields.wrong("messages", "may not be empty")
    return messages


def _plain(fields: Fields, place: int) -> Order:
    """A message whose `to` is a string or a list of strings."""
    told = fields.get("to")
    text = _text(fields)
    numbers = told if isinstance(told, list) and told else [told]
    destinations = tuple(Destination(_number(fields, to)) for to in numbers)
    return Order(fields.text("from") or "", text, segments(text), destinations, place=place)


def _full(fields: Fields, now: datetime, tracking: Tracking | None, place: int) -> Order:
    """A message with `destinations` and options; its text is the one that handsets get."""
    table = options.transliteration(fields)
    text = options.rewritten(_text(fields), table)
    shifts = options.shifts(fields, text)
    return Order(
        fields.text("from") or "",
        text,
        segments(text, shifts),
        tuple(_destinations(fields)) or (Destination(None),),
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


def _text(fields: Fields) -> str:
    text = fields.text("text")
    if not text:
        raise fields.wrong("text", "may not be empty")
    return text


def _destinations(fields: Fields) -> Iterator[Destination]:
    for path, item in fields.items("destinations"):
        told = Fields(item, path)
        message_id = told.text("messageId", MAX_MESSAGE_ID) or None
        yield Destination(_number(told, told.get("to")), message_id)


def _number(fields: Fields, to: object) -> str | None:
    """An address as text; some clients write it as a number."""
    if isinstance(to, int) and not isinstance(to, bool):
        return str(to)
    if to is not None and not isinstance(to, str):
        raise fields.wrong("to", "must be a string or a list of strings")
    return to
