"""Numbered databases of a Redis that others use as well: lent when they are empty, never taken.

A loan is a key with an end. Another key stays when a run was killed, and says that what is left in
the database is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import redis

_OURS, _LOAN, _LOAN_SECONDS = "smsflow-tests", "smsflow-tests:loan", 600
_BORROW = f"""
if redis.call('exists', '{_LOAN}') == 1 then return 0 end
if redis.call('dbsize') > 0 and redis.call('exists', '{_OURS}') == 0 then return 0 end
redis.call('flushdb')
redis.call('set', '{_OURS}', ARGV[1])
redis.call('set', '{_LOAN}', ARGV[1], 'ex', {_LOAN_SECONDS})
return 1
"""
_GIVE_BACK = f"if redis.call('get', '{_OURS}') == ARGV[1] then redis.call('flushdb') end"


class NoneEmpty(Exception):
    """Every database of the server holds something, or is lent."""


@contextmanager
def borrowed(url: str, numbers: Iterable[int]) -> Iterator[str]:
    """The URL of a database that was empty, and is again at the end: that of `url`, or else one
    of `numbers` on its server. Raises NoneEmpty."""
    loan = uuid4().hex
    own = int(urlsplit(url).path.strip("/") or 0)
    for number in dict.fromkeys([own, *numbers]):
        lent = urlsplit(url)._replace(path=f"/{number}").geturl()
        with redis.Redis.from_url(lent) as connection:
            if _borrow(connection, loan):
                try:
                    yield lent
                finally:
                    connection.eval(_GIVE_BACK, 0, loan)
                return
    raise NoneEmpty(f"Redis at {urlsplit(url).hostname}: all databases are in use; empty one")


def _borrow(connection: redis.Redis, loan: str) -> bool:
    try:
        return bool(connection.eval(_BORROW, 0, loan))
    except redis.ResponseError as error:
        if "out of range" in str(error):  # a server may have less than sixteen
            return False
        raise
