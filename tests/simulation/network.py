"""The provider and its phones, by the rules of the real one, with everything that can go wrong.

A messageId is judged once: accepted, refused for now or refused for good; whatever comes with it
later is a duplicate. Answers get lost, requests arrive late, reports come early, late, twice and
out of order, and a push that was not answered with 2xx is repeated after 1 + n x n minutes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from random import Random
from urllib.parse import parse_qs, urlencode, urlsplit

from smsflow.providers.transport import MaybeSent, NotSent, Response
from tests.simulation.kernel import Kernel

READ_TIMEOUT = 8.0
PUSH_TIMEOUT = 8.0
RETRIES = 20

Status = tuple[int, int, str]  # group, id, name

ENROUTE: Status = (1, 7, "PENDING_ENROUTE")
WAITING: Status = (1, 3, "PENDING_WAITING_DELIVERY")
OPERATOR: Status = (3, 2, "DELIVERED_TO_OPERATOR")
DELIVERED: Status = (3, 5, "DELIVERED_TO_HANDSET")
UNDELIVERABLE: Status = (2, 9, "UNDELIVERABLE_NOT_DELIVERED")
EXPIRED: Status = (4, 15, "EXPIRED_EXPIRED")
REFUSED: Status = (5, 14, "REJECTED_DESTINATION")
DUPLICATE: Status = (5, 23, "REJECTED_DUPLICATE_MESSAGE_ID")
FOR_NOW: tuple[Status, ...] = (
    (5, 12, "REJECTED_NOT_ENOUGH_CREDITS"),
    (5, 19, "REJECTED_ROUTE_NOT_AVAILABLE"),
    (5, 20, "REJECTED_FLOODING_FILTER"),
    (5, 21, "REJECTED_SYSTEM_ERROR"),
)


@dataclass
class Text:
    """One messageId that the provider has judged."""

    wire_id: str
    to: str
    words: str
    judged: Status
    accepted_at: int  # step
    status: Status
    told: list[Status] = field(default_factory=list)  # reported, once their push was answered

    @property
    def message(self) -> str:
        """The row of ours that it stands for."""
        return self.wire_id.rpartition("-")[0]

    @property
    def accepted(self) -> bool:
        """True when it is on its way to the phone, or there."""
        return self.judged == ENROUTE


@dataclass(frozen=True)
class Submitted:
    """A text in a request that was begun, and when it was claimed."""

    message: str  # the row of ours
    to: str
    words: str
    claimed: int  # step of the claim's commit
    claimed_at: int  # by the sender's clock, in microseconds since 1970


class Push:
    """One push of the provider: repeated until it is answered with 2xx."""

    def __init__(
        self,
        method: str,
        target: str,
        done: Callable[[], None],
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.method = method
        self.target = target
        self.done = done
        self.body = body
        self.headers = headers or {}
        self.attempt = 0
        self.settled = False


# Hands a push to a web process; False when nobody listens.
Deliver = Callable[[Push, Callable[[int], None]], bool]


class Network:
    """What all providers of a run share: the story's randomness, and how pushes are made."""

    def __init__(
        self,
        kernel: Kernel,
        rng: Random,
        deliver: Deliver,
        *,
        rough: float,
        drowsy: bool = False,
        fate: Callable[[str], Status] | None = None,
    ) -> None:
        self.kernel = kernel
        self.rng = rng
        self.rough = rough  # 0 is a calm network; ends with the faults
        self.drowsy = drowsy  # answers are slow, most are refusals for now, and reports are late
        self.refusing = 0.5 if drowsy else rng.choice((0.15, 0.15, 0.5))  # for now, of all texts
        self.takes = (0.5, 3.0, 7.0) if drowsy else (0.02, 0.1, 0.5, 3.0, 7.0)  # seconds to answer
        self.losing = rng.choice((0.1, 0.1, 0.4))  # answers
        self.phones: defaultdict[str, list[str]] = defaultdict(list)  # what has come there
        self._fate = fate
        self._deliver = deliver

    def fate(self, provider: str) -> Status | None:
        """What becomes of a text in the end; None when nobody ever tells."""
        if self._fate is not None:
            return self._fate(provider)
        ends = (DELIVERED, UNDELIVERABLE, EXPIRED, None)
        return self.rng.choices(ends, (0.8, 0.1, 0.05, 0.05))[0]

    def chance(self, probability: float) -> bool:
        """True as often as that, scaled by how rough it is."""
        return self.rng.random() < probability * self.rough

    def push(self, push: Push, *, after: float = 0.0) -> None:
        """Make a push, now and until it is answered."""
        self.kernel.at(self.kernel.now + after, lambda: self._attempt(push))

    def _attempt(self, push: Push) -> None:
        if push.settled:
            return
        number, open_ = push.attempt, [True]

        def over(status: int) -> None:
            if not open_[0]:
                return
            open_[0] = False
            if 200 <= status < 300 and not self.chance(0.1):  # else the answer gets lost
                push.settled = True
                push.done()
            elif number < RETRIES:
                push.attempt = number + 1
                self.push(push, after=60.0 * (1 + number * number))

        if self._deliver(push, over):
            self.kernel.at(self.kernel.now + PUSH_TIMEOUT, lambda: over(0))
        else:
            over(0)


