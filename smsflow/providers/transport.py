"""One HTTP request to a provider, and whether it may have arrived when it fails.

Whether a text may be out decides everything that follows a failure, and HTTP libraries don't say
it: their errors name what broke, and a broken TLS session looks alike before and after the request.
So all that fails while the connection is made is `NotSent`, and all that fails later `MaybeSent`.
Nothing is repeated and no redirect is followed here: a second POST could be a second text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationValueError

from smsflow.errors import SmsflowError

CONNECT_SECONDS = 3.0
READ_SECONDS = 8.0
# A thousand lines of the logs with long texts take 2 MiB; more is no answer of this API.
_LONGEST_ANSWER = 8 * 1024 * 1024
_LONGEST_WAIT = 86_400.0  # seconds; whoever asks for more is asked again after a day


class NotSent(SmsflowError):
    """The request surely did not reach the provider: no address, no connection, no TLS."""


class MaybeSent(SmsflowError):
    """The request may have reached the provider, but no whole answer came back."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer, whatever its status; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Transport(Protocol):
    """Carries requests; safe to share between threads."""

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        """Return the answer; raise NotSent or MaybeSent and nothing else."""


class HttpTransport:
    """Requests over kept connections, one pool for each host."""

    def __init__(
        self, *, connect: float = CONNECT_SECONDS, read: float = READ_SECONDS, connections: int = 16
    ) -> None:
        self._pools = PoolManager(
            timeout=Timeout(connect=connect, read=read), maxsize=connections, retries=False
        )
        self._pools.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        """Return the answer; raise NotSent or MaybeSent and nothing else."""
        try:
            answer = self._pools.request(
                method, url, headers=dict(headers), body=body, redirect=False, preload_content=False
            )
        except LocationValueError as error:
            raise NotSent("the provider's url is not a URL") from error
        except (HTTPError, OSError) as error:
            raise MaybeSent(f"the connection broke: {_said(error)}") from error
        try:
            content = answer.read(_LONGEST_ANSWER + 1)
        except (HTTPError, OSError) as error:
            answer.close()
            raise MaybeSent(f"the answer broke off: {_said(error)}") from error
        if len(content) > _LONGEST_ANSWER:
            answer.close()
            raise MaybeSent("the answer is too long")
        # Read to its end, the answer has given its connection back to the pool.
        return Response(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, content
        )

    def close(self) -> None:
        """Close the connections that are kept; the next request opens new ones."""
        self._pools.clear()


class _Plain(HTTPConnection):
    def connect(self) -> None:
        """Connect, or raise NotSent: no byte of a request is written before this returns."""
        try:
            super().connect()
        except (HTTPError, OSError) as error:
            raise NotSent(f"no connection: {_said(error)}") from error


class _Tls(HTTPSConnection):
    def connect(self) -> None:
        """Connect with TLS, or raise NotSent: no byte of a request is written before this."""
        try:
            super().connect()
        except (HTTPError, OSError) as error:
            raise NotSent(f"no connection: {_said(error)}") from error


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


def _said(error: Exception) -> str:
    """The library's words, which name hosts and ports and neither headers nor bodies."""
    return f"{type(error).__name__}: {error}"[:300]


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by Retry-After, which is seconds or a date (RFC 9110 section 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value), _LONGEST_WAIT)
    try:
        seconds = (parsedate_to_datetime(value) - now).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
