"""What providers pushed, on its way into the inbox; and what could not be read, read again.

Kept apart from the web, because an operator who has mended a parser or a setting brings dead
letters back the same way that they would have gone at first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog

from smsflow.engine.model import Number
from smsflow.errors import WebhookRejected
from smsflow.providers.base import Provider, Unreadable
from smsflow.runtime import Runtime
from smsflow.sms.messages import Received, Report
from smsflow.store.rows import DeadLetter, Kind, NewRow

LONGEST_ID = 256  # characters of an id that is kept as it came
LARGEST_TEXT = 64 * 1024  # characters of one text, far beyond what SMS can carry

log = structlog.get_logger(__name__)


class Pushed(StrEnum):
    """What a dead letter of a push holds: its source is one of these, a colon and the provider."""

    BY_GET = "mo-get"
    BY_POST = "mo-post"
    REPORT = "dlr"
    STRANGER = "mo-stranger"  # a text that was read, to a number that is not in smsflow.yaml


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a push, by the number of its parts."""

    accepted: int
    known: int
    unreadable: int


class StillUnreadable(ValueError):
    """A dead letter can't be read yet; the message says why."""


class Reception:
    """Turns what was pushed into inbox rows, and what can't be read into dead letters."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        numbers = runtime.project.numbers.values()
        self._by_address = {(number.provider, number.address): number for number in numbers}
        self._first: dict[str, Number] = {}
        for number in numbers:
            self._first.setdefault(number.provider, number)

    def texts(self, how: Pushed, provider: str, found: Sequence[Received | Unreadable]) -> Taken:
        """Commit texts that came in by GET or POST; a redelivery changes nothing."""
        rows: list[NewRow] = []
        dead: list[tuple[str, Any, str]] = []
        now = self._runtime.clock.now()
        for each in found:
            if isinstance(each, Unreadable):
                dead.append((f"{how}:{provider}", each.raw, each.reason))
                continue
            number = self._number(provider, each.receiver)
            if number is None:
                dead.append(
                    (f"{Pushed.STRANGER}:{provider}", _plain(each), _no_number(each.receiver))
                )
            else:
                rows.append(_text_row(provider, number, each, now))
        return self._commit(rows, dead)

    def reports(self, provider: str, found: Sequence[Report | Unreadable]) -> Taken:
        """Commit the reports; they need no dedupe key, for states only move forward."""
        now = self._runtime.clock.now()
        rows = [_report_row(provider, each, now) for each in found if isinstance(each, Report)]
        dead = [
            (f"{Pushed.REPORT}:{provider}", each.raw, each.reason)
            for each in found
            if isinstance(each, Unreadable)
        ]
        return self._commit(rows, dead)

    def _commit(self, rows: Sequence[NewRow], dead: Sequence[tuple[str, Any, str]]) -> Taken:
        store = self._runtime.store
        inserted = store.insert(rows)
        for source, payload, reason in dead:
            store.dead_letter(source, payload, reason)
        if dead:
            # The reasons may quote numbers and texts, which belong in the database alone.
            sources = sorted({source for source, _, _ in dead})
            log.warning("unreadable_kept_in_dead_letters", sources=sources, parts=len(dead))
        fresh = sum(inserted)
        return Taken(accepted=fresh, known=len(rows) - fresh, unreadable=len(dead))

    def _number(self, provider: str, receiver: str | None) -> Number | None:
        if receiver is None:
            return self._first.get(provider)
        return self._by_address.get((provider, receiver))

    # --- dead letters -----------------------------------------------------------------------------

    def events_of(self, letter: DeadLetter) -> list[NewRow]:
        """The events that a dead letter stands for; StillUnreadable when it can't be read yet."""
        if letter.kind is not None:
            # The first in order again, where it was when it failed.
            return [
                NewRow(letter.kind, letter.contact or "", letter.payload, letter.due or letter.at)
            ]
        how, _, provider = letter.source.partition(":")
        adapter = self._runtime.providers.get(provider)
        if adapter is None:
            raise StillUnreadable(f"smsflow.yaml has no provider '{provider}'")
        at = min(letter.at, self._runtime.clock.now())
        rows: list[NewRow] = []
        for each in self._read_again(how, adapter, letter.payload):
            match each:
                case Unreadable():
                    raise StillUnreadable(each.reason)
                case Report():
                    rows.append(_report_row(provider, each, at))
                case Received():
                    number = self._number(provider, each.receiver)
                    if number is None:
                        raise StillUnreadable(_no_number(each.receiver))
                    rows.append(_text_row(provider, number, each, at))
        return rows

    def _read_again(
        self, how: str, adapter: Provider, payload: Any
    ) -> Sequence[Received | Report | Unreadable]:
        """What the provider's adapter makes of it today."""
        try:
            match how:
                case Pushed.BY_GET:
                    names = self._runtime.project.providers[adapter.name].mo
                    return adapter.parse_mo_get(json.loads(payload), names)
                case Pushed.BY_POST:
                    return adapter.parse_mo_post(payload.encode(), "application/json")
                case Pushed.REPORT:
                    return adapter.parse_dlr(payload.encode(), "application/json")
                case Pushed.STRANGER:
                    return [_received(payload)]
                case _:
                    raise StillUnreadable(f"nothing here reads '{how}'")
        except WebhookRejected as rejected:
            raise StillUnreadable(rejected.reason) from None
        except json.JSONDecodeError:
            raise StillUnreadable("it was too long to be kept whole") from None


def _text_row(provider: str, number: Number, text: Received, now: datetime) -> NewRow:
    payload: dict[str, Any] = {
        "text": text.text[:LARGEST_TEXT],
        "number": number.name,
        "address": number.address,
        "message_id": text.message_id,
        "provider": provider,
    }
    return NewRow(Kind.MO, text.sender, payload, now, _dedupe(provider, text))


def _report_row(provider: str, report: Report, now: datetime) -> NewRow:
    payload = {
        "wire_id": report.wire_id,
        "state": report.state.value,
        "status": report.status,
        "error": report.error,
        "provider": provider,
    }
    return NewRow(Kind.DLR, report.to, payload, now)


def _dedupe(provider: str, text: Received) -> str | None:
    """What tells a redelivery from a new text: the provider's id, else who, what and when.

    With neither id nor time, "YES" twice is two answers, so nothing is dropped.
    """
    if text.message_id:
        # An index takes no key of some kilobytes; the digest of such an id tells it as well.
        long = len(text.message_id) > LONGEST_ID
        return f"mo:{provider}:{_digest(text.message_id) if long else text.message_id}"
    if text.received_at is None:
        return None
    said = "\0".join((text.sender, text.receiver or "", text.text, text.received_at.isoformat()))
    return f"mo:{provider}:{_digest(said)}"


def _digest(said: str) -> str:
    return "#" + hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def _no_number(receiver: str | None) -> str:
    return f"no number of ours with that provider has the address {receiver}"


def _plain(text: Received) -> dict[str, Any]:
    """A text as plain JSON."""
    at = text.received_at
    return asdict(text) | {"received_at": None if at is None else at.isoformat()}


def _received(plain: dict[str, Any]) -> Received:
    """The text of `_plain`."""
    at = plain["received_at"]
    read = None if at is None else datetime.fromisoformat(at)
    return Received(**plain | {"received_at": read})
