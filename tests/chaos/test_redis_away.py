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
from tests.chaos.town import Town, production

ANSWER_SECONDS = 1.0
RECOVERY_SECONDS = 10.0
TEXTS = 20


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    """A process manager with a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="smsflow-chaos-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the user that PostgreSQL runs as has to pass through
        with Keeper(folder) as keeper:
            yield keeper


def _push(http: urllib3.PoolManager, town: Town, number: int) -> tuple[int, float]:
    """Push one text: the status, and how many seconds the answer took."""
    query = {
        "sender": f"4477009{number:05d}",
        "receiver": project.ADDRESS,
        "text": f"say {number}",
        "messageid": f"away-{number}",
    }
    began = time.monotonic()
    status = http.request("GET", f"{town.hook}?{urlencode(query)}").status
    return status, time.monotonic() - began


@pytest.mark.parametrize("how", ["stopped", "hung"])
def test_without_redis_texts_are_taken_and_are_answered_when_it_is_back(
    keeper: Keeper, how: str
) -> None:
    """Each push is answered 200 within a second; all is worked off within ten of its return."""
    provider = Provider(keeper)
    town = production(keeper, provider)
    queues = keeper.kept["redis"]
    with urllib3.PoolManager(retries=False, timeout=5) as http:
        assert _push(http, town, 0)[0] == 200
        servers.until(lambda: len(provider.messages()) == 1, "the first reply", 20)
        if how == "stopped":
            queues.stop()
        else:
            queues.pause()
        told = [_push(http, town, number) for number in range(1, TEXTS)]
    assert {status for status, _ in told} == {200}
    assert max(seconds for _, seconds in told) < ANSWER_SECONDS
    if how == "stopped":
        queues.start()
    else:
        queues.resume()
    servers.until(lambda: len(provider.messages()) == TEXTS, "all replies", RECOVERY_SECONDS)
    provider.close()
