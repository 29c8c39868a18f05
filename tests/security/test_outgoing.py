"""Requests to web services reach public addresses and what is listed, and nothing else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from smsflow.engine.errands import NoReply, Reply
from smsflow.webclient import Request, WebClient
from smsflow.webclient.client import LARGEST

NAMES = {
    "inside.example": ["10.1.2.3"],
    "half.example": ["93.184.216.34", "192.168.0.1"],
    "mapped.example": ["::ffff:169.254.169.254"],
    "nat64.example": ["64:ff9b::a9fe:a9fe"],
    "empty.example": [],
}


def look_up(host: str, port: int) -> list[str]:
    """Names of the test, else the system, which reads odd ways to write an address."""
    if host in NAMES:
        return NAMES[host]
    try:
        found = socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
    except OSError:
        found = []
    return [str(each[4][0]).partition("%")[0] for each in found] or ["127.0.0.1"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://localhost/",
        "http://0.0.0.0/",
        "http://0/",
        "http://[::]/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.100.100.200/latest/meta-data/",
        "http://168.63.129.16/machine",
        "http://192.0.0.192/opc/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://198.18.0.1/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://224.0.0.1/",
        "http://[ff02::1]/",
        "http://inside.example/",
        "http://half.example/",
        "http://mapped.example/",
        "http://nat64.example/",
        "http://empty.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "ftp://93.184.216.34/",
        "http://user@93.184.216.34/",
        "http:///nowhere",
        "http://93.184.216.34:99999/",
        "http://[::1",
    ],
)
def test_a_nasty_url_is_refused(url: str) -> None:
    """No connection is made, whatever way the address is written in."""
    found = WebClient(resolve=look_up).carry(
        Request(method="GET", url=url, headers={}, seconds=0.2)
    )
    assert isinstance(found, NoReply)
    refused = ("list it under `allow`", "can't be read", "has no address")
    assert any(words in found.reason for words in refused), found.reason


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on a port of this machine that treats each connection so."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)

        def serve() -> None:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                try:
                    answer(connection)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.close()
        thread.join(5)


def ask(port: int, *, host: str = "near.example", seconds: float = 2.0, **more: str) -> object:
    """One request to that server, which the service lists."""
    client = WebClient(resolve=lambda *_: ["127.0.0.1"])
    return client.carry(
        Request(
            method="GET",
            url=f"http://{host}:{port}/x",
            headers=more,
            seconds=seconds,
            allow=("127.0.0.0/8",),
        )
    )


def says(text: str) -> Callable[[socket.socket], None]:
    """Read the request, then send this."""

    def answer(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(text.encode())

    return answer


def test_the_name_is_looked_up_once_and_the_connection_is_made_there() -> None:
    """A name that changes after it was judged changes nothing; the Host header has the name."""
    heard: list[bytes] = []
    answers = iter([["127.0.0.1"], ["10.9.9.9"]])

    def answer(connection: socket.socket) -> None:
        heard.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    with server(answer) as port:
        client = WebClient(resolve=lambda *_: next(answers))
        url = f"http://moving.example:{port}/x"
        request = Request(method="GET", url=url, headers={}, allow=("127.0.0.0/8",))
        found = client.carry(request)
    assert isinstance(found, Reply)
    assert (found.status, found.body) == (200, "hi")
    assert f"Host: moving.example:{port}".encode() in heard[0]


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    """Its status is told; what it points at is never asked."""
    text = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with server(says(text)) as port:
        found = ask(port)
    assert isinstance(found, Reply)
    assert found.status == 302


def test_an_answer_that_drips_is_cut_off() -> None:
    """Every byte comes in time, the whole answer does not."""
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not stop.wait(0.05):
            connection.sendall(b"X: y\r\n")

    with server(drip) as port:
        found = ask(port, seconds=0.3)
        stop.set()
    assert found == NoReply("no whole answer within 0.3s")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            f"HTTP/1.1 200 OK\r\nContent-Length: {LARGEST + 1}\r\n\r\n" + "x" * (LARGEST + 1),
            "longer than 256 KiB",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "the answer broke off"),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{",
            "says that it is JSON",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n1e999",
            "says that it is JSON",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + "[" * 200_000,
            "says that it is JSON",
        ),
        ("nonsense\r\n\r\n", "the connection failed"),
        ("", "the connection failed"),
    ],
)
def test_an_answer_out_of_bounds_is_none(text: str, reason: str) -> None:
    """Too long, cut short, or not what it says it is."""
    with server(says(text)) as port:
        found = ask(port)
    assert isinstance(found, NoReply)
    assert reason in found.reason


def test_a_header_with_a_line_break_is_not_sent() -> None:
    """What somebody texted can't add a header."""
    with server(says("")) as port:
        found = ask(port, X="a\r\nHost: evil.example")
    assert found == NoReply("the request can't be written", again=False)


def test_a_request_does_not_show_its_secrets() -> None:
    """Not in logs, not in a traceback."""
    shown = repr(Request(method="GET", url="https://x.example/", headers={"A": "hunter2"}))
    assert "hunter2" not in shown
