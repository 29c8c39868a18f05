"""Texts that the provider holds for later, after STOP and after the erasing of their reader: each
is an errand to withdraw it there.

Such an errand names no contact, so erasing leaves it: nobody could withdraw the text without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import BindParameter, Connection, and_, bindparam, exists, or_, select

from smsflow.engine.effects import Errand
from smsflow.sms.options import Options
from smsflow.sms.states import State
from smsflow.store.dialect import Dialect
from smsflow.store.rows import Changes
from smsflow.store.schema import errands, messages, outbox
from smsflow.store.writing import ERRAND, EVERYBODY, errand_row

# One that a sender has in hand may be there a moment later, and one whose answer never came, which
# waits for a person since STOP, may be there as well.
_MAY_BE_HELD = (State.QUEUED, State.UNCERTAIN, State.HELD, State.ACCEPTED, State.PENDING)
WITHDRAW = "withdraw"  # the kind of these errands
_PHONE: BindParameter[str] = bindparam("phone")
_STOPPED: BindParameter[bool] = bindparam("stopped")


class Withdrawer:
    """The statements, built once."""

    def __init__(self, dialect: Dialect) -> None:
        held = select(messages.c.id, messages.c.epoch, messages.c.number, messages.c.options).where(
            messages.c.options.is_not(None), messages.c.state.in_(_MAY_BE_HELD)
        )
        self._held = held.where(dialect.one_of(messages.c.contact, "phones"))
        tried = exists().where(outbox.c.message == messages.c.id, outbox.c.lease_token.is_not(None))
        self._theirs = held.where(
            or_(and_(messages.c.contact == _PHONE, ~_STOPPED), messages.c.owner == _PHONE),
            or_(messages.c.state != State.QUEUED, tried),
        )
        self._errands = dialect.inserts(errands, ERRAND)

    def save(self, connection: Connection, changes: Changes, now: datetime) -> None:
        """Have withdrawn what is held for those who said STOP; after queued texts are refused."""
        phones = sorted({phone for phone, drop in changes.dropped if drop.root is None})
        if not phones:
            return
        self._withdraw(connection, connection.execute(self._held, {"phones": phones}), now)

    def erase(self, connection: Connection, phone: str, now: datetime, *, stopped: bool) -> None:
        """Have withdrawn what is held of a number; before its texts are deleted. Its STOP had the
        texts to it withdrawn already."""
        given = {"phone": phone, "stopped": stopped}
        self._withdraw(connection, connection.execute(self._theirs, given), now)

    def _withdraw(self, connection: Connection, held: Iterable[Any], now: datetime) -> None:
        rows: list[dict[str, Any]] = []
        for row in held:
            later = Options.from_json(row.options).send_at
            if later is not None and later > now:
                errand = Errand(
                    errand=uuid4().hex,
                    session="",
                    serial=0,
                    kind=WITHDRAW,
                    order={"number": row.number, "wire_id": f"{row.id}-{row.epoch}", "after": 5},
                    due=now,
                    expires=later,
                )
                rows.append(errand_row(EVERYBODY, errand))
        self._errands.run(connection, rows)
