"""What providers pushed, on its way into the inbox; and what could not be read, read again.

Kept apart from the web, because an operator who has mended a parser or a setting brings dead
letters back the same way that they would have gone at first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog

from smsflow.engine.model import Number
from smsflow.errors import WebhookRejected
from smsflow.providers.base import Provider, TellsClicks, Unreadable
from smsflow.runtime import Runtime
from smsflow.sms.encoding import Language, Shifts
from smsflow.sms.messages import Clicked, Part, Received, Report
from smsflow.sms.octets import joined
from smsflow.store.parts import NewPart, Whole
from smsflow.store.rows import DeadLetter, Kind, NewRow

LONGEST_ID = 256  # characters of an id that is kept as it came
WAIT_FOR_PARTS = timedelta(minutes=10)  # then a long text is what came of it
LARGEST_TEXT = 64 * 1024  # characters of one text, far beyond what SMS can carry

log = structlog.get_logger(__name__)

Dead = tuple[str, Any, str]  # its source, what it was, and why it can't be read


class Pushed(StrEnum):
    """What a dead letter of a push holds: its source is one of these, a colon and the provider."""

    BY_GET = "mo-get"
    BY_POST = "mo-post"
    REPORT = "dlr"
    CLICK = "clicks"
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
        parts: list[NewPart] = []
        dead = _dead(how, provider, found)
        now = self._runtime.clock.now()
        for each in found:
            if isinstance(each, Unreadable):
                continue
            number = self._number(provider, each.receiver)
            if number is None:
                dead.append(
                    (f"{Pushed.STRANGER}:{provider}", _plain(each), _no_number(each.receiver))
                )
            elif each.part is not None:
                parts.append(_new_part(provider, each, each.part, now))
            else:
                rows.append(_text_row(provider, number, each, now))
        taken = self._commit(rows, dead)
        fresh = sum(self._keep(part) for part in parts)
        known = taken.known + len(parts) - fresh
        return replace(taken, accepted=taken.accepted + fresh, known=known)

    def reports(self, provider: str, found: Sequence[Report | Unreadable]) -> Taken:
        """Commit the reports; they need no dedupe key, for states only move forward."""
        now = self._runtime.clock.now()
        rows = [_report_row(provider, each, now) for each in found if isinstance(each, Report)]
        return self._commit(rows, _dead(Pushed.REPORT, provider, found))

    def clicks(self, provider: str, found: Sequence[Clicked | Unreadable]) -> Taken:
        """Commit clicks; one that is told again changes nothing."""
        now = self._runtime.clock.now()
        rows = [_click_row(provider, each, now) for each in found if isinstance(each, Clicked)]
        return self._commit(rows, _dead(Pushed.CLICK, provider, found))

    def _commit(self, rows: Sequence[NewRow], dead: Sequence[Dead]) -> Taken:
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

    # --- parts of long texts ----------------------------------------------------------------------

    def join_parts(self) -> int:
        """Make texts of parts that are all here, or that waited long enough; how many.

        A text is joined as its last part comes in. This is for those whose last part never comes,
        and for those where somebody crashed in between.
        """
        before = self._runtime.clock.now() - WAIT_FOR_PARTS
        return sum(self._join(whole) for whole in self._runtime.store.wholes(before))

    def _keep(self, part: NewPart) -> bool:
        fresh = self._runtime.store.keep_part(part)
        self._join(part.whole)
        return fresh

    def _join(self, whole: Whole) -> bool:
        now = self._runtime.clock.now()
        return self._runtime.store.join_parts(whole, now - WAIT_FOR_PARTS, self._joined)

    def _joined(self, whole: Whole, payloads: Sequence[dict[str, Any]]) -> NewRow:
        """The event of a text whose parts these are."""
        parts = [_received(each) for each in payloads]
        number = self._number(whole.provider, whole.receiver or None)
        if number is None:  # smsflow.yaml had it when the parts came
            number = self._first[whole.provider]
        text = joined([each.part for each in parts if each.part is not None])
        one = replace(parts[0], text=text, part=None)
        return _text_row(whole.provider, number, one, self._runtime.clock.now())

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
                case Clicked():
                    rows.append(_click_row(provider, each, at))
                case Received():
                    number = self._number(provider, each.receiver)
                    if number is None:
                        raise StillUnreadable(_no_number(each.receiver))
                    alone = each if each.part is None else _alone(each, each.part)
                    rows.append(_text_row(provider, number, alone, at))
        return rows

    def _read_again(
        self, how: str, adapter: Provider, payload: Any
    ) -> Sequence[Received | Report | Clicked | Unreadable]:
        """What the provider's adapter makes of it today."""
        try:
            match how:
                case Pushed.BY_GET:
                    names = self._runtime.project.providers[adapter.name].mo
                    return adapter.parse_mo_get(json.loads(payload), names)
                case Pushed.BY_POST:
                    names = self._runtime.project.providers[adapter.name].mo
                    return adapter.parse_mo_post(payload.encode(), "application/json", names)
                case Pushed.REPORT:
                    return adapter.parse_dlr(payload.encode(), "application/json")
                case Pushed.CLICK if isinstance(adapter, TellsClicks):
                    return adapter.parse_clicks(payload.encode(), "application/json")
                case Pushed.STRANGER:
                    return [_received(payload)]
                case _:
                    raise StillUnreadable(f"nothing here reads '{how}'")
        except WebhookRejected as rejected:
            raise StillUnreadable(rejected.reason) from None
        except json.JSONDecodeError:
            raise StillUnreadable("it was too long to be kept whole") from None


