"""What the client is owed: reports for a notify URL or waiting to be pulled, and pushes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from smsflow.sandbox.faults import Faults
from smsflow.sandbox.records import Push, Report

REPORTS_IN_PUSH = 100

Address = tuple[str, str]  # notify URL and content type


@dataclass(frozen=True, slots=True)
class Late:
    """A report held back, for the fault `reorder`."""

    url: str
    report: Report


class Outlet:
    """Reports that are ready, each handed out once, and pushes until they succeed.

    `later` puts a push or a report that is held back on the agenda of whoever leads the clock.
    """

    def __init__(self, later: Callable[[datetime, Push | Late], None]) -> None:
        self._later = later
        self._waiting: deque[Report] = deque()
        self._gathered: dict[Address, list[Report]] = {}
        self._in_flight: dict[int, Push] = {}
        self._push_ids = count(1)
        self._told = 0

    @property
    def in_flight(self) -> int:
        """Pushes taken whose end was not heard yet."""
        return len(self._in_flight)

    def tell(self, report: Report, when: datetime, faults: Faults) -> None:
        """Queue a report: for the notify URL if there is one, else for pulling."""
        if not report.told:
            return
        url = report.message.order.notify_url
        if url is None:
            self._waiting.append(report)
            return
        self._told += 1
        if faults.reorder and self._told % 2:
            self._later(when + timedelta(seconds=faults.reorder), Late(url, report))
        else:
            self.gather(url, report)

    def gather(self, url: str, report: Report) -> None:
        """Put a report into the next push to `url`."""
        address = (url, report.message.order.notify_type)
        self._gathered.setdefault(address, []).append(report)

    def owe(self, push: Push, now: datetime) -> None:
        """Owe a push; its id is given here."""
        self._later(now, replace(push, id=next(self._push_ids)))

    def take(self, due: Iterable[Push]) -> list[Push]:
        """The pushes that are due and those of all reports gathered, under way from now on."""
        pushes = [*due, *self._batches()]
        self._in_flight.update((push.id, push) for push in pushes)
        return pushes

    def _batches(self) -> Iterator[Push]:
        """All that was gathered, at most 100 reports in one push."""
        gathered, self._gathered = self._gathered, {}
        for (url, content_type), reports in gathered.items():
            for start in range(0, len(reports), REPORTS_IN_PUSH):
                some = tuple(reports[start : start + REPORTS_IN_PUSH])
                yield Push(url, some, content_type=content_type, id=next(self._push_ids))

    def pushed(self, push: Push, ok: bool, now: datetime) -> bool:
        """Note how a push went; True when it failed and is due again, until its last retry."""
        wait = push.retry_wait
        forgotten = self._in_flight.pop(push.id, None) is None
        if forgotten or ok or wait is None:
            return False
        self._later(now + wait, replace(push, attempt=push.attempt + 1))
        return True

    def pull(self, bulk_id: str | None, message_id: str | None, limit: int) -> list[Report]:
        """Waiting reports of this bulk and this message, oldest first; None is any."""
        found: list[Report] = []
        kept: list[Report] = []
        while self._waiting and len(found) < limit:
            report = self._waiting.popleft()
            message = report.message
            wanted = bulk_id in (None, message.bulk_id) and message_id in (None, message.message_id)
            (found if wanted else kept).append(report)
        self._waiting.extendleft(reversed(kept))
        return found

    def forget(self, before: datetime) -> None:
        """Drop waiting reports of things done before then."""
        while self._waiting and self._waiting[0].done_at < before:
            self._waiting.popleft()
