"""One run from the start of the servers to the verdict."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from smsflow.sms.states import State
from smsflow.store.schema import messages
from tests.chaos import project
from tests.chaos.auditor import Auditor, Verdict, engine_of, left_over
from tests.chaos.breaker import Breaker, Damage, Troubles, write_fates
from tests.chaos.keeper import ChaosError, Keeper
from tests.chaos.people import People, plan
from tests.chaos.provider import Provider
from tests.chaos.town import Town, embedded, production

# Who is asked something waits for the question, so people may need longer than they would in peace;
# things break for this many times as long as that at the most.
SIEGE = 2.0

Tell = Callable[[str, float], None]  # what is going on, and how much of it is done, from 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A run: how many texts, at which rate a second, and a hit every so many seconds.

    `late` is how many seconds late a late report is, from and to; `patience` how long to wait at
    the end for what is still under way.
    """

    messages: int
    kill_every: float
    seed: int = 1
    database: str = "postgresql"
    stop: bool = False
    rate: float = 40.0
    late: tuple[float, float] = (10.0, 40.0)
    patience: float = 240.0


@dataclass(slots=True)
class Outcome:
    """What a run found."""

    options: Options
    verdict: Verdict
    damage: Damage
    seconds: float = 0.0  # of texting
    settled: float = 0.0  # seconds from the last text until all had its end
    late: int = 0  # texts whose reports came late
    second_opinion: str = ""  # what `smsflow audit` says
    agreed: bool = False
    logs: Path | None = None  # kept when something was wrong

    @property
    def sound(self) -> bool:
        """True when neither auditor found anything."""
        return self.verdict.sound and self.agreed


def run(options: Options, tell: Tell) -> Outcome:
    """Start everything, let people text and things break, and judge; nothing runs afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="smsflow-chaos-"))
    folder.chmod(0o711)  # the user that PostgreSQL runs as has to pass through
    sound = False
    try:
        with Keeper(folder) as keeper:
            tell("starting", 0.0)
            provider = Provider(keeper)
            start = production if options.database == "postgresql" else embedded
            outcome = _Run(options, provider, start(keeper, provider), tell).outcome()
            provider.close()
        sound = outcome.sound
        outcome.logs = None if sound else folder
        return outcome
    finally:
        if sound:
            shutil.rmtree(folder, ignore_errors=True)


class _Run:
    """The middle of a run, when everything stands."""

    def __init__(self, options: Options, provider: Provider, town: Town, tell: Tell) -> None:
        self._options = options
        self._provider = provider
        self._town = town
        self._tell = tell
        self._damage = Damage()
        self._texts = plan(options.messages, random.Random(options.seed))
        self._engine = engine_of(town.database_url)

    def outcome(self) -> Outcome:
        """Text, break, wait and judge."""
        options = self._options
        late = write_fates(self._provider, self._texts, options.late, options.seed)
        started = time.monotonic()
        self._texting()
        seconds = time.monotonic() - started
        settled = self._settle()
        self._tell("auditing", 1.0)
        auditor = Auditor(self._texts, self._provider, self._town.database_url)
        outcome = Outcome(options, auditor.verdict(self._damage), self._damage, seconds, settled)
        outcome.late = late
        status, said = self._town.smsflow("audit", "--since", "2h", "--patience", "1s", "--json")
        outcome.agreed = status == 0
        outcome.second_opinion = _summary(status, said)
        return outcome

    def _texting(self) -> None:
        """From the first text to the last, with everything going wrong."""
        options = self._options
        people = People(
            self._texts, self._town.hook, self._provider.accepted, options.rate, options.seed
        )
        breaker = Breaker(
            self._town,
            self._damage,
            every=options.kill_every,
            seed=options.seed,
            pauses=options.stop,
        )
        troubles = Troubles(self._provider, self._damage, seed=options.seed, pauses=options.stop)
        for each in (people, breaker, troubles):
            each.start()
        siege = threading.Timer(SIEGE * len(self._texts) / options.rate, breaker.stop)
        siege.start()
        try:
            self._watch(people)
        finally:
            siege.cancel()
            siege.join()
            for each in (breaker, troubles, people):
                each.stop()

    def _watch(self, people: People) -> None:
        """Wait until all is acknowledged; a new version comes when half of it is."""
        count = len(self._texts)
        deadline = time.monotonic() + 3 * count / self._options.rate + 60
        pause, rolled_out = threading.Event(), False
        while people.done < count:
            if time.monotonic() > deadline:
                raise ChaosError(f"only {people.done} of {count} texts were acknowledged in time")
            if not rolled_out and people.done >= count // 2:
                rolled_out = True
                self._damage.note("rolled out", f"version {project.VERSIONS[1]}")
                self._town.roll_out(project.VERSIONS[1])
            self._tell(f"{people.done} texts, {len(self._damage.hits)} blows", people.done / count)
            pause.wait(0.1)

    def _settle(self) -> float:
        """Wait until everything has its end, or patience is over; how many seconds it took."""
        began = time.monotonic()
        pause = threading.Event()
        while (waited := time.monotonic() - began) < self._options.patience:
            left = self._left()
            if left == 0 and self._provider.owes() == 0:
                break
            self._tell(f"waiting for {left} rows", 1.0)
            pause.wait(0.25)
        return waited

    def _left(self) -> int:
        """Rows of the database that have not come to their end."""
        final = [state for state in State if state.final]
        open_texts = select(func.count()).where(messages.c.state.not_in(final))
        try:
            with self._engine.connect() as connection:
                waiting = sum(left_over(connection).values())
                return waiting + (connection.scalar(open_texts) or 0)
        except DBAPIError:
            return 1  # it is away: not at its end


def _summary(status: int, said: str) -> str:
    """What `smsflow audit` said, in a line."""
    try:
        found: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
        return (
            f"exit {status}, {found.get('compared')} compared, {len(found['differences'])} differ"
        )
    except (ValueError, KeyError, IndexError):
        return f"exit {status}: {said.strip()[-300:]}"
