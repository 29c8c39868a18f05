"""What RQ runs, and how work is brought to it. RQ is a wake-up here, never the truth.

A job carries a name at the most. It looks in SQL for what is due, and finding nothing is normal:
a nudge that is lost, late, doubled or forged does no harm. Three queues, three entry points:

    smsflow-inbox    drain()            work off what came in
    smsflow-inbox    pull(provider)     ask a provider for what it can't push
    smsflow-outbox   deliver(provider)  send what is due
    smsflow-errands  errand()           make calls and run actions that are due

A stock `rq worker` works them too: rq worker --job-class smsflow.jobs.SmsflowJob
--serializer json smsflow-inbox
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any

import redis
import structlog
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import decode_redis_hash
from sqlalchemy.exc import DBAPIError

from smsflow.config import Settings
from smsflow.errors import Conflict
from smsflow.health import log_fields
from smsflow.pulling import Puller
from smsflow.reception import Reception
from smsflow.runtime import Runtime
from smsflow.schedules import Schedules
from smsflow.store.database import out_of_reach, words_of

INBOX = "smsflow-inbox"
OUTBOX = "smsflow-outbox"
ERRANDS = "smsflow-errands"
FLAG_SECONDS = 2  # a nudge that was lost is in nobody's way for longer than this
# After a failure, in which no nudge waits for Redis again: on a Redis that hangs, each that comes
# in would wait for half a second.
QUIET = timedelta(seconds=1)
# A text on a number that this release of the project does not have: during a deployment a newer
# release may still come to send it.
STRAY_AFTER = timedelta(minutes=10)
ROUNDS = 50  # batches in one job, so that a busy partition lets others have their turn

log = structlog.get_logger(__name__)

_runtime: ContextVar[Runtime] = ContextVar("smsflow_runtime")
_from_environment: list[Runtime] = []
_lock = threading.Lock()


def use(runtime: Runtime) -> None:
    """Let the jobs of this thread work for that runtime."""
    _runtime.set(runtime)


def _current() -> Runtime:
    """The runtime of this thread; a stock `rq worker` gets one made from its environment."""
    found = _runtime.get(None)
    if found is None:
        with _lock:
            if not _from_environment:
                _from_environment.append(Runtime.open(Settings.from_environment()))
            found = _from_environment[0]
    return found


# --- entry points ---------------------------------------------------------------------------------


def drain() -> int:
    """Work off what is due in the inbox and in nobody else's hands; how many rows.

    It ends with a look that finds nothing. So a row that is committed while its partition is
    locked here is seen here, although its own nudge found the partition taken.
    """
    runtime = _current()
    nudger = Nudger(runtime)
    nudger.clear(INBOX)
    total = 0
    try:
        for _ in range(ROUNDS):
            worked = runtime.conversations.work()
            nudger.numbers(worked.numbers)
            if worked.errands:
                nudger.errands()
            total += worked.rows
            runtime.tally.add(rows=worked.rows)
            if not worked.rows:
                return total
        nudger.inbox()
    except Conflict as conflict:
        log.warning("conflict", reason=str(conflict))
    return total


def deliver(provider: str) -> int:
    """Send what is due at that provider; how many texts were tried."""
    runtime = _current()
    nudger = Nudger(runtime)
    nudger.clear(OUTBOX, provider)
    if provider not in runtime.channels:
        return 0
    total = 0
    try:
        for _ in range(ROUNDS):
            tried = runtime.delivery.send(provider)
            total += tried
            runtime.tally.add(texts=tried)
            if not tried:
                return total
        nudger.providers([provider])
    except Conflict as conflict:
        log.warning("conflict", reason=str(conflict))
    except DBAPIError as error:
        if not out_of_reach(error):
            raise
        log.warning("database_unreachable", doing="deliver", reason=words_of(error))
    return total


def pull(provider: str) -> int:
    """Ask that provider for what it can't push; how many reports and texts were new."""
    runtime = _current()
    nudger = Nudger(runtime)
    nudger.clear(INBOX, f"pull:{provider}")
    fresh = Puller(runtime, provider).pull()
    if fresh:
        nudger.inbox()
    return fresh


