"""Leases on texts in the outbox: prolonged while their sender is at it, given back when it is gone.

The claim (`outbox`) hands them out, each under a token of its own that begins with its holder.
"""

from __future__ import annotations

from sqlalchemy import Float, bindparam, func, update

from smsflow.store.database import Database, Part
from smsflow.store.schema import outbox


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
        begins = func.substr(outbox.c.lease_token, 1, bindparam("length"))
        self._give_back = (
            update(outbox)
            .where(outbox.c.lease_token.is_not(None), begins == bindparam("holder"))
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
        prefix = f"{holder}."
        with self._db.write() as connection:
            given = {"holder": prefix, "length": len(prefix)}
            return len(connection.execute(self._give_back, given).all())
