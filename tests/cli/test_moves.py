"""A session in each kind of wait survives a change of its flow, a restart, and the move to the new
version, by `smsflow sessions move` as well as by `update: follow`.

That moving works on PostgreSQL as on SQLite is told in test_sessions.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from smsflow import desk
from smsflow.cli import smsflow
from smsflow.conversation import Conversations
from smsflow.engine import world
from smsflow.engine.errands import NoReply, Reply
from smsflow.engine.language import parse
from smsflow.engine.model import Flow
from smsflow.engine.state import Session
from smsflow.errands import Errands, Surroundings
from smsflow.extending import load_folder
from smsflow.store import Store
from smsflow.store.rows import Kind, NewRow
from smsflow.webclient import Request

PHONE = "+447700900123"
PROJECT = """\
smsflow-project: 1
numbers: {main: {address: "+447700900000", provider: one}}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
services: {clinic: {url: https://clinic.example}}
"""
PYTHON = """\
from smsflow import App

app = App()


@app.action
def book() -> str:
    return "booked"
"""
CHILD = """\
smsflow: 1
steps:
  - {ask: "Name?", save: name}
  - end: named
"""
OLD = """\
smsflow: 1
triggers: [{keyword: GO}]
steps:
  - STEP
  - send: The old end.
"""
NEW = """\
smsflow: 1
update: UPDATE
triggers: [{keyword: GO}]
vars: {place: here}
steps:
  - log: a step more
  - STEP
  - log: another one
  - send: The new end, {{ place }}.
"""


class Process:
    """What a process has of its own: the flows as it found them, and a connection."""

    def __init__(self, folder: Path, url: str, clock: Any) -> None:
        self.store = Store.connect(url)
        self.loaded = load_folder(folder).sound()
        assert self.loaded.project is not None
        self.project = self.loaded.project
        self.store.remember_versions(
            [(name, flow.version, self.loaded.bundles[name])
             for name, flow in self.loaded.flows.items()]
        )  # fmt: skip
        made = world.build(
            self.project,
            self.loaded.flows,
            secret=b"0123456789abcdef",
            extension=self.loaded.extension,
        )
        self.conversations = Conversations(
            self.store, lambda: made, self.version_of, clock=clock, rng=Random(1)
        )
        around = Surroundings(
            services=lambda: self.project.services,
            actions=lambda: self.loaded.extension.actions,
            providers=dict,
            numbers=dict,
            resolve=str,
            carrier=SimpleNamespace(carry=self.carry),
        )
        self.errands = Errands(self.store, around, clock=clock, heartbeat=lambda _: nullcontext())

    def version_of(self, name: str, version: str) -> Flow | None:
        """An older version, as workers read it."""
        source = self.store.flow_source(name, version)
        return None if source is None else parse.read_bundle(source, self.project)

    def carry(self, _request: Request) -> Reply | NoReply:
        """The service answers."""
        return Reply(200, {"ok": True})

    def works(self) -> None:
        """Work until nothing is due."""
        while self.conversations.work().rows:
            pass


class Story:
    """One contact, a project in a folder, and the process that is alive."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.now = datetime.now(UTC) - timedelta(days=3)
        (folder / "flows").mkdir()
        (folder / "flows" / "child.yaml").write_text(CHILD)
        self.process: Process | None = None

    def deploy(self, flow: str) -> str:
        """The flow is changed, and the process comes back; the version."""
        project = PROJECT + "python: bookings_of_moves\n" * ("action:" in flow)
        (self.folder / "smsflow.yaml").write_text(project)
        (self.folder / "bookings_of_moves.py").write_text(PYTHON)
        (self.folder / "flows" / "talk.yaml").write_text(flow)
        self.stop()
        clock = SimpleNamespace(now=lambda: self.now)
        self.process = Process(self.folder, self.url, clock)
        return self.process.loaded.flows["talk"].version

    def stop(self) -> None:
        """The process ends."""
        if self.process is not None:
            self.process.store.close()

    @property
    def here(self) -> Process:
        assert self.process is not None
        return self.process

    def insert(self, kind: Kind, payload: dict[str, Any]) -> None:
        """Something happens to the contact, and is worked off."""
        self.now += timedelta(seconds=1)
        self.here.store.insert([NewRow(kind, PHONE, payload, self.now)])
        self.here.works()

    def says(self, words: str) -> None:
        self.insert(Kind.MO, {"text": words, "number": "main"})

    def passes(self, **length: int) -> None:
        """Time goes by, and what is due is worked off."""
        self.now += timedelta(**length)
        self.here.works()

    def texts(self) -> list[str]:
        """What the contact was sent, in that order."""
        with self.here.store._db.read() as connection:
            found = connection.execute(text("SELECT text FROM messages ORDER BY id")).scalars()
            return list(found)

    def reported(self, state: str) -> None:
        """The fate of the first text."""
        with self.here.store._db.read() as connection:
            first = connection.execute(text("SELECT id FROM messages ORDER BY id")).scalars()
            message = first.first()
        self.insert(Kind.REPORT, {"message": message, "state": state})

    def errand_done(self) -> None:
        """The errand that is out is done, once."""
        assert self.here.errands.work() == 1
        self.here.works()
        assert self.here.errands.work() == 0

    def closed(self) -> None:
        """The person who holds the conversation is done."""
        (handoff,) = self.here.store.handoffs()
        self.here.store.insert([desk.closing_row(handoff, by="desk", now=self.now)])
        self.here.works()

    def moved(self, old: str) -> str:
        """What `smsflow sessions move` says."""
        command = ["--project", str(self.folder), "sessions", "move", "talk", "--from", old]
        env = {"SMSFLOW_DATABASE_URL": self.url}
        return CliRunner().invoke(smsflow, command, env=env, catch_exceptions=False).output

    def session(self) -> Session:
        """That of the flow, as it is stored."""
        found = [each for _, each in self.here.store.sessions_of(PHONE, 9) if each.flow == "talk"]
        (session,) = found
        return session


@pytest.fixture
def story(tmp_path: Path, sqlite_template: Path) -> Iterator[Story]:
    """Nobody has texted yet."""
    shutil.copy(sqlite_template, tmp_path / "smsflow.db")
    told = Story(tmp_path, f"sqlite:///{tmp_path / 'smsflow.db'}")
    yield told
    told.stop()


def nudged(story: Story) -> None:
    """The reminder that was due is sent once, then the answer counts."""
    story.passes(seconds=1)
    assert story.texts().count("Well?") == 2
    story.says("fine")


WAITS: dict[str, tuple[str, Callable[[Story], object], Callable[[Story], object]]] = {
    "ask": ("{ask: Well?, id: w}", lambda _: None, lambda s: s.says("fine")),
    "ask, no answer": (
        "{ask: Well?, id: w, timeout: 2d, on_timeout: {log: silent}}",
        lambda _: None,
        lambda s: s.passes(days=2),
    ),
    "ask, nudge due": (
        "{ask: Well?, id: w, nudge: {after: 1h}}",
        lambda s: setattr(s, "now", s.now + timedelta(hours=2)),
        nudged,
    ),
    "wait, time": ("{wait: 2d, id: w}", lambda _: None, lambda s: s.passes(days=2)),
    "wait, moment": ("{wait: {at: '09:00'}, id: w}", lambda _: None, lambda s: s.passes(days=1)),
    "wait, event": (
        "{wait: {event: ready}, id: w}",
        lambda _: None,
        lambda s: s.insert(Kind.EVENT, {"name": "ready", "data": {"phone": PHONE}}),
    ),
    "send, delivery": (
        "{send: Hello, id: w, on_delivered: {log: there}, on_failed: {end: lost}}",
        lambda _: None,
        lambda s: s.reported("delivered"),
    ),
    "otp": (
        "{otp: '{{ code }}', id: w}",
        lambda _: None,
        lambda s: s.says(s.texts()[0]),
    ),
    "call": (
        "{call: 'GET clinic:/slots', id: w, save: slots}",
        lambda _: None,
        lambda s: s.errand_done(),
    ),
    "action": ("{action: book, id: w, save: slot}", lambda _: None, lambda s: s.errand_done()),
    "handoff": ("{handoff: desk, id: w}", lambda _: None, lambda s: s.closed()),
    "handoff, no answer": (
        "{handoff: desk, id: w, timeout: 1d, on_timeout: {log: nobody}}",
        lambda _: None,
        lambda s: s.passes(days=1),
    ),
    "run": ("{run: child, id: w, save: got}", lambda _: None, lambda s: s.says("Ann")),
}


@pytest.mark.parametrize("how", ["moved", "follows", "stays"])
@pytest.mark.parametrize("kind", WAITS)
def test_a_session_in_each_kind_of_wait_goes_on_after_a_change(
    kind: str, how: str, story: Story
) -> None:
    """What it waited for comes to it once, and the rest is as its version says."""
    step, before, then = WAITS[kind]
    old = story.deploy(OLD.replace("STEP", step))
    story.says("go")
    assert story.session().waiting is not None
    before(story)
    update = "follow" if how == "follows" else "pin"
    new = story.deploy(NEW.replace("UPDATE", update).replace("STEP", step))
    if how == "moved":
        assert story.moved(old) == f"1 session moved to {new}\n"
        assert story.session().version == new
    then(story)
    session = story.session()
    assert session.outcome == "done", session
    assert session.version == (old if how == "stays" else new)
    last = "The old end." if how == "stays" else "The new end, here."
    assert story.texts()[-1] == last
    assert story.texts().count(last) == 1
    saved = {"call": {"ok": True}, "action": "booked", "run": {"name": "Ann"}}
    if kind in saved:
        assert next(iter(v for k, v in session.variables.items() if k != "place")) == saved[kind]