def errand() -> int:
    """Make the calls and run the actions that are due; how many were tried."""
    runtime = _current()
    nudger = Nudger(runtime)
    nudger.clear(ERRANDS)
    total = 0
    try:
        for _ in range(ROUNDS):
            tried = runtime.errands.work()
            total += tried
            runtime.tally.add(errands=tried)
            if not tried:
                return total
            nudger.inbox()
        nudger.errands()
    except Conflict as conflict:
        log.warning("conflict", reason=str(conflict))
    return total


def wake() -> None:
    """Do nothing: lets a worker notice that it is to stop."""


ENTRY_POINTS: dict[str, Callable[..., Any]] = {
    "smsflow.jobs.drain": drain,
    "smsflow.jobs.deliver": deliver,
    "smsflow.jobs.pull": pull,
    "smsflow.jobs.errand": errand,
    "smsflow.jobs.wake": wake,
}


# What is read of a job in Redis. Not its callbacks, webhooks, dependencies, retries, repeats, and
# not its meta data, for whoever can write to Redis can write those.
_FIELDS = frozenset(
    {
        *("data", "description", "origin", "status", "result_ttl", "failure_ttl", "worker_name"),
        *("created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat"),
    }
)
LARGEST_JOB = 4096  # bytes; what it can be unpacked to is a thousand times that at the most


class SmsflowJob(Job):
    """A job that runs the entry points above and nothing else, whatever stands in Redis."""

    @property
    def func(self) -> Callable[..., Any]:
        """The entry point; whoever can write to Redis can't have us import another."""
        name = self.func_name
        if name not in ENTRY_POINTS or self.instance is not None:
            raise PermissionError(f"job {self.id} asks for {name!r}, which is not ours to run")
        return ENTRY_POINTS[name]

    def restore(self, raw_data: Any) -> None:
        """Read the job from Redis, without what could run, call or repeat something.

        Raises NoSuchJobError for what is no job of ours, which RQ passes over: any other error
        would end the worker.
        """
        given = decode_redis_hash(raw_data)
        if len(given.get("data", b"")) > LARGEST_JOB:
            raise NoSuchJobError(f"job {self.id} is larger than any of ours")
        try:
            super().restore({name: given[name] for name in _FIELDS & given.keys()})
        except Exception as error:
            raise NoSuchJobError(f"job {self.id} can't be read: {type(error).__name__}") from None
        self.timeout = -1


# --- nudges ---------------------------------------------------------------------------------------


class Nudger:
    """Brings work to the queues, best effort: SQL has it, and the sweep comes by every second."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._redis = runtime.redis
        self._quiet_until = runtime.clock.now()

    def inbox(self, *, force: bool = False) -> None:
        """Rows are due in the inbox; `force` is the sweep's, which nudges whatever was before."""
        self._nudge(INBOX, "smsflow.jobs.drain", "", force)

    def numbers(self, numbers: Iterable[str]) -> None:
        """These numbers of ours have texts due."""
        found = self._runtime.project.numbers
        self.providers({found[name].provider for name in numbers if name in found})

    def providers(self, names: Iterable[str], *, force: bool = False) -> None:
        """These providers have texts due."""
        for name in sorted(names):  # sorted, so that simulations can be played again
            self._nudge(OUTBOX, "smsflow.jobs.deliver", name, force)

    def pull(self, provider: str) -> None:
        """It is time to ask that provider."""
        self._nudge(INBOX, "smsflow.jobs.pull", provider, False, flag=f"pull:{provider}")

    def errands(self, *, force: bool = False) -> None:
        """Calls or actions are due."""
        self._nudge(ERRANDS, "smsflow.jobs.errand", "", force)

    def clear(self, queue: str, about: str = "") -> None:
        """The flag is cleared before reading: what is committed later gets a nudge of its own."""
        with self._best_effort("clear"):
            self._redis.delete(_flag(queue, about))

    def _nudge(
        self, queue: str, entry_point: str, about: str, force: bool, *, flag: str = ""
    ) -> None:
        if not force and self._runtime.clock.now() < self._quiet_until:
            return
        with self._best_effort("nudge"):
            fresh = self._redis.set(_flag(queue, flag or about), 1, nx=True, ex=FLAG_SECONDS)
            if fresh or force:
                self._queue(queue).enqueue_call(
                    entry_point,
                    args=(about,) if about else (),
                    timeout=-1,  # a job is never cut off in the middle of a transaction
                    result_ttl=0,
                    failure_ttl=3600,
                    description=f"{entry_point}({about})",
                )

    @contextmanager
    def _best_effort(self, doing: str) -> Iterator[None]:
        """A Redis that is away is logged, and left alone for a moment."""
        try:
            yield
        except redis.RedisError as error:
            self._quiet_until = self._runtime.clock.now() + QUIET
            log.warning("redis_unreachable", doing=doing, reason=str(error))

    def _queue(self, name: str) -> Queue:
        return Queue(name, connection=self._redis, job_class=SmsflowJob, serializer=JSONSerializer)


