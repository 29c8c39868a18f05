"""Pulling: what a provider gives out once is committed, and what may be lost is read up."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from smsflow import jobs
from smsflow.engine.language.parse import read_project
from smsflow.errors import Conflict
from smsflow.jobs import INBOX, Sweep
from smsflow.providers.pigeonhost import PigeonHost
from smsflow.providers.transport import MaybeSent, NotSent, Response
from smsflow.pulling import LIMIT, SETTLE_EVERY, WAITS, Puller
from smsflow.store.schema import leaders
from tests.test_jobs import environment as environment  # a fixture
from tests.test_jobs import queue, work
from tests.test_jobs import runtime as runtime  # a fixture

PHONE = "447700900123"
ARRIVED = {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"}


def text(number: int) -> dict[str, Any]:
    """The n-th text to us."""
    told = {"from": PHONE, "to": "447700900000", "text": f"text {number}"}
    return told | {"messageId": str(number)}


class PostOffice:
    """A transport with a provider at its end that gives things out once and remembers all."""

    def __init__(self) -> None:
        self.texts: deque[dict[str, Any]] = deque()
        self.reports: deque[dict[str, Any]] = deque()
        self.history: list[dict[str, Any]] = []
        self.planned: deque[Exception] = deque()
        self.lose = False  # the next answer that gives something out
        self.asked: list[str] = []

    def put(self, *numbers: int) -> None:
        """Texts to us wait to be pulled."""
        self.texts.extend(map(text, numbers))
        self.history += map(text, numbers)

    def request(
        self, _method: str, url: str, _headers: Mapping[str, str], _body: bytes | None
    ) -> Response:
        parts = urlsplit(url)
        self.asked.append(parts.path)
        if self.planned:
            raise self.planned.popleft()
        limit = int(parse_qs(parts.query)["limit"][0])
        if parts.path == "/sms/1/logs":
            found: list[dict[str, Any]] = []
        elif parts.path == "/sms/1/inbox/logs":
            found, self.history = self.history, []
        else:
            box = self.reports if parts.path == "/sms/1/reports" else self.texts
            found = [box.popleft() for _ in range(min(limit, len(box)))]
            if found and self.lose:
                self.lose = False
                raise MaybeSent("the answer broke off")
        return Response(200, {}, json.dumps({"results": found}).encode())


@pytest.fixture
def office(runtime: Any) -> PostOffice:
    office = PostOffice()
    runtime.providers["primary"] = PigeonHost("primary", "http://127.0.0.1:9", transport=office)
    return office


def inbox(runtime: Any) -> list[str]:
    """What came in, by text or by wire id."""
    with runtime.store.work(runtime.clock.now(), 1000) as batch:
        return [row.payload.get("text") or row.payload["wire_id"] for row in batch.rows]


def settled(runtime: Any, office: PostOffice) -> None:
    """A pull that settles, so that the next one does not."""
    Puller(runtime, "primary").pull()
    office.asked.clear()


def test_reports_and_texts_are_pulled_until_there_are_no_more(
    runtime: Any, office: PostOffice
) -> None:
    """A full answer is followed by another question."""
    settled(runtime, office)
    office.put(*range(LIMIT + 5))
    office.reports.append({"messageId": "m1-0", "to": PHONE, "status": ARRIVED})
    assert Puller(runtime, "primary").pull() == LIMIT + 6
    pulls = ["/sms/1/reports", "/sms/1/inbox/reports", "/sms/1/inbox/reports"]
    assert office.asked == pulls
    assert "m1-0" in inbox(runtime)


def test_a_commit_that_fails_is_tried_again(
    runtime: Any, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was pulled exists nowhere else."""
    settled(runtime, office)
    office.put(1)
    insert, waited = runtime.store.insert, []
    fails = deque([Conflict("busy"), Conflict("busy")])

    def sometimes(rows: Any) -> Any:
        if fails:
            raise fails.popleft()
        return insert(rows)

    monkeypatch.setattr(runtime.store, "insert", sometimes)
    assert Puller(runtime, "primary", wait=waited.append).pull() == 1
    assert waited == list(WAITS[:2])
    assert inbox(runtime) == ["text 1"]


