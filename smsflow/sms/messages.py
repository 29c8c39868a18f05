"""What crosses the border to a provider: a text in, a report, a click, a text out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from smsflow.sms.encoding import Shifts
from smsflow.sms.encoding.transliteration import Transliteration
from smsflow.sms.states import State


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a long text that came in, by its user data header (3GPP 23.040 9.2.3.24).

    The octets are kept as they came, for a phone may cut a character in two between parts.
    """

    reference: int  # what the phone knows the parts of one text by; 8 or 16 bits
    number: int  # from 1
    total: int
    coding: int  # datacoding, by SMPP 3.4 section 5.2.19
    octets: bytes  # without the header
    shifts: Shifts | None = None  # the national tables that the header named


@dataclass(frozen=True, slots=True)
class Received:
    """One text that came in (MO), as a provider told it; numbers are E.164 where they can be."""

    sender: str
    receiver: str | None  # None when the provider's push does not say
    text: str
    message_id: str | None  # the provider's; None when its push does not say
    received_at: datetime | None  # aware, or None when the provider does not say
    part: Part | None = None  # of a long text, whose `text` is then joined of all parts


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
class Clicked:
    """Somebody followed a short link in a text of ours."""

    wire_id: str  # of the text
    to: str  # whose phone got it
    url: str  # where the link leads
    at: datetime | None  # aware, or None when the provider does not say


class Day(StrEnum):
    """A day of a delivery window."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


@dataclass(frozen=True, slots=True)
class DeliveryWindow:
    """When a provider may deliver a text, by its own clock; an hour long at least.

    Without `start` and `end`, the whole of those days.
    """

    days: tuple[Day, ...]
    start: time | None = None
    end: time | None = None


@dataclass(frozen=True, slots=True)
class Tracking:
    """What a provider is to track of a text."""

    track: str  # SMS or URL: the latter has links shortened, which then take 25 characters each
    type: str | None = None  # of the flow or text, in words of one's own: SOCIAL_INVITES
    process_key: str | None = None

    @property
    def of_links(self) -> bool:
        """True when its links are shortened."""
        return self.track == "URL"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One text to hand to a provider (MT).

    What stands below the validity is passed on by providers that can do it, and left out by others.
    """

    wire_id: str
    sender: str
    to: str
    text: str
    report_url: str | None = None
    validity_minutes: int | None = None
    flash: bool = False  # shown at once, and not kept unless the reader wants to
    transliteration: Transliteration | None = None  # done by the provider
    shifts: Shifts | None = None  # national tables; both of one language
    callback_data: str | None = None  # comes back with reports
    send_at: datetime | None = None  # aware; the provider holds it until then
    window: DeliveryWindow | None = None
    tracking: Tracking | None = None
