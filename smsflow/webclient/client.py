"""One HTTP request to a web service, within bounds: its address judged and pinned, its time and its
answer limited, no redirect followed.

Nothing is repeated here, and nothing is raised: whatever happens is a `Reply` or a `NoReply`.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Protocol
from urllib.parse import urlsplit

from smsflow.engine.errands import NoReply, Reply
from smsflow.webclient.addresses import Refused, Resolve, Unknown, judged, look_up

LARGEST = 262_144  # bytes of an answer (flow-language section 1.9)
CONNECT_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked. `seconds` bounds all of it, from the first byte to the last; `allow` are the
    private networks that it may reach. Headers hold secrets, and so are not shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    seconds: float = 10.0
    allow: tuple[str, ...] = ()


class Carrier(Protocol):
    """Carries requests; safe to share between threads."""

    def carry(self, request: Request) -> Reply | NoReply:
        """What came of it; never raises for what can happen on a network."""


class WebClient:
    """The carrier over real connections, a new one for each request."""

    def __init__(
        self,
        *,
        resolve: Resolve = look_up,
        tick: Callable[[], float] = time.monotonic,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._resolve = resolve
        self._tick = tick
        self._context = context or ssl.create_default_context()

    def carry(self, request: Request) -> Reply | NoReply:
        """What came of it; never raises for what can happen on a network."""
        try:
            connection = self._connection(request)
        except Refused as refused:
            return NoReply(str(refused), again=False)
        except Unknown as unknown:
            return NoReply(str(unknown))
        except ValueError:
            return NoReply("the address of the service can't be read", again=False)
        # Time-outs of sockets begin anew with every byte; this ends a drip of them.
        deadline = threading.Timer(request.seconds, connection.cut)
        deadline.daemon = True
        deadline.start()
        try:
            return self._exchange(connection, request)
        except ValueError:  # http.client's, for a header or path with a line break in it
            return NoReply("the request can't be written", again=False)
        except (OSError, http.client.HTTPException) as error:
            return NoReply(self._told(connection, request, error))
        finally:
            deadline.cancel()
            connection.close()

    def _connection(self, request: Request) -> _Pinned:
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ValueError(parts.scheme)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses = judged(parts.hostname, port, request.allow, self._resolve)
        context = self._context if parts.scheme == "https" else None
        seconds = min(request.seconds, CONNECT_SECONDS)
        return _Pinned(parts.hostname, port, [str(each) for each in addresses], context, seconds)

    def _exchange(self, connection: _Pinned, request: Request) -> Reply | NoReply:
        began = self._tick()
        parts = urlsplit(request.url)
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.connect()
        if connection.was_cut():
            return NoReply(f"no connection within {request.seconds:g}s")
        connection.sock.settimeout(request.seconds)
        headers = {"Accept-Encoding": "identity", "Connection": "close", **request.headers}
        connection.request(request.method, target, body=request.body, headers=headers)
        answer = connection.getresponse()
        content = answer.read(LARGEST + 1)
        if len(content) > LARGEST:
            return NoReply(f"the answer is longer than {LARGEST // 1024} KiB", again=False)
        if connection.was_cut():
            return NoReply(f"no whole answer within {request.seconds:g}s")
        if answer.length:  # fewer bytes came than were announced
            return NoReply("the answer broke off")
        try:
            body = _body(content, answer.headers.get("Content-Type", ""))
        except ValueError:
            return NoReply("the answer says that it is JSON, and can't be read", again=False)
        waits = _seconds(answer.headers.get("Retry-After", ""))
        return Reply(answer.status, body, self._tick() - began, waits)

    def _told(self, connection: _Pinned, request: Request, error: Exception) -> str:
        if connection.was_cut() or isinstance(error, TimeoutError):
            return f"no whole answer within {request.seconds:g}s"
        return f"the connection failed: {type(error).__name__}"


class _Pinned(http.client.HTTPConnection):
    """A connection to addresses that were judged, with the name for TLS and the Host header."""

    def __init__(
        self,
        host: str,
        port: int,
        addresses: Sequence[str],
        context: ssl.SSLContext | None,
        seconds: float,
    ) -> None:
        super().__init__(host, port, timeout=seconds)
        self.default_port = 443 if context is not None else 80
        self._addresses = addresses
        self._context = context
        self._cut = threading.Event()

    def connect(self) -> None:
        """Connect to the first address that answers."""
        for number, address in enumerate(self._addresses):
            try:
                self.sock = socket.create_connection((address, self.port), self.timeout)
                break
            except OSError:
                if number + 1 == len(self._addresses) or self.was_cut():
                    raise
        if self._context is not None:
            self.sock = self._context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()  # apart, so that `cut` can end it

    def was_cut(self) -> bool:
        """True when its time was over."""
        return self._cut.is_set()

    def cut(self) -> None:
        """End it, whatever it waits for."""
        self._cut.set()
        try:
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended already


def _body(content: bytes, kind: str) -> Any:
    """The JSON of an answer that says it is some, else its text; ValueError when it is none."""
    text = content.decode("utf-8", "replace")
    name = kind.partition(";")[0].strip().lower()
    if not content or not (name == "application/json" or name.endswith("+json")):
        return text or None
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_number)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _no_number(name: str) -> float:
    raise ValueError(name)


def _number(text: str) -> float:
    found = float(text)
    if not isfinite(found):
        raise ValueError(text)
    return found


def _seconds(text: str) -> float | None:
    """`Retry-After` in seconds; a date is not read, as clocks differ."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 8 else None
