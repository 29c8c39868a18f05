"""HTTP against sockets that misbehave: what may have arrived is told from what surely did not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from smsflow.providers.transport import HttpTransport, MaybeSent, NotSent

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nRetry-After: 5\r\n\r\n{}"


class Server:
    """Reads requests and answers each with the next bytes; None closes the connection at once."""

    def __init__(self) -> None:
        self.answers: list[bytes | None] = []
        self.connections = 0
        self.requests: list[bytes] = []
        self._done = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._done.set()
        # A last connection wakes the thread from `accept`.
        socket.create_connection(self._socket.getsockname()).close()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection, suppress(OSError):  # the other end may hang up on us
                if self._done.is_set():
                    return
                self.connections += 1
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        while self.answers and (request := _request(connection)):
            self.requests.append(request)
            answer = self.answers.pop(0)
            if answer is None:
                return
            connection.sendall(answer)


def _request(connection: socket.socket) -> bytes:
    """One whole request with its body of two octets, or what came before the end."""
    request = b""
    while not request.endswith(b"{}") and (more := connection.recv(65536)):
        request += more
    return request


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def post() -> Iterator[Callable[[str], object]]:
    """Send one small POST with short time-outs."""
    transport = HttpTransport(connect=1.0, read=0.1)
    yield lambda url: transport.request("POST", url, {"X-Mark": "1"}, b"{}")
    transport.close()


def test_requests_share_a_connection_and_headers_come_in_lower_case(server, post):
    """Three requests cost one connection, however an answer tells its length."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    server.answers = [OK, chunked, OK]
    answers = [post(f"http://{server.address}/") for _ in range(3)]
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"{}")] * 3
    assert answers[0].headers["retry-after"] == "5"
    assert b"X-Mark: 1\r\n" in server.requests[0]
    assert server.connections == 1


def test_an_answer_of_any_status_is_an_answer(server, post):
    """A redirect is not followed, and a failure is not tried again."""
    moved = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    failed = b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
    server.answers = [moved, failed]
    assert [post(f"http://{server.address}/").status for _ in range(2)] == [302, 503]
    assert len(server.requests) == 2
    assert server.connections == 1


BROKEN = {
    "closed after the request": None,
    "no HTTP": b"hello\r\n\r\n",
    "an answer that never ends": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
    "chunks that never end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    "chunks that are none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    "an answer that never comes": b"",
    "too long an answer": b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (9 * 1024 * 1024),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_means_that_the_request_may_have_arrived(server, post, answer):
    """It is asked once, whatever breaks."""
    server.answers = [answer, OK]
    with pytest.raises(MaybeSent):
        post(f"http://{server.address}/")
    assert len(server.requests) == 1


def test_even_a_get_is_asked_once(server):
    """Who may repeat a request is for the caller to say."""
    server.answers = [None, OK]
    with pytest.raises(MaybeSent):
        HttpTransport(read=0.1).request("GET", f"http://{server.address}/", {}, b"{}")
    assert len(server.requests) == 1


def test_a_body_that_breaks_off_may_have_arrived(server, post):
    """A connection that ends before its Content-Length is no whole answer."""
    server.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
    with pytest.raises(MaybeSent):
        post(f"http://{server.address}/")


def test_a_refused_connection_sent_nothing(post):
    """Nobody listens there."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent, match="no connection"):
            post(f"http://127.0.0.1:{unused.getsockname()[1]}/")


def test_a_failed_tls_handshake_sent_nothing(server, post):
    """The other end speaks no TLS, so no request was written."""
    server.answers = [b"HTTP/1.1 400 Bad Request\r\n\r\n"]
    with pytest.raises(NotSent, match="no connection"):
        post(f"https://{server.address}/")


def test_a_name_that_is_none_sent_nothing(post):
    """An empty label cannot be looked up."""
    with pytest.raises(NotSent):
        post("http://a..b/")


def test_a_url_that_is_none_sent_nothing(post):
    """There is no host to connect to."""
    with pytest.raises(NotSent):
        post("http://")


def test_a_failure_shows_no_header(server, post):
    """Logins stand in headers."""
    server.answers = [None]
    with pytest.raises(MaybeSent) as failed:
        post(f"http://{server.address}/")
    assert "X-Mark" not in str(failed.value)
