"""Leases on texts in the outbox: prolonged while their sender is at it, given back when it is gone.

The claim (`outbox`) hands them out, each under a token of its own that tells its holder.
"""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import Float, bindparam, func, update

from smsflow.store.database import Database, Part
from smsflow.store.schema import outbox

_HOLDER_FROM = 33  # counted from 1, as SQL does: behind a UUID's 32 digits


def token_of(holder: str) -> str:
    """A token for one lease, unlike any other."""
    return f"{uuid4().hex}{holder}"


class Leases(Part):
    """What becomes of leases until there is a result."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._renew = (
            update(outbox)
            .where(outbox.c.lease_token == bindparam("token"))
            .values(lease_until=database.dialect.clock + bindparam("seconds", type_=Float()))
            .returning(outbox.c.id)
        )
        whose = func.substr(outbox.c.lease_token, _HOLDER_FROM)
        self._give_back = (
            update(outbox)
            .where(outbox.c.lease_token.is_not(None), whose == bindparam("holder"))
            .values(lease_until=0.0)
            .returning(outbox.c.id)
        )

    def renew(self, token: str, seconds: float) -> bool:
        """Prolong a lease to `seconds` from now; False when nothing is left under this token."""
        with self._db.write() as connection:
            given = {"token": token, "seconds": seconds}
            return bool(connection.execute(self._renew, given).all())

    def give_back(self, holder: str) -> int:
        """Let all leases of a holder that is gone run out now; how many texts they are.

        Whether those are out is as open as after any lease that ran out.
        """
        with self._db.write() as connection:
            return len(connection.execute(self._give_back, {"holder": holder}).all())
