"""How many texts a second `smsflow sandbox` takes: python -m benchmarks.sandbox.

Advanced requests of 100 messages each, all with a notify URL, over kept connections, as fast as
they are answered. A receiver takes the reports, and the run ends when there is one for each text.
The same requests go to a Flask app that answers a fixed body; the ratio of both is what the
sandbox costs beyond a web server. The load generator has its part of the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.bare_app import TEXTS
from benchmarks.processes import child, cpu_seconds, descendants, free_port, wait_for_answer
from benchmarks.wire import Caller, Served

CONNECTIONS = 4
FIRST_NUMBER = 447911000000
GOAL = 2000  # texts a second
PATIENCE = 30.0  # seconds for the last report
USER = PASSWORD = "bench"

SANDBOX = ["-m", "smsflow", "sandbox", "--user", USER, "--password", PASSWORD, "--port"]
BARE = ["-m", "benchmarks.bare_app"]


@dataclass(slots=True)
class Result:
    """One run. Rates are texts a second: sent, and reported from the first request on."""

    name: str
    sent: int
    refused: int
    sent_rate: float
    reported: int
    reported_rate: float
    twice: int
    cpu_us: float  # of the server, microseconds for each text

    @property
    def right(self) -> bool:
        """True when every text that was taken was reported exactly once."""
        return not self.refused and not self.twice and self.reported == self.sent


class Load:
    """Requests of 100 messages until the time is over, and the reports that come of them."""

    def __init__(self, port: int, notify_port: int) -> None:
        self._port = port
        self._url = f"http://127.0.0.1:{notify_port}/dlr"
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self._head = (
            "POST /sms/1/text/advanced HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\nAuthorization: Basic {token}\r\n"
            "Content-Type: application/json\r\nAccept: application/json\r\n"
        )
        self._next = 0
        self.sent = self.refused = 0
        self.reports: Counter[str] = Counter()
        self.last_report = 0.0

    def take(self, _path: str, body: bytes) -> bytes:
        """Take a push."""
        for result in json.loads(body)["results"]:
            self.reports[result["messageId"]] += 1
        self.last_report = time.monotonic()
        return b"{}"

    def _request(self) -> bytes:
        first, self._next = self._next, self._next + TEXTS
        messages = [
            {
                "from": "InfoSMS",
                "destinations": [{"to": str(FIRST_NUMBER + n % 100_000), "messageId": f"m-{n}"}],
                "text": f"Your table {n} is ready. Reply 1 to confirm, 2 to cancel.",
                "notifyUrl": self._url,
                "notifyContentType": "application/json",
                "callbackData": "bench",
            }
            for n in range(first, first + TEXTS)
        ]
        body = json.dumps({"messages": messages}).encode()
        return f"{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    async def send(self, until: float) -> None:
        """Send over one connection until then."""
        caller = Caller("127.0.0.1", self._port)
        while time.monotonic() < until:
            if await caller.request(self._request()):
                self.sent += TEXTS
            else:
                self.refused += TEXTS
        caller.close()


async def _run(name: str, port: int, pid: int, seconds: float, *, reports: bool) -> Result:
    loop = asyncio.get_running_loop()
    load = Load(port, notify := free_port())
    pushing: list[Served] = []

    def connected() -> Served:
        pushing.append(Served(load.take))
        return pushing[-1]

    receiver = await loop.create_server(connected, "127.0.0.1", notify)
    started, cpu = time.monotonic(), cpu_seconds(descendants(pid))
    await asyncio.gather(*(load.send(started + seconds) for _ in range(CONNECTIONS)))
    sending = time.monotonic() - started
    deadline = time.monotonic() + PATIENCE
    while reports and len(load.reports) < load.sent and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    cpu = cpu_seconds(descendants(pid)) - cpu
    receiver.close()
    for each in pushing:
        if each.transport is not None:
            each.transport.close()
    await asyncio.sleep(0)  # lets them close
    reporting = (load.last_report or time.monotonic()) - started
    return Result(
        name,
        load.sent,
        load.refused,
        load.sent / sending,
        len(load.reports),
        len(load.reports) / reporting,
        sum(count > 1 for count in load.reports.values()),
        cpu / load.sent * 1e6 if load.sent else 0.0,
    )


def measure(name: str, command: Sequence[str], seconds: float, *, reports: bool) -> Result:
    """One run against a server in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        log, port = Path(folder) / "server.log", free_port()
        with child([*command, str(port)], {}, log) as process:
            wait_for_answer(port, process, log)
            return asyncio.run(_run(name, port, process.pid, seconds, reports=reports))


def table(sandbox: Result, bare: Result) -> str:
    """Both runs as a Markdown table, and what they say of each other."""
    rate = f"{sandbox.reported_rate:,.0f}"
    lines = [
        "| server | texts/s sent | texts/s reported | CPU µs a text |",
        "|---|---|---|---|",
        f"| {bare.name} | {bare.sent_rate:,.0f} | | {bare.cpu_us:.0f} |",
        f"| {sandbox.name} | {sandbox.sent_rate:,.0f} | {rate} | {sandbox.cpu_us:.0f} |",
        "",
        f"{sandbox.name} / {bare.name} = {sandbox.sent_rate / bare.sent_rate:.3f}",
        f"{rate} texts/s with their reports; the goal is {GOAL:,}",
    ]
    if not sandbox.right:
        lines.append(
            f"NOT RIGHT: {sandbox.sent} sent, {sandbox.refused} refused,"
            f" {sandbox.reported} reported, {sandbox.twice} twice"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status is 1 when a text was not reported exactly once."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of sending, in one run")
    parser.add_argument("--json", action="store_true", help="print a JSON document")
    options = parser.parse_args(arguments)
    bare = measure("bare Flask", BARE, options.seconds, reports=False)
    sandbox = measure("sandbox", SANDBOX, options.seconds, reports=True)
    if options.json:
        ratio = sandbox.sent_rate / bare.sent_rate
        print(json.dumps({"results": [asdict(bare), asdict(sandbox)], "ratio": ratio}, indent=2))
    else:
        print(table(sandbox, bare))
    return int(not sandbox.right)


if __name__ == "__main__":
    sys.exit(main())
