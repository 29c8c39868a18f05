"""The three things that cross the border to a provider: a text in, a report, a text out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from smsflow.sms.states import State


@dataclass(frozen=True, slots=True)
class Received:
    """One text that came in (MO), as a provider told it; numbers are E.164 where they can be."""

    sender: str
    receiver: str | None  # None when the provider's push does not say
    text: str
    message_id: str | None  # the provider's; None when its push does not say
    received_at: datetime | None  # aware, or None when the provider does not say


@dataclass(frozen=True, slots=True)
class Report:
    """One delivery report (DLR) for a text of ours."""

    wire_id: str  # the messageId that we gave the provider
    to: str
    state: State
    status: str  # the provider's own name, such as DELIVERED_TO_HANDSET
    error: str | None  # the provider's own name, such as EC_ABSENT_SUBSCRIBER; None for no error
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One text to hand to a provider (MT)."""

    wire_id: str
    sender: str
    to: str
    text: str
    report_url: str | None = None
    validity_minutes: int | None = None
