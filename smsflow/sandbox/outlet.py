"""Reports on their way to the client: gathered for a notify URL, or waiting to be pulled."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime

from smsflow.sandbox.records import Report

REPORTS_IN_PUSH = 100

Address = tuple[str, str]  # notify URL and content type


class Outlet:
    """Reports that are ready, each handed out once."""

    def __init__(self) -> None:
        self._waiting: deque[Report] = deque()
        self._gathered: dict[Address, list[Report]] = {}

    def keep(self, report: Report) -> None:
        """Keep a report until somebody pulls it."""
        self._waiting.append(report)

    def gather(self, url: str, report: Report) -> None:
        """Put a report into the next push to `url`."""
        address = (url, report.message.order.notify_type)
        self._gathered.setdefault(address, []).append(report)

    def batches(self) -> Iterator[tuple[Address, tuple[Report, ...]]]:
        """All that was gathered, at most 100 reports in one push."""
        gathered, self._gathered = self._gathered, {}
        for address, reports in gathered.items():
            for start in range(0, len(reports), REPORTS_IN_PUSH):
                yield address, tuple(reports[start : start + REPORTS_IN_PUSH])

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
