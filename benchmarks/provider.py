"""The provider of a measurement: people who text, the API that takes replies, and the reports.

One process for all contenders, with none of the rules that the sandbox of smsflow checks: it must
cost as little as it can and be the same for each. It is told what to do by lines of JSON on its
standard input, and answers so on its standard output:

    {"do": "run", "mo": URL, "dlr": URL, "messages": 500, "seconds": 10, "first": 0, ...}
    -> {"sent": 500, "replies": 500, "twice": 0, "reported": 500, "latencies": [...], ...}

Each person has a number of their own and texts once. A run pushes MOs by GET with the manual's
parameters over kept connections, one request at a time on each, until `messages` are pushed or
`seconds` are over; `rate` paces them, and `in_flight` bounds how many people wait for their reply.
A push that is not answered by a 2xx is repeated, as the provider does, only sooner. Reports fall
due REPORT_DELAY after a text was accepted. Every REPORT_TICK all that are due are pushed, up to
100 for one URL in one push (manual, "Delivery reports on Notify URL"). A reply posted to /single
has no notify URL; its reports go to `dlr`, as set up for an account.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from benchmarks.wire import Caller, Served

REPORT_DELAY = 0.3  # seconds from accepted to delivered
REPORT_TICK = 0.1  # seconds
MOST_REPORTS = 100  # in one push
REPORT_CONNECTIONS = 4
FIRST_NUMBER = 447911000000  # then count up: numbers of a million different people
NUMBER_OF_OURS = "447900000001"
AGAIN_AFTER = 0.2  # seconds until a refused push is repeated

_DATE = "2015-02-12T09:58:20.323+0100"
_REPORT = (
    '{"bulkId":"b","messageId":"%s","to":"%s","sentAt":"' + _DATE + '","doneAt":"' + _DATE + '",'
    '"smsCount":1,"mccMnc":"23410","price":{"pricePerMessage":0.01,"currency":"EUR"},'
    '"status":{"groupId":3,"groupName":"DELIVERED","id":5,"name":"DELIVERED_TO_HANDSET",'
    '"description":"Message delivered to handset"},"error":{"groupId":0,"groupName":"OK","id":0,'
    '"name":"NO_ERROR","description":"No Error","permanent":false}}'
)
_ACCEPTED = (
    '{"to":"%s","status":{"groupId":0,"groupName":"ACCEPTED","id":0,"name":"MESSAGE_ACCEPTED",'
    '"description":"Message accepted"},"smsCount":1,"messageId":"%s"}'
)


class Run:
    """One run: who has texted when, who was answered when, what is still to be reported."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.mo = urlsplit(told["mo"])
        self.dlr: str = told["dlr"]
        self.text: str = told["text"]
        self.messages: int = told["messages"]
        self.seconds: float = told["seconds"]
        self.first: int = told["first"]
        self.rate: float | None = told["rate"]
        self.connections: int = told["connections"]
        self.room = asyncio.Semaphore(told["in_flight"])
        self.sent = 0
        self.refused = 0
        self.twice = 0
        self.requests = 0
        self.pushed_at: dict[str, float] = {}
        self.latencies: dict[str, float] = {}
        self.started = time.monotonic()
        self.last_reply = 0.0

    def replied(self, to: str) -> None:
        """A text for that person was accepted; one of an earlier run came too late to count."""
        now = time.monotonic()
        if to in self.latencies:
            self.twice += 1
        if to in self.latencies or to not in self.pushed_at:
            return
        self.latencies[to] = now - self.pushed_at[to]
        self.last_reply = now
        self.room.release()

    async def push(self) -> None:
        """Let people text until enough have, or the time is over."""
        await asyncio.gather(*(self._one_line() for _ in range(self.connections)))

    async def _one_line(self) -> None:
        assert self.mo.hostname is not None
        caller = Caller(self.mo.hostname, self.mo.port or 80)
        while self.sent < self.messages and time.monotonic() - self.started < self.seconds:
            number, self.sent = self.sent, self.sent + 1
            if self.rate is not None:
                # By the plan, not by the last push, so that one late push delays no other.
                early = self.started + number / self.rate - time.monotonic()
                if early > 0:
                    await asyncio.sleep(early)
            await self.room.acquire()
            person = str(FIRST_NUMBER + self.first + number)
            request = self._request(person, f"mo-{self.first + number}")
            self.pushed_at[person] = time.monotonic()
            while not await caller.request(request):
                self.refused += 1
                await asyncio.sleep(AGAIN_AFTER)
        caller.close()

    def _request(self, person: str, message_id: str) -> bytes:
        return (
            f"GET {self.mo.path}?sender={person}&receiver={NUMBER_OF_OURS}&text={self.text}&bin="
            f"&datetime={_DATE.replace('+', '%2B')}&messageid={message_id}&datacoding=0&esmclass=0"
            f" HTTP/1.1\r\nHost: {self.mo.netloc}\r\n\r\n"
        ).encode()

    async def wait_for_replies(self, deadline: float) -> None:
        """Until everybody has a reply, or the deadline is over."""
        while len(self.latencies) < self.sent and time.monotonic() < deadline:
            await asyncio.sleep(0.01)