def _dead(how: Pushed, provider: str, found: Sequence[object]) -> list[Dead]:
    """The parts of a push that could not be read."""
    return [
        (f"{how}:{provider}", each.raw, each.reason)
        for each in found
        if isinstance(each, Unreadable)
    ]


def _text_row(provider: str, number: Number, text: Received, now: datetime) -> NewRow:
    payload: dict[str, Any] = {
        "text": text.text[:LARGEST_TEXT],
        "number": number.name,
        "address": number.address,
        "message_id": text.message_id,
        "provider": provider,
    }
    return NewRow(Kind.MO, text.sender, payload, now, _dedupe(provider, text))


def _new_part(provider: str, text: Received, part: Part, now: datetime) -> NewPart:
    whole = Whole(provider, text.sender, text.receiver or "", part.reference, part.total)
    # Without an id a part is told by its place in its text, as long as that is not joined.
    key = _dedupe(provider, replace(text, text=part.octets.hex()))
    return NewPart(whole, part.number, _plain(text), now, key)


def _alone(text: Received, part: Part) -> Received:
    """A part that an operator brings back: nobody knows the others any more."""
    return replace(text, text=joined([part]), part=None)


def _report_row(provider: str, report: Report, now: datetime) -> NewRow:
    payload = {
        "wire_id": report.wire_id,
        "state": report.state.value,
        "status": report.status,
        "error": report.error,
        "provider": provider,
    }
    return NewRow(Kind.DLR, report.to, payload, now)


def _click_row(provider: str, click: Clicked, now: datetime) -> NewRow:
    """Without a time, the first click on each link of a text is all that can be told apart."""
    at = now if click.at is None else click.at
    payload = {"wire_id": click.wire_id, "url": click.url, "at": at.isoformat()}
    said = "\0".join((click.wire_id, click.url, click.at.isoformat() if click.at else ""))
    return NewRow(Kind.CLICK, click.to, payload, now, f"click:{provider}:{_digest(said)}")


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
    """A text, or a part of one, as plain JSON."""
    at, part = text.received_at, text.part
    plain = asdict(replace(text, part=None))
    plain["received_at"] = None if at is None else at.isoformat()
    if part is not None:
        plain["part"] = {
            "reference": part.reference,
            "number": part.number,
            "total": part.total,
            "coding": part.coding,
            "octets": part.octets.hex(),
            "single": part.shifts and part.shifts.single,
            "locking": part.shifts and part.shifts.locking,
        }
    return plain


def _received(plain: dict[str, Any]) -> Received:
    """The text of `_plain`."""
    at, part = plain["received_at"], plain.get("part")
    read = None if at is None else datetime.fromisoformat(at)
    return Received(**plain | {"received_at": read, "part": part and _part(part)})


def _part(plain: dict[str, Any]) -> Part:
    single, locking = (each and Language(each) for each in (plain["single"], plain["locking"]))
    return Part(
        reference=plain["reference"],
        number=plain["number"],
        total=plain["total"],
        coding=plain["coding"],
        octets=bytes.fromhex(plain["octets"]),
        shifts=Shifts(single, locking) if single or locking else None,
    )
