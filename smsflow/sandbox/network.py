"""The phone network: what becomes of each text, what is reported, pushed and handed out.

A state machine without time and I/O of its own: every call is told the time, so a test can play
48 hours in a millisecond, and pushes are handed out for somebody else to perform. A lock makes it
safe for the many threads of a server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from smsflow.sandbox import fates as fate_book
from smsflow.sandbox.agenda import Agenda
from smsflow.sandbox.archive import Archive
from smsflow.sandbox.codes import NO_ERROR, Status, status_of
from smsflow.sandbox.fates import Fate, Step, coming
from smsflow.sandbox.faults import Faults
from smsflow.sandbox.handset import Handsets, Talk, network_of
from smsflow.sandbox.inbound import typed
from smsflow.sandbox.logs import LogQuery
from smsflow.sandbox.outlet import Outlet
from smsflow.sandbox.records import (
    Answer,
    Destination,
    Entry,
    Inbound,
    Message,
    Order,
    Pending,
    Push,
    Report,
    Route,
    Submission,
)
from smsflow.sandbox.switchboard import Switchboard
from smsflow.sandbox.validation import judge
from smsflow.sandbox.wire import bare

KEPT = timedelta(hours=48)  # manual, "Getting SMS logs"

_MISSING_TO = status_of("MISSING_TO")
_DUPLICATE = status_of("REJECTED_DUPLICATE_MESSAGE_ID")
_ON_HANDSET = status_of("DELIVERED_TO_HANDSET")


@dataclass(frozen=True, slots=True)
class _Turn:
    """The next step of a text, and those after it."""

    message: Message
    step: Step
    rest: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Late:
    """A report held back, for the fault `reorder`."""

    url: str
    report: Report


class Network:
    """All handsets and all texts of one account, in memory, for 48 hours.

    `ids` makes messageIds, bulkIds; `first_status` answers an accepted text (id 7, 0 or 26).
    """

    def __init__(
        self,
        *,
        ids: Callable[[], str],
        first_status: str | int = "PENDING_ENROUTE",
        fate: Fate | None = None,
    ) -> None:
        self._usual_fate = fate or fate_book.delivered()
        self._ids = ids
        self._first_status = status_of(first_status)
        self._lock = threading.RLock()
        self._woken: Callable[[], None] = lambda: None
        self._push_ids = count(1)
        self._clear()

    def _clear(self) -> None:
        self.faults = Faults()
        self._archive = Archive()
        self._outlet = Outlet()
        self._handsets = Handsets(self._usual_fate)
        self._switchboard = Switchboard()
        self._agenda: Agenda[_Turn | _Late | Push] = Agenda()
        self._retention: Agenda[Message | str] = Agenda()  # a text, or the number of a handset
        self._in_flight: dict[int, Push] = {}
        self._reports_told = 0

    def reset(self) -> None:
        """Forget everything, fates, faults and routes too; pushes under way end unheard."""
        with self._lock:
            self._clear()

    def listen(self, woken: Callable[[], None]) -> None:
        """Call `woken` whenever something new may have become due."""
        self._woken = woken

    # Texts from the client to handsets.

    def submit(self, submission: Submission, now: datetime) -> Answer:
        """Take or refuse each text of a request, each for itself."""
        with self._lock:
            self._forget(now)
            bulk_id = submission.bulk_id or self._ids()
            hurried = self.faults.take("reportFirst") is not None
            entries = tuple(
                self._place(order, destination, bulk_id, now, hurried)
                for order in submission.orders
                for destination in order.destinations
            )
            wanted = submission.bulk_id is not None or len(entries) > 1
            first = tuple(self.due(now)) if hurried else ()
        self._woken()
        return Answer(bulk_id, wanted, entries, first)

    def _place(
        self, order: Order, destination: Destination, bulk_id: str, now: datetime, hurried: bool
    ) -> Entry:
        """Take or refuse one text; a messageId that was seen before is refused whatever it says."""
        refusal = judge(order, destination.to)
        if refusal is _MISSING_TO or destination.to is None:
            return Entry("", _MISSING_TO)
        to = bare(destination.to)
        known = self._archive.get(destination.message_id)
        if known is not None:
            known.tries += 1
            return Entry(to, _DUPLICATE, order.parts, known.message_id)
        fate = Fate(submit=refusal) if refusal else self._handsets.next_fate(to)
        if hurried:
            fate = replace(fate, steps=tuple(replace(s, after=timedelta(0)) for s in fate.steps))
        status = fate.submit or self._first_status
        message_id = destination.message_id or self._ids()
        message = self._remember(message_id, bulk_id, to, order, status, now)
        if fate.steps:
            self._follow(message, fate.steps)
        return Entry(to, status, order.parts, message_id)

    def _remember(
        self, message_id: str, bulk_id: str, to: str, order: Order, status: Status, now: datetime
    ) -> Message:
        """Note a text, for the logs and against its messageId being used again."""
        sent_at = max(now, order.send_at or now)
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
            mcc_mnc=network_of(to),
        )
        self._archive.add(message)
        self._retention.add(sent_at + KEPT, message)
        return message

    def _follow(self, message: Message, steps: tuple[Step, ...]) -> None:
        """Put the next step on the agenda, if there is one."""
        step, rest = coming(steps, message.order.validity, still_open=message.status.open)
        if step is not None:
            self._agenda.add(message.sent_at + step.after, _Turn(message, step, rest))

    def _advance(self, turn: _Turn, when: datetime) -> None:
        """One step of one text happens."""
        message, step = turn.message, turn.step
        message.status, message.error, message.done_at = step.status, step.error, when
        if step.status is _ON_HANDSET:
            self._talked(message.to, Talk(when, message))
        report = Report(message, step.status, step.error, when)
        for _ in range(2 if self.faults.double else 1):
            self._tell(report, when)
        self._follow(message, turn.rest)

    def _tell(self, report: Report, when: datetime) -> None:
        """Queue a report: for the notify URL if there is one, else for pulling."""
        if not report.told:
            return
        url = report.message.order.notify_url
        if url is None:
            self._outlet.keep(report)
            return
        self._reports_told += 1
        if self.faults.reorder and self._reports_told % 2:
            late = when + timedelta(seconds=self.faults.reorder)
            self._agenda.add(late, _Late(url, report))
        else:
            self._outlet.gather(url, report)

    # Texts from handsets to the client.

    def receive(
        self,
        sender: str,
        receiver: str,
        text: str,
        now: datetime,
        *,
        message_id: str | None = None,
        datacoding: int | None = None,
        octets: bytes | None = None,
        esmclass: int = 0,
        times: int = 1,
    ) -> Inbound:
        """A handset texts one of our numbers; the network tells it `times` times.

        ValueError when text or octets don't fit the data coding.
        """
        with self._lock:
            self._forget(now)
            inbound = typed(
                message_id or self._ids(),
                sender,
                receiver,
                text,
                now,
                datacoding=datacoding,
                octets=octets,
                esmclass=esmclass,
            )
            self._talked(inbound.sender, Talk(now, inbound))
            for _ in range(times):
                push = self._switchboard.hand_on(inbound, next(self._push_ids))
                if push is not None:
                    self._agenda.add(now, push)
        self._woken()
        return inbound

    # Pushes.

    def due(self, now: datetime) -> list[Push]:
        """Let everything happen that is due by `now`; the pushes to perform, each once.

        Whoever takes a push says how it went by `pushed`.
        """
        with self._lock:
            pushes = []
            for when, item in self._agenda.take(now):
                match item:
                    case _Turn():
                        self._advance(item, when)
                    case _Late(url, report):
                        self._outlet.gather(url, report)
                    case Push():
                        pushes.append(item)
            for (url, content_type), reports in self._outlet.batches():
                push_id = next(self._push_ids)
                pushes.append(Push(push_id, url, reports, content_type=content_type))
            self._in_flight.update((push.id, push) for push in pushes)
            self._forget(now)
            return pushes

    def pushed(self, push: Push, ok: bool, now: datetime) -> None:
        """Note how a push went: a failed one is due again later, until its last retry."""
        with self._lock:
            if self._in_flight.pop(push.id, None) is None:
                return  # the network was reset meanwhile
            wait = push.retry_wait
            if ok or wait is None:
                return
            self._agenda.add(now + wait, replace(push, attempt=push.attempt + 1))
        self._woken()

    def next_due(self) -> datetime | None:
        """The moment of the next thing to happen, or None."""
        with self._lock:
            return self._agenda.next()

    # What the client can ask for.

    def reports(
        self, bulk_id: str | None = None, message_id: str | None = None, limit: int = 50
    ) -> list[Report]:
        """Reports that were not handed out before, oldest first; they are now."""
        with self._lock:
            return self._outlet.pull(bulk_id, message_id, limit)

    def inbox(self, limit: int = 50) -> tuple[list[Inbound], int]:
        """Texts that came in and were not handed out before, and how many are left."""
        with self._lock:
            return self._switchboard.pull(limit)

    def logs(self, query: LogQuery, now: datetime) -> list[Message]:
        """The texts of the last 48 hours that match, newest first."""
        with self._lock:
            self._forget(now)
            return self._archive.find(query)

    # What a test or a demo decides and sees.

    def script(self, number: str, fate: Fate | None, fates: Iterable[Fate] = ()) -> None:
        """Decide the texts to a number: `fates` are used up in turn, then `fate` holds.

        None is the network's default fate.
        """
        with self._lock:
            self._handsets.of(bare(number)).script(fate, fates)

    def script_all(self, fate: Fate | None) -> None:
        """Decide the texts to every number that has no fate of its own; None as at the start."""
        with self._lock:
            self._handsets.script_all(fate)

    def route(self, number: str, route: Route | None) -> None:
        """Decide where texts to one of our numbers are told; None keeps them for pulling."""
        with self._lock:
            self._switchboard.route(bare(number), route)

    def talk(self, number: str) -> list[Talk]:
        """What the handset with this number got and sent, in order."""
        with self._lock:
            return self._handsets.talk(bare(number))

    def messages(self) -> list[Message]:
        """Every text of the last 48 hours, oldest first."""
        with self._lock:
            return self._archive.all()

    def pending(self) -> Pending:
        """What is still to happen."""
        with self._lock:
            turns = sum(isinstance(item, _Turn) for item in self._agenda)
            pushes = len(self._agenda) - turns + len(self._in_flight)
            return Pending(turns, pushes, self._agenda.next())

    def _talked(self, number: str, talk: Talk) -> None:
        self._handsets.of(number).talk.append(talk)
        self._retention.add(talk.at + KEPT, number)

    def _forget(self, now: datetime) -> None:
        """Drop what is older than 48 hours."""
        for _, item in self._retention.take(now):
            match item:
                case Message():
                    self._archive.remove(item)
                case str():
                    self._handsets.forget(item, now - KEPT)
        self._outlet.forget(now - KEPT)
        self._switchboard.forget(now - KEPT)
