"""A real Kannel with the configuration of docs/providers.md: out, report and in.

Used when Kannel is installed (Debian: kannel and kannel-extras, which has the fake SMSC); elsewhere
it is skipped, and the declared gateway is tried without one in test_gateway.py.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from urllib.parse import parse_qsl, urlsplit

import pytest

from smsflow.engine.language.parse import read_project
from smsflow.engine.model import ProviderEntry
from smsflow.providers.gateway import HttpGateway
from smsflow.providers.transport import HttpTransport
from smsflow.sms.answers import Verdict
from smsflow.sms.messages import Outgoing, Received, Report
from smsflow.sms.states import State
from tests.docs.markdown import all_blocks

BEARERBOX, SMSBOX = (
    shutil.which(name, path="/usr/sbin:/usr/bin") for name in ("bearerbox", "smsbox")
)
FAKE = Path("/usr/lib/kannel/test/fakesmsc")
SOON = 10.0  # seconds
PASSWORD = "change-me-too"

pytestmark = pytest.mark.skipif(
    not (BEARERBOX and SMSBOX and FAKE.exists()), reason="apt-get install kannel kannel-extras"
)


def block(language: str) -> str:
    """The configuration in the docs."""
    (found,) = (each for each in all_blocks(language) if "kannel" in each.info)
    return found.text


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def listens(port: int) -> None:
    """Return when somebody listens there."""
    deadline = time.monotonic() + SOON
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nobody listens at {port}"
            threading.Event().wait(0.02)
        else:
            return


class Kannel:
    """A running Kannel, and what it pushed."""

    def __init__(self, folder: Path) -> None:
        self.pushes: Queue[tuple[str, dict[str, str]]] = Queue()
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._phone: subprocess.Popen[bytes] | None = None
        self._receiver = HTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._receiver.serve_forever, args=(0.05,))
        self._thread.start()
        self.hooks = f"http://127.0.0.1:{self._receiver.server_port}/webhooks/kannel/SECRET"
        admin, boxes, self._smsc, self.sendsms = free_ports(4)
        text = block("ini").replace("http://127.0.0.1:8000/webhooks/kannel/SECRET", self.hooks)
        ports = {13000: admin, 13001: boxes, 13002: self._smsc, 13013: self.sendsms}
        for old, new in ports.items():
            text = text.replace(f"port = {old}", f"port = {new}")
        (folder / "kannel.conf").write_text(text + f"\n# {folder}\n")
        self._start(BEARERBOX, boxes)
        self._start(SMSBOX, self.sendsms)
        listens(self._smsc)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pushes = self.pushes

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                pushes.put((parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"accepted": 1}')

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler

    def _start(self, box: str | None, port: int) -> None:
        assert box is not None
        command = [box, "-v", "4", str(self._folder / "kannel.conf")]
        quiet = subprocess.DEVNULL
        self._processes.append(
            subprocess.Popen(command, stdout=quiet, stderr=quiet, cwd=self._folder)
        )
        listens(port)

    def phone(self, line: str) -> None:
        """A phone at the fake SMSC that texts this line, and takes what comes.

        The fake SMSC speaks to one at a time, so the one before is put away.
        """
        if self._phone is not None:
            self._phone.kill()
            self._phone.wait()
        command = [str(FAKE), "-r", str(self._smsc), "-i", "0.1", "-m", "1", line]
        quiet = subprocess.DEVNULL
        self._phone = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        self._processes.append(self._phone)

    def next_push(self, page: str) -> dict[str, str]:
        """What was pushed to that page next."""
        path, query = self.pushes.get(timeout=SOON)
        assert path.endswith(f"/{page}")
        return query

    def stop(self) -> None:
        """Kill what was started."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        self._receiver.shutdown()
        self._receiver.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def kannel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kannel]:
    running = Kannel(tmp_path_factory.mktemp("kannel"))
    yield running
    running.stop()


@pytest.fixture
def entry() -> ProviderEntry:
    """The provider of the docs."""
    project, issues = read_project(block("yaml"))
    assert issues == []
    assert project is not None
    return project.providers["kannel"]


@pytest.fixture
def connect(kannel: Kannel, entry: ProviderEntry) -> Iterator[Callable[..., HttpGateway]]:
    """Make the adapter, with Kannel's own port."""
    transport = HttpTransport()

    def make(password: str = PASSWORD) -> HttpGateway:
        assert entry.gateway is not None
        url = entry.url.replace("13013", str(kannel.sendsms))
        return HttpGateway(
            entry.name, url, entry.gateway, entry.user, password, transport=transport
        )

    yield make
    transport.close()


def text(kannel: Kannel, words: str, **more: object) -> Outgoing:
    """A text with our address for its reports."""
    fields = {"wire_id": "m1-0", "sender": "+447700900000", "to": "+447700900123", "text": words}
    return Outgoing(**(fields | {"report_url": f"{kannel.hooks}/dlr"} | more))  # type: ignore[arg-type] - fields by name


@pytest.mark.parametrize("words", ["Hi {there} €5", "Привет 🥖"])
def test_a_text_goes_out_and_its_reports_come(
    kannel: Kannel, connect: Callable[..., HttpGateway], words: str
) -> None:
    """First from the SMSC, then from the phone; both name our id."""
    kannel.phone("+447700900123 447700900000 text ready")
    assert kannel.next_push("mo")["text"] == "ready"
    provider = connect()
    (answer,) = provider.send([text(kannel, words, validity_minutes=5, flash=True)])
    assert answer.verdict is Verdict.ACCEPTED, answer
    states = []
    for _ in range(2):
        (report,) = provider.parse_dlr_get(kannel.next_push("dlr"))
        assert isinstance(report, Report)
        assert (report.wire_id, report.to) == ("m1-0", "+447700900123")
        states.append(report.state)
    assert sorted(states) == [State.DELIVERED, State.SENT]


def test_a_text_that_comes_in_is_read(
    kannel: Kannel, connect: Callable[..., HttpGateway], entry: ProviderEntry
) -> None:
    """With its id and its time."""
    kannel.phone("+447700900123 447700900000 text A+B & more")
    (found,) = connect().parse_mo_get(kannel.next_push("mo"), entry.mo)
    assert isinstance(found, Received)
    assert (found.sender, found.receiver) == ("+447700900123", "+447700900000")
    assert found.text == "A+B & more"
    assert found.message_id
    assert found.received_at is not None


def test_a_wrong_login_stops_the_provider(
    kannel: Kannel, connect: Callable[..., HttpGateway]
) -> None:
    """And shows no password."""
    (answer,) = connect("wr0ng").send([text(kannel, "Hi")])
    assert answer.verdict is Verdict.UNAUTHORIZED
    assert "wr0ng" not in answer.detail


def test_a_text_without_a_receiver_is_refused(
    kannel: Kannel, connect: Callable[..., HttpGateway]
) -> None:
    """By the words that are declared."""
    (answer,) = connect().send([text(kannel, "Hi", to="")])
    assert answer.verdict is Verdict.REJECTED
