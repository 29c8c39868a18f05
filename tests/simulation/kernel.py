"""The scheduler: simulated processes as greenlets of which one runs at a time, by a seed.

At every call through a port, whoever runs comes to `port`, where the seed decides whether its
process is killed or paused right there, and who runs next. Time is a number that jumps when
everybody waits, so a lease, a retry after an hour and a nightly timer cost nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from greenlet import getcurrent, greenlet

KEEP_GOING = 0.75  # how often the same process goes on after a call, which costs no switch


class Crash(BaseException):
    """The process was killed: nothing of it may happen any more."""


class Faults(Protocol):
    """Decides what goes wrong at a call."""

    def at(self, kernel: Kernel, kind: str) -> str | None:
        """None, or: crash, pause, nap; before and after are errors that the port itself raises."""


@dataclass(eq=False)
class Process:
    """Something that can be killed: its tasks end, its memory is lost, and later it boots again."""

    name: str
    boot: Callable[[Process], None]
    mortal: bool = True
    tasks: list[Task] = field(default_factory=list)
    paused_until: float = 0.0


class Task:
    """One thread of a process; the greenlets of all share the only thread that there is."""

    def __init__(self, kernel: Kernel, process: Process, body: Callable[[], None]) -> None:
        self.process = process
        self.dying = False
        self.looked = 0  # microseconds since 1970: what its process's clock last said
        self.last_commit = 0  # the step at which it last committed
        self.last_commit_at = 0  # what that clock had last said by then
        self.alarm: Callable[[], float] | None = None
        self.condition: Callable[[], bool] | None = None
        self._kernel = kernel
        self._body = body
        self._greenlet = greenlet(self._run, parent=kernel.hub)

    def go_on(self) -> None:
        """Run until it waits or ends."""
        self._greenlet.switch()

    def _run(self) -> None:
        try:
            if not self.dying:
                self._body()
        except Crash:
            pass
        except BaseException as error:
            self._kernel.fail(error)
        self._kernel.leave(self)

    def ready(self, now: float) -> bool:
        """True when it can go on now."""
        if self.dying:
            return True
        if self.process.paused_until > now:
            return False
        if self.alarm is None and self.condition is None:
            return True
        return (self.alarm is not None and self.alarm() <= now) or (
            self.condition is not None and self.condition()
        )

    def next_time(self) -> float | None:
        """When it may become ready by the passing of time alone."""
        if self.alarm is None and self.condition is None:
            return self.process.paused_until
        if self.alarm is None:
            return self.process.paused_until if self.process.paused_until else None
        return max(self.alarm(), self.process.paused_until)


class Kernel:
    """One run: its time, its tasks, and its agenda of things that happen by themselves."""

    def __init__(self, rng: Random, faults: Faults, *, most_steps: int, verbose: bool) -> None:
        self.now = 0.0  # seconds since the start
        self.steps = 0
        self.crashes = 0
        self.pauses = 0
        self.failure: BaseException | None = None
        self.story: list[str] = []
        self.current: Task | None = None
        self.hub = getcurrent()  # who switches to the tasks, one after the other
        self._rng = rng
        self._faults = faults
        self._most_steps = most_steps
        self._verbose = verbose
        self._tasks: list[Task] = []
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._entries = 0

    # --- for those who build a world ------------------------------------------------------------

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Let something happen then, between two calls of others; it must not wait."""
        self._entries += 1
        heapq.heappush(self._agenda, (when, self._entries, what))

    def spawn(self, process: Process, body: Callable[[], None]) -> Task:
        """One more thread of a process."""
        task = Task(self, process, body)
        process.tasks.append(task)
        self._tasks.append(task)
        return task

    @property
    def next_entry(self) -> float:
        """When the agenda goes on; infinity when it is empty."""
        return self._agenda[0][0] if self._agenda else float("inf")

    def advance(self, until: float) -> None:
        """Let time pass and the agenda happen, for those who play a world by hand."""
        self.now = max(self.now, until)
        self._perform_due()
        if self.failure is not None:
            raise self.failure

    def tell(self, who: str, what: str) -> None:
        """A line of the story."""
        if self._verbose:
            self.story.append(f"{self.now:10.3f}  {who:<10} {what}")

    def run(self) -> None:
        """Until nobody has anything to do; raises what went wrong inside."""
        while (task := self._choose()) is not None:
            self.current = task
            task.go_on()
        for task in list(self._tasks):
            task.dying = True
            self.current = task
            task.go_on()
        self.current = None
        if self.failure is not None:
            raise self.failure

    # --- for ports ------------------------------------------------------------------------------

    def port(self, kind: str) -> str | None:
        """A call through a port: returns `before` or `after` when the port is to fail so.

        Raises Crash when the process is killed here. Outside of a run it does nothing.
        """
        task = self.current
        if task is None:
            return None
        if task.dying:
            raise Crash
        self.steps += 1
        self.now += 0.0002 + 0.002 * self._rng.random()
        fault = self._faults.at(self, kind) if task.process.mortal else None
        if fault == "crash":
            self.kill(task.process)
            raise Crash
        if fault == "pause":
            lengths = (0.3, 2.0, 8.0, 12.0, 25.0, 60.0)  # often longer than a lease
            self.pause(task.process, self._rng.choice(lengths) * self._rng.uniform(0.5, 1.5))
        elif fault == "nap":  # a little longer than a lease
            self.pause(task.process, self._rng.uniform(6.0, 20.0))
        self._switch(task)
        return fault if fault in ("before", "after") else None

    def kill(self, process: Process) -> None:
        """End a process with all its tasks; it boots again within some seconds."""
        self.crashes += 1
        self.tell(process.name, "is killed")
        for task in process.tasks:
            task.dying = True
        self.at(self.now + self._rng.uniform(0.1, 3.0), lambda: self.boot(process))

    def pause(self, process: Process, seconds: float) -> None:
        """Stop a process for a while."""
        self.pauses += 1
        self.tell(process.name, f"stands still for {seconds:.1f} s")
        process.paused_until = self.now + seconds

    def boot(self, process: Process) -> None:
        """Start a process, unless it is still running."""
        if process.tasks:
            self.at(self.now + 0.1, lambda: self.boot(process))
            return
        process.paused_until = 0.0
        process.boot(process)

    def sleep(self, seconds: float, *, unless: Callable[[], bool] | None = None) -> None:
        """Wait so long, or until it is so."""
        until = self.now + seconds
        self.wait(alarm=lambda: until, condition=unless)

    def wait(
        self,
        *,
        alarm: Callable[[], float] | None = None,
        condition: Callable[[], bool] | None = None,
    ) -> None:
        """Wait for a time or for something to be so, whatever comes first."""
        task = self.current
        if task is None:
            return
        task.alarm, task.condition = alarm, condition
        try:
            self._switch(task, stay=False)
        finally:
            task.alarm = task.condition = None

    # --- inside ---------------------------------------------------------------------------------

    def fail(self, error: BaseException) -> None:
        """The simulation itself, or code that nothing guards, is broken."""
        if self.failure is None:
            self.failure = error

    def leave(self, task: Task) -> None:
        """A task has ended."""
        task.process.tasks.remove(task)
        self._tasks.remove(task)

    def _switch(self, task: Task, *, stay: bool = True) -> None:
        if (
            stay
            and self._rng.random() < KEEP_GOING
            and task.process.paused_until <= self.now
            and (not self._agenda or self._agenda[0][0] > self.now)
        ):
            return
        self.hub.switch()
        if task.dying:
            raise Crash

    def _choose(self) -> Task | None:
        """Who runs next; None when it is all over."""
        while self.failure is None and self.steps < self._most_steps:
            self._perform_due()
            dying = next((task for task in self._tasks if task.dying), None)
            if dying is not None:
                return dying
            ready = [task for task in self._tasks if task.ready(self.now)]
            if ready:
                return self._rng.choice(ready)
            times = [time for task in self._tasks if (time := task.next_time()) is not None]
            if self._agenda:
                times.append(self._agenda[0][0])
            later = [time for time in times if self.now < time < float("inf")]
            if not later:
                return None
            self.now = min(later)
        return None

    def _perform_due(self) -> None:
        while self._agenda and self._agenda[0][0] <= self.now:
            _, _, what = heapq.heappop(self._agenda)
            try:
                what()
            except Exception as error:
                self.fail(error)
