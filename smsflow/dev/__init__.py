"""`smsflow dev`: everything in one process, and a phone in the browser to try it with.

Web, workers, sweep and a sandbox for each provider run here, on a SQLite file in the project's
.smsflow folder. Flows are taken over when their files change. It is the code that runs in
production; only the people are played.
"""

from __future__ import annotations

import fcntl
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import Self, TextIO

from flask import Flask

from smsflow.config import MEMORY, PRIVATE, Settings
from smsflow.dev.clock import DevClock
from smsflow.dev.passage import Passage
from smsflow.dev.screen import Screen, Ticker
from smsflow.dev.watching import Change, Watcher
from smsflow.engine.language.parse import Loaded
from smsflow.errors import ProjectInvalid, SettingsInvalid
from smsflow.extending import load_folder
from smsflow.files import marks
from smsflow.service import Service
from smsflow.web import phone

LOOK_EVERY = 0.25  # seconds between two looks at the texts
FILES_EVERY = 2  # looks at the texts for one at the files
SWEEP_EVERY = 0.2  # seconds

Explain = Callable[[Loaded], str]

__all__ = ["Workshop", "mended", "run"]


def run(
    settings: Settings,
    explain: Explain,
    *,
    port: int,
    browse: bool = False,
    fresh: bool = False,
    real: frozenset[str] = frozenset(),
) -> None:
    """Serve until SIGINT or SIGTERM.

    A project with mistakes is waited for. `explain` words what is wrong with the files, in colour;
    `fresh` forgets earlier chats; calls go to the `real` services, and to a stand-in instead of all
    others. Raises ProjectInvalid where there is no project, and
    SettingsInvalid when it can't start.
    """
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace", line_buffering=True)
    screen = Screen(sys.stdout, "UTC")
    if not mended(settings.project, explain, screen, lambda: told.wait(LOOK_EVERY * FILES_EVERY)):
        return
    workshop = Workshop(settings, explain, port=port, stream=sys.stdout, fresh=fresh, real=real)
    with workshop:
        if browse:
            _open_browser(settings, f"{workshop.service.url}/phone")
        looks = 0
        while not told.wait(LOOK_EVERY):
            looks += 1
            workshop.look(files=looks % FILES_EVERY == 0)


def mended(folder: Path, explain: Explain, screen: Screen, ended: Callable[[], bool]) -> bool:
    """Tell what is wrong with the files until they are sound; False when the author ended it.

    `ended` waits a little and says whether it is so. ProjectInvalid when there is no project.
    """
    seen = None
    while True:
        present = marks(folder)
        if present != seen:
            seen = present
            loaded = load_folder(folder)
            if not loaded.errors:
                return True
            if not (folder / "smsflow.yaml").exists():
                raise ProjectInvalid(loaded.issues)
            screen.printed(explain(loaded))
            screen.say("it begins as soon as that is mended; Ctrl-C ends it", "yellow")
        if ended():
            return False


class Workshop:
    """A project at work for its author, in a `with` statement; `look` shows what is new."""

    service: Service

    def __init__(
        self,
        settings: Settings,
        explain: Explain,
        *,
        port: int,
        stream: TextIO,
        fresh: bool = False,
        real: frozenset[str] = frozenset(),
    ) -> None:
        folder = settings.project / ".smsflow"
        self._settings = replace(
            settings, database_url=f"sqlite:///{folder / 'dev.db'}", redis_url=MEMORY
        )
        self._folder = folder
        self._explain = explain
        self._port = port
        self._stream = stream
        self._fresh = fresh
        self._real = real
        self._running = ExitStack()
        self.notices = phone.Notices()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(_alone(self._folder))
            if self._fresh:
                for path in self._folder.glob("dev.db*"):
                    path.unlink()
                (self._folder / "dev.clock").unlink(missing_ok=True)
            self.clock = DevClock(self._folder / "dev.clock")
            self.service = Service(
                self._settings,
                port=self._port,
                clock=self.clock,
                sweep_every=SWEEP_EVERY,
                sandboxed=True,
                real=self._real,
                extend=self._add_phone,
            )
            starting.enter_context(self.service)
            starting.callback(self.passage.stop)
            self._greet()
            self._running = starting.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._running.close()

    def _add_phone(self, app: Flask) -> None:
        """Called by the service when all but the web is there."""
        runtime = self.service.runtime
        networks = {name: box.network for name, box in self.service.sandboxes.items()}
        self.passage = Passage(runtime, networks, self.clock)
        self.screen = Screen(self._stream, runtime.project.timezone)
        services = self.service.web_services
        self._ticker = Ticker(runtime, networks, services, self.screen)
        self._watcher = Watcher(runtime, self._explain)
        lab = phone.Lab(
            runtime=runtime,
            networks=networks,
            clock=self.clock,
            skipped=lambda: self.clock.skipped,
            forward=self.passage.forward,
            notices=self.notices,
        )
        app.register_blueprint(phone.blueprint(lab))

    def look(self, *, files: bool = True) -> None:
        """Print the texts that came and went, and take over files that have changed."""
        self._ticker.look()
        change = self._watcher.look() if files else None
        if change is not None:
            self._tell(change)

    def _tell(self, change: Change) -> None:
        self.notices.problem = change.plain
        if change.problem:
            self.screen.printed(change.problem)
            self.screen.say("the last good version goes on", "yellow")
            return
        self.notices.change = ", ".join(change.news)
        if change.loaded.issues:
            self.screen.printed(self._explain(change.loaded))
        news = ", ".join(change.news) or "nothing that a flow does has changed"
        self.screen.say(f"reloaded: {news}", "green")

    def _greet(self) -> None:
        runtime = self.service.runtime
        flows = ", ".join(sorted(runtime.world.flows)) or "none yet"
        self.screen.say(f"smsflow dev: {runtime.project.name}", "bold")
        self.screen.say(f"  phone   {self.service.url}/phone", "bold cyan")
        self.screen.say(f"  flows   {flows}; they are taken over when a file changes")
        for name, box in self.service.sandboxes.items():
            self.screen.say(f"  sandbox {box.url} plays provider {name}")
        if runtime.project.services:
            real = sorted(self._real & set(runtime.project.services))
            played = sorted(set(runtime.project.services) - self._real)
            told = [f"calls to {_and(played)} are answered {{}} here"] if played else []
            told += [f"calls to {_and(real)} are real"] if real else []
            self.screen.say(f"  web     {'; '.join(told)}")
        self.screen.say("  Ctrl-C ends it")


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder, made if need be, for this process; the lock goes with the process."""
    try:
        folder.mkdir(mode=PRIVATE, exist_ok=True)
        lock = (folder / "dev.lock").open("w", encoding="ascii")
    except OSError as error:
        reason = error.strerror or error
        raise SettingsInvalid(f"`smsflow dev` can't write to {folder} ({reason})") from error
    with lock as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsInvalid("`smsflow dev` runs on this project already") from error
        yield


def _open_browser(settings: Settings, url: str) -> None:
    """Show the page, where there is a screen: a browser of the terminal would take the terminal."""
    graphical = {"DISPLAY", "WAYLAND_DISPLAY"} & set(settings.environment)
    if graphical or sys.platform == "darwin":
        webbrowser.open(url)
