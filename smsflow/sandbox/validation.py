"""From the JSON of a request that sends to a `Submission`, or the 400 that names the wrong field.

What is wrong with the shape of a request turns the whole request down. What is wrong with one
destination turns down that one only, and is the network's to say (`judge`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from smsflow.sandbox.codes import Status, status_of
from smsflow.sandbox.records import MAX_VALIDITY, Destination, Order, Submission
from smsflow.sandbox.wire import ApiError, bad_request, read_date
from smsflow.sms.encoding import Language, Shifts, segments, shifts_for
from smsflow.sms.encoding.transliteration import Transliteration, transliterate

MAX_BULK_ID = 100
MAX_MESSAGE_ID = 200
MAX_CALLBACK_DATA = 4000
MAX_URL = 2000
MAX_AHEAD = timedelta(days=180)
MAX_PARTS = 255  # the part counter of a concatenated text is one octet (3GPP 23.040, 9.2.3.24.1)

_NUMBER = re.compile(r"\+?[1-9][0-9]{4,14}")
_DIGITS = re.compile(r"\+?[0-9]+")
_PRINTABLE = re.compile(r"[ -~]{3,11}")
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)
_SCRIPTS = ("TURKISH", "GREEK", "CYRILLIC", "CENTRAL_EUROPEAN", "NON_UNICODE")

_MISSING_TO = status_of(51)
_INVALID_TO = status_of(52)
_INVALID_SOURCE = status_of("REJECTED_SOURCE")
_TOO_LONG = status_of("REJECTED_MESSAGE_TOO_LONG")


class _Fields:
    """The fields of one JSON object; each reader answers None for what is absent or null."""

    def __init__(self, told: object, path: str = "") -> None:
        if not isinstance(told, dict):
            raise bad_request(path or "body", "must be an object")
        self._told = told
        self._path = f"{path}." if path else ""

    def get(self, name: str) -> object:
        return self._told.get(name)

    def wrong(self, name: str, complaint: str) -> ApiError:
        return bad_request(self._path + name, complaint)

    def text(self, name: str, longest: int | None = None) -> str | None:
        value = self._told.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.wrong(name, "must be a string")
        if longest is not None and len(value) > longest:
            raise self.wrong(name, f"size must be at most {longest}")
        return value

    def one_of(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = self.text(name)
        if value is not None and value not in choices:
            raise self.wrong(name, f"must be one of {', '.join(choices)}")
        return value

    def flag(self, name: str) -> bool:
        value = self._told.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "must be true or false")
        return value is True

    def items(self, name: str) -> Iterator[tuple[str, object]]:
        """The members of a list, each with its path."""
        value = self._told.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            raise self.wrong(name, "must be a list")
        for index, item in enumerate(value):
            yield f"{self._path}{name}[{index}]", item

    def inner(self, name: str) -> _Fields | None:
        value = self._told.get(name)
        return None if value is None else _Fields(value, self._path + name)


def single(body: object) -> Submission:
    """One text to one number or to a list of them; manual section "Send SMS"."""
    return Submission((_plain(_Fields(body)),))


def multi(body: object) -> Submission:
    """Several texts, each with its numbers; "Multiple SMS to multiple destinations"."""
    return Submission(tuple(_plain(fields) for fields in _messages(_Fields(body))))


def advanced(body: object, now: datetime) -> Submission:
    """Everything that a text can be told; manual section "Fully featured textual message"."""
    fields = _Fields(body)
    bulk_id = fields.text("bulkId", MAX_BULK_ID)
    tracking = fields.inner("tracking")
    if tracking is not None:
        tracking.one_of("track", ("SMS", "URL"))
    orders = tuple(_full(message, now) for message in _messages(fields))
    return Submission(orders, bulk_id or None)


def judge(order: Order, to: str | None) -> Status | None:
    """The status that turns this destination down, or None when nothing speaks against it."""
    if not to:
        return _MISSING_TO
    if _NUMBER.fullmatch(to) is None:
        return _INVALID_TO
    if not valid_source(order.sender):
        return _INVALID_SOURCE
    return _TOO_LONG if order.parts > MAX_PARTS else None


def valid_source(sender: str) -> bool:
    """True for 3 to 14 digits, or 3 to 11 other printable characters."""
    if _DIGITS.fullmatch(sender):
        return 3 <= len(sender.removeprefix("+")) <= 14
    return _PRINTABLE.fullmatch(sender) is not None


def _messages(fields: _Fields) -> list[_Fields]:
    messages = [_Fields(item, path) for path, item in fields.items("messages")]
    if not messages:
        raise fields.wrong("messages", "may not be empty")
    return messages


def _plain(fields: _Fields) -> Order:
    """A message whose `to` is a string or a list of strings."""
    told = fields.get("to")
    text = _text(fields)
    destinations: list[Destination] = []
    for to in told if isinstance(told, list) and told else [told]:
        if to is not None and not isinstance(to, str):
            raise fields.wrong("to", "must be a string or a list of strings")
        destinations.append(Destination(to))
    return Order(fields.text("from") or "", text, segments(text), tuple(destinations))


def _full(fields: _Fields, now: datetime) -> Order:
    """A message with `destinations` and options; its text is the one that handsets get."""
    text = _transliterated(fields, _text(fields))
    return Order(
        fields.text("from") or "",
        text,
        segments(text, _shifts(fields, text)),
        tuple(_destinations(fields)) or (Destination(None),),
        notify_url=_notify_url(fields),
        notify_type=fields.one_of("notifyContentType", ("application/json", "application/xml"))
        or "application/json",
        intermediate=fields.flag("intermediateReport"),
        callback_data=fields.text("callbackData", MAX_CALLBACK_DATA),
        validity=_validity(fields),
        send_at=_send_at(fields, now),
        flash=fields.flag("flash"),
    )


def _text(fields: _Fields) -> str:
    text = fields.text("text")
    if not text:
        raise fields.wrong("text", "may not be empty")
    return text


def _destinations(fields: _Fields) -> Iterator[Destination]:
    for path, item in fields.items("destinations"):
        told = _Fields(item, path)
        yield Destination(told.text("to"), told.text("messageId", MAX_MESSAGE_ID) or None)


def _transliterated(fields: _Fields, text: str) -> str:
    """The text in the letters asked for; the manual names the tables, and ours come near them."""
    table = fields.one_of("transliteration", _SCRIPTS)
    return transliterate(text, Transliteration(table)) if table else text


def _shifts(fields: _Fields, text: str) -> Shifts | None:
    """The national tables that `language` asks for.

    The manual doesn't say what a languageCode without singleShift and lockingShift means: here it
    is the tables that serve the text best. Spanish has no locking table, so asking changes nothing.
    """
    language = fields.inner("language")
    if language is None:
        return None
    code = language.one_of("languageCode", ("TR", "ES", "PT"))
    single, locking = language.flag("singleShift"), language.flag("lockingShift")
    if code is None:
        return None
    spoken = Language(code)
    if language.get("singleShift") is None and language.get("lockingShift") is None:
        return shifts_for(text, spoken)
    locking = locking and spoken is not Language.ES
    tables = (spoken if single else None, spoken if locking else None)
    return Shifts(*tables) if any(tables) else None


def _notify_url(fields: _Fields) -> str | None:
    url = fields.text("notifyUrl", MAX_URL)
    if url and _URL.fullmatch(url) is None:
        raise fields.wrong("notifyUrl", "must be an http or https URL")
    return url or None


def _validity(fields: _Fields) -> timedelta:
    """The validity period: whole minutes, at most 48 h whatever was asked."""
    minutes = fields.get("validityPeriod")
    if minutes is None:
        return MAX_VALIDITY
    if isinstance(minutes, bool) or not isinstance(minutes, int) or minutes < 1:
        raise fields.wrong("validityPeriod", "must be a number of minutes")
    return MAX_VALIDITY if minutes > 2880 else timedelta(minutes=minutes)


def _send_at(fields: _Fields, now: datetime) -> datetime | None:
    """The moment to send, at most 180 days ahead; one that is past means now."""
    told = fields.text("sendAt")
    if told is None:
        return None
    try:
        moment = read_date(told)
    except ValueError as error:
        raise fields.wrong("sendAt", str(error)) from None
    if moment > now + MAX_AHEAD:
        raise fields.wrong("sendAt", "must be within 180 days")
    return moment
