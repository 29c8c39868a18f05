"""Connections to PostgreSQL: what becomes of them when a host vanishes."""

from __future__ import annotations

from contextlib import closing

from sqlalchemy import text

from smsflow.store import Store


def test_a_host_that_vanishes_holds_its_locks_for_a_minute_at_most(scratch_postgres):
    """A partition whose worker lost power is free again without anybody's help."""
    with scratch_postgres() as url, closing(Store.connect(url)) as store:
        with store._db.write() as connection:
            limit = connection.scalar(text("SHOW idle_in_transaction_session_timeout"))
        assert limit == "1min"


def test_a_server_that_vanishes_is_noticed_within_half_a_minute(scratch_postgres):
    """A statement that waits for its answer for ever would stop a worker for good."""
    with scratch_postgres() as url, closing(Store.connect(url)) as store:
        with store._db.read() as connection:
            driver = connection.connection.dbapi_connection
            assert driver is not None
            used = driver.info.get_parameters()
        assert (used["keepalives_idle"], used["tcp_user_timeout"]) == ("10", "25000")
