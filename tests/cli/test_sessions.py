"""`smsflow sessions`: who is in which version, and moving them on; SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from smsflow.cli import smsflow
from smsflow.conversation import Conversations
from smsflow.engine import world
from smsflow.engine.language import parse
from smsflow.engine.model import Flow
from smsflow.files import read_files
from smsflow.moving import GONE, Mover
from smsflow.store import Store
from smsflow.store.rows import Kind, NewRow

PROJECT = """\
smsflow-project: 1
numbers: {main: {address: "+447700900000", provider: one}}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
"""
OLD = """\
smsflow: 1
triggers: [{keyword: GO}]
steps:
  - ask: Coming?
    save: answer
    choices: {yes: [Y], decline: [N]}
    timeout: 2d
    then: {decline: {ask: Why?, save: why}}
  - end: done
"""
NEW = """\
smsflow: 1
triggers: [{keyword: GO}]
migrate:
  - from: %s
    steps: {answer: reply}
    values: {answer: {decline: refuse}}
steps:
  - ask: Will you come?
    save: reply
    choices: {yes: [Y], refuse: [N]}
    timeout: 1h
    then: {refuse: {end: refused}}
  - end: done
"""
PHONES = [f"+4477009001{number:02d}" for number in range(5)]


class Shop:
    """A project in a folder, its database, and a worker."""

    def __init__(self, folder: Path, store: Store, url: str) -> None:
        self.folder, self.store, self.url = folder, store, url
        self.now = datetime.now(UTC) - timedelta(minutes=5)
        self.versions: dict[tuple[str, str], Flow] = {}
        (folder / "flows").mkdir()
        (folder / "smsflow.yaml").write_text(PROJECT)
        self.version = self.deploy(OLD)

    def deploy(self, text: str) -> str:
        """Make this the flow of the files and of the worker; its version."""
        (self.folder / "flows" / "talk.yaml").write_text(text)
        loaded = parse.load(read_files(self.folder)).sound()
        assert loaded.project is not None
        flow = loaded.flows["talk"]
        self.store.remember_versions([("talk", flow.version, loaded.bundles["talk"])])
        self.versions["talk", flow.version] = flow
        made = world.build(loaded.project, loaded.flows, secret=b"0123456789abcdef")
        self.worker = Conversations(
            self.store,
            lambda: made,
            lambda name, version: self.versions.get((name, version)),
            clock=SimpleNamespace(now=lambda: self.now),
            rng=Random(1),
        )
        return flow.version

    def says(self, phone: str, text: str) -> None:
        self.now += timedelta(seconds=1)
        row = NewRow(Kind.MO, phone, {"text": text, "number": "main"}, self.now)
        self.store.insert([row])
        self.works()

    def works(self) -> None:
        while self.worker.work().rows:
            pass

    def runs(self, *arguments: str) -> Result:
        command = ["--project", str(self.folder), "sessions", *arguments]
        env = {"SMSFLOW_DATABASE_URL": self.url}
        return CliRunner().invoke(smsflow, command, env=env, catch_exceptions=False)

    def session(self, phone: str) -> Any:
        ((_, found),) = self.store.sessions_of(phone, 1)
        return found


@pytest.fixture
def shop(tmp_path: Path, store: Store, database_url: str) -> Shop:
    """Five contacts can be asked; the worker's clock is a little behind."""
    return Shop(tmp_path, store, database_url)


def test_sessions_are_counted_by_flow_version_and_step(shop: Shop) -> None:
    """What the files say now is told from what is older."""
    assert shop.runs().output == "no session is open\n"
    for phone in PHONES:
        shop.says(phone, "go")
    shop.says(PHONES[0], "n")
    old = shop.version
    new = shop.deploy(NEW % old)
    shop.says("+447700900200", "go")
    assert sorted(shop.runs().output.splitlines()) == sorted(
        [
            f"      4  talk  {old}  answer  older",
            f"      1  talk  {old}  why  older",
            f"      1  talk  {new}  reply",
        ]
    )
    told = json.loads(shop.runs("--flow", "talk", "--json").output)["sessions"]
    assert {each["step"]: each["sessions"] for each in told} == {"answer": 4, "why": 1, "reply": 1}
    assert json.loads(shop.runs("--flow", "other", "--json").output) == {"sessions": []}


