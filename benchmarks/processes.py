"""Child processes of a measurement: started, waited for, ended whatever happens, and weighed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0
STOP_SECONDS = 15.0
_TICKS = os.sysconf("SC_CLK_TCK")


class MeasurementError(Exception):
    """A part of the measurement did not do its part."""


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def inherited() -> dict[str, str]:
    """The environment for our children. Python may keep what it compiles, as pip does when it
    installs; else each of them would compile hundreds of modules at its start."""
    kept = {name: each for name, each in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT)}


@contextmanager
def child(
    arguments: Sequence[str], environment: Mapping[str, str], log: Path, **pipes: int
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process in a group of its own; at the end it and all its children are gone."""
    with log.open("ab") as file:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**inherited(), **environment},
            start_new_session=True,
            **{"stdout": file, "stderr": file, "stdin": subprocess.DEVNULL, **pipes},  # type: ignore[call-overload]
        )
    try:
        yield process
    finally:
        family = descendants(process.pid)
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def wait_for_answer(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when HTTP is answered there; raises MeasurementError, with the log, if it never is."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=1)
        with suppress(OSError, HTTPException):
            connection.request("GET", "/healthz")
            connection.getresponse()
            connection.close()
            return
        connection.close()
        time.sleep(0.05)
    raise MeasurementError(f"nothing answers on port {port}:\n{log.read_text()[-2000:]}")


class ProviderProcess:
    """The provider, told what to do by lines of JSON."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self.port: int = self._read()["port"]

    def run(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """One run; what came of it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise MeasurementError("the provider has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def provider(folder: Path) -> Iterator[ProviderProcess]:
    """The provider, ready to be told."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with child(["-m", "benchmarks.provider"], {}, folder / "provider.log", **pipes) as process:
        yield ProviderProcess(process)


# --- weighing (Linux; elsewhere there are no figures) ---------------------------------------------


def descendants(pid: int) -> list[int]:
    """A process, its children, and theirs; the process alone where there is no /proc."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for each in found:
        found.extend(children.get(each, []))
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU time of these processes and of their children that have ended."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(each) for each in fields[11:15])
    return total / _TICKS


def postgres_backends(database: str) -> list[int]:
    """The server's processes that work for a database, by their titles."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            title = path.read_bytes()
            if title.startswith(b"postgres:") and f" {database} ".encode() in title:
                found.append(int(path.parent.name))
    return found