class Reports:
    """Pushes reports when they are due, many in one push."""

    def __init__(self) -> None:
        self._due: deque[tuple[float, str, str]] = deque()  # when, URL, result
        self._callers: dict[str, list[Caller]] = {}
        self.made = self.pushed = self.pushes = 0

    def add(self, url: str, wire_id: str, to: str) -> None:
        """A text was accepted; its report will be due."""
        self.made += 1
        self._due.append((time.monotonic() + REPORT_DELAY, url, _REPORT % (wire_id, to)))

    async def work(self) -> None:
        """Push what is due, for ever."""
        while True:
            await asyncio.sleep(REPORT_TICK)
            batches = self._batches()
            for start in range(0, len(batches), REPORT_CONNECTIONS):
                some = batches[start : start + REPORT_CONNECTIONS]
                await asyncio.gather(
                    *(self._push(line, url, each) for line, (url, each) in enumerate(some))
                )

    def _batches(self) -> list[tuple[str, list[str]]]:
        now = time.monotonic()
        by_url: dict[str, list[str]] = {}
        while self._due and self._due[0][0] <= now:
            _, url, result = self._due.popleft()
            by_url.setdefault(url, []).append(result)
        return [
            (url, results[start : start + MOST_REPORTS])
            for url, results in by_url.items()
            for start in range(0, len(results), MOST_REPORTS)
        ]

    async def _push(self, line: int, url: str, results: list[str]) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        callers = self._callers.setdefault(parts.netloc, [])
        while len(callers) <= line:
            callers.append(Caller(parts.hostname, parts.port or 80))
        body = '{"results":[' + ",".join(results) + "]}"
        request = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
        while not await callers[line].request(request):
            await asyncio.sleep(AGAIN_AFTER)
        self.pushes += 1
        self.pushed += len(results)


class Provider:
    """Takes texts, and does the runs that it is told to do."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._reports = Reports()
        self._ids = 0

    def answer(self, path: str, body: bytes) -> bytes:
        """What the API answers to a request that sends."""
        assert self._run is not None
        content = json.loads(body)
        self._run.requests += 1
        if path == "/sms/1/text/single":
            entries = [self._accept(content["to"], None, None)]
        else:
            entries = [
                self._accept(each["to"], each.get("messageId"), message.get("notifyUrl"))
                for message in content["messages"]
                for each in message["destinations"]
            ]
        return ('{"messages":[' + ",".join(entries) + "]}").encode()

    def _accept(self, to: str, wire_id: str | None, url: str | None) -> str:
        assert self._run is not None
        if wire_id is None:
            self._ids += 1
            wire_id = f"p-{self._ids}"
        self._run.replied(to)
        self._reports.add(url or self._run.dlr, wire_id, to)
        return _ACCEPTED % (to, wire_id)

    async def do(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """One run, from the first push until all reports were taken, or `patience` is over."""
        run = self._run = Run(told)
        reports = self._reports
        cpu, made, pushed, pushes = (
            time.process_time(),
            reports.made,
            reports.pushed,
            reports.pushes,
        )
        deadline = run.started + run.seconds + told["patience"]
        with suppress(TimeoutError):
            await asyncio.wait_for(run.push(), deadline - time.monotonic())
        await run.wait_for_replies(deadline)
        while reports.pushed < reports.made and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        return {
            "sent": run.sent,
            "replies": len(run.latencies),
            "twice": run.twice,
            "refused": run.refused,
            "send_requests": run.requests,
            "reports": reports.made - made,
            "reported": reports.pushed - pushed,
            "report_pushes": reports.pushes - pushes,
            "started": run.started,
            "last_reply": run.last_reply,
            "cpu": time.process_time() - cpu,
            "latencies": list(run.latencies.values()),
        }

    async def serve(self) -> None:
        """Serve on a free port until standard input ends."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Served(self.answer), "127.0.0.1", 0, backlog=512)
        working = asyncio.create_task(self._reports.work())
        commands = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
        _say({"port": server.sockets[0].getsockname()[1]})
        while line := await commands.readline():
            _say(await self.do(json.loads(line)))
        working.cancel()
        server.close()


def _say(answer: Mapping[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(Provider().serve())
