"""Just enough HTTP/1.1 over asyncio for the provider's side of a measurement.

The provider shares two cores with what is measured, so each microsecond that it takes is taken
from that. Requests and answers are cut out of the bytes by hand; nothing else is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LONGEST_WAIT = 10.0  # seconds for an answer

_END = b"\r\n\r\n"


def _length(head: bytes) -> int:
    """The Content-Length of a request or answer; 0 without one."""
    lowered = head.lower()
    start = lowered.find(b"\r\ncontent-length:")
    if start < 0:
        if b"\r\ntransfer-encoding:" in lowered:
            raise ValueError("chunked bodies are not read here")
        return 0
    return int(lowered[start + 17 :].split(b"\r\n", 1)[0])


class _Messages(asyncio.Protocol):
    """Cuts what arrives into messages: `message(head, body)` for each."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Take bytes, and hand on each whole message in them."""
        self._pending += data
        while (end := self._pending.find(_END)) >= 0:
            head = self._pending[:end]
            whole = end + 4 + _length(head)
            if len(self._pending) < whole:
                return
            body, self._pending = self._pending[end + 4 : whole], self._pending[whole:]
            self.message(head, body)

    def message(self, head: bytes, body: bytes) -> None:
        """One whole message."""
        raise NotImplementedError


class Served(_Messages):
    """One connection of a client: `answer(path, body)` gives the JSON that is sent back."""

    def __init__(self, answer: Callable[[str, bytes], bytes]) -> None:
        super().__init__()
        self._answer = answer

    def message(self, head: bytes, body: bytes) -> None:
        """Answer one request."""
        path = head.split(b" ", 2)[1].decode("latin-1")
        content = self._answer(path, body)
        assert self.transport is not None
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(content), content)
        )


class _Call(_Messages):
    """One connection to a server, with at most one request under way."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: asyncio.Future[bool] | None = None

    def message(self, head: bytes, _body: bytes) -> None:
        """The answer to the request under way; a server that says so closes after it."""
        if b"\r\nconnection: close" in head.lower():
            self.close()
        self._settle(head[9:10] == b"2")

    def connection_lost(self, _exc: Exception | None) -> None:
        """The request under way, if any, has failed."""
        self._settle(False)

    def close(self) -> None:
        """Close the connection."""
        if self.transport is not None:
            self.transport.close()

    def _settle(self, good: bool) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_result(good)


class Caller:
    """Requests to one server, one after the other, over a kept connection.

    A request fails by its status, by the connection or by LONGEST_WAIT; the next one opens a new
    connection where that is needed.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._call: _Call | None = None

    async def request(self, data: bytes) -> bool:
        """Send one request; True when the answer is a 2xx."""
        loop = asyncio.get_running_loop()
        call = self._call
        try:
            if call is None or call.transport is None or call.transport.is_closing():
                _, call = await loop.create_connection(_Call, *self._address)
                self._call = call
        except OSError:
            return False
        assert call.transport is not None
        answered: asyncio.Future[bool] = loop.create_future()
        call.answered = answered
        call.transport.write(data)
        given_up = loop.call_later(LONGEST_WAIT, call.close)
        try:
            return await answered
        finally:
            given_up.cancel()

    def close(self) -> None:
        """Close the connection."""
        if self._call is not None:
            self._call.close()
