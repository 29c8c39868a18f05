"""A tiny process manager: starts what it is given, and starts it again when it ends.

It stands for the platform that a deployment has (systemd, Kubernetes, Heroku), because what is
tested is how smsflow comes back when it is started again. At the end nothing is left: every
process carries a mark in its environment that its children inherit, and all who carry it are ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self
from uuid import uuid4

from benchmarks.processes import ROOT, descendants, inherited

RESTART_SECONDS = 0.1  # until a process that ended is started again, as by systemd
LOOK_SECONDS = 0.02


class ChaosError(Exception):
    """The surroundings of a run failed; it says nothing about smsflow."""


class Kept:
    """One command that is kept running. `gentle` is the signal that ends it in good order."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        user: str | None = None,
        gentle: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.log = log
        self.starts = 0
        self._command = command
        self._environment = environment
        self._user = user
        self._gentle = gentle
        self._lock = threading.Lock()
        self._wanted = False
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = 0.0

    @property
    def pid(self) -> int:
        """The process that runs now, or ran last."""
        return self._process.pid if self._process is not None else 0

    def children(self) -> list[int]:
        """The processes that it started, and theirs."""
        return descendants(self.pid)[1:] if self.pid else []

    def start(self) -> None:
        """Run it, and run it again whenever it ends."""
        with self._lock:
            self._wanted = True
            self._launch()

    def look_after(self) -> None:
        """Start it again if it has ended."""
        with self._lock:
            if self._process is None or self._process.poll() is None or not self._wanted:
                return
            now = time.monotonic()
            self._ended = self._ended or now
            if now - self._ended >= RESTART_SECONDS:
                self._launch()

    def stop(self, seconds: float = 10.0) -> None:
        """End it in good order, and leave it ended; it is killed when it does not obey."""
        with self._lock:
            self._wanted = False
            process = self._process
        if process is not None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.send_signal(self._gentle)
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            process.kill()
            process.wait()

    def restart(self) -> None:
        """End it in good order and start it again, as for a new version."""
        self.stop(20.0)
        self.start()

    def pause(self) -> None:
        """Let it stand still."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def _launch(self) -> None:
        self._process = launch(self._command, self._environment, self.log, self._user)
        self._ended = 0.0
        self.starts += 1


def launch(
    command: Sequence[str], environment: Mapping[str, str], log: Path, user: str | None
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that Ctrl-C reaches the keeper alone."""
    as_user = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    with log.open("ab") as file:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            cwd=ROOT if user is None else "/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            **as_user,  # type: ignore[call-overload]
        )
    return process


class Keeper:
    """Keeps commands running; usable in a `with` statement, at whose end all of them are gone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: dict[str, Kept] = {}
        self._mark = f"SMSFLOW_CHAOS={uuid4().hex}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopping.set()
        self._thread.join()
        for kept in reversed(self.kept.values()):
            with suppress(ProcessLookupError):
                os.kill(kept.pid, signal.SIGCONT)
            kept.stop()
        self._sweep_up()

    def keep(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        user: str | None = None,
        gentle: signal.Signals = signal.SIGTERM,
    ) -> Kept:
        """Start a command and keep it running."""
        log = self.folder / f"{name.replace(' ', '-')}.log"
        kept = Kept(name, command, self._marked(environment), log, user=user, gentle=gentle)
        kept.start()
        self.kept[name] = kept
        return kept

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], *, user: str | None = None
    ) -> tuple[int, str]:
        """Run a command to its end, within a minute; its status and what it said."""
        log = self.folder / f"run-{uuid4().hex[:8]}.log"
        process = launch(command, self._marked(environment), log, user)
        try:
            return process.wait(60), log.read_text()
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ChaosError(f"{command} does not end:\n{log.read_text()[-2000:]}") from None

    def _marked(self, environment: Mapping[str, str]) -> dict[str, str]:
        name, _, value = self._mark.partition("=")
        return {**inherited(), **environment, name: value}

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            for kept in list(self.kept.values()):
                kept.look_after()

    def _sweep_up(self) -> None:
        """Kill whoever carries our mark: children whose parent was killed."""
        deadline = time.monotonic() + 5
        while (left := _marked_with(self._mark)) and time.monotonic() < deadline:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            threading.Event().wait(LOOK_SECONDS)


def _marked_with(mark: str) -> list[int]:
    """Living processes with this in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark.encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found
