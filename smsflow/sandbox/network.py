"""The phone network: what becomes of each text, what is reported, pushed and handed out.

A state machine without time and I/O of its own: every call is told the time, so a test can play
48 hours in a millisecond, and pushes are handed out for somebody else to perform. A lock makes it
safe for the many threads of a server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime

from smsflow.sandbox import fates as fate_book
from smsflow.sandbox.agenda import Agenda
from smsflow.sandbox.bulks import Bulk, BulkStatus
from smsflow.sandbox.codes import status_of
from smsflow.sandbox.directory import Lookup, Profile
from smsflow.sandbox.dispatch import Dispatch, Turn
from smsflow.sandbox.fates import Fate
from smsflow.sandbox.faults import Faults
from smsflow.sandbox.handset import Handsets, Talk
from smsflow.sandbox.inbound import typed
from smsflow.sandbox.links import Click, Link
from smsflow.sandbox.logs import LogQuery
from smsflow.sandbox.outlet import REPORTS_IN_PUSH, Late, Outlet
from smsflow.sandbox.records import (
    KEPT,
    Answer,
    Inbound,
    Message,
    Pending,
    Push,
    Report,
    Route,
    Submission,
)
from smsflow.sandbox.switchboard import InboxQuery, Switchboard
from smsflow.sandbox.wire import bare

_ON_HANDSET = status_of("DELIVERED_TO_HANDSET")


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
        self._clear()

    def _clear(self) -> None:
        self.faults = Faults()
        self._handsets = Handsets(self._usual_fate)
        self._switchboard = Switchboard()
        self._agenda: Agenda[Turn | Late | Push] = Agenda()
        self._outlet = Outlet(self._agenda.add)
        self._dispatch = Dispatch(self._ids, self._first_status, self._handsets, self._agenda.add)
        self._click_route: Route | None = None

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
            entries = self._dispatch.take(submission, bulk_id, now, hurried=hurried)
            wanted = submission.bulk_id is not None or len(entries) > 1
            first = tuple(self.due(now)) if hurried else ()
        self._woken()
        return Answer(bulk_id, wanted, entries, first)

    def _advance(self, turn: Turn, when: datetime) -> None:
        """One step of one text happens, and is told."""
        report = self._dispatch.advance(turn, when)
        if report.status is _ON_HANDSET:
            self._handsets.talked(turn.message.to, Talk(when, turn.message))
        for _ in range(2 if self.faults.double else 1):
            self._outlet.tell(report, when, self.faults)

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
            inbound = self._switchboard.received(
                typed(
                    message_id or self._ids(),
                    sender,
                    receiver,
                    text,
                    now,
                    datacoding=datacoding,
                    octets=octets,
                    esmclass=esmclass,
                )
            )
            self._handsets.talked(inbound.sender, Talk(now, inbound))
            for _ in range(times):
                if push := self._switchboard.hand_on(inbound):
                    self._outlet.owe(push, now)
        self._woken()
        return inbound

    # Pushes.

    def due(self, now: datetime) -> list[Push]:
        """Let everything happen that is due by `now`; the pushes to perform, each once.

        Whoever takes a push says how it went by `pushed`.
        """
        with self._lock:
            pushes: list[Push] = []
            for when, item in self._agenda.take(now):
                match item:
                    case Turn() if not item.stale:
                        self._advance(item, when)
                    case Late(url, report):
                        self._outlet.gather(url, report)
                    case Push():
                        pushes.append(item)
            self._forget(now)
            return self._outlet.take(pushes)

    def pushed(self, push: Push, ok: bool, now: datetime) -> None:
        """Note how a push went: a failed one is due again later, until its last retry."""
        with self._lock:
            if self._outlet.pushed(push, ok, now):
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
            return self._dispatch.archive.find(query)

    def inbox_logs(self, query: InboxQuery, now: datetime) -> list[Inbound]:
        """The texts from handsets of the last 48 hours that match, newest first."""
        with self._lock:
            self._forget(now)
            return self._switchboard.logs(query)

    def bulk(self, bulk_id: str, now: datetime) -> Bulk:
        """The state of a request as a whole; LookupError when it is not known."""
        with self._lock:
            return self._dispatch.bulk(bulk_id, now)

    def reschedule(self, bulk_id: str, send_at: datetime, now: datetime) -> Bulk:
        """Have a request go out at another time; LookupError, or ValueError when it is out."""
        with self._lock:
            bulk = self._dispatch.reschedule(bulk_id, send_at, now)
        self._woken()
        return bulk

    def put_bulk(self, bulk_id: str, status: BulkStatus, now: datetime) -> Bulk:
        """Hold, free or call off a request; LookupError, or ValueError when it is out."""
        with self._lock:
            bulk, reports = self._dispatch.put_bulk(bulk_id, status, now)
            for report in reports:
                self._outlet.tell(report, now, self.faults)
        self._woken()
        return bulk

    def look_up(self, numbers: Iterable[str]) -> list[Lookup]:
        """What number lookups find."""
        with self._lock:
            return [self._handsets.lookup(number) for number in numbers]

    def look_up_later(
        self, numbers: Iterable[str], route: Route, now: datetime
    ) -> list[tuple[str, Lookup]]:
        """The same, pushed to a URL; each with the messageId made for it."""
        with self._lock:
            found = [(self._ids(), self._handsets.lookup(number)) for number in numbers]
            for start in range(0, len(found), REPORTS_IN_PUSH):
                some = tuple(found[start : start + REPORTS_IN_PUSH])
                push = Push(route.url, lookups=some, content_type=route.content_type)
                self._outlet.owe(push, now)
        self._woken()
        return found

    def balance(self) -> float:
        """What the account has left, in EUR."""
        with self._lock:
            return self._dispatch.account.balance

    def click(self, path: str, user_agent: str, now: datetime) -> Click | None:
        """A reader follows a short link; None when there is no such link."""
        with self._lock:
            click = self._dispatch.links.follow(path, user_agent, now)
            message = self._dispatch.archive.get(click.link.message_id) if click else None
            if click is None or message is None:
                return None
            message.converted_at = message.converted_at or now
            if self._click_route is not None:
                route = self._click_route
                push = Push(route.url, clicked=(click, message), content_type=route.content_type)
                self._outlet.owe(push, now)
        self._woken()
        return click

    def convert(self, message_id: str, now: datetime) -> Message:
        """Note that a text had its effect; LookupError when it is not known or not tracked."""
        with self._lock:
            message = self._dispatch.archive.get(message_id)
            if message is None or message.order.tracking is None:
                raise LookupError(f"no tracked message {message_id}")
            message.converted_at = message.converted_at or now
            return message

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

    def listen_for(self, number: str, keywords: Iterable[str]) -> None:
        """The words that texts to one of our numbers are told apart by."""
        with self._lock:
            self._switchboard.listen_for(bare(number), keywords)

    def describe(self, number: str, profile: Profile | None) -> None:
        """What number lookups find of a handset; None is what its fate says."""
        with self._lock:
            self._handsets.of(bare(number)).profile = profile

    def tell_clicks(self, route: Route | None) -> None:
        """Decide where clicks are told, by POST; None tells them nowhere."""
        with self._lock:
            self._click_route = route

    def set_balance(self, balance: float) -> None:
        """Have so many EUR, and no text beyond them."""
        with self._lock:
            self._dispatch.account.set(balance)

    def talk(self, number: str) -> list[Talk]:
        """What the handset with this number got and sent, in order."""
        with self._lock:
            return self._handsets.talk(bare(number))

    def messages(self) -> list[Message]:
        """Every text of the last 48 hours, oldest first."""
        with self._lock:
            return self._dispatch.archive.all()

    def links_of(self, message: Message) -> list[Link]:
        """The short links in a text."""
        with self._lock:
            return list(self._dispatch.links.of(message.message_id))

    def clicks(self) -> list[tuple[Click, Message]]:
        """Every click on a link in the texts of the last 48 hours."""
        with self._lock:
            known = self._dispatch.archive.get
            found = [
                (click, known(click.link.message_id)) for click in self._dispatch.links.clicks()
            ]
            return [(click, message) for click, message in found if message is not None]

    def pending(self) -> Pending:
        """What is still to happen."""
        with self._lock:
            items = [each for each in self._agenda if not _stale(each[1])]
            turns = sum(isinstance(item, Turn) for _, item in items)
            pushes = len(items) - turns + self._outlet.in_flight
            return Pending(turns, pushes, min((when for when, _ in items), default=None))

    def _forget(self, now: datetime) -> None:
        """Drop what is older than 48 hours."""
        self._dispatch.forget(now)
        self._handsets.forget(now)
        self._outlet.forget(now - KEPT)
        self._switchboard.forget(now - KEPT)


def _stale(item: object) -> bool:
    return isinstance(item, Turn) and item.stale
