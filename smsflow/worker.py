"""Workers: threads of one process for the embedded default, processes for production.

RQ's SimpleWorker, one queue each: no fork for each job (a forked one throws its connections away),
no scheduler, no pub/sub commands. What RQ loses, the sweep finds again in SQL.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import uuid4

import redis
import structlog
from rq import Queue
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty
from rq.worker import SimpleWorker

from smsflow import jobs
from smsflow.config import Settings
from smsflow.errors import SettingsInvalid
from smsflow.jobs import ERRANDS, INBOX, OUTBOX, SmsflowJob, Sweep
from smsflow.parent import end_with
from smsflow.runtime import Runtime, try_out

WORKER_TTL = 45  # seconds until RQ forgets a worker that died
MAINTENANCE = 30  # seconds
HIRE_AFTER = 0.2  # seconds, when a worker has quit
UNREACHABLE = 1.0  # seconds, when Redis was not there
STOP_SECONDS = 20.0  # for a job in hand
# A supervisor that is killed is started again, which takes seconds on a busy machine. Until then
# its children go on; both at once are no more than two `smsflow worker`.
ORPHAN_SECONDS = 20.0

log = structlog.get_logger(__name__)


class QueueWorker(SimpleWorker):
    """RQ's worker without the parts that don't fit: forks, pub/sub commands, long reconnects."""

    death_penalty_class = TimerDeathPenalty
    max_connection_wait_time = 2.0
    told_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop after the job in hand; a Redis that is away must not break that job off."""
        self.told_to_stop = True
        with suppress(redis.RedisError):
            super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

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


class _Post:
    """A queue that is worked until somebody says stop.

    RQ's worker quits when Redis breaks off at the wrong moment. The next one takes over right here,
    for a new process would need a second to be there.
    """

    def __init__(self, kind: type[QueueWorker], queue: str, connection: redis.Redis) -> None:
        self.queue = queue
        self._kind = kind
        self._connection = connection
        self._worker: QueueWorker | None = None
        self._stopping = threading.Event()

    def work(self) -> None:
        """Work until told to stop, by `stop` or by a signal to this process."""
        with suppress(StopRequested):
            while not self._stopping.is_set():
                pause = HIRE_AFTER
                try:
                    self._worker = _worker(self._kind, self.queue, self._connection)
                    if self._stopping.is_set():
                        return
                    self._worker.work(logging_level="WARNING")
                except redis.RedisError as error:
                    log.warning("redis_unreachable", doing="work", reason=str(error))
                    pause = UNREACHABLE
                told_to_stop = self._worker is not None and self._worker.told_to_stop
                if told_to_stop or self._stopping.wait(pause):
                    return

    def stop(self) -> None:
        """Let `work` end after the job in hand, as soon as there is a next one."""
        self._stopping.set()
        if self._worker is not None:
            self._worker._stop_requested = True


# --- in one process -------------------------------------------------------------------------------


class ThreadWorkers:
    """One worker for each queue and the sweep, as threads of this process."""

    def __init__(self, runtime: Runtime, *, sweep_every: float = 1.0) -> None:
        self._runtime = runtime
        self._sweep = Sweep(runtime, uuid4().hex, every=sweep_every)
        self._posts = [
            _Post(ThreadWorker, queue, _queue_connection(runtime))
            for queue in (INBOX, OUTBOX, ERRANDS)
        ]
        self._threads = [
            threading.Thread(target=self._work, args=(post,), name=post.queue)
            for post in self._posts
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
        for post in self._posts:
            post.stop()
            Queue(
                post.queue,
                connection=self._runtime.redis,
                job_class=SmsflowJob,
                serializer=JSONSerializer,
            ).enqueue_call("smsflow.jobs.wake", result_ttl=0)
        for thread in self._threads:
            thread.join(timeout=10)

    def _work(self, post: _Post) -> None:
        jobs.use(self._runtime)
        post.work()


def _queue_connection(runtime: Runtime) -> redis.Redis:
    """A connection to wait on for long; a nudge's own gives up after half a second."""
    if runtime.settings.embedded:
        return runtime.redis
    return redis.Redis.from_url(runtime.settings.redis_url)


# --- as processes ---------------------------------------------------------------------------------

SWEEP = "smsflow-sweep"

# A child begins as a copy of the supervisor, which has everything imported: a new interpreter would
# need a second of a processor. The supervisor has neither threads nor connections to be copied.
_PROCESSES: Any = multiprocessing.get_context(
    "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
)


class Supervisor:
    """`smsflow worker`: keeps its children alive, one for each queue's worker and the sweep."""

    def __init__(
        self, settings: Settings, *, inbox: int = 2, outbox: int = 2, errands: int = 1
    ) -> None:
        self._settings = settings
        self._wanted = [INBOX] * inbox + [OUTBOX] * outbox + [ERRANDS] * errands + [SWEEP]
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; jobs in hand are finished.

        Raises ProjectInvalid and SettingsInvalid before any process is started.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        try_out(self._settings)
        children = [_Child(name, self._settings) for name in self._wanted]
        log.info("worker_started", children=len(children))
        try:
            while not self._stopping.wait(0.1):
                for child in children:
                    child.look_after()
        finally:
            for child in children:
                child.tell_to_stop()
            for child in children:
                child.stop()
            log.info("worker_stopped")


class _Child:
    """One child process, started again when it ends, at most once a second."""

    def __init__(self, name: str, settings: Settings) -> None:
        self._name = name
        self._settings = settings
        self._seat = uuid4().hex  # of one process at a time: the next begins when one has ended
        self._start()

    def _start(self) -> None:
        given = (self._name, self._settings, os.getpid(), self._seat)
        self._process = _PROCESSES.Process(target=_run_child, args=given, name=self._name)
        self._process.start()
        self._started = time.monotonic()

    def look_after(self) -> None:
        """Start it again if it has ended."""
        status = self._process.exitcode
        if status is not None and time.monotonic() - self._started > 1.0:
            log.warning("child_ended", child=self._name, status=status)
            self._start()

    def tell_to_stop(self) -> None:
        """Let it finish what it has in hand."""
        self._process.terminate()

    def stop(self) -> None:
        """Return when it has ended; kill it when that takes too long."""
        self._process.join(STOP_SECONDS)
        self._process.kill()
        self._process.join()


def _run_child(name: str, settings: Settings, parent: int, seat: str) -> None:
    """Work one queue, or sweep, until SIGTERM or until the supervisor is gone.

    What the last process of this seat had leased, or led, is this one's to go on with.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()  # Ctrl-C in a terminal reaches the supervisor alone
    with suppress(OSError):  # so that ps and top tell them apart, where there is a /proc
        Path("/proc/self/comm").write_text(name)
    end_with(parent, grace=STOP_SECONDS, linger=ORPHAN_SECONDS)
    try:
        runtime = Runtime.open(settings, seat=seat)
    except SettingsInvalid as error:
        log.error("child_not_started", child=name, reason=str(error))
        sys.exit(2)
    try:
        if name == SWEEP:
            sweep = Sweep(runtime, seat)
            signal.signal(signal.SIGTERM, lambda *_: sweep.stop())
            sweep.run()
        else:
            jobs.use(runtime)
            _Post(QueueWorker, name, _queue_connection(runtime)).work()
    finally:
        runtime.close()
