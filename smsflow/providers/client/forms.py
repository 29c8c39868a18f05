"""What can be asked of the provider's API, as values: texts with all their parameters, filters.

Names are ours where the API's own would mislead, and each says what it is called there.
Sources: manual, "Fully featured textual message", "Getting SMS logs", "URL shortening & tracking".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from smsflow.providers.content import Format
from smsflow.providers.dates import format_date
from smsflow.sms.encoding import Shifts
from smsflow.sms.encoding.transliteration import Transliteration
from smsflow.sms.messages import DeliveryWindow, Tracking
from smsflow.sms.numbers import bare

Tree = dict[str, object]


@dataclass(frozen=True, slots=True)
class SpeedLimit:
    """How fast the texts of one request may leave (`sendingSpeedLimit`)."""

    amount: int
    per: str = "MINUTE"  # MINUTE, HOUR or DAY

    def tree(self) -> Tree:
        """As the API writes it."""
        return {"amount": self.amount, "timeUnit": self.per}


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text without extras, to one number or several."""

    sender: str
    to: Sequence[str]
    text: str

    def tree(self) -> Tree:
        """As `single` and `multi` take it."""
        numbers = [bare(number) for number in self.to]
        to = numbers[0] if len(numbers) == 1 else numbers
        return {"from": bare(self.sender), "to": to, "text": self.text}


@dataclass(frozen=True, slots=True)
class Destination:
    """One receiver, and the id by which reports name the text to them."""

    to: str
    message_id: str | None = None  # the provider makes one when it is None

    def tree(self) -> Tree:
        """As the API writes it."""
        tree: Tree = {"to": bare(self.to)}
        return tree if self.message_id is None else tree | {"messageId": self.message_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class FullText:
    """A text with everything that the API can do for it; each thing is off until it is set."""

    sender: str
    destinations: Sequence[Destination]
    text: str
    flash: bool = False  # shown at once, and not kept unless the reader wants to
    transliteration: Transliteration | None = None
    shifts: Shifts | None = None  # national tables (`language`); both must be of one language
    intermediate_report: bool = False
    notify_url: str | None = None
    notify_format: Format = Format.JSON
    callback_data: str | None = None  # comes back in reports; 4,000 characters at most
    validity_minutes: int | None = None  # the provider cuts it at 2,880
    send_at: datetime | None = None  # aware; 180 days ahead at most
    window: DeliveryWindow | None = None

    def tree(self) -> Tree:
        """As `advanced` takes it; what is off is left out."""
        tree: Tree = {
            "from": bare(self.sender),
            "destinations": [each.tree() for each in self.destinations],
            "text": self.text,
        }
        if self.notify_url is not None:
            tree["notifyUrl"] = self.notify_url
            tree["notifyContentType"] = self.notify_format.content_type
        given: Tree = {
            "flash": self.flash or None,
            "intermediateReport": self.intermediate_report or None,
            "transliteration": self.transliteration and self.transliteration.value,
            "language": self.shifts and _language(self.shifts),
            "callbackData": self.callback_data,
            "validityPeriod": self.validity_minutes,
            "sendAt": self.send_at and format_date(self.send_at),
            "deliveryTimeWindow": self.window and _window(self.window),
        }
        return tree | {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which texts the logs are to tell of: the ten filters of the manual. None filters nothing."""

    sender: str | None = None
    to: str | None = None
    bulk_ids: Sequence[str] = ()
    message_ids: Sequence[str] = ()
    general_status: str | None = None  # the name of a group, such as DELIVERED
    sent_since: datetime | None = None
    sent_until: datetime | None = None
    limit: int | None = None  # the provider's default is 50, and its most 1,000
    mcc: str | None = None  # mobile country code
    mnc: str | None = None  # mobile network code

    def query(self) -> list[tuple[str, str]]:
        """As the parameters of a URL, ids one by one."""
        told: list[tuple[str, str | None]] = [
            ("from", self.sender and bare(self.sender)),
            ("to", self.to and bare(self.to)),
            *(("bulkId", each) for each in self.bulk_ids),
            *(("messageId", each) for each in self.message_ids),
            ("generalStatus", self.general_status),
            ("sentSince", format_date(self.sent_since) if self.sent_since else None),
            ("sentUntil", format_date(self.sent_until) if self.sent_until else None),
            ("limit", None if self.limit is None else str(self.limit)),
            ("mcc", self.mcc),
            ("mnc", self.mnc),
        ]
        return [(name, value) for name, value in told if value is not None]


def tracking_tree(tracking: Tracking) -> Tree:
    """Tracking as the API writes it."""
    told = {
        "track": tracking.track,
        "processKey": tracking.process_key,
        "type": tracking.type,
    }
    return {name: value for name, value in told.items() if value is not None}


def _window(window: DeliveryWindow) -> Tree:
    tree: Tree = {}
    for name, at in (("from", window.start), ("to", window.end)):
        if at is not None:
            tree[name] = {"hour": at.hour, "minute": at.minute}
    return tree | {"days": [day.value for day in window.days]}


def _language(shifts: Shifts) -> Tree:
    """Tables as the API names them: one language, and which of its tables."""
    languages = {each for each in (shifts.single, shifts.locking) if each is not None}
    if len(languages) > 1:
        raise ValueError("the provider takes tables of one language in a text")
    (language,) = languages
    return {
        "languageCode": language.value,
        "singleShift": shifts.single is not None,
        "lockingShift": shifts.locking is not None,
    }
