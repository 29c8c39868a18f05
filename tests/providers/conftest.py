"""A provider's API without a network: what tests say to it, and what it answers."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from smsflow.engine.model.gateway import AnswerRule, Gateway, ReportFields
from smsflow.providers.dates import format_date, parse_date
from smsflow.providers.gateway import HttpGateway
from smsflow.providers.memory import MemoryProvider
from smsflow.providers.pigeonhost import PigeonHost
from smsflow.providers.transport import MaybeSent, NotSent, Response
from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.messages import Outgoing
from smsflow.sms.states import State

PAYLOADS = Path(__file__).parent / "payloads"
NOW = datetime(2015, 3, 1, 8, 0, tzinfo=UTC)
GROUPS = ("ACCEPTED", "PENDING", "UNDELIVERABLE", "DELIVERED", "EXPIRED", "REJECTED")


def status(group: int, id_: int, name: str) -> dict[str, object]:
    return {"groupId": group, "groupName": GROUPS[group], "id": id_, "name": name}


ENROUTE = status(1, 7, "PENDING_ENROUTE")
DUPLICATE = status(5, 23, "REJECTED_DUPLICATE_MESSAGE_ID")


class Wire:
    """A transport with PigeonHost at its end: it keeps ids and logs, and fails as it is told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Mapping[str, str], bytes | None]] = []
        self.planned: deque[Response | Exception | str] = deque()
        self.statuses: deque[dict[str, object]] = deque()  # of the next new texts
        self.out: list[str] = []  # wire ids of texts that went out
        self.logs: dict[str, dict[str, object]] = {}
        self.lines: dict[str, dict[str, object]] = {}  # what the logs know beside the status
        self.now = NOW

    def then(self, *answers: Response | Exception | str) -> Wire:
        """Answer the next requests so; "lose" works on the request and loses the answer."""
        self.planned.extend(answers)
        return self

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        self.requests.append((method, url, headers, body))
        planned = self.planned.popleft() if self.planned else None
        if isinstance(planned, Exception):
            raise planned
        if isinstance(planned, Response):
            return planned
        answer = self._submit(body) if body else self._look_up(url)
        if planned == "lose":
            raise MaybeSent("the answer was lost")
        return Response(200, {}, json.dumps(answer).encode())

    def sent(self, request: int = 0) -> list[dict[str, object]]:
        """The `messages` of a submit."""
        return json.loads(self.requests[request][3] or b"")["messages"]

    def _submit(self, body: bytes) -> dict[str, object]:
        return {"messages": [self._judge(entry) for entry in json.loads(body)["messages"]]}

    def _judge(self, entry: Mapping[str, list[dict[str, str]]]) -> dict[str, object]:
        (destination,) = entry["destinations"]
        id_ = destination["messageId"]
        verdict = DUPLICATE
        if id_ not in self.logs:
            verdict = self.statuses.popleft() if self.statuses else ENROUTE
            self.logs[id_] = verdict
            sent_at = format_date(self.now)
            self.lines[id_] = {"to": destination["to"], "sentAt": sent_at, "smsCount": 1}
            if verdict["groupId"] != 5:
                self.out.append(id_)
        return {"to": destination["to"], "messageId": id_, "smsCount": 1, "status": verdict}

    def _look_up(self, url: str) -> dict[str, object]:
        asked = parse_qs(urlsplit(url).query)
        found = [
            {"messageId": id_, "status": status, **self.lines.get(id_, {})}
            for id_, status in self.logs.items()
        ]
        if "messageId" in asked:
            found = [line for line in found if line["messageId"] in asked["messageId"]]
        else:
            since, until = (parse_date(asked[key][0]) for key in ("sentSince", "sentUntil"))
            found = [line for line in found if since <= parse_date(str(line["sentAt"])) <= until]
        return {"results": found[: int(asked["limit"][0])]}


class PigeonRig:
    """PigeonHost, and what can happen to it."""

    names = None

    def __init__(self) -> None:
        self.wire = Wire()
        self.provider = PigeonHost(
            "pigeon", "https://pigeon.example", "user", "pass", transport=self.wire
        )

    def went_out(self) -> list[str]:
        return self.wire.out

    def loses_the_answer(self) -> None:
        self.wire.then("lose")

    def refuses_for_now(self) -> None:
        self.wire.statuses.append(status(5, 20, "REJECTED_FLOODING_FILTER"))

    def refuses_for_good(self) -> None:
        self.wire.statuses.append(status(5, 6, "REJECTED_NETWORK"))

    def is_out_of_reach(self) -> None:
        self.wire.then(NotSent("no connection"))

    def logs_are_out_of_reach(self) -> None:
        self.wire.then(NotSent("no connection"))

    def passes(self, time: timedelta) -> None:
        self.wire.now += time


