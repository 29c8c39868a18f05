"""Group commit: callers that come at the same time share one transaction.

A commit waits for the disk, some milliseconds whatever it holds. A web server that commits for
each push alone is bound by that; sharing makes the cost of a push fall as load rises.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from smsflow.store.database import out_of_reach
from smsflow.store.rows import NewRow

# Writes all rows in one transaction; says for each whether it was new.
Write = Callable[[Sequence[NewRow]], list[bool]]


@dataclass(eq=False, slots=True)
class _Call:
    """One caller's rows, and what became of them."""

    rows: Sequence[NewRow]
    fresh: list[bool] = field(default_factory=list)
    error: Exception | None = None
    done: bool = False
    woken: threading.Event = field(default_factory=threading.Event)


class Committer:
    """Lets the first of several callers write for all of them."""

    def __init__(self, write: Write, after: Callable[[], None] | None = None) -> None:
        self._write = write
        self.after = after  # told of what was committed, when its callers know already
        self._lock = threading.Lock()  # of the two below; never held while writing
        self._waiting: list[_Call] = []
        self._led = False

    def insert(self, rows: Sequence[NewRow]) -> list[bool]:
        """Write `rows`, committed on return; an error is of these rows, never another caller's."""
        call = _Call(rows)
        with self._lock:
            self._waiting.append(call)
            leads = not self._led
            self._led = True
        if not leads:
            call.woken.wait()  # when a leader took our rows along, or left the lead to us
        if not call.done:
            self._lead(call)
        if call.error is not None:
            raise call.error
        return call.fresh

    def _lead(self, own: _Call) -> None:
        """Write all that waits now, then leave the lead to the first of those who came since."""
        with self._lock:
            calls = list(self._waiting)
        try:
            self._together(calls)
        except Exception as error:
            for call in calls:
                # What may have been committed after all would be two events if it were repeated.
                if len(calls) == 1 or out_of_reach(error):
                    call.error, call.done = error, True
                else:
                    self._alone(call)
        finally:
            # A leader that was interrupted leaves its followers where they are, for the next.
            with self._lock:
                self._waiting = [c for c in self._waiting if not c.done and c is not own]
                self._led = bool(self._waiting)
                for call in (*(c for c in calls if c.done), *self._waiting[:1]):
                    call.woken.set()
        if self.after is not None and any(c.done and c.error is None for c in calls):
            self.after()

    def _together(self, calls: Sequence[_Call]) -> None:
        """One transaction for all."""
        fresh = iter(self._write([row for call in calls for row in call.rows]))
        for call in calls:
            call.fresh = [next(fresh) for _ in call.rows]
            call.done = True

    def _alone(self, call: _Call) -> None:
        """A transaction of its own, after the shared one failed."""
        try:
            call.fresh = self._write(call.rows)
        except Exception as error:
            call.error = error
        call.done = True
