"""The states of a text on its way out, and the one rule: they only move forward.

Reports come late, twice and out of order (a webhook that failed is repeated for 41 hours), so a
state is never overwritten by what arrived last. Each state has a rank; a report counts only when
its rank is higher than that of the state we have, and a final state is never left.

The words of final states are SMPP's (SMPP 3.4 section 5.2.28), the ones that operators use.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where one text is. Final states end its story."""

    QUEUED = "queued"  # in the outbox, never tried
    UNCERTAIN = "uncertain"  # tried, and the answer never came or could not be read
    ACCEPTED = "accepted"  # the provider has it
    PENDING = "pending"  # an intermediate report came: the handset was not reached yet
    SENT = "sent"  # delivered to the operator; the handset's own report can still follow
    HELD = "held"  # an operator has to decide whether it went out
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"
    EXPIRED = "expired"
    REJECTED = "rejected"
    DELETED = "deleted"
    UNKNOWN = "unknown"
    REFUSED = "refused"  # our own gate refused to submit it

    @property
    def final(self) -> bool:
        """True when nothing can follow."""
        return _RANKS[self] == _FINAL

    @property
    def told(self) -> bool:
        """True when flows can hear of it."""
        return self in OUTCOMES

    def may_become(self, later: State) -> bool:
        """True when `later` is news to a text in this state; equal or older is not."""
        return not self.final and _RANKS[later] > _RANKS[self]


_FINAL = 9
_RANKS = {
    State.QUEUED: 0,
    State.UNCERTAIN: 1,
    State.HELD: 2,
    State.ACCEPTED: 3,
    State.PENDING: 4,
    State.SENT: 5,
    State.DELIVERED: _FINAL,
    State.UNDELIVERABLE: _FINAL,
    State.EXPIRED: _FINAL,
    State.REJECTED: _FINAL,
    State.DELETED: _FINAL,
    State.UNKNOWN: _FINAL,
    State.REFUSED: _FINAL,
}

# What a flow hears of a state, by the name of the outcome (`on_<name>`). Flows know fewer words
# than operators: a text that we or the operator refused was rejected, and one whose fate nobody
# knows had no report.
OUTCOMES = {
    State.PENDING: "pending",
    State.DELIVERED: "delivered",
    State.UNDELIVERABLE: "undeliverable",
    State.EXPIRED: "expired",
    State.REJECTED: "rejected",
    State.REFUSED: "rejected",
    State.DELETED: "rejected",
    State.UNKNOWN: "no_report",
}
