"""What the provider's API answers, as values.

Sources: manual, "Send SMS response", "Getting delivery reports", "Getting SMS logs", "Pull received
message", "Number lookup".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from smsflow.providers.codes import Classified


@dataclass(frozen=True, slots=True)
class SubmittedText:
    """What became of one text of a request."""

    to: str  # digits; "" when it is missing
    message_id: str  # "" when it is missing, as in a refusal
    status: Classified | None
    parts: int | None  # SMS that it takes


@dataclass(frozen=True, slots=True)
class Submitted:
    """The answer to a request that sends."""

    texts: tuple[SubmittedText, ...]  # in the order of the answer
    bulk_id: str | None = None  # there for several receivers, or when the request named one


@dataclass(frozen=True, slots=True)
class Price:
    """What one SMS of a text cost."""

    per_sms: float
    currency: str


@dataclass(frozen=True, slots=True)
class TextReport:
    """A delivery report as it is pulled."""

    message_id: str
    bulk_id: str | None
    to: str
    sent_at: datetime | None
    done_at: datetime | None
    parts: int | None
    network: str | None  # MCC and MNC in one, such as 22801
    price: Price | None
    callback_data: str | None
    status: Classified | None
    error: str | None  # its name; None when all is well


@dataclass(frozen=True, slots=True)
class LogEntry(TextReport):
    """A line of the logs: a report with the text itself."""

    sender: str
    text: str


@dataclass(frozen=True, slots=True)
class ReceivedText:
    """A text that came in, as it is pulled."""

    message_id: str
    sender: str
    receiver: str
    text: str
    clean_text: str | None  # without its keyword
    keyword: str | None  # None when none matched
    received_at: datetime | None
    parts: int | None
    price: Price | None
    callback_data: str | None


@dataclass(frozen=True, slots=True)
class ReceivedTexts:
    """Some texts that came in, and how many wait to be pulled."""

    texts: tuple[ReceivedText, ...]
    pending: int | None


@dataclass(frozen=True, slots=True)
class Network:
    """A mobile network, as number lookup tells it."""

    name: str | None
    prefix: str | None
    country: str | None
    country_prefix: str | None


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is known of a number. What the account's package does not tell is None."""

    to: str
    status: Classified | None
    error: str | None
    network: str | None  # MCC and MNC in one
    imsi: str | None
    serving_msc: str | None
    original: Network | None
    ported: bool | None
    ported_to: Network | None
    roaming: bool | None
    roaming_in: Network | None


@dataclass(frozen=True, slots=True)
class Bulk:
    """A request whose texts are to leave later."""

    bulk_id: str
    send_at: datetime | None


@dataclass(frozen=True, slots=True)
class Preview:
    """How a text would be sent one way, and in how many parts."""

    text: str
    parts: int | None
    left: int | None  # characters that the last part still has room for
    transliteration: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left on the account."""

    amount: float
    currency: str
