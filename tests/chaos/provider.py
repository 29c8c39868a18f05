"""The provider: the sandbox in a process of its own, and what a run tells and asks it.

The provider is nobody's to kill: what its network and its handsets know is the truth that an
auditor needs. It pushes a report that we didn't take again by the manual's formula (1 minute, 2, 5,
10 ...) with a minute made two seconds, or a run would have to wait for hours; nothing else about it
is hurried.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import urllib3

from benchmarks.processes import free_port
from smsflow.sandbox.network import Network
from smsflow.sandbox.records import Answer, Push, Submission
from smsflow.sandbox.server import Sandbox, new_id
from tests.chaos.keeper import ChaosError, Keeper
from tests.chaos.servers import READY_SECONDS, until

USER = PASSWORD = "chaos"
HURRY = 30


class ToldNetwork(Network):
    """A network whose minute between two pushes has two seconds, and that tells what it takes.

    Each text that it accepts is a line of its output, so that people can answer what they hear
    without asking for it all the time.
    """

    def submit(self, submission: Submission, now: datetime) -> Answer:
        """Take or refuse each text, and tell of those that were taken."""
        answer = super().submit(submission, now)
        texts = [order.text for order in submission.orders for _ in order.destinations]
        for text, entry in zip(texts, answer.entries, strict=True):
            if entry.status.group_name != "REJECTED":
                sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
        return answer

    def pushed(self, push: Push, ok: bool, now: datetime) -> None:
        """Note how a push went, as if the wait for the next had nearly passed already."""
        wait = push.retry_wait or timedelta()
        super().pushed(push, ok, now - wait * (1 - 1 / HURRY))


def main() -> None:
    """Serve on the port of the command line until SIGTERM."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    network = ToldNetwork(ids=new_id)
    with Sandbox(network, user=USER, password=PASSWORD, port=int(sys.argv[1])):
        told.wait()


class Provider:
    """A provider that runs, and its control API."""

    def __init__(self, keeper: Keeper) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._http = urllib3.PoolManager(
            retries=False, timeout=30, headers=urllib3.make_headers(basic_auth=f"{USER}:{PASSWORD}")
        )
        command = [sys.executable, "-m", "tests.chaos.provider", str(port)]
        self.accepted = keeper.keep("provider", command, {}).log  # a line for each text it took
        until(self._answers, "the provider", READY_SECONDS)

    def _answers(self) -> bool:
        try:
            return bool(self._ask("GET", "/pending"))
        except urllib3.exceptions.HTTPError:
            return False

    def _ask(self, method: str, path: str, told: Any = None) -> Any:
        response = self._http.request(method, f"{self.url}/sandbox{path}", json=told)
        if response.status != 200:
            raise ChaosError(f"the provider says {response.status} to {path}: {response.data!r}")
        return response.json()

    def fates(self, number: str, fates: Sequence[Any]) -> None:
        """Decide what becomes of the next texts to that number."""
        self._ask("PUT", f"/handsets/{number}", {"fates": list(fates)})

    def faults(self, faults: Mapping[str, Any]) -> None:
        """The faults from now on, in place of those before."""
        self._ask("PUT", "/faults", dict(faults))

    def messages(self) -> list[dict[str, Any]]:
        """Every text that it ever got, in the order of submission."""
        found: list[dict[str, Any]] = self._ask("GET", "/messages")["messages"]
        return found

    def on_handset(self, number: str) -> list[str]:
        """The texts that a handset holds, in the order in which it got them."""
        talk = self._ask("GET", f"/handsets/{number}/messages")["messages"]
        return [each["text"] for each in talk if each["direction"] == "got"]

    def owes(self) -> int:
        """How many reports and steps of texts are still to come."""
        found = self._ask("GET", "/pending")
        return int(found["deliveries"]) + int(found["pushes"])

    def close(self) -> None:
        """Give back connections."""
        self._http.clear()


if __name__ == "__main__":
    main()
