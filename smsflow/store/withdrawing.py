"""STOP, and texts that the provider holds for later: each is an errand to withdraw it there."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, select

from smsflow.engine.effects import Errand
from smsflow.sms.options import Options
from smsflow.sms.states import State
from smsflow.store.dialect import Dialect
from smsflow.store.rows import Changes
from smsflow.store.schema import errands, messages
from smsflow.store.writing import ERRAND, errand_row

# One that a sender has in hand may be there a moment later.
_MAY_BE_HELD = (State.QUEUED, State.UNCERTAIN, State.ACCEPTED, State.PENDING)
WITHDRAW = "withdraw"  # the kind of these errands


class Withdrawer:
    """The statements, built once."""

    def __init__(self, dialect: Dialect) -> None:
        self._held = select(
            messages.c.id,
            messages.c.epoch,
            messages.c.contact,
            messages.c.session,
            messages.c.number,
            messages.c.options,
        ).where(
            dialect.one_of(messages.c.contact, "phones"),
            messages.c.options.is_not(None),
            messages.c.state.in_(_MAY_BE_HELD),
        )
        self._errands = dialect.inserts(errands, ERRAND)

    def save(self, connection: Connection, changes: Changes, now: datetime) -> None:
        """Have withdrawn what is held for those who said STOP; after queued texts are refused."""
        phones = sorted({phone for phone, drop in changes.dropped if drop.root is None})
        if not phones:
            return
        rows: list[dict[str, Any]] = []
        for row in connection.execute(self._held, {"phones": phones}):
            later = Options.from_json(row.options).send_at
            if later is not None and later > now:
                errand = Errand(
                    errand=uuid4().hex,
                    session=row.session or "",
                    serial=0,
                    kind=WITHDRAW,
                    order={"number": row.number, "wire_id": f"{row.id}-{row.epoch}", "after": 5},
                    due=now,
                    expires=later,
                )
                rows.append(errand_row(row.contact, errand))
        self._errands.run(connection, rows)