def test_an_answer_that_was_lost_is_read_up_at_once(runtime: Any, office: PostOffice) -> None:
    """From the history of texts; those that are known stay one."""
    settled(runtime, office)
    office.put(1)
    assert Puller(runtime, "primary").pull() == 1
    office.put(2)
    office.history.append(text(1))
    office.lose = True
    assert Puller(runtime, "primary").pull() == 1
    assert inbox(runtime) == ["text 1", "text 2"]


def test_what_a_crash_lost_is_read_up_within_the_hour(
    runtime: Any, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the provider's answer and the commit."""
    settled(runtime, office)
    office.put(1)

    def dies(_rows: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(runtime.store, "insert", dies)
        with pytest.raises(KeyboardInterrupt):
            Puller(runtime, "primary").pull()
    assert inbox(runtime) == []
    for name in ("pull", "settle"):  # their time is over
        expire(runtime, f"{name}:primary")
    assert Puller(runtime, "primary").pull() == 1
    assert inbox(runtime) == ["text 1"]


def expire(runtime: Any, name: str) -> None:
    """Let a lease run out."""
    with runtime.store._db.write() as connection:
        connection.execute(update(leaders).where(leaders.c.name == name).values(until=0.0))


def test_settling_is_not_done_more_often_than_every_hour(runtime: Any, office: PostOffice) -> None:
    """For it reads two days of logs."""
    Puller(runtime, "primary").pull()
    assert "/sms/1/inbox/logs" in office.asked
    settled(runtime, office)
    Puller(runtime, "primary").pull()
    assert "/sms/1/inbox/logs" not in office.asked
    assert SETTLE_EVERY == 3600


def test_one_process_pulls_at_a_time(runtime: Any, office: PostOffice) -> None:
    """The other finds nothing to do."""
    assert runtime.store.lead("pull:primary", "another", 60.0)
    assert Puller(runtime, "primary").pull() == 0
    assert office.asked == []


def test_a_provider_that_is_away_is_told_in_the_log(runtime: Any, office: PostOffice) -> None:
    """And asked again next time."""
    settled(runtime, office)
    office.put(1)
    office.planned.append(NotSent("no connection"))
    with capture_logs() as logs:
        assert Puller(runtime, "primary").pull() == 0
    assert [entry["event"] for entry in logs] == ["not_pulled"]
    assert Puller(runtime, "primary").pull() == 1


def test_who_cannot_be_pulled_is_left_alone(runtime: Any) -> None:
    """A name that is gone as well."""
    runtime.providers["primary"] = object()
    assert Puller(runtime, "primary").pull() == 0
    assert Puller(runtime, "nobody").pull() == 0


def test_the_sweep_has_those_asked_whose_time_has_come(
    runtime: Any, office: PostOffice, clock: Any
) -> None:
    """By a job of the inbox's queue, and what came in is worked off."""
    with_pull(runtime, 10)
    sweep = Sweep(runtime, "test")
    office.put(1)
    sweep.once()
    assert queue(runtime, INBOX).count == 1
    work(runtime, INBOX)
    assert office.asked[:2] == ["/sms/1/reports", "/sms/1/inbox/reports"]
    assert inbox(runtime) == []
    assert runtime.store.messages_of(f"+{PHONE}")
    office.asked.clear()
    clock.advance(timedelta(seconds=9))
    sweep.once()
    work(runtime, INBOX)
    assert office.asked == []
    clock.advance(timedelta(seconds=1))
    sweep.once()
    work(runtime, INBOX)
    assert office.asked[:2] == ["/sms/1/reports", "/sms/1/inbox/reports"]


def with_pull(runtime: Any, seconds: int) -> None:
    """Have the project say that `primary` is pulled."""
    text = (Path(__file__).parents[1] / "smsflow.yaml").read_text()
    project, issues = read_project(text.replace("rate: 50/s", f"pull: {seconds}s"))
    assert project is not None
    assert issues == []
    runtime.project = project


def test_a_pulled_provider_is_given_no_address_for_reports(runtime: Any) -> None:
    """For it keeps back only those that it was not told to push."""
    notify: Callable[[str], str | None] = runtime._notify_url
    assert notify("primary") is not None
    with_pull(runtime, 10)
    assert notify("primary") is None
    assert jobs.ENTRY_POINTS["smsflow.jobs.pull"] is jobs.pull
