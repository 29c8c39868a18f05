"""Everything in one process: it starts whole, works, and leaves nothing behind."""

from __future__ import annotations

import shutil
import socket
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smsflow.config import Settings
from smsflow.demo.clock import DemoClock
from smsflow.demo.people import Person
from smsflow.demo.record import Record
from smsflow.demo.stage import Stage
from smsflow.errors import ProjectInvalid, SettingsInvalid
from smsflow.service import Service

CHECKOUT = Path(__file__).parent.parent
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def settings(tmp_path: Path, project: Path = CHECKOUT) -> Settings:
    """Settings of a service with a database of its own."""
    return Settings(
        project=project,
        database_url=f"sqlite:///{tmp_path / 'service.db'}",
        secret_key=b"a secret for the digests",
        api_token="token",
    )


def test_a_text_is_answered_and_nothing_is_left(tmp_path: Path) -> None:
    """A text goes in and out over HTTP; after `stop` there is no thread and no socket more."""
    before = set(threading.enumerate())
    given, clock = settings(tmp_path), DemoClock(MONDAY)
    service = Service(given, clock=clock, sweep_every=0.05, sandboxed=True)
    with service:
        record = Record(print)
        with closing(Stage(service, given, clock, record)) as stage:
            caller = Person(stage, "caller", "+447700900101")
            caller.says("hours")
            caller.gets("hours", "main/send-1")
            caller.done()
    assert record.summary.deviations == []
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2])))


def test_an_address_that_is_taken_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    """A service starts whole or not at all."""
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsInvalid, match=rf"127.0.0.1:{port} \([\w ]+\); choose"):
            Service(settings(tmp_path), port=port, sandboxed=True).start()
    assert set(threading.enumerate()) == before


def test_an_account_that_is_missing_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    """Without sandboxes the accounts of smsflow.yaml count, and their secrets must be there."""
    before = set(threading.enumerate())
    with pytest.raises(SettingsInvalid, match="SMS_WEBHOOK_SECRET, which is not set"):
        Service(settings(tmp_path)).start()
    assert set(threading.enumerate()) == before


def test_a_broken_project_does_not_start(tmp_path: Path) -> None:
    """Mistakes in flows come first, before anything is bound."""
    project = tmp_path / "project"
    shutil.copytree(CHECKOUT / "flows", project / "flows")
    (project / "smsflow.yaml").write_text("smsflow-project: 1\n")
    with pytest.raises(ProjectInvalid):
        Service(settings(tmp_path, project), sandboxed=True).start()


def test_the_demo_clock_runs_and_jumps_forward_only() -> None:
    """Time goes on by itself, jumps ahead when told, and never back."""
    clock = DemoClock(MONDAY)
    first = clock.now()
    clock.jump_to(MONDAY + timedelta(days=2))
    later = clock.now()
    clock.jump_to(MONDAY)
    assert MONDAY <= first < later <= clock.now()
    assert clock.now() - MONDAY < timedelta(days=2, minutes=1)