class Gate:
    """A transport with a small gateway at its end: it takes a text a request, and knows no ids."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Mapping[str, str], bytes | None]] = []
        self.planned: deque[Response | Exception | str] = deque()
        self.out: list[str] = []

    def then(self, *answers: Response | Exception | str) -> Gate:
        """Answer the next requests so; "lose" takes the text and loses the answer."""
        self.planned.extend(answers)
        return self

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        self.requests.append((method, url, headers, body))
        planned = self.planned.popleft() if self.planned else None
        if isinstance(planned, Exception):
            raise planned
        if isinstance(planned, Response):
            return planned
        self.out.append(parse_qs(urlsplit(url).query)["id"][0])
        if planned == "lose":
            raise MaybeSent("the answer was lost")
        return Response(202, {}, b"0: Accepted for delivery")


GATEWAY = Gateway(
    method="GET",
    query={"id": "{wire_id}", "to": "{to}", "text": "{text}"},
    accepted=AnswerRule((202,), "^[03]:"),
    later=AnswerRule((503,)),
    rejected=AnswerRule((400,), "never"),
    report=ReportFields(
        id="messageId",
        to="to",
        status="status.name",
        states={"DELIVERED_TO_HANDSET": "delivered", "BUFFERED": "pending"},
        error="reason",
        list="results",
    ),
    texts="results",
)


class GatewayRig:
    """A declared gateway, and what can happen to it."""

    names: ClassVar = {"sender": "from"}

    def __init__(self) -> None:
        self.wire = Gate()
        url = "https://gate.example/send"
        self.provider = HttpGateway("gate", url, GATEWAY, "user", "pass", transport=self.wire)

    def went_out(self) -> list[str]:
        return self.wire.out

    def loses_the_answer(self) -> None:
        self.wire.then("lose")

    def refuses_for_now(self) -> None:
        self.wire.then(Response(503, {}, b"later"))

    def refuses_for_good(self) -> None:
        self.wire.then(Response(400, {}, b"never"))

    def is_out_of_reach(self) -> None:
        self.wire.then(NotSent("no connection"))

    def logs_are_out_of_reach(self) -> None:
        """They always are."""

    def passes(self, time: timedelta) -> None:
        """Nothing there knows the time."""


class MemoryRig:
    """The provider in memory, and what can happen to it."""

    names = None

    def __init__(self) -> None:
        self.now = NOW
        self.provider = MemoryProvider("memory", now=lambda: self.now)

    def went_out(self) -> list[str]:
        return [text.wire_id for text in self.provider.sent]

    def loses_the_answer(self) -> None:
        self.provider.lose_next()

    def refuses_for_now(self) -> None:
        self.provider.answer_next(Answer(Verdict.FOR_NOW, State.QUEUED))

    def refuses_for_good(self) -> None:
        self.provider.answer_next(Answer(Verdict.REJECTED, State.REJECTED))

    def is_out_of_reach(self) -> None:
        self.provider.answer_next(Answer(Verdict.NOT_SENT, State.QUEUED, unreached=True))

    def logs_are_out_of_reach(self) -> None:
        self.provider.logs_away()

    def passes(self, time: timedelta) -> None:
        self.now += time


Rig = PigeonRig | MemoryRig | GatewayRig


@pytest.fixture(params=[PigeonRig, MemoryRig, GatewayRig], ids=["pigeonhost", "memory", "http"])
def rig(request: pytest.FixtureRequest) -> Rig:
    """Every provider in turn, with the means to make it fail."""
    return request.param()


@pytest.fixture(params=[PigeonRig, MemoryRig], ids=["pigeonhost", "memory"])
def sure(request: pytest.FixtureRequest) -> Rig:
    """Those that drop an id that they have seen, and that have logs."""
    return request.param()


@pytest.fixture(params=[GatewayRig], ids=["http"])
def unsure(request: pytest.FixtureRequest) -> Rig:
    """Those that know no ids of ours and have no logs."""
    return request.param()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def pigeon(wire: Wire) -> PigeonHost:
    return PigeonHost(
        "pigeon", "https://pigeon.example/", "user", "s3cret", transport=wire, now=lambda: NOW
    )


@pytest.fixture
def text() -> Callable[..., Outgoing]:
    """Make the n-th text, to the n-th number."""

    def make(n: int = 1, **other: object) -> Outgoing:
        fields = {
            "wire_id": f"m{n}-0",
            "sender": "Bakery",
            "to": f"+44770090{n:04d}",
            "text": "Bread is ready.",
        }
        return Outgoing(**(fields | other))

    return make


@pytest.fixture
def payload() -> Callable[[str], bytes]:
    """Read a recorded body by its name."""
    return lambda name: (PAYLOADS / f"{name}.json").read_bytes()
