"""Texts that go out later: held by the provider where it can, else here.

A provider that holds a text has it before it is read, so what comes meanwhile comes too late for
our gate. After STOP it is told to give the text up (`store/withdrawing.py`). So it gets a text a
day ahead at most, and what is for later than that leaves us then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from smsflow.engine.leaving import plan_for_other
from smsflow.engine.model import Number
from smsflow.engine.policy import Rules, Window
from smsflow.engine.state import Contact

FURTHEST = timedelta(hours=24)  # the provider itself would take 180 days
HOLDERS = frozenset({"pigeonhost"})  # kinds of providers that hold texts


@dataclass(frozen=True, slots=True)
class Hold:
    """When a text leaves us, and when it is to be sent to its reader; None: as it leaves."""

    window: Window
    send_at: datetime | None = None

    @property
    def sent_at(self) -> datetime:
        """When its reader gets it."""
        return self.send_at or self.window.opens


def hold(
    rules: Rules,
    contact: Contact,
    kind: str,
    window: Window,
    later: datetime,
    number: Number,
    *,
    own: tuple[int, int] | None,
    to: str | None,
) -> Hold:
    """A text that may leave in `window` and is to be sent at `later`, outside of quiet hours."""

    def from_then(moment: datetime) -> Window:
        if to is None:
            return rules.window(moment, kind, contact, own=own, holds=True)
        return plan_for_other(rules, to, kind, moment, own=own)

    moved = from_then(later)
    sent_at = moved.opens
    if sent_at <= window.opens:
        return Hold(window)
    holder = rules.project.providers[number.provider].kind in HOLDERS
    if not holder:
        return Hold(moved, sent_at)
    if sent_at - window.opens > FURTHEST:
        window = from_then(sent_at - FURTHEST)
    return Hold(window, sent_at)
