"""What PigeonHost pushes to us: texts that came in (MO) by GET or POST, reports (DLR), clicks.

A push comes from outside and must not be lost: whatever the bytes, it is either read, or each part
that cannot be read is handed back as Unreadable beside the good ones, or the caller is told with a
4xx what is wrong. Sources: manual, "Push received messages" and "Delivery reports on Notify URL".
Of clicks the manual says that they can be sent, and not how; their form here is that of reports.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from smsflow.errors import WebhookRejected
from smsflow.providers import content
from smsflow.providers.base import Unreadable
from smsflow.providers.client.reading import entries_of
from smsflow.providers.codes import classify
from smsflow.providers.content import Format
from smsflow.providers.dates import parse_date
from smsflow.providers.gsm_errors import error_name
from smsflow.providers.transport import Response
from smsflow.sms.messages import Clicked, Part, Received, Report
from smsflow.sms.numbers import normalise
from smsflow.sms.octets import HAS_HEADER, decoded, read_part

MOST_RESULTS = 100  # the provider's own limit for one push
_LONGEST_RAW = 65_536  # characters of what is kept for operators

_Read = TypeVar("_Read", Received, Report, Clicked)


def _date(value: object) -> datetime | None:
    """A date that cannot be read is left out: a text is worth more than its date."""
    try:
        return parse_date(value) if isinstance(value, str) else None
    except ValueError:
        return None


def read_mo_get(
    query: Mapping[str, str],
    names: Mapping[str, str],
    *,
    date: Callable[[object], datetime | None] = _date,
) -> list[Received | Unreadable]:
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
        text = _content_of(value)
        return [
            Received(
                sender=normalise(clean(sender)),
                receiver=_number_or_none(value("receiver")),
                text=clean(text) if isinstance(text, str) else "",
                message_id=clean(value("messageid") or "") or None,
                received_at=date(value("datetime")),
                part=text if isinstance(text, Part) else None,
            )
        ]
    except ValueError as error:
        return [Unreadable(0, str(error), raw(dict(query)))]


def read_mo_post(body: bytes, content_type: str) -> list[Received | Unreadable]:
    """Read texts pushed as a POST, in the format in which they can be pulled."""
    return _each(_results(body, content_type), received)


def read_dlr(body: bytes, content_type: str) -> list[Report | Unreadable]:
    """Read pushed reports, final and intermediate."""
    return _each(_results(body, content_type), report)


def read_clicks(body: bytes, content_type: str) -> list[Clicked | Unreadable]:
    """Read pushed clicks: results with messageId, to, url and clickedAt."""
    return _each(_results(body, content_type), _clicked)


def refuse_dlr_get(_query: Mapping[str, str]) -> list[Report | Unreadable]:
    """Refuse a report by GET, which this provider does not push."""
    raise WebhookRejected(405, "reports are pushed as POST")


def read_answer(
    response: Response,
    read: Callable[[Mapping[str, object]], _Read],
    tree_of: Callable[[Response], object],
) -> list[_Read | Unreadable]:
    """Read what was pulled. It is given out once, so even an answer that is none is handed on."""
    try:
        entries = entries_of(tree_of(response), "results")
    except ValueError as error:
        told = response.body.decode("utf-8", "backslashreplace")
        return [Unreadable(0, f"what was pulled cannot be read: {error}", raw(told))]
    return _each(list(entries), read)


def received(result: Mapping[str, object]) -> Received:
    """One text of a POST or of a pull; ValueError says what is wrong with it."""
    text = result.get("text")
    if not isinstance(text, str):
        raise ValueError("the text is missing")
    return Received(
        sender=normalise(_required(result, "from")),
        receiver=_number_or_none(result.get("to")),
        text=clean(text),
        message_id=_identifier(result, "messageId") or None,
        received_at=_date(result.get("receivedAt")),
    )


def report(result: Mapping[str, object]) -> Report:
    """One report; ValueError says what is wrong with it."""
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
        status=clean(found.key),
        error=clean(name) if name else None,
        done_at=_date(result.get("doneAt")),
    )


def _clicked(result: Mapping[str, object]) -> Clicked:
    """One click; ValueError says what is wrong with it."""
    return Clicked(
        wire_id=_required(result, "messageId"),
        to=normalise(_required(result, "to")),
        url=_required(result, "url"),
        at=_date(result.get("clickedAt")),
    )


def _content_of(value: Callable[[str], str | None]) -> str | Part:
    """What a GET carries: text as it stands, or from hex by its datacoding; or a part of one.

    The provider fills one of the two and leaves the other empty.
    """
    octets = value("bin")
    if value("text") or not octets:
        return value("text") or ""
    try:
        data = bytes.fromhex(octets)
    except ValueError:
        raise ValueError("bin is not hex") from None
    # A URL without datacoding gets GSM octets, as in the manual's example.
    coding = _integer(value("datacoding"), "datacoding")
    if _integer(value("esmclass"), "esmclass") & HAS_HEADER:
        return read_part(data, coding)
    return decoded(data, coding)


def _integer(value: str | None, name: str) -> int:
    """A decimal parameter; 0 when it is missing or empty."""
    if not value:
        return 0
    if not (value.isascii() and value.isdecimal() and len(value) <= 3 and int(value) <= 255):
        raise ValueError(f"{name} is not a number from 0 to 255")
    return int(value)


def _results(body: bytes, content_type: str) -> list[object]:
    """The results of a push, or WebhookRejected with a sentence for the provider's support."""
    try:
        tree = content.read(body, Format.of(content_type))
    except ValueError as error:
        raise WebhookRejected(400, str(error)) from None
    results = tree.get("results") if isinstance(tree, dict) else None
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
            found.append(Unreadable(index, str(error), raw({"results": [result]})))
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
    return clean(value) if isinstance(value, str) else ""


def _number_or_none(value: object) -> str | None:
    return normalise(clean(value)) if isinstance(value, str) and value.strip() else None


def clean(text: str) -> str:
    """`text` without what no database or network takes: NUL, and halves of surrogate pairs."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "\ufffd")


def raw(push: object) -> str:
    """What could not be read, as Unreadable keeps it."""
    # How deep Python's JSON goes differs between reading and writing, and between versions.
    try:
        return json.dumps(push)[:_LONGEST_RAW]
    except RecursionError:
        return '"nested too deeply to show"'
