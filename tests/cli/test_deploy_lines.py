"""`deploy` in a transcript: sessions that stay, that follow, and that `migrate` moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from smsflow.author.scripts import read
from smsflow.author.simulated import open_project
from smsflow.engine.transcripts.playing import Played, play

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
    then: {decline: {end: sad}}
  - send: See you.
"""
NEW = """\
smsflow: 1
%s
triggers: [{keyword: GO}]
steps:
  - ask: Will you come?
    save: reply
    choices: {yes: [Y], refuse: [N]}
    then: {refuse: {end: sad}}
  - send: See you soon.
"""
TEST = """\
smsflow-test: 1
flow: talk
tests:
  - name: a new version in the middle
    steps:
      - in: go
      - out: Coming?
      - deploy: {flow: tests/flows/talk.new.yaml%s}
      - restart: true
      - in: y
      - out: %s
"""


def played(folder: Path, new: str, more: str, said: str) -> Played:
    """The test above, with that new version."""
    for name in ("flows", "tests/flows"):
        (folder / name).mkdir(parents=True)
    (folder / "smsflow.yaml").write_text(PROJECT)
    (folder / "flows/talk.yaml").write_text(OLD)
    (folder / "tests/flows/talk.new.yaml").write_text(new)
    path = folder / "tests/flows/talk.test.yaml"
    path.write_text(TEST % (more, said))
    script = read(path, folder)
    assert not script.issues, script.issues
    project = open_project(folder)
    new = new.replace("VERSION", project.world.flows["talk"].version)
    (folder / "tests/flows/talk.new.yaml").write_text(new)
    return play(script.tests[0], project.world, deploy=project.with_new_version)


MAP = "migrate: [{from: VERSION, steps: {answer: reply}, values: {answer: {decline: refuse}}}]"


@pytest.mark.parametrize(
    ("head", "more", "said"),
    [
        ("update: pin", "", "See you."),
        ("update: follow", "", "See you."),  # the question has another name
        (f"update: follow\n{MAP}", "", "See you soon."),
        (MAP, "", "See you."),
        (MAP, ", move: true", "See you soon."),
    ],
)
def test_a_deployment_in_the_middle_of_a_conversation(
    tmp_path: Path, head: str, more: str, said: str
) -> None:
    """Who follows goes on in the new words, by the map; who doesn't, in the old ones."""
    done = played(tmp_path, NEW % head, more, said)
    assert done.passed, (done.reason, done.got)


def test_a_move_that_is_not_possible_fails_the_test(tmp_path: Path) -> None:
    done = played(tmp_path, NEW % "update: pin", ", move: true", "See you.")
    assert done.reason == "talk can't be moved: there is no step 'answer'"
    assert done.place is not None
    assert done.place.line == 8
