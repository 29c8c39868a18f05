"""Redis carries wake-up calls: without it texts are taken, and answered when it is back."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import urllib3

from tests.chaos import project, servers
from tests.chaos.keeper import Keeper
from tests.chaos.provider import Provider
from tests.chaos.town import production

ANSWER_SECONDS = 1.0
RECOVERY_SECONDS = 10.0
TEXTS = 20  # while it is away


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    """A process manager with a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="smsflow-chaos-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the user that PostgreSQL runs as has to pass through
        with Keeper(folder) as keeper:
            yield keeper


class Pusher:
    """Pushes texts as the provider does, each with a number of its own."""

    def __init__(self, http: urllib3.PoolManager, hook: str) -> None:
        self.pushed = 0
        self._http = http
        self._hook = hook

    def push(self) -> tuple[int, float]:
        """Push one text: the status, and how many seconds the answer took."""
        query = {
            "sender": f"4477009{self.pushed:05d}",
            "receiver": project.ADDRESS,
            "text": f"say {self.pushed}",
            "messageid": f"away-{self.pushed}",
        }
        self.pushed += 1
        began = time.monotonic()
        status = self._http.request("GET", f"{self._hook}?{urlencode(query)}").status
        return status, time.monotonic() - began


def test_without_redis_texts_are_taken_and_are_answered_when_it_is_back(keeper: Keeper) -> None:
    """Each push is answered 200 within a second; all is worked off within ten of its return.

    First Redis is stopped, then it hangs.
    """
    provider = Provider(keeper)
    town = production(keeper, provider)
    queues = keeper.kept["redis"]

    def all_replied(within: float) -> None:
        servers.until(lambda: len(provider.messages()) == pusher.pushed, "all replies", within)

    with urllib3.PoolManager(retries=False, timeout=5) as http:
        pusher = Pusher(http, town.hook)
        assert pusher.push()[0] == 200
        all_replied(20)
        for away, back in ((queues.stop, queues.start), (queues.pause, queues.resume)):
            away()
            told = [pusher.push() for _ in range(TEXTS)]
            assert {status for status, _ in told} == {200}
            assert max(seconds for _, seconds in told) < ANSWER_SECONDS
            back()
            all_replied(RECOVERY_SECONDS)
    provider.close()