def test_open_sessions_are_moved_each_with_its_timers(shop: Shop) -> None:
    """Who can't move stays, with the reason; the others go on in the new version."""
    for phone in PHONES:
        shop.says(phone, "go")
    shop.says(PHONES[0], "n")
    old = shop.version
    new = shop.deploy(NEW % old)
    tried = shop.runs("move", "talk", "--from", old[:5], "--to", new, "--dry-run")
    assert tried.output.splitlines() == [
        f"4 sessions would move to {new}",
        "1 session at 'why' would stay: there is no step 'why'",
    ]
    assert {shop.session(phone).version for phone in PHONES} == {old}
    done = shop.runs("move", "talk", "--from", old, "--json", "--by", "ops")
    assert json.loads(done.output) == {
        "flow": "talk",
        "from": old,
        "to": new,
        "dry_run": False,
        "moved": 4,
        "stayed": [{"step": "why", "reason": "there is no step 'why'", "sessions": 1}],
    }
    assert (tried.exit_code, done.exit_code) == (1, 1)
    assert [shop.session(phone).version for phone in PHONES] == [old, *[new] * 4]
    shop.says(PHONES[1], "n")
    assert shop.session(PHONES[1]).outcome == "refused"
    shop.now += timedelta(hours=2)  # the new version waits for one hour
    shop.works()
    assert [shop.session(phone).outcome for phone in PHONES[2:]] == ["no_answer"] * 3
    ((action),) = shop.store.actions(5)
    assert (action.who, action.what, action.about) == ("ops", "move", "talk")
    assert [each.what for each in shop.store.trace(shop.session(PHONES[1]).id)][2] == "moved"


def test_a_reply_that_comes_while_sessions_move_is_not_lost(shop: Shop) -> None:
    """What was worked off between the list and the move is seen by the move."""
    for phone in PHONES[:2]:
        shop.says(phone, "go")
    old = shop.version
    shop.deploy(NEW % old)
    found = shop.store.live_on("talk", old)
    listed = list(found)
    shop.says(PHONES[0], "y")
    loaded = parse.load(read_files(shop.folder))
    assert loaded.project is not None
    made = world.build(loaded.project, loaded.flows, secret=b"")
    clock = SimpleNamespace(now=lambda: shop.now)
    versions = shop.versions["talk", old], loaded.flows["talk"]
    mover = Mover(shop.store, made, *versions, clock=clock, rng=Random(1))
    assert [mover.try_out(each) for each in listed] == [GONE, ""]
    assert [mover.move(each) for each in listed] == [GONE, ""]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "ffff"), "--from: no version of 'talk' begin"),
        (("--from", "{new}"), "both are the version"),
        (("--from", "{old}", "--to", "ffff"), "--to: no version"),
    ],
)
def test_versions_that_are_not_there_are_told(
    shop: Shop, arguments: tuple[str, ...], said: str
) -> None:
    old = shop.version
    new = shop.deploy(NEW % old)
    done = shop.runs("move", "talk", *(each.format(old=old, new=new) for each in arguments))
    assert done.exit_code == 2
    assert said in done.output


def test_a_migrate_that_names_no_step_of_that_version_is_told(shop: Shop) -> None:
    """Nothing is moved by half a map."""
    shop.says(PHONES[0], "go")
    old = shop.version
    shop.deploy((NEW % old).replace("{answer: reply}", "{answre: reply}"))
    done = shop.runs("move", "talk", "--from", old)
    assert done.exit_code == 2
    assert "names the step 'answre'" in done.output
