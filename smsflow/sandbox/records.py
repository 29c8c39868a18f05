"""What the network remembers and hands out: texts, reports, texts from handsets, pushes.

Plain data, so that the state machine, the wire form and the server can each be read alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from smsflow.sandbox.codes import GsmError, Status
from smsflow.sandbox.directory import Lookup
from smsflow.sandbox.fates import Step
from smsflow.sandbox.links import Click
from smsflow.sandbox.schedule import Pace, Window
from smsflow.sms.encoding import Shifts

KEPT = timedelta(hours=48)  # manual, "Getting SMS logs"
MAX_VALIDITY = timedelta(minutes=2880)  # manual, "validityPeriod": longer is set to 48 h
RETRIES = 20  # manual, "Delivery report push retry cycle": 1 min + 1 min x n x n, n from 0


@dataclass(frozen=True, slots=True)
class Destination:
    """One address of a request; None is a missing `to`."""

    to: str | None
    message_id: str | None = None
    wrong: GsmError | None = None  # what the messageId is refused for


@dataclass(frozen=True, slots=True)
class Tracking:
    """How a request's success is measured: by clicks on its links (URL), or by its reader (SMS)."""

    track: str
    type: str | None = None
    process_key: str = ""
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One text of a request and whom it goes to."""

    sender: str
    text: str
    parts: int
    destinations: tuple[Destination, ...]
    notify_url: str | None = None
    notify_type: str = "application/json"
    intermediate: bool = False
    callback_data: str | None = None
    validity: timedelta = MAX_VALIDITY
    send_at: datetime | None = None
    flash: bool = False
    shifts: Shifts | None = None  # the national tables that it is written with
    transliteration: str | None = None
    window: Window | None = None
    tracking: Tracking | None = None
    place: int = 0  # of the message in its request
    wrong: GsmError | None = None  # what a wrong field of it is refused for


@dataclass(frozen=True, slots=True)
class Submission:
    """One request that sends."""

    orders: tuple[Order, ...]
    bulk_id: str | None = None
    pace: Pace | None = None


class Hold(StrEnum):
    """Why a text doesn't go out."""

    PAUSED = "PAUSED"
    CANCELED = "CANCELED"


@dataclass(slots=True)
class Message:
    """One text to one handset (MT), for as long as the logs know it."""

    message_id: str
    bulk_id: str
    to: str
    order: Order
    status: Status
    error: GsmError
    submitted_at: datetime
    sent_at: datetime
    done_at: datetime
    mcc_mnc: str
    tries: int = 1  # how often this messageId was handed in
    steps: tuple[Step, ...] = ()  # its whole fate, from when it is sent
    plan: int = 0  # how often it was put off, held or freed
    hold: Hold | None = None
    converted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What the answer says of one destination."""

    to: str
    status: Status
    parts: int | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One delivery report (DLR): what was true of a text at that moment."""

    message: Message
    status: Status
    error: GsmError
    done_at: datetime

    @property
    def told(self) -> bool:
        """True when the client hears of it; manual section "Intermediate delivery reports".

        An intermediate one is only pushed, where it was asked for, and at a GSM error that is not
        permanent.
        """
        order = self.message.order
        wanted = order.intermediate and order.notify_url is not None
        return not self.status.open or (
            wanted and self.error.group != 0 and not self.error.permanent
        )


@dataclass(frozen=True, slots=True)
class Inbound:
    """One text from a handset (MO). `octets` is its user data in the coding `datacoding`."""

    message_id: str
    sender: str
    receiver: str
    text: str
    octets: bytes
    datacoding: int
    esmclass: int
    parts: int
    received_at: datetime
    keyword: str = ""  # the word of the number's that the text begins with
    clean_text: str = ""  # the text without it


@dataclass(frozen=True, slots=True)
class Push:
    """One HTTP request that the network owes somebody; `attempt` counts from 0."""

    url: str
    reports: tuple[Report, ...] = ()
    inbound: Inbound | None = None
    clicked: tuple[Click, Message] | None = None
    lookups: tuple[tuple[str, Lookup], ...] = ()  # each with its messageId
    method: str = "POST"
    content_type: str = "application/json"
    attempt: int = 0
    id: int = 0  # given by whoever owes it

    @property
    def retry_wait(self) -> timedelta | None:
        """How long to wait after this attempt failed; None when it was the last retry."""
        return timedelta(minutes=1 + self.attempt**2) if self.attempt < RETRIES else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request that sends is told; `first` are the pushes to make before telling it."""

    bulk_id: str
    bulk_wanted: bool  # the client set a bulkId, or there is more than one destination
    entries: tuple[Entry, ...]
    first: tuple[Push, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """Where texts to one of our numbers are told: a URL template for GET, or a URL for POST."""

    url: str
    method: str = "GET"
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Pending:
    """What is still to happen: steps of texts, pushes (those under way too), and when the next."""

    deliveries: int
    pushes: int
    next_due: datetime | None
