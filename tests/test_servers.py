"""What tests and benchmarks borrow of a Redis is nobody else's."""

from __future__ import annotations

import pytest
import redis

from benchmarks.loans import NoneEmpty, borrowed
from tests.servers import scratch_redis


def test_two_borrow_two_databases() -> None:
    """Also when they are on the same server at the same time; both are given back empty."""
    with scratch_redis() as first, scratch_redis() as second:
        assert first != second
        with redis.Redis.from_url(first) as one, redis.Redis.from_url(second) as other:
            one.set("key", "value")
            assert other.get("key") is None
    with redis.Redis.from_url(first) as one:
        assert one.get("key") is None


def test_what_somebody_has_in_redis_stays() -> None:
    """A database with keys that are not ours is passed over; what a killed run left is not."""
    with scratch_redis() as url, redis.Redis.from_url(url) as theirs:
        ours = theirs.get("smsflow-tests")
        theirs.delete("smsflow-tests", "smsflow-tests:loan")
        theirs.set("key", "value")
        with scratch_redis() as other:
            assert other != url
        assert theirs.get("key") == b"value"
        theirs.set("smsflow-tests", ours or b"")
        with scratch_redis() as again, redis.Redis.from_url(again) as lent:
            assert lent.get("key") is None


def test_nothing_is_emptied_when_no_database_is_free() -> None:
    """Neither what is lent nor what has keys of others."""
    with scratch_redis() as url, redis.Redis.from_url(url) as theirs:
        with pytest.raises(NoneEmpty, match="all databases are in use"), borrowed(url, ()):
            pass
        ours = theirs.get("smsflow-tests")
        theirs.delete("smsflow-tests", "smsflow-tests:loan")
        theirs.set("key", "value")
        with pytest.raises(NoneEmpty), borrowed(url, ()):
            pass
        assert theirs.get("key") == b"value"
        theirs.set("smsflow-tests", ours or b"")
