"""`smsflow test --update`: texts that were sent in other words are written into the tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from smsflow.author import scripts
from smsflow.author.simulated import open_project
from smsflow.cli.updating import updated
from smsflow.errors import SettingsInvalid
from smsflow.files import write_whole

Run = Callable[..., Result]
Edit = Callable[[Path, str, str], None]

FLOW = """\
smsflow: 1
triggers: [{keyword: TALK}]
steps:
  - ask: How many of you will come?
    save: people
    type: integer
    retry: {times: 1, text: "A number, please."}
  - send: See you, all {{ people }} of you.
  - handoff: desk
    note: "{{ people }} people"
"""
TEST = """\
smsflow-test: 1
flow: talk
tests:
  # what most people do
  - name: they come
    steps:
      - in: talk
      - out: How many of you will come?    # the question
      - in: "3"
      - out: {text: 'See you, all 3 of you.', via: main}
      - handoff: {queue: desk, note: 3 people}
  - name: unclear
    steps:
      - in: talk
      - out: How many of you will come?
      - in: some
      - out: {contains: number}
"""


@pytest.fixture
def talk(small: Path) -> Path:
    """A project with one more flow and its test."""
    (small / "flows" / "talk.yaml").write_text(FLOW)
    (small / "tests" / "flows" / "talk.test.yaml").write_text(TEST)
    return small


@pytest.fixture
def file(talk: Path) -> Path:
    return talk / "tests" / "flows" / "talk.test.yaml"


def test_what_was_sent_is_written_in_its_place(
    talk: Path, file: Path, run: Run, edit: Edit
) -> None:
    """Every whole text, with nothing else changed; the change is shown word by word."""
    edit(talk / "flows" / "talk.yaml", "of you will come", "of you: are coming")
    edit(talk / "flows" / "talk.yaml", "ask: How many of you: are coming?",
         'ask: "How many of you: are coming?"')  # fmt: skip
    edit(talk / "flows" / "talk.yaml", "See you, all", "Welcome, it's all")
    edit(talk / "flows" / "talk.yaml", "people }} people", "people }} guests")
    assert run(talk, "test", "-k", "talk").exit_code == 1
    assert file.read_text() == TEST
    done = run(talk, "test", "--update", "-k", "talk")
    assert done.exit_code == 0
    asked = '"How many of you: are coming?"'
    assert file.read_text() == TEST.replace("How many of you will come?", asked).replace(
        "'See you, all 3 of you.'", "'Welcome, it''s all 3 of you.'"
    ).replace("3 people", "3 guests")
    assert done.output.splitlines()[2:6] == [
        "written anew: tests/flows/talk.test.yaml:8:14 they come",
        "  How many of [-you will come?-]{+you: are coming?+}",
        "",
        "written anew: tests/flows/talk.test.yaml:10:21 they come",
    ]
    assert "2 passed in" in done.output
    assert [each.name for each in file.parent.iterdir() if each.name.startswith(".")] == []
    again = run(talk, "test", "--update", "-k", "talk")
    assert "written anew" not in again.output


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('retry: {times: 1, text: "A number, please."}', 'retry: {times: 1, text: "1 or 2?"}',
         "expected: contains number"),
        ("- send: See you, all {{ people }} of you.", "- log: nothing", "expected: See you"),
        ("- handoff: desk", "- send: More.\n  - handoff: desk", "unexpected text: More"),
        ("handoff: desk", "handoff: front", "expected queue desk"),
    ],
)  # fmt: skip
def test_what_is_no_whole_text_is_left_to_a_person(
    talk: Path, file: Path, run: Run, edit: Edit, old: str, new: str, reason: str
) -> None:
    """Of a test that fails otherwise no text is written: they may stand at the wrong lines."""
    edit(talk / "flows" / "talk.yaml", old, new)
    edit(talk / "flows" / "talk.yaml", "How many of you", "How many people")
    done = run(talk, "test", "--update", "-k", "talk")
    assert done.exit_code == 1
    assert reason in done.output
    hint = "1 failed test is unchanged: only whole texts are written, where the test then passes"
    assert hint in done.output
    first = "contains" in reason  # the other test of the file is written
    lines = [line.strip() for line in file.read_text().splitlines() if "How many" in line]
    other = "- out: How many people will come?"
    assert lines == [
        (other if first else "- out: How many of you will come?") + "    # the question",
        "- out: How many of you will come?" if first else other,
    ]


def test_a_text_that_others_share_is_left(talk: Path, file: Path, run: Run, edit: Edit) -> None:
    """An anchor: the whole file stays as it was."""
    edit(file, "out: How many of you will come?    #", "out: &asked How many of you will come?  #")
    edit(file, "out: How many of you will come?\n", "out: *asked\n")
    before = file.read_bytes()
    edit(talk / "flows" / "talk.yaml", "How many of you", "How many people")
    done = run(talk, "test", "--update", "-k", "talk")
    assert done.exit_code == 1
    told = "left as it is: tests/flows/talk.test.yaml:8:14: it has an anchor"
    assert told in done.output
    assert file.read_bytes() == before


def test_only_chosen_tests_are_written(talk: Path, file: Path, run: Run, edit: Edit) -> None:
    """-k keeps its meaning, and a broken file is left."""
    edit(talk / "flows" / "talk.yaml", "How many of you", "How many people")
    assert run(talk, "test", "--update", "-k", "unclear").exit_code == 0
    assert file.read_text().count("How many people") == 1
    edit(file, "  - name: unclear", "  - nme: unclear")
    before = file.read_bytes()
    assert run(talk, "test", "--update").exit_code == 2
    assert file.read_bytes() == before


def test_programs_read_what_was_written(talk: Path, run: Run, edit: Edit) -> None:
    """Old and new text, by their place in the file as it was."""
    edit(talk / "flows" / "talk.yaml", "See you", "Bye")
    done = json.loads(run(talk, "test", "--update", "--format", "json", "-k", "talk").output)
    assert done["updated"] == [
        {
            "file": "tests/flows/talk.test.yaml",
            "line": 10,
            "column": 21,
            "name": "they come",
            "old": "See you, all 3 of you.",
            "new": "Bye, all 3 of you.",
        }
    ]
    assert done["failed"] == 0


def test_a_file_that_changed_meanwhile_is_left(talk: Path, file: Path, edit: Edit) -> None:
    """What somebody saved while the tests were played is not written over."""
    edit(talk / "flows" / "talk.yaml", "See you", "Bye")
    project = open_project(talk)
    script = scripts.read(file, talk)
    timed: list[Any] = list(scripts.play_all(script.tests, project, lambda: 0.0))
    file.write_text(TEST + "# more\n")
    found = updated(script, timed, project)
    assert "somebody else has changed it meanwhile" in found.problem
    assert file.read_text() == TEST + "# more\n"


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """With the permissions that it had, or those of new files, through a link as well; what can't
    be done is told."""
    path, link = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_whole(link, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)
    assert link.is_symlink()
    with pytest.raises(SettingsInvalid, match=r"can't write .*gone/a \(No such file"):
        write_whole(tmp_path / "gone" / "a", b"new")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "b"]
    write_whole(tmp_path / "c", b"first")
    (tmp_path / "d").touch()
    modes = [(tmp_path / each).stat().st_mode for each in "cd"]
    assert ((tmp_path / "c").read_bytes(), modes[0]) == (b"first", modes[1])
