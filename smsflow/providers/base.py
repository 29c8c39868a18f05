"""What smsflow asks of a provider: the contract that every adapter keeps.

Delivery and the webhooks know this page and no provider. An adapter turns its provider's numbers,
names and failures into the few words of `smsflow.sms.answers` and `smsflow.sms.messages`; one suite
of tests (`tests/providers/test_contract.py`) runs on all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from smsflow.errors import SmsflowError
from smsflow.sms.answers import Answer
from smsflow.sms.messages import Clicked, Outgoing, Received, Report
from smsflow.sms.states import State


class LogsUnavailable(SmsflowError):
    """The provider's logs cannot be asked or read now; ask again later."""


class NotAnswered(SmsflowError):
    """The provider could not be asked, or gave no answer that can be used; ask again later."""

    def __init__(self, message: str, *, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost  # it may have given out what it gives out once


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What others have to know of a provider before they use it."""

    idempotent: (
        bool  # drops a wire id that it has seen; if not, an ambiguous send can't be repeated
    )
    batch: int  # texts that one `send` may take
    # How far back `logs` and `settle` know texts; nothing for a provider without logs.
    logs_kept: timedelta = timedelta(hours=48)
    lookup: int = 0  # numbers that one `lookup` may take; 0 for a provider that is no `Directory`
    pull: bool = False  # reports and texts can be pulled: it is `Pulled`


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One part of a push that could not be read; the others stand."""

    index: int  # counted from 0 in the push
    reason: str  # a sentence for operators
    # A push with this part alone, for its parser to read again: a body in JSON, or a GET's query
    # as a JSON object; in ASCII and cut at 65,536 characters.
    raw: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """What a provider's logs say of one text."""

    wire_id: str  # "" when the provider's line has none
    to: str
    state: State  # QUEUED for one that was refused for now, UNCERTAIN for a line without a status
    status: str  # the provider's own name, such as DELIVERED_TO_HANDSET
    error: str | None  # as in a Report
    segments: int | None
    sent_at: datetime | None
    done_at: datetime | None

    @property
    def taken(self) -> bool:
        """True when the provider took the text, whatever became of it later."""
        return self.state not in (State.QUEUED, State.UNCERTAIN, State.REJECTED)


@dataclass(frozen=True, slots=True)
class Known:
    """What a provider knows of one number; None for what it does not tell."""

    number: str
    reachable: bool | None  # False for a number that nobody has, or that is out of use
    status: str  # the provider's own name
    error: str | None = None  # the provider's own name
    network: str | None = None  # MCC and MNC in one, such as 22801
    network_name: str | None = None
    ported: bool | None = None
    roaming: bool | None = None
    roaming_in: str | None = None  # the country, or the network


class Provider(Protocol):
    """A provider of SMS. Methods are safe to call from several threads."""

    @property
    def name(self) -> str:
        """The project's own name for this provider."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do; does not change."""

    def send(self, texts: Sequence[Outgoing]) -> list[Answer]:
        """Hand over texts, and return one answer for each in the same order.

        Never raises for what can happen on a network. Raises ValueError for more texts than
        `capabilities.batch`.
        """

    def settle(self, wire_ids: Sequence[str]) -> dict[str, Answer]:
        """Return what became of earlier tries; an id that the provider does not know is absent.

        When the provider could not be asked, its ids are AMBIGUOUS: ask again later. Never raises
        for what can happen on a network.
        """

    def logs(self, since: datetime, until: datetime) -> Iterator[LogLine]:
        """Yield what the provider knows of texts that were sent from `since` to `until`.

        All of them, roughly from old to new; a try that was turned away as a duplicate is left
        out, for it says nothing of its text. Raises LogsUnavailable, at once or half-way.
        """

    def parse_mo_get(
        self, query: Mapping[str, str], names: Mapping[str, str] | None = None
    ) -> list[Received | Unreadable]:
        """Read a text that came in as a GET; `names` maps the provider's parameters to the URL's.

        Raises WebhookRejected when the request is not such a push.
        """

    def parse_mo_post(
        self, body: bytes, content_type: str, names: Mapping[str, str] | None = None
    ) -> list[Received | Unreadable]:
        """Read texts that came in as a POST; raises WebhookRejected as `parse_mo_get`.

        `names` are used by a provider whose POST has no format of its own.
        """

    def parse_dlr(self, body: bytes, content_type: str) -> list[Report | Unreadable]:
        """Read delivery reports, final and intermediate; raises WebhookRejected."""

    def parse_dlr_get(self, query: Mapping[str, str]) -> list[Report | Unreadable]:
        """Read a delivery report that came in as a GET; raises WebhookRejected."""


@runtime_checkable
class Pulled(Protocol):
    """A provider that can be asked for what it would push, for one that can't reach us.

    What is pulled is given out once. What cannot be read is Unreadable, as in a push.
    """

    def pull_reports(self, limit: int) -> list[Report | Unreadable]:
        """At most `limit` reports that were not given out yet; NotAnswered."""

    def pull_texts(self, limit: int) -> list[Received | Unreadable]:
        """At most `limit` texts that were not given out yet; NotAnswered."""

    def received_again(self, since: datetime, until: datetime) -> list[Received | Unreadable]:
        """Texts that came in between two instants, given out before or not; NotAnswered when the
        provider does not remember them."""


@runtime_checkable
class TellsClicks(Protocol):
    """A provider that shortens links, and tells of each time that one is followed."""

    def parse_clicks(self, body: bytes, content_type: str) -> list[Clicked | Unreadable]:
        """Read clicks that were pushed; raises WebhookRejected."""


@runtime_checkable
class Holds(Protocol):
    """A provider that holds texts until their `send_at`, and gives one up when it is told to."""

    def withdraw(self, wire_id: str) -> None:
        """Call off a text that it holds; raises NotAnswered, also for one that it does not know."""


@runtime_checkable
class Directory(Protocol):
    """A provider that knows numbers."""

    def lookup(self, numbers: Sequence[str]) -> list[Known]:
        """What is known of each number, in the same order; at most `capabilities.lookup`.

        Raises NotAnswered, and ValueError for more.
        """
