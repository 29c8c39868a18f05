"""What PigeonHost pushes to us: texts that came in (MO) by GET or POST, and reports (DLR).

A push comes from outside and must not be lost: whatever the bytes, it is either read, or each part
that cannot be read is handed back as Unreadable beside the good ones, or the caller is told with a
4xx what is wrong. Sources: manual, "Push received messages" and "Delivery reports on Notify URL".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from smsflow.errors import WebhookRejected
from smsflow.providers.base import Unreadable
from smsflow.providers.codes import classify
from smsflow.providers.dates import parse_date
from smsflow.providers.gsm_errors import error_name
from smsflow.sms.encoding import decode_gsm, decode_latin1, decode_ucs2
from smsflow.sms.messages import Received, Report
from smsflow.sms.numbers import normalise

MOST_RESULTS = 100  # the provider's own limit for one push
_LONGEST_RAW = 65_536  # characters of what is kept for operators

_HAS_HEADER = 0x40  # UDH indicator of esmclass (SMPP 3.4 section 5.2.12)
# Datacodings by SMPP 3.4 section 5.2.19; 4, octets, is no text.
_DECODERS = {0: decode_gsm, 3: decode_latin1, 8: decode_ucs2}

_Read = TypeVar("_Read", Received, Report)


def read_mo_get(query: Mapping[str, str], names: Mapping[str, str]) -> list[Received | Unreadable]:
    """Read a text pushed as a GET to a URL of the user's own making.

    `names` maps a parameter of the manual (sender, text, bin ...) to its name in that URL, as in
    {"sender": "who"}; one that is not named has the manual's name, in any case.
    """
    given = {name.lower(): value for name, value in query.items()}
    wanted = {parameter.lower(): name.lower() for parameter, name in names.items()}

    def value(parameter: str) -> str | None:
        return given.get(wanted.get(parameter, parameter))

    sender = value("sender")
    if sender is None:
        raise WebhookRejected(400, f"the parameter {wanted.get('sender', 'sender')!r} is missing")
    if value("text") is None and value("bin") is None:
        raise WebhookRejected(400, "the parameters for text and bin are both missing")
    try:
        return [
            Received(
                sender=normalise(_clean(sender)),
                receiver=_number_or_none(value("receiver")),
                text=_clean(_text_of(value)),
                message_id=_clean(value("messageid") or "") or None,
                received_at=_date_or_none(value("datetime")),
            )
        ]
    except ValueError as error:
        return [Unreadable(0, str(error), _raw(dict(query)))]


def read_mo_post(body: bytes, content_type: str) -> list[Received | Unreadable]:
    """Read texts pushed as a POST, in the format in which they can be pulled."""
    return _each(_results(body, content_type), _received)


def read_dlr(body: bytes, content_type: str) -> list[Report | Unreadable]:
    """Read pushed reports, final and intermediate."""
    return _each(_results(body, content_type), _report)


def _received(result: Mapping[str, object]) -> Received:
    text = result.get("text")
    if not isinstance(text, str):
        raise ValueError("the text is missing")
    return Received(
        sender=normalise(_required(result, "from")),
        receiver=_number_or_none(result.get("to")),
        text=_clean(text),
        message_id=_identifier(result, "messageId") or None,
        received_at=_date_or_none(result.get("receivedAt")),
    )


def _report(result: Mapping[str, object]) -> Report:
    status = result.get("status")
    if not isinstance(status, Mapping):
        raise ValueError("the status is missing")
    error = result.get("error")
    found = classify(status)
    name = error_name(error) if isinstance(error, Mapping) else None
    return Report(
        wire_id=_required(result, "messageId"),
        to=normalise(_required(result, "to")),
        state=found.state,
        status=_clean(found.name),
        error=_clean(name) if name else None,
        done_at=_date_or_none(result.get("doneAt")),
    )


def _text_of(value: Callable[[str], str | None]) -> str:
    """The text of a GET: as it stands, or from hex by its datacoding.

    The provider fills one of the two and leaves the other empty.
    """
    octets = value("bin")
    if value("text") or not octets:
        return value("text") or ""
    try:
        data = bytes.fromhex(octets)
    except ValueError:
        raise ValueError("bin is not hex") from None
    if _integer(value("esmclass"), "esmclass") & _HAS_HEADER:
        data = _without_header(data)
    # A URL without datacoding gets GSM octets, as in the manual's example.
    datacoding = _integer(value("datacoding"), "datacoding")
    decode = _DECODERS.get(datacoding)
    if decode is None:
        raise ValueError(f"datacoding {datacoding} is not text")
    return decode(data)


def _without_header(data: bytes) -> bytes:
    """The octets after the user data header, whose first octet counts the rest of it."""
    if not data or data[0] >= len(data):
        raise ValueError("the user data header is longer than the data")
    return data[1 + data[0] :]


def _integer(value: str | None, name: str) -> int:
    """A decimal parameter; 0 when it is missing or empty."""
    if not value:
        return 0
    if not (value.isascii() and value.isdecimal() and len(value) <= 3 and int(value) <= 255):
        raise ValueError(f"{name} is not a number from 0 to 255")
    return int(value)


def _results(body: bytes, content_type: str) -> list[object]:
    """The results of a push, or WebhookRejected with a sentence for the provider's support."""
    if "xml" in content_type.lower():
        raise WebhookRejected(415, "pushes are read as JSON: ask for application/json")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise WebhookRejected(400, "the body is not JSON") from None
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list):
        raise WebhookRejected(400, 'the body has no list of "results"')
    if len(results) > MOST_RESULTS:
        raise WebhookRejected(413, f"{len(results)} results, and a push has {MOST_RESULTS}")
    return results


def _each(
    results: list[object], read: Callable[[Mapping[str, object]], _Read]
) -> list[_Read | Unreadable]:
    """Each result on its own, so that a bad one costs only itself."""
    found: list[_Read | Unreadable] = []
    for index, result in enumerate(results):
        try:
            if not isinstance(result, Mapping):
                raise ValueError("it is not an object")
            found.append(read(result))
        except ValueError as error:
            found.append(Unreadable(index, str(error), _raw({"results": [result]})))
    return found


def _required(result: Mapping[str, object], key: str) -> str:
    value = _identifier(result, key)
    if not value:
        raise ValueError(f"{key} is missing")
    return value


def _identifier(result: Mapping[str, object], key: str) -> str:
    """An id or a number, which some answers write as a JSON number; "" when it is missing."""
    value = result.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _clean(value) if isinstance(value, str) else ""


def _number_or_none(value: object) -> str | None:
    return normalise(_clean(value)) if isinstance(value, str) and value.strip() else None


def _date_or_none(value: object) -> datetime | None:
    """A date that cannot be read is left out: a text is worth more than its date."""
    try:
        return parse_date(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _clean(text: str) -> str:
    """`text` without what no database or network takes: NUL, and halves of surrogate pairs."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "\ufffd")


def _raw(push: object) -> str:
    # How deep Python's JSON goes differs between reading and writing, and between versions.
    try:
        return json.dumps(push)[:_LONGEST_RAW]
    except RecursionError:
        return '"nested too deeply to show"'
