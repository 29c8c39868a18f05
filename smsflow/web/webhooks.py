"""Where providers push: texts that came in (MO) and delivery reports (DLR).

    GET, POST  /webhooks/<provider>/<secret>/mo
    POST       /webhooks/<provider>/<secret>/dlr

The secret in the path is what proves the caller, for the provider signs nothing. A wrong one is
404, like any page that isn't there. The 200 is given after the commit: what was answered is kept.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog
from flask import Blueprint, abort, request

from smsflow.providers.base import Provider, Unreadable
from smsflow.sms.messages import Received, Report
from smsflow.store.rows import Kind, NewRow

if TYPE_CHECKING:
    from smsflow.web import SMSFlow

LARGEST_TEXT = 64 * 1024  # bytes of one result, far beyond what SMS can carry

log = structlog.get_logger(__name__)


def blueprint(flow: SMSFlow) -> Blueprint:
    """The routes that providers push to."""
    pages = Blueprint("smsflow_webhooks", __name__, url_prefix="/webhooks/<provider>/<secret>")
    reception = _Reception(flow)

    @pages.get("/mo")
    def mo_by_get(provider: str, secret: str) -> dict[str, int]:
        adapter = reception.admitted(provider, secret)
        names = flow.runtime.project.providers[provider].mo
        return reception.texts(provider, adapter.parse_mo_get(request.args.to_dict(), names))

    @pages.post("/mo")
    def mo_by_post(provider: str, secret: str) -> dict[str, int]:
        adapter = reception.admitted(provider, secret)
        return reception.texts(
            provider, adapter.parse_mo_post(request.get_data(), request.content_type or "")
        )

    @pages.post("/dlr")
    def dlr(provider: str, secret: str) -> dict[str, int]:
        adapter = reception.admitted(provider, secret)
        return reception.reports(
            provider, adapter.parse_dlr(request.get_data(), request.content_type or "")
        )

    return pages


class _Reception:
    """Turns what was pushed into inbox rows, and what can't be read into dead letters."""

    def __init__(self, flow: SMSFlow) -> None:
        self._runtime = flow.runtime
        numbers = self._runtime.project.numbers.values()
        self._by_address = {(number.provider, number.address): number.name for number in numbers}
        self._first: dict[str, str] = {}
        for number in numbers:
            self._first.setdefault(number.provider, number.name)

    def admitted(self, provider: str, secret: str) -> Provider:
        """The adapter of a provider whose secret is right; 404 otherwise."""
        expected = self._runtime.secrets.get(provider, ())
        matches = [hmac.compare_digest(secret.encode(), each.encode()) for each in expected]
        if not any(matches):
            abort(404)
        return self._runtime.providers[provider]

    def texts(self, provider: str, found: Sequence[Received | Unreadable]) -> dict[str, int]:
        """Commit what came in; a redelivery changes nothing."""
        rows: list[NewRow] = []
        unreadable: list[Unreadable] = []
        for index, each in enumerate(found):
            if isinstance(each, Unreadable):
                unreadable.append(each)
                continue
            number = self._number(provider, each.receiver)
            if number is None:
                reason = f"no number of ours with that provider has the address {each.receiver}"
                unreadable.append(Unreadable(index, reason, f"{each!r}"))
            else:
                rows.append(self._text_row(provider, number, each))
        return self._commit(f"mo:{provider}", rows, unreadable)

    def reports(self, provider: str, found: Sequence[Report | Unreadable]) -> dict[str, int]:
        """Commit the reports; they need no dedupe key, for states only move forward."""
        rows = [
            NewRow(
                Kind.DLR,
                each.to,
                {
                    "wire_id": each.wire_id,
                    "state": each.state.value,
                    "status": each.status,
                    "error": each.error,
                    "provider": provider,
                },
                self._runtime.clock.now(),
            )
            for each in found
            if isinstance(each, Report)
        ]
        unreadable = [each for each in found if isinstance(each, Unreadable)]
        return self._commit(f"dlr:{provider}", rows, unreadable)

    def _commit(
        self, source: str, rows: Sequence[NewRow], unreadable: Sequence[Unreadable]
    ) -> dict[str, int]:
        runtime = self._runtime
        inserted = runtime.store.insert(rows) if rows else []
        for each in unreadable:
            # The reason may quote numbers and texts, which belong in the database alone.
            log.warning("unreadable_kept_in_dead_letters", source=source, index=each.index)
            runtime.store.dead_letter(source, each.raw, each.reason)
        fresh = sum(inserted)
        return {
            "accepted": fresh,
            "known": len(rows) - fresh,
            "unreadable": len(unreadable),
        }

    def _number(self, provider: str, receiver: str | None) -> str | None:
        if receiver is None:
            return self._first.get(provider)
        return self._by_address.get((provider, receiver))

    def _text_row(self, provider: str, number: str, text: Received) -> NewRow:
        payload: dict[str, Any] = {
            "text": text.text[:LARGEST_TEXT],
            "number": number,
            "message_id": text.message_id,
            "provider": provider,
        }
        return NewRow(
            Kind.MO, text.sender, payload, self._runtime.clock.now(), _dedupe(provider, text)
        )


def _dedupe(provider: str, text: Received) -> str | None:
    """What tells a redelivery from a new text: the provider's id, else who, what and when.

    With neither id nor time, "YES" twice is two answers, so nothing is dropped.
    """
    if text.message_id:
        return f"mo:{provider}:{text.message_id}"
    if text.received_at is None:
        return None
    said = "\0".join((text.sender, text.receiver or "", text.text, text.received_at.isoformat()))
    return f"mo:{provider}:#{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()}"
