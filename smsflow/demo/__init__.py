"""`smsflow demo`: the whole way of texts, out and back, on this machine and in a few seconds.

Web, workers, sweep and two sandbox providers run in this process and talk real HTTP to each other.
People go through the sample flows, and everything that reaches their handsets is compared with
what the flows say. Nothing has to be installed, and nothing is left behind.
"""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from smsflow.config import Settings, project_folder
from smsflow.demo.clock import DemoClock
from smsflow.demo.people import Person
from smsflow.demo.record import Event, Record, Summary
from smsflow.demo.screen import JsonLines, Screen, Terminal
from smsflow.demo.stage import RestlessError, SceneError, Stage
from smsflow.demo.story import BEGIN, FLOWS, SCENES, ZONE, Scene
from smsflow.errors import SettingsInvalid
from smsflow.extending import read_project
from smsflow.service import Service
from smsflow.sms.numbers import bare

SWEEP_EVERY = 0.1  # seconds; a jump of the clock is noticed by the sweep

__all__ = ["play", "run", "samples"]


def run(
    project: Path | None = None, *, as_json: bool = False, scenes: Sequence[Scene] = SCENES
) -> int:
    """Play the demo on standard output; 0 when all was as the flows say, else 1."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has no accents can still look
    screen: Screen = JsonLines(sys.stdout) if as_json else _terminal(sys.stdout)
    folder = samples(project)
    missing = sorted(FLOWS - set(read_project(folder)[1].flows))
    if missing:
        raise SettingsInvalid(
            f"the demo plays the sample flows, and {folder} has no flow '{missing[0]}';"
            " run it without --project"
        )
    summary = play(screen, folder, scenes)
    return 1 if summary.deviations else 0


def _terminal(stream: TextIO) -> Terminal:
    return Terminal(stream, ZONE.key)


def samples(project: Path | None = None) -> Path:
    """The project to play: the one asked for, the samples we stand in, else the package's."""
    here = project_folder(project=project)
    if project is not None or all((here / "flows" / f"{name}.yaml").is_file() for name in FLOWS):
        return here
    package = Path(__file__).parent.parent
    for folder in (package / "samples", package.parent):  # installed, or a checkout
        if (folder / "smsflow.yaml").is_file():
            return folder
    raise SettingsInvalid("the sample project is not installed; run this where smsflow.yaml lies")


def play(screen: Screen, project: Path, scenes: Sequence[Scene] = SCENES) -> Summary:
    """Play scenes on the project in that folder, in a folder of its own that is removed again."""
    began = time.monotonic()
    record = Record(screen.show)
    with ExitStack() as running:
        folder = running.enter_context(tempfile.TemporaryDirectory(prefix="smsflow-demo-"))
        settings = Settings(
            project=project,
            database_url=f"sqlite:///{Path(folder) / 'demo.db'}",
            secret_key=secrets.token_bytes(32),
            api_token=secrets.token_urlsafe(),
        )
        clock = DemoClock(BEGIN.astimezone(UTC))
        service = Service(settings, clock=clock, sweep_every=SWEEP_EVERY, sandboxed=True)
        running.enter_context(service)
        stage = running.enter_context(closing(Stage(service, settings, clock, record)))
        record.add(Event(kind="begin", at=clock.now(), text=_what_runs(service)))
        company = _Company(stage)
        company.play(scenes)
        company.audit()
    record.summary.seconds = round(time.monotonic() - began, 1)
    screen.close(record.summary)
    return record.summary


def _what_runs(service: Service) -> str:
    """The servers of the demo, for those who like to look."""
    sandboxes = [f"{name} {sandbox.url}" for name, sandbox in service.sandboxes.items()]
    return f"web {service.url}; providers {', '.join(sandboxes)}; SQLite; queues in memory"


class _Company:
    """Who plays, on one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._people: list[Person] = []

    def person(self, who: str, phone: str, language: str | None = None) -> Person:
        """Somebody new."""
        self._people.append(Person(self._stage, who, phone, language))
        return self._people[-1]

    def hears(self, what: str, body: Any = None) -> None:
        """Its web services are asked that, next; None stands for any body."""
        stage, summary = self._stage, self._stage.record.summary
        stage.settle()
        fresh = stage.asked_after(summary.calls)
        if not fresh:
            stage.record.check("call", what, "silence", stage.clock.now())
            return
        summary.calls += 1
        stage.record.check("call", what, fresh[0].what, stage.clock.now())
        if body is not None:
            wanted, got = (json.dumps(each, sort_keys=True) for each in (body, fresh[0].body))
            stage.record.check("body of the call", wanted, got, stage.clock.now())
        stage.record.add(Event(kind="call", at=fresh[0].at, who="business", text=fresh[0].what))

    def pass_to(self, moment: datetime) -> None:
        """Let time go by, with all that happens meanwhile."""
        self._stage.pass_to(moment)

    def play(self, scenes: Sequence[Scene]) -> None:
        """All scenes; where one gets stuck, the next one begins."""
        for scene in scenes:
            try:
                self._play(scene)
            except RestlessError:
                return

    def _play(self, scene: Scene) -> None:
        stage = self._stage
        stage.record.add(Event(kind="scene", at=stage.clock.now(), text=scene.__doc__ or ""))
        try:
            scene(self)
            for person in self._people:
                person.done()
        except SceneError as error:
            stage.record.check("the scene", "plays to its end", str(error), stage.clock.now())
            if isinstance(error, RestlessError):
                raise

    def audit(self) -> None:
        """Compare the books: each text that the service sent was seen by the network, once."""
        stage, summary = self._stage, self._stage.record.summary
        phones = {person.phone for person in self._people}
        sent = [
            message
            for phone in phones
            for message in stage.store.messages_of(phone)
            if message.accepted_at is not None
        ]
        seen = [text for provider in stage.project.providers for text in stage.submitted(provider)]
        summary.texts_out = len(seen)
        summary.parts = sum(text["parts"] for text in seen)
        summary.delivered = sum(text["group"] == "DELIVERED" for text in seen)
        heard = [text for phone in phones for text in stage.store.received_of(phone)]
        unexpected = " / ".join(asked.what for asked in stage.asked_after(summary.calls))
        stage.record.check("unexpected calls", "", unexpected, stage.clock.now())
        stage.record.check("texts in", str(summary.texts_in), str(len(heard)), stage.clock.now())
        ours = sorted(f"{message.wire_id} to {bare(message.contact)}, once" for message in sent)
        theirs = sorted(
            f"{text['messageId']} to {text['to']}, {'once' if text['tries'] == 1 else 'again'}"
            for text in seen
        )
        stage.record.check("the books", "\n".join(ours), "\n".join(theirs), stage.clock.now())
