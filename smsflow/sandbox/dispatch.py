"""Texts on their way to handsets: taken or refused, then led from step to step of their fates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from smsflow.sandbox import bulks
from smsflow.sandbox.account import Account
from smsflow.sandbox.agenda import Agenda
from smsflow.sandbox.archive import Archive
from smsflow.sandbox.bulks import Bulk, BulkStatus
from smsflow.sandbox.codes import NO_ERROR, Status, status_of
from smsflow.sandbox.fates import Fate, Step, coming
from smsflow.sandbox.handset import Handsets
from smsflow.sandbox.links import Links
from smsflow.sandbox.records import (
    KEPT,
    Destination,
    Entry,
    Message,
    Order,
    Report,
    Submission,
)
from smsflow.sandbox.validation import judge
from smsflow.sandbox.wire import bare
from smsflow.sms.encoding import segments

_MISSING_TO = status_of("MISSING_TO")
_DUPLICATE = status_of("REJECTED_DUPLICATE_MESSAGE_ID")
_NO_CREDIT = status_of("REJECTED_NOT_ENOUGH_CREDITS")
_OUT_OF_WINDOW = status_of("PENDING_TIME_VIOLATION")


@dataclass(frozen=True, slots=True)
class Turn:
    """The next step of a text, and those after it."""

    message: Message
    step: Step
    rest: tuple[Step, ...]
    plan: int

    @property
    def stale(self) -> bool:
        """True when the text was planned anew since, or called off."""
        return self.plan != self.message.plan


class Dispatch:
    """The texts of the last 48 hours and what they cost.

    `ids` makes messageIds, `first_status` answers an accepted text, `later` puts a turn on the
    agenda of whoever leads the clock.
    """

    def __init__(
        self,
        ids: Callable[[], str],
        first_status: Status,
        handsets: Handsets,
        later: Callable[[datetime, Turn], None],
    ) -> None:
        self._ids = ids
        self._first_status = first_status
        self._handsets = handsets
        self._later = later
        self._retention: Agenda[Message] = Agenda()
        self.archive = Archive()
        self.account = Account()
        self.links = Links()

    def take(
        self, submission: Submission, bulk_id: str, now: datetime, *, hurried: bool
    ) -> tuple[Entry, ...]:
        """Take or refuse each text of a request; `hurried` ones meet their whole fate at once."""
        entries: list[Entry] = []
        taken = 0
        for order in submission.orders:
            for destination in order.destinations:
                wait = submission.pace.wait(taken) if submission.pace else timedelta()
                entry = self._place(order, destination, bulk_id, now, wait, hurried)
                entries.append(entry)
                taken += not entry.status.refused
        return tuple(entries)

    def _place(
        self,
        order: Order,
        destination: Destination,
        bulk_id: str,
        now: datetime,
        wait: timedelta,
        hurried: bool,
    ) -> Entry:
        """Take or refuse one text; a messageId that was seen before is refused whatever it says."""
        if not destination.to:
            return Entry("", _MISSING_TO)
        to = bare(destination.to)
        known = self.archive.get(destination.message_id)
        if known is not None:
            known.tries += 1
            return Entry(to, _DUPLICATE, order.parts, known.message_id)
        message_id = destination.message_id or self._ids()
        if order.tracking is not None and order.tracking.track == "URL":
            order = self._linked(order, message_id)
        fate = self._fate(order, destination, to)
        steps = fate.steps
        if hurried:
            steps = tuple(replace(step, after=timedelta(0)) for step in steps)
        status = fate.submit or self._first_status
        if not status.refused:
            self.account.pay(order.parts)
        message = self._remember(message_id, bulk_id, to, order, status, steps, now, wait)
        message.error = fate.error
        self._follow(message, message.steps)
        return Entry(to, status, order.parts, message_id)

    def _linked(self, order: Order, message_id: str) -> Order:
        """The order with links of this text's own in place of its URLs."""
        base = order.tracking.base_url if order.tracking else None
        text = self.links.shorten(order.text, message_id, base)
        return replace(order, text=text, parts=segments(text, order.shifts))

    def _fate(self, order: Order, destination: Destination, to: str) -> Fate:
        """What will become of a text: a refusal, or what its handset has for it."""
        if refusal := judge(order, destination):
            status, error = refusal
            return Fate(submit=status, error=error)
        if not self.account.covers(order.parts):
            return Fate(submit=_NO_CREDIT)
        return self._handsets.next_fate(to)

    def _remember(
        self,
        message_id: str,
        bulk_id: str,
        to: str,
        order: Order,
        status: Status,
        steps: tuple[Step, ...],
        now: datetime,
        wait: timedelta,
    ) -> Message:
        """Note a text, for the logs and against its messageId being used again."""
        wanted = sent_at = max(now, order.send_at or now) + wait
        if order.window is not None and not status.refused:
            sent_at = order.window.next(wanted)
        if sent_at > wanted:
            steps = (Step(timedelta(0), status), *steps)
            status = _OUT_OF_WINDOW
        message = Message(
            message_id,
            bulk_id,
            to,
            order,
            status,
            NO_ERROR,
            submitted_at=now,
            sent_at=sent_at,
            done_at=sent_at,
            mcc_mnc=self._handsets.mcc_mnc(to),
            steps=steps,
        )
        self.archive.add(message)
        self._retention.add(sent_at + KEPT, message)
        return message

    def _follow(self, message: Message, steps: tuple[Step, ...]) -> None:
        """Put the next step on the agenda, if there is one. Silence is a fate without steps."""
        if not steps:
            return
        self._put(message, steps)

    def _put(self, message: Message, steps: tuple[Step, ...]) -> None:
        step, rest = coming(steps, message.order.validity, still_open=message.status.open)
        if step is not None:
            self._later(message.sent_at + step.after, Turn(message, step, rest, message.plan))

    def advance(self, turn: Turn, when: datetime) -> Report:
        """One step of one text happens."""
        message, step = turn.message, turn.step
        message.status, message.error, message.done_at = step.status, step.error, when
        self._put(message, turn.rest)
        return Report(message, step.status, step.error, when)

    def forget(self, now: datetime) -> None:
        """Drop the texts of 48 hours ago; one that was put off since has its time still to come."""
        for _, message in self._retention.take(now):
            if message.sent_at + KEPT > now:
                self._retention.add(message.sent_at + KEPT, message)
                continue
            self.archive.remove(message)
            self.links.forget(message.message_id)

    # Requests as a whole.

    def bulk(self, bulk_id: str, now: datetime) -> Bulk:
        """The state of a request; LookupError when nobody knows it."""
        return bulks.state(self._texts(bulk_id), now)

    def reschedule(self, bulk_id: str, send_at: datetime, now: datetime) -> Bulk:
        """Put a request off, or forward. LookupError, and ValueError when it is out."""
        texts = self._texts(bulk_id)
        bulks.reschedule(texts, send_at, now, self._replan)
        return bulks.state(texts, now)

    def put_bulk(
        self, bulk_id: str, status: BulkStatus, now: datetime
    ) -> tuple[Bulk, list[Report]]:
        """Hold, free or call off a request, and the reports of what was called off."""
        texts = self._texts(bulk_id)
        canceled = bulks.put(texts, status, now, self._replan)
        reports = [Report(text, text.status, text.error, now) for text in canceled]
        return bulks.state(texts, now), reports

    def _texts(self, bulk_id: str) -> list[Message]:
        texts = self.archive.bulk(bulk_id)
        if not texts:
            raise LookupError(f"no bulk {bulk_id}")
        return texts

    def _replan(self, message: Message) -> None:
        """Begin a text's fate anew from when it is sent; one that is held has none for now."""
        message.plan += 1
        if message.hold is None:
            self._follow(message, message.steps)