def _flag(queue: str, about: str) -> str:
    return f"smsflow:nudged:{queue}:{about}"


# --- the sweep ------------------------------------------------------------------------------------


class Sweep:
    """Nudges whatever is due, every second or so: what makes every nudge a mere hint.

    Timers have no nudge but this. One sweep of all that run is the leader, by a lease in SQL.
    """

    LEASE = 3.0  # seconds, by the database's clock

    def __init__(
        self, runtime: Runtime, name: str, *, every: float = 1.0, tidy_every: int = 60
    ) -> None:
        self._runtime = runtime
        self._nudger = Nudger(runtime)
        self._name = name
        self._every = every
        self._tidy_every = tidy_every
        self._rounds = 0
        self._more = False  # rows to be tidied away
        self._reception = Reception(runtime)
        self._schedules = Schedules(runtime.store, lambda: runtime.world, rng=SystemRandom())
        self._pulled: dict[str, datetime] = {}  # when each provider was last asked
        self._stopping = threading.Event()

    def run(self) -> None:
        """Sweep until `stop`; the next leader need not wait for our lease to run out."""
        while not self._stopping.wait(self._every):
            self.turn()
        with suppress(Conflict, DBAPIError):
            self._runtime.store.lead("sweep", self._name, 0.0)

    def turn(self) -> None:
        """One round if we lead; one that fails is logged, and the next one comes."""
        try:
            if self._runtime.store.lead("sweep", self._name, self.LEASE):
                self.once(tidy=self._rounds % self._tidy_every == 0)
                self._rounds += 1
        except Exception:
            log.exception("sweep_failed")

    def once(self, *, tidy: bool = False) -> None:
        """One round."""
        store, now = self._runtime.store, self._runtime.clock.now()
        if store.has_due(now):
            self._nudger.inbox(force=True)
        numbers = self._runtime.project.numbers
        due = store.due_numbers(now, list(numbers))
        self._nudger.providers({numbers[name].provider for name in due}, force=True)
        if self._reception.join_parts():
            self._nudger.inbox(force=True)
        self._pull(now)
        if self._schedules.come(now):
            self._nudger.inbox(force=True)
        if tidy or self._more:
            self._more = store.tidy(now, self._runtime.project.keep)
        if store.errands_due(now):
            self._nudger.errands(force=True)
        if tidy:
            strays = store.refuse_strays(list(numbers), now - STRAY_AFTER, now)
            if strays:
                log.warning("texts_of_numbers_that_are_gone_refused", texts=strays)
            log.info("health", **log_fields(store.health(now)))

    def _pull(self, now: datetime) -> None:
        """Have those providers asked that can't push and whose time has come."""
        for name, entry in self._runtime.project.providers.items():
            if entry.pull is None:
                continue
            last = self._pulled.get(name)
            if last is None or now - last >= timedelta(seconds=entry.pull):
                self._pulled[name] = now
                self._nudger.pull(name)

    def stop(self) -> None:
        """End `run` at its next look."""
        self._stopping.set()
