"""A town: smsflow's processes, its database and queue, two providers and some people.

Built once and run with one seed after the other. The parts are those of production: the WSGI
application, the jobs by RQ's Job class, the conversations, the delivery with the real adapter, the
sweep. Only what lies behind a port is simulated.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

import redis
from rq.exceptions import NoSuchJobError
from rq.serializers import JSONSerializer
from sqlalchemy.exc import DBAPIError

from smsflow import jobs
from smsflow.delivery import RENEW_EVERY
from smsflow.errors import Conflict
from smsflow.jobs import INBOX, OUTBOX, SmsflowJob, Sweep
from smsflow.store import Store
from smsflow.store.columns import micros
from tests.simulation import oracle, script
from tests.simulation.database import EPOCH, SimulatedDatabase
from tests.simulation.faults import RandomFaults, Weather
from tests.simulation.kernel import Kernel, Process
from tests.simulation.network import Network, Provider, Push, Status
from tests.simulation.queue import SimulatedRedis
from tests.simulation.slot import SECRET, TOKEN, Slot

MOST_STEPS = 15_000  # a run that comes to rest takes a fifth of it
SWEEP_EVERY = 2.0  # seconds
LONGEST_SWEEP = 8.0  # seconds between two looks at what nobody has changed


@dataclass
class Result:
    """What became of one run."""

    seed: int
    steps: int
    crashes: int
    pauses: int
    texts: int  # that people sent
    messages: int  # of ours
    seconds: float  # simulated
    violations: list[str]
    story: list[str] = field(repr=False, default_factory=list)


class Town:
    """Everything; also the clock of its processes."""

    def __init__(self, folder: str) -> None:
        path = f"{folder}/town-{os.getpid()}.db"
        store = Store.connect(f"sqlite:///{path}")
        store.upgrade()
        store.close()
        self.rng = Random()
        self.redis = SimulatedRedis()
        self.database = SimulatedDatabase(path)
        self.providers: dict[str, Provider] = {}
        self.errors: list[str] = []
        self._kernel: Kernel | None = None
        self._dice = Random()
        self._skews: dict[str, float] = {}  # seconds by which a process's clock is wrong
        counts = {"web": 2, "inbox": 2, "outbox": 2, "sweep": 2}
        names = [f"{kind}{n + 1}" for kind, count in counts.items() for n in range(count)]
        self._slots = {name: Slot(self, name) for name in names}

    def close(self) -> None:
        """Close the database; its file stays."""
        self.database.close()

    def now(self) -> datetime:
        """The time by the clock of a process."""
        if self._kernel is None:
            return datetime.fromtimestamp(EPOCH, UTC)
        self._kernel.port("clock")
        task = self._kernel.current
        if task is None:
            return datetime.fromtimestamp(EPOCH + self._kernel.now, UTC)
        wrong = self._skews[task.process.name]
        reading = datetime.fromtimestamp(EPOCH + self._kernel.now + wrong, UTC)
        task.looked = micros(reading)
        return reading

    @property
    def kernel(self) -> Kernel:
        """The kernel of the present run."""
        assert self._kernel is not None
        return self._kernel

    # --- one run --------------------------------------------------------------------------------

    def run(
        self,
        seed: int,
        *,
        verbose: bool = False,
        faults: Weather | None = None,
        plot: script.Script | None = None,
        fate: Callable[[str], Status] | None = None,
    ) -> Result:
        """Play a seed to its end, and judge it.

        What the seed would make up can be given: the faults, the script, and what becomes of
        texts by the name of their provider.
        """
        rng = Random(f"plot of {seed}")
        faults = faults or RandomFaults(rng)
        kernel = Kernel(
            Random(f"schedule of {seed}"), faults, most_steps=MOST_STEPS, verbose=verbose
        )
        self.rng.seed(f"randomness of {seed}")
        self.database.begin_run(kernel)
        self._remember_versions()
        self.redis.begin_run(kernel)
        self.errors = []
        self._kernel = kernel
        self._dice = Random(f"network of {seed}")
        network = Network(
            kernel,
            self._dice,
            self._deliver,
            rough=faults.rough,
            drowsy=faults.drowsy,
            fate=fate,
        )
        skew = faults.skew * rng.choice((-1, 1))
        # Two hosts, with one process of each kind.
        self._skews = {name: skew if name.endswith("1") else -skew for name in self._slots}
        self.providers = {
            name: Provider(network, name, f"/webhooks/{name}/{SECRET}")
            for name in ("primary", "secondary")
        }
        self.providers["primary"].away = faults.outage
        if plot is None:
            plot = script.write(rng)
            self._plan_strays(rng)
        self._plan(plot, faults, network)
        try:
            kernel.run()
        finally:
            self._kernel = self.database.kernel = self.redis.kernel = None
        violations = oracle.judge(self, plot, kernel, MOST_STEPS)
        counted = self.database.ask("SELECT count(*) FROM messages")[0][0]
        return Result(
            seed,
            kernel.steps,
            kernel.crashes,
            kernel.pauses,
            len(plot.said),
            counted,
            kernel.now,
            violations,
            kernel.story,
        )

    def _remember_versions(self) -> None:
        """As each start of a process does; they were forgotten with everything else."""
        slot = self._slots["web1"]
        flows = slot.loaded.flows.values()
        slot.store.remember_versions(
            [(flow.name, flow.version, slot.loaded.bundles[flow.name]) for flow in flows]
        )

    def _plan_strays(self, rng: Random) -> None:
        """Now and then a report comes for an id that we never gave out."""
        for number in range(rng.randrange(2)):
            when = rng.uniform(0, script.LENGTH)
            self.kernel.at(when, partial(self.providers["primary"].stray_report, number))

    def _plan(self, plot: script.Script, faults: Weather, network: Network) -> None:
        """Boot the processes, and put on the agenda what happens by itself."""
        kernel = self.kernel
        for slot in self._slots.values():
            kernel.boot(Process(slot.name, partial(self._boot, slot)))
        for line in plot.lines:
            kernel.at(line.at, partial(self._perform, plot, line, network))
        for when in faults.database_restarts:
            kernel.at(when, self.database.restart)
        for when in faults.flushes:
            kernel.at(when, self._flush)
        for when in faults.redis_outages:
            kernel.at(when, self._redis_goes)
        kernel.at(faults.until, lambda: setattr(network, "rough", 0.0))

    def _perform(
        self, plot: script.Script, line: script.Line, network: Network, patience: int = 10
    ) -> None:
        text = script.spoken(line.text, network.phones[line.phone])
        if text is None:
            if patience > 0:
                again = partial(self._perform, plot, line, network, patience - 1)
                self.kernel.at(self.kernel.now + 3.0, again)
            return
        plot.said[line.id] = text

        def done() -> None:
            if line.id not in plot.acknowledged:
                self.kernel.tell("web", f"has acknowledged {text!r} of {line.phone}")
            plot.acknowledged.add(line.id)

        how = f"is started in {line.flow!r} with" if line.flow else "texts"
        self.kernel.tell(line.phone[-3:], f"{how} {text!r}")
        if line.flow:
            body = json.dumps({"contact": f"+{line.phone}", "inputs": {"n": text}}).encode()
            headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": line.id}
            target = f"/v1/flows/{line.flow}/sessions"
            network.push(Push("POST", target, done, body=body, headers=headers))
        else:
            self.providers[line.number].receive(line.id, line.phone, text, done)

    def _flush(self) -> None:
        self.kernel.tell("redis", "forgets everything")
        self.redis.flush()

    def _redis_goes(self) -> None:
        self.kernel.tell("redis", "is gone for 5 s")
        self.redis.down_until = self.kernel.now + 5.0

    # --- processes ------------------------------------------------------------------------------

    def _boot(self, slot: Slot, process: Process) -> None:
        slot.forget()
        kind = slot.name.rstrip("123")
        bodies: dict[str, Callable[[], None]] = {
            "web": partial(self._serve, slot),
            "inbox": partial(self._work, slot, INBOX),
            "outbox": partial(self._work, slot, OUTBOX),
            "sweep": partial(self._sweep, slot),
        }
        self.kernel.spawn(process, bodies[kind])

    def _deliver(self, push: Push, over: Callable[[int], None]) -> bool:
        slot = self._slots[self._dice.choice(("web1", "web2"))]
        slot.requests.append((push, over))
        return True

    def _serve(self, slot: Slot) -> None:
        """A web process: one request after the other."""
        kernel = self.kernel
        while True:
            kernel.wait(condition=lambda: bool(slot.requests))
            push, over = slot.requests.popleft()
            response = slot.client.open(
                push.target,
                method=push.method,
                data=push.body,
                headers=list(push.headers.items()),
                content_type="application/json" if push.body else None,
            )
            kernel.port("answer")
            over(response.status_code)

    def _work(self, slot: Slot, queue: str) -> None:
        """A worker of RQ, without what RQ does around it: pop, run, forget."""
        kernel = self.kernel
        jobs.use(slot.runtime)
        while True:
            kernel.wait(condition=lambda: self.redis.waiting(queue))
            try:
                id_ = self.redis.lpop(f"rq:queue:{queue}")
                if id_ is not None:
                    connection: Any = self.redis
                    job = SmsflowJob.fetch(id_.decode(), connection, JSONSerializer)
                    job.func(*job.args)
                    self.redis.delete(job.key)
            except (redis.RedisError, NoSuchJobError):
                kernel.sleep(0.5)
            except (Conflict, DBAPIError) as error:
                kernel.tell(slot.name, f"gives a job up: {error}".splitlines()[0])
            except Exception as error:
                self.errors.append(f"{slot.name}: {type(error).__name__}: {error}")

    def _sweep(self, slot: Slot) -> None:
        """A sweep; it sleeps while it would find nothing, and longer while it finds the same."""
        sweep = Sweep(slot.runtime, slot.name, tidy_every=20)
        pause, seen = SWEEP_EVERY, -1
        while True:
            self.kernel.wait(alarm=partial(self._next_sweep, self.kernel.now + pause))
            is_news, seen = seen != self.database.changes, self.database.changes
            pause = SWEEP_EVERY if is_news else min(2 * pause, LONGEST_SWEEP)
            sweep.turn()

    def _next_sweep(self, earliest: float) -> float:
        return max(earliest, self.database.work_due)

    @contextmanager
    def heartbeat(self, beat: Callable[[], None]) -> Iterator[None]:
        """The heartbeat of a lease as a task of its process, begun when it has to beat first."""
        kernel = self.kernel
        task = kernel.current
        assert task is not None
        over: list[bool] = []

        def run() -> None:
            while not over:
                beat()
                kernel.sleep(RENEW_EVERY, unless=lambda: bool(over))

        def begin() -> None:
            if not over and not task.dying:
                kernel.spawn(task.process, run)

        kernel.at(kernel.now + RENEW_EVERY, begin)
        try:
            yield
        finally:
            over.append(True)
            if not task.dying:
                kernel.wait(condition=lambda: task.process.tasks == [task])
