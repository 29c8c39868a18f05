"""Workers: threads of one process for the embedded default, processes for production.

RQ's SimpleWorker, one queue each: no fork for each job (a forked one throws its connections away),
no scheduler, no pub/sub commands. What RQ loses, the sweep finds again in SQL.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import redis
import structlog
from rq import Queue
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty
from rq.worker import SimpleWorker

from smsflow import jobs
from smsflow.config import Settings
from smsflow.jobs import INBOX, OUTBOX, SmsflowJob, Sweep
from smsflow.runtime import Runtime

WORKER_TTL = 45  # seconds until RQ forgets a worker that died
MAINTENANCE = 30  # seconds

log = structlog.get_logger(__name__)


class QueueWorker(SimpleWorker):
    """RQ's worker without the parts that don't fit: forks, pub/sub commands, long reconnects."""

    death_penalty_class = TimerDeathPenalty
    max_connection_wait_time = 2.0

    def subscribe(self) -> None:
        """Take no commands from Redis."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed."""


class ThreadWorker(QueueWorker):
    """A worker in a thread, where no signals arrive."""

    def _install_signal_handlers(self) -> None:
        """Signals belong to the main thread."""


def _worker(kind: type[QueueWorker], queue: str, connection: redis.Redis) -> QueueWorker:
    return kind(
        [queue],
        connection=connection,
        job_class=SmsflowJob,
        serializer=JSONSerializer,
        default_result_ttl=0,
        worker_ttl=WORKER_TTL,
        maintenance_interval=MAINTENANCE,
        log_job_description=False,
    )


# --- in one process -------------------------------------------------------------------------------


class ThreadWorkers:
    """One worker for each queue and the sweep, as threads of this process."""

    def __init__(self, runtime: Runtime, *, sweep_every: float = 1.0) -> None:
        self._runtime = runtime
        self._sweep = Sweep(runtime, _holder(), every=sweep_every)
        self._workers = [
            _worker(ThreadWorker, queue, _queue_connection(runtime)) for queue in (INBOX, OUTBOX)
        ]
        self._threads = [
            threading.Thread(target=self._work, args=(worker,), name=worker.queues[0].name)
            for worker in self._workers
        ]
        self._threads.append(threading.Thread(target=self._sweep.run, name="smsflow-sweep"))

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def stop(self) -> None:
        """Finish the jobs in hand and stop."""
        self._sweep.stop()
        for worker in self._workers:
            worker._stop_requested = True
            Queue(
                worker.queues[0].name,
                connection=self._runtime.redis,
                job_class=SmsflowJob,
                serializer=JSONSerializer,
            ).enqueue_call("smsflow.jobs.wake", result_ttl=0)
        for thread in self._threads:
            thread.join(timeout=10)

    def _work(self, worker: QueueWorker) -> None:
        jobs.use(self._runtime)
        worker.work(logging_level="WARNING")


def _queue_connection(runtime: Runtime) -> redis.Redis:
    """A connection to wait on for long; a nudge's own gives up after half a second."""
    if runtime.settings.embedded:
        return runtime.redis
    return redis.Redis.from_url(runtime.settings.redis_url)


# --- as processes ---------------------------------------------------------------------------------


def run_child(settings: Settings, queue: str) -> None:
    """Work one queue in this process until SIGTERM, or until the supervisor is gone."""
    runtime = Runtime.open(settings)
    try:
        jobs.use(runtime)
        _stop_with_parent()
        _worker(QueueWorker, queue, _queue_connection(runtime)).work(logging_level="WARNING")
    finally:
        runtime.close()


def _stop_with_parent() -> None:
    """A supervisor that was killed can't stop its children, so they look for it."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


class Supervisor:
    """`smsflow worker`: keeps the children alive and runs the sweep."""

    def __init__(self, settings: Settings, *, inbox: int = 2, outbox: int = 1) -> None:
        self._settings = settings
        self._wanted = [INBOX] * inbox + [OUTBOX] * outbox
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; jobs in hand are finished."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        runtime = Runtime.open(self._settings)
        sweep = Sweep(runtime, _holder())
        sweeping = threading.Thread(target=sweep.run, name="smsflow-sweep", daemon=True)
        sweeping.start()
        children = [_Child(queue, self._start) for queue in self._wanted]
        log.info("worker_started", children=len(children))
        try:
            while not self._stopping.wait(0.2):
                for child in children:
                    child.look_after()
        finally:
            for child in children:
                child.stop()
            sweep.stop()
            sweeping.join(timeout=5)
            runtime.close()
            log.info("worker_stopped")

    def _start(self, queue: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "smsflow", "work-queue", queue]
        environment: dict[str, Any] = {
            **self._settings.environment,
            "SMSFLOW_PROJECT": str(self._settings.project),
        }
        # A process group of its own: Ctrl-C in a terminal reaches the supervisor alone.
        return subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603


class _Child:
    """One child process, started again when it ends, at most once a second."""

    def __init__(self, queue: str, start: Callable[[str], subprocess.Popen[bytes]]) -> None:
        self._queue = queue
        self._start = start
        self._process = start(queue)
        self._started = time.monotonic()

    def look_after(self) -> None:
        status = self._process.poll()
        if status is not None and time.monotonic() - self._started > 1.0:
            log.warning("child_ended", queue=self._queue, status=status)
            self._process = self._start(self._queue)
            self._started = time.monotonic()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
