"""Whoever can write to Redis can wake our workers, and nothing more."""

from __future__ import annotations

import json
import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest
from rq.job import Job
from rq.serializers import JSONSerializer

from smsflow.jobs import INBOX
from smsflow.runtime import Runtime
from tests.test_jobs import environment, runtime, work

__all__ = ["environment", "runtime"]

NOW = "2026-03-02T09:00:00.000000Z"


class Evil:
    """What runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


def call(function: str, *args: Any, instance: Any = None) -> bytes:
    return zlib.compress(json.dumps([function, instance, args, {}]).encode())


def forged(touch: str) -> dict[str, dict[str, Any]]:
    evil = pickle.dumps(Evil(touch))
    wake = call("smsflow.jobs.wake")
    fails = call("smsflow.jobs.wake", "an argument too many")
    return {
        "a function": {"data": call("os.system", touch)},
        "a function, not packed": {"data": zlib.decompress(call("os.system", touch))},
        "a method of a pickle": {"data": call("run", instance=evil.hex())},
        "a pickle": {"data": evil},
        "a packed pickle": {"data": zlib.compress(evil)},
        "a private name": {"data": call("smsflow.jobs._current")},
        "meta data": {"data": wake, "meta": evil},
        "callbacks": {
            "data": wake,
            "success_callback_name": "os.abort",
            "failure_callback_name": "os.abort",
            "stopped_callback_name": "os.abort",
        },
        "webhooks": {"data": wake, "webhooks": '[{"url": "http://127.0.0.1:9/"}]'},
        "endless retries": {"data": fails, "retries_left": "999999", "retry_intervals": "[0]"},
        "endless repeats": {"data": wake, "repeats_left": "999999", "repeat_intervals": "[0]"},
        "dependencies": {"data": wake, "dependency_ids": '["x"]', "group_id": "y"},
        "no time at all": {"data": wake, "timeout": "0"},
        "a time that is none": {"data": wake, "created_at": "yesterday", "timeout": "soon"},
        "a status that is none": {"data": wake, "status": "\xff"},
        "no data": {},
        "data that is no JSON": {"data": b"\xff\xfe"},
        "a bomb": {"data": zlib.compress(b"[" + b" " * 50_000_000 + b"]")},
    }


@pytest.mark.parametrize("name", forged(""))
def test_a_forged_job_runs_nothing(runtime: Runtime, tmp_path: Path, name: str) -> None:
    """It is passed over or fails, once; the worker goes on to the next job."""
    canary = tmp_path / "canary"
    fields = {"status": "queued", "origin": INBOX, "created_at": NOW}
    fields |= forged(f"touch {canary}")[name]
    connection = runtime.redis
    connection.hset(Job.key_for("forged"), mapping=fields)
    connection.rpush(f"rq:queue:{INBOX}", "forged")
    work(runtime)
    assert not canary.exists()
    assert connection.llen(f"rq:queue:{INBOX}") == 0
    plain: Any = {"connection": connection, "serializer": JSONSerializer, "result_ttl": 60}
    ours = Job.create("smsflow.jobs.wake", **plain)
    ours.origin = INBOX
    ours.save()
    connection.rpush(f"rq:queue:{INBOX}", ours.id)
    work(runtime)
    assert connection.llen(f"rq:queue:{INBOX}") == 0
    assert ours.get_status() == "finished"