class Provider:
    """One account: the transport under the real adapter, and the truth about its texts."""

    def __init__(self, network: Network, name: str, path: str) -> None:
        self.texts: dict[str, Text] = {}
        self.submitted: list[Submitted] = []
        self.away = (0.0, 0.0)  # from when to when it answers 503
        self._name = name
        self._path = path  # of our webhooks for this provider
        self._network = network
        self._kernel = network.kernel

    # --- requests -------------------------------------------------------------------------------

    def request(
        self, _method: str, url: str, _headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        """The transport of the adapter: one request, and what the network makes of it."""
        network, kernel = self._network, self._kernel
        fault = kernel.port("http")
        self._note(body)
        if fault == "before" or network.chance(0.06):
            raise NotSent("simulated: connection refused")
        refusal = self._refusal()
        if refusal is not None:
            kernel.sleep(0.05)
            return refusal
        if network.chance(0.06):
            self._time_out("the request got lost")
        if network.chance(0.06):
            kernel.at(kernel.now + network.rng.uniform(8, 60), partial(self._arrives, url, body))
            self._time_out("the request is stuck on its way")
        answer = self._serve(url, body)
        if fault == "after" or network.chance(network.losing):
            kernel.tell(self._name, "the answer gets lost")
            raise MaybeSent("simulated: the connection broke")
        if network.chance(0.05):
            self._time_out("the answer comes too late")
        kernel.sleep(network.rng.choice(network.takes))
        kernel.port("http answer")
        if network.chance(0.06):
            return Response(network.rng.choice((500, 502, 503)), {}, b"")
        return Response(200, {}, b"<html>" if network.chance(0.03) else answer)

    def _note(self, body: bytes | None) -> None:
        """Remember which texts left, and by which claim."""
        task = self._kernel.current
        if task is None or body is None:
            return
        for each in json.loads(body)["messages"]:
            to, wire_id = each["destinations"][0]["to"], each["destinations"][0]["messageId"]
            message = wire_id.rpartition("-")[0]
            claim = task.last_commit, task.last_commit_at
            self.submitted.append(Submitted(message, to, each["text"], *claim))

    def _refusal(self) -> Response | None:
        """The whole request is turned down, and nothing of it is looked at."""
        network = self._network
        if self.away[0] <= self._kernel.now < self.away[1]:
            return Response(503, {}, b"")
        if network.chance(0.05):
            return Response(network.rng.choice((500, 503)), {}, b"")
        if network.chance(0.05):
            return Response(429, {"retry-after": str(network.rng.randrange(1, 9))}, b"{}")
        if network.chance(0.015):
            return Response(network.rng.choice((401, 403)), {}, b"{}")
        return None

    def _time_out(self, why: str) -> None:
        self._kernel.tell(self._name, why)
        self._kernel.sleep(READ_TIMEOUT)
        self._kernel.port("http answer")
        raise MaybeSent("simulated: timed out")

    def _arrives(self, url: str, body: bytes | None) -> None:
        """A request comes when nobody waits for its answer any more."""
        self._serve(url, body)

    def _serve(self, url: str, body: bytes | None) -> bytes:
        if body is None:
            wanted = parse_qs(urlsplit(url).query)["messageId"]
            results = [self._line(self.texts[each]) for each in wanted if each in self.texts]
            return json.dumps({"results": results}).encode()
        entries = [self._judge(each) for each in json.loads(body)["messages"]]
        return json.dumps({"messages": entries}).encode()

    def _line(self, text: Text) -> dict[str, object]:
        return {"messageId": text.wire_id, "to": text.to, "status": _status(text.status)}

    def _judge(self, message: Mapping[str, object]) -> dict[str, object]:
        """Take or refuse one text."""
        destination = message["destinations"][0]  # type: ignore[index]
        wire_id, to, words = destination["messageId"], destination["to"], str(message["text"])
        known = self.texts.get(wire_id)
        if known is not None:
            self._kernel.tell(self._name, f"refuses {wire_id[-8:]} as a duplicate: {words}")
            status = DUPLICATE
        else:
            status = self._first_status()
            self.texts[wire_id] = Text(wire_id, to, words, status, self._kernel.steps, status)
            self._kernel.tell(self._name, f"{status[2]} {wire_id[-8:]}: {words}")
            if status == ENROUTE:
                self._follow(self.texts[wire_id])
        return {"messageId": wire_id, "to": to, "status": _status(status), "smsCount": 1}

    def _first_status(self) -> Status:
        if self._network.chance(self._network.refusing):
            return self._network.rng.choice(FOR_NOW)
        return REFUSED if self._network.chance(0.03) else ENROUTE

    # --- reports --------------------------------------------------------------------------------

    def _follow(self, text: Text) -> None:
        """Decide what becomes of a text, and when it is told."""
        rng = self._network.rng
        end = self._network.fate(self._name)
        delay = rng.choice((0.0, 0.05, 1.0, rng.uniform(1, 10), rng.uniform(10, 200)))
        if self._network.drowsy:  # a report would settle what the answers are about
            delay = rng.uniform(30, 200)
        steps = [] if end is None else [(delay, end)]
        if rng.random() < 0.25:
            earlier = delay * rng.random()
            steps.insert(0, (earlier, rng.choice((WAITING, OPERATOR))))
        for after, status in steps:
            self._kernel.at(self._kernel.now + after, partial(self._happens, text, status))

    def _happens(self, text: Text, status: Status) -> None:
        text.status = status
        if status == DELIVERED:
            self._network.phones[text.to].append(text.words)
        rng = self._network.rng
        for _ in range(2 if self._network.chance(0.3) else 1):
            late = rng.uniform(0, 30) if self._network.chance(0.3) else 0.0
            self._report(text, status, late)

    def _report(self, text: Text, status: Status, late: float) -> None:
        result = {
            "messageId": text.wire_id,
            "to": text.to,
            "status": _status(status),
            "error": {"groupId": 0, "id": 0, "name": "NO_ERROR", "permanent": False},
        }
        body = json.dumps({"results": [result]}).encode()
        push = Push("POST", f"{self._path}/dlr", lambda: text.told.append(status), body=body)
        self._network.push(push, after=late)

    def stray_report(self, number: int) -> None:
        """A report for an id that we never gave out."""
        text = Text(f"stray{number}-0", "447700900999", "", ENROUTE, 0, DELIVERED)
        self._report(text, DELIVERED, 0.0)

    # --- texts of people ------------------------------------------------------------------------

    def receive(self, message_id: str, sender: str, text: str, done: Callable[[], None]) -> None:
        """A phone texts our number; now and then the network tells it twice."""
        query = urlencode({"sender": sender, "text": text, "messageid": message_id})
        for _ in range(2 if self._network.chance(0.3) else 1):
            self._network.push(Push("GET", f"{self._path}/mo?{query}", done))


def _status(status: Status) -> dict[str, object]:
    group, id_, name = status
    return {"groupId": group, "id": id_, "name": name}
