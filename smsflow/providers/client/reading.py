"""From trees to values. Reading is lenient: a part that is missing is None.

Live answers lack fields, carry numbers as texts and contradict themselves, and one odd entry must
not cost the others. So nothing here raises but for an answer that has not even its list.
Sources: manual, "Send SMS response", "Getting delivery reports", "Getting SMS logs", "Pull received
message", "Number lookup".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeGuard

from smsflow.providers.client.values import (
    Balance,
    Bulk,
    LogEntry,
    Lookup,
    Network,
    Preview,
    Price,
    ReceivedText,
    ReceivedTexts,
    Submitted,
    SubmittedText,
    TextReport,
)
from smsflow.providers.codes import Classified, classify
from smsflow.providers.dates import parse_date
from smsflow.providers.gsm_errors import error_name

Entry = Mapping[str, object]


# --- answers --------------------------------------------------------------------------------------


def submitted(tree: object) -> Submitted:
    """Read the answer to a request that sends."""
    entries = entries_of(tree, "messages")
    bulk = tree.get("bulkId") if isinstance(tree, Mapping) else None
    return Submitted(tuple(map(_submitted, entries)), _told(bulk))


def reports(tree: object) -> tuple[TextReport, ...]:
    """Read pulled reports."""
    return tuple(TextReport(**_report(entry)) for entry in entries_of(tree, "results"))


def log_entries(tree: object) -> tuple[LogEntry, ...]:
    """Read lines of the logs."""
    return tuple(
        LogEntry(**_report(entry), sender=told(entry, "from"), text=_text(entry, "text") or "")
        for entry in entries_of(tree, "results")
    )


def received(tree: object) -> ReceivedTexts:
    """Read pulled texts."""
    texts = tuple(map(_received, entries_of(tree, "results")))
    pending = tree.get("pendingMessageCount") if isinstance(tree, Mapping) else None
    return ReceivedTexts(texts, pending if _is_count(pending) else None)


def lookups(tree: object) -> tuple[Lookup, ...]:
    """Read what is known of numbers."""
    return tuple(map(_lookup, entries_of(tree, "results")))


def bulk(tree: object) -> Bulk:
    """Read when a request's texts are to leave."""
    entry = _object(tree)
    return Bulk(told(entry, "bulkId"), _instant(entry, "sendAt"))


def bulk_status(tree: object) -> str:
    """Read how a request stands: PENDING, PAUSED, PROCESSING, CANCELED, FINISHED or FAILED."""
    return told(_object(tree), "status")


def previews(tree: object) -> tuple[Preview, ...]:
    """Read the ways in which a text can be sent."""
    return tuple(map(_preview, entries_of(tree, "previews")))


def balance(tree: object) -> Balance:
    """Read what is left on the account."""
    entry = _object(tree)
    amount = entry.get("balance")
    if not isinstance(amount, int | float):
        raise ValueError("it has no balance")
    return Balance(float(amount), told(entry, "currency"))


def entries_of(tree: object, key: str) -> list[Entry]:
    """The objects of the list under `key`; ValueError when there is no such list."""
    found = tree.get(key) if isinstance(tree, Mapping) else None
    if found == "":  # XML can't tell an empty list from an empty text
        found = []
    if not isinstance(found, list):
        raise ValueError(f'it has no list of "{key}"')
    # What is no object keeps its place: order is what a caller may go by.
    return [entry if isinstance(entry, dict) else {} for entry in found]


# --- one entry ------------------------------------------------------------------------------------


def _submitted(entry: Entry) -> SubmittedText:
    return SubmittedText(
        told(entry, "to"), told(entry, "messageId"), _status(entry), _count(entry, "smsCount")
    )


def _report(entry: Entry) -> dict[str, Any]:
    error = entry.get("error")
    return {
        "message_id": told(entry, "messageId"),
        "bulk_id": _told(entry.get("bulkId")),
        "to": told(entry, "to"),
        "sent_at": _instant(entry, "sentAt"),
        "done_at": _instant(entry, "doneAt"),
        "parts": _count(entry, "smsCount"),
        "network": _told(entry.get("mccMnc", entry.get("mccmnc"))),
        "price": _price(entry),
        "callback_data": _text(entry, "callbackData"),
        "status": _status(entry),
        "error": error_name(error) if isinstance(error, Mapping) else None,
    }


def _received(entry: Entry) -> ReceivedText:
    return ReceivedText(
        message_id=told(entry, "messageId"),
        sender=told(entry, "from"),
        receiver=told(entry, "to"),
        text=_text(entry, "text") or "",
        clean_text=_text(entry, "cleanText"),
        keyword=_told(entry.get("keyword")),
        received_at=_instant(entry, "receivedAt"),
        parts=_count(entry, "smsCount"),
        price=_price(entry),
        callback_data=_text(entry, "callbackData"),
    )


def _lookup(entry: Entry) -> Lookup:
    error = entry.get("error")
    return Lookup(
        to=told(entry, "to"),
        status=_status(entry),
        error=error_name(error) if isinstance(error, Mapping) else None,
        network=_told(entry.get("mccMnc", entry.get("mccmnc"))),
        imsi=_told(entry.get("imsi")),
        serving_msc=_told(entry.get("servingMSC")),
        original=_network(entry, "originalNetwork"),
        ported=_truth(entry, "ported"),
        ported_to=_network(entry, "portedNetwork"),
        roaming=_truth(entry, "roaming"),
        roaming_in=_network(entry, "roamingNetwork"),
    )


def _preview(entry: Entry) -> Preview:
    configuration = _part(entry, "configuration") or {}
    language = _part(configuration, "language") or {}
    return Preview(
        text=_text(entry, "textPreview") or "",
        parts=_count(entry, "messageCount"),
        left=_count(entry, "charactersRemaining"),
        transliteration=_told(configuration.get("transliteration")),
        language=_told(language.get("languageCode")),
    )


def _network(entry: Entry, key: str) -> Network | None:
    found = _part(entry, key)
    if found is None:
        return None
    names = ("networkName", "networkPrefix", "countryName", "countryPrefix")
    return Network(*(_told(found.get(name)) for name in names))


def _price(entry: Entry) -> Price | None:
    found = _part(entry, "price")
    amount = found.get("pricePerMessage") if found else None
    if found is None or isinstance(amount, bool) or not isinstance(amount, int | float):
        return None
    return Price(float(amount), told(found, "currency"))


def _status(entry: Entry) -> Classified | None:
    found = _part(entry, "status")
    return classify(found) if found is not None else None


# --- one field ------------------------------------------------------------------------------------


def told(entry: Entry, key: str) -> str:
    """An id or a number, which some answers write as a JSON number; "" when it is missing."""
    return _told(entry.get(key)) or ""


def _told(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def _text(entry: Entry, key: str) -> str | None:
    value = entry.get(key)
    return value if isinstance(value, str) else None


def _count(entry: Entry, key: str) -> int | None:
    value = entry.get(key)
    return value if _is_count(value) else None


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _truth(entry: Entry, key: str) -> bool | None:
    value = entry.get(key)
    return value if isinstance(value, bool) else None


def _part(entry: Entry, key: str) -> Entry | None:
    value = entry.get(key)
    return value if isinstance(value, Mapping) else None


def _object(tree: object) -> Entry:
    if not isinstance(tree, Mapping):
        raise ValueError("it is no object")
    return tree


def _instant(entry: Entry, key: str) -> datetime | None:
    value = entry.get(key)
    try:
        return parse_date(value) if isinstance(value, str) else None
    except ValueError:
        return None
