"""Asking a provider for what it can't push to us: delivery reports, and texts that came in.

A provider gives each of them out once, with its answer. Between that answer and our commit lies a
moment in which a crash loses up to a request's worth, and no API of this kind can close it. So it
is kept small and made good: nothing is asked before the database has shown that it takes writes,
what came is committed before anything else, a commit that fails is tried again, and what became of
texts is read up in the logs, which tell everything as often as one asks (`settle`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar
from uuid import uuid4

import structlog
from sqlalchemy.exc import DBAPIError

from smsflow.audit import Auditor
from smsflow.errors import Conflict
from smsflow.providers.base import LogsUnavailable, NotAnswered, Pulled, Unreadable
from smsflow.reception import Pushed, Reception, Taken
from smsflow.runtime import Runtime
from smsflow.sms.messages import Received

LIMIT = 100  # of one request, and so what a crash at the worst moment puts at risk
ROUNDS = 50  # requests of each kind in one pull
EXCLUSIVE = 60.0  # seconds for which nobody else pulls
SETTLE_EVERY = 3600.0  # seconds
LOOK_BACK = timedelta(hours=47)  # the logs know 48 hours, and reading takes time
YOUNG = timedelta(minutes=10)  # a report may still be under way
SLICE = timedelta(hours=1)  # of the history of texts that came in, at 1,000 to a request
WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds between tries to commit what was pulled

log = structlog.get_logger(__name__)

Found = TypeVar("Found")


class Puller:
    """Pulls from one provider. `wait` waits so many seconds."""

    def __init__(
        self, runtime: Runtime, provider: str, *, wait: Callable[[float], object] | None = None
    ) -> None:
        self._runtime = runtime
        self._name = provider
        self._reception = Reception(runtime)
        self._wait = wait or threading.Event().wait

    def pull(self) -> int:
        """Take in what there is; how many reports and texts were new.

        0 when another process pulls, or when the provider can't be pulled or asked now.
        """
        store = self._runtime.store
        adapter: object = self._runtime.providers.get(self._name)
        if not isinstance(adapter, Pulled):
            return 0
        me = uuid4().hex
        if not store.lead(f"pull:{self._name}", me, EXCLUSIVE):
            return 0
        fresh, lost = 0, False
        try:
            fresh += self._all(
                adapter.pull_reports, lambda found: self._reception.reports(self._name, found)
            )
            fresh += self._all(adapter.pull_texts, self._texts)
        except NotAnswered as error:
            lost = error.lost
            log.warning("not_pulled", provider=self._name, reason=str(error))
        if store.lead(f"settle:{self._name}", me, SETTLE_EVERY) or lost:
            fresh += self.settle(adapter)
        store.lead(f"pull:{self._name}", me, 0.0)
        return fresh

    def settle(self, adapter: Pulled) -> int:
        """Read up in the logs what may have been lost; how many reports and texts were new."""
        fresh = 0
        try:
            fresh += self._settle_reports()
            fresh += self._settle_texts(adapter)
        except (LogsUnavailable, NotAnswered) as error:
            log.warning("not_settled", provider=self._name, reason=str(error))
        return fresh

    def _settle_reports(self) -> int:
        runtime = self._runtime
        numbers = {each.name: each.provider for each in runtime.project.numbers.values()}
        ours = {self._name: runtime.providers[self._name]}
        auditor = Auditor(runtime.store, ours, numbers, clock=runtime.clock)
        found = auditor.compare(LOOK_BACK, YOUNG, lambda _what, _done: None)
        return auditor.repair(found, by="pull")

    def _settle_texts(self, adapter: Pulled) -> int:
        """Feed the history of texts again; those that we have are known by their ids."""
        until = self._runtime.clock.now()
        start, fresh = until - LOOK_BACK, 0
        while start < until:
            found = adapter.received_again(start, min(start + SLICE, until))
            named = [each for each in found if isinstance(each, Received) and each.message_id]
            fresh += self._texts(named).accepted
            start += SLICE
        return fresh

    def _texts(self, found: Sequence[Received | Unreadable]) -> Taken:
        return self._reception.texts(Pushed.BY_POST, self._name, found)

    def _all(
        self,
        ask: Callable[[int], Sequence[Found]],
        take: Callable[[Sequence[Found]], Taken],
    ) -> int:
        """Ask until there is no more; each answer is committed before the next question."""
        fresh = 0
        for _ in range(ROUNDS):
            found = ask(LIMIT)
            if found:
                fresh += self._kept(partial(take, found)).accepted
            if len(found) < LIMIT:
                break
        return fresh

    def _kept(self, commit: Callable[[], Taken]) -> Taken:
        """Commit what exists nowhere else any more, and don't give up at once."""
        for seconds in WAITS:
            try:
                return commit()
            except (Conflict, DBAPIError) as error:
                log.warning(
                    "pulled_not_committed_yet", provider=self._name, reason=str(error)[:200]
                )
                self._wait(seconds)
        return commit()
