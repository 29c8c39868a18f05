"""Taking texts out of the outbox unsent: the gate at the claim and STOP in a batch do the same.

A text that was never tried, or surely did not leave, becomes final. One that may have left
(a try without an answer) can't be called refused: it is held, so that a late report still tells
the truth, and it is never tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, update

from smsflow.sms.states import State
from smsflow.store.dialect import Dialect
from smsflow.store.schema import messages, outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One outbox row that must not be sent, and the final state that its text gets."""

    row: int
    message: str
    contact: str
    may_be_out: bool
    state: State
    reason: str


class Refuser:
    """The statements of a refusal, built once."""

    def __init__(self, dialect: Dialect) -> None:
        self._states = dialect.updates(messages, "id", "state status error final_at")
        self._delete = delete(outbox).where(dialect.one_of(outbox.c.id, "rows"))
        self._hold = (
            update(outbox)
            .where(dialect.one_of(outbox.c.id, "rows"))
            .values(held=True, lease_token=None, lease_until=0.0)
        )

    def refuse(
        self, connection: Connection, refusals: Sequence[Refusal], now: datetime
    ) -> list[Refusal]:
        """Refuse or hold each; returns those that are final. The caller has locked the rows."""
        final = [each for each in refusals if not each.may_be_out]
        held = [each.row for each in refusals if each.may_be_out]
        states = [
            {
                "id": each.message,
                "state": State.HELD if each.may_be_out else each.state,
                "status": None,  # what a provider said of an earlier try
                "error": each.reason,
                "final_at": None if each.may_be_out else now,
            }
            for each in refusals
        ]
        self._states.run(connection, states)
        if final:
            connection.execute(self._delete, {"rows": [each.row for each in final]})
        if held:
            connection.execute(self._hold, {"rows": held})
        return final
