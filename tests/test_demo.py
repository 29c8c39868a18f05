"""The demo: it plays to the end, and notices when something is not as the flows say."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smsflow import demo
from smsflow.demo import story
from smsflow.demo.record import Deviation, Event, Summary
from smsflow.demo.screen import JsonLines, Terminal
from smsflow.demo.story import Company, Scene
from smsflow.errors import SettingsInvalid

CHECKOUT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "smsflow", "--project", str(CHECKOUT), "demo"]


class Watcher:
    """A screen that remembers."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def show(self, event: Event) -> None:
        """Remember it."""
        self.events.append(event)

    def close(self, summary: Summary) -> None:
        """The totals are given back by `play` as well."""


def play(*scenes: Scene, project: Path = CHECKOUT) -> tuple[Summary, Sequence[Event]]:
    """Play some scenes."""
    watcher = Watcher()
    summary = demo.play(watcher, project, scenes)
    return summary, watcher.events


# --- as a program ---------------------------------------------------------------------------------


def test_the_demo_plays_to_its_end_in_json(tmp_path: Path) -> None:
    """Exit code 0, each line is JSON, the last has the totals, and no file is left."""
    done = subprocess.run(
        [*COMMAND, "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    *events, summary = [json.loads(line) for line in done.stdout.splitlines()]
    assert list(tmp_path.iterdir()) == []
    assert summary["kind"] == "summary"
    assert summary["deviations"] == []
    assert (summary["texts_in"], summary["texts_out"], summary["delivered"]) == (17, 20, 19)
    assert (summary["failed_over"], summary["refused_by_stop"]) == (1, 2)
    assert summary["sessions"] == {
        "verified": 1, "confirmed": 1, "handled_by_person": 1, "done": 4, "opted_out": 1,
    }  # fmt: skip
    assert [event["text"] for event in events if event["kind"] == "scene"] == [
        scene.__doc__ for scene in story.SCENES
    ]
    moments = [datetime.fromisoformat(event["at"]) for event in events]
    assert moments[-1] - moments[0] > timedelta(days=1)


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_leaves_nothing_when_it_is_told_to_end(
    tmp_path: Path, told: signal.Signals
) -> None:
    """Ctrl-C or a SIGTERM ends it with 130, and its folder is gone."""
    with subprocess.Popen(
        COMMAND,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("web http://127.0.0.1:")
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(told)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, "")
    assert list(tmp_path.iterdir()) == []


# --- what it notices ------------------------------------------------------------------------------


def wrong_text(company: Company) -> None:
    """The words of another step"""
    caller = company.person("caller", "+447700900111")
    caller.says("hours")
    caller.gets("otp", "main/send-1")


def wrong_number(company: Company) -> None:
    """Another number of ours"""
    caller = company.person("caller", "+447700900106")
    caller.says("hours")
    caller.gets("hours", "main/send-1", via="backup")


def wrong_outcome(company: Company) -> None:
    """Another outcome"""
    caller = company.person("caller", "+447700900107")
    caller.says("hours")
    caller.gets("hours", "main/send-1")
    caller.ends("verified")


def no_text(company: Company) -> None:
    """A text that never comes"""
    company.person("caller", "+447700900108").gets("hours", "main/send-1")


def no_silence(company: Company) -> None:
    """A text where silence should be"""
    caller = company.person("caller", "+447700900109")
    caller.says("hours")
    caller.gets_nothing("nobody answers")


def unread(company: Company) -> None:
    """A text that nobody expects"""
    company.person("caller", "+447700900110").says("hours")


SPOILT = (story.opening_hours, wrong_text, wrong_number, wrong_outcome, no_text, no_silence, unread)


@pytest.fixture(scope="module")
def spoilt() -> tuple[Summary, dict[str, list[str]]]:
    """All spoilt scenes played once: the totals, and the deviations by scene."""
    before = set(threading.enumerate())
    summary, events = play(*SPOILT)
    assert set(threading.enumerate()) == before
    found: dict[str, list[str]] = {}
    for event in events:
        if event.kind == "scene":
            found[event.text] = deviations = []
        elif event.kind == "deviation":
            deviations.append(event.text)
    return summary, found


@pytest.mark.parametrize(
    ("scene", "expected", "got"),
    [
        (wrong_text, "'Thanks, your number is confirmed.'", "'We are open Mon-Sat"),
        (wrong_number, "'447700900001'", "'447700900000'"),
        (wrong_outcome, "'verified'", "'done'"),
        (no_text, "'a text'", "'silence'"),
        (no_silence, "''", "'We are open Mon-Sat"),
        (unread, "''", "'We are open Mon-Sat"),
    ],
)
def test_a_spoilt_expectation_is_noticed(
    spoilt: tuple[Summary, dict[str, list[str]]], scene: Scene, expected: str, got: str
) -> None:
    """Each kind of difference between the flows and what came is told with both."""
    first = spoilt[1][scene.__doc__ or ""][0]
    assert f"expected {expected}, got {got}" in first


def test_a_spoilt_scene_does_not_touch_the_others(
    spoilt: tuple[Summary, dict[str, list[str]]],
) -> None:
    """A scene that is right has no deviation beside those that are wrong; all are counted."""
    summary, found = spoilt
    assert found[story.opening_hours.__doc__ or ""] == []
    assert len(summary.deviations) == sum(map(len, found.values())) == 7  # no_text has two


def test_a_deviation_makes_the_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    """The demo fails a build when something is not as the flows say."""
    assert demo.run(CHECKOUT, as_json=True, scenes=[no_text]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["deviations"]


def test_the_words_are_the_projects_own(tmp_path: Path) -> None:
    """Whoever edits the words of a sample sees their own words played, and no deviation."""
    for name in ("flows", "templates"):
        shutil.copytree(CHECKOUT / name, tmp_path / name)
    shutil.copy(CHECKOUT / "smsflow.yaml", tmp_path)
    (tmp_path / "templates" / "hours.en.j2").write_text("Open all night, {{ contact.first_name }}.")
    summary, events = play(story.opening_hours, project=tmp_path)
    assert summary.deviations == []
    assert "Open all night, friend." in [event.text for event in events]


# --- where it plays -------------------------------------------------------------------------------


def test_the_samples_are_found_from_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a project at hand the demo plays the one that comes with smsflow."""
    monkeypatch.chdir(tmp_path)
    assert (demo.samples() / "flows" / "otp.yaml").is_file()


def test_a_project_of_ones_own_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder with other flows the demo plays the samples that come with smsflow."""
    shutil.copy(CHECKOUT / "smsflow.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert demo.samples() != tmp_path
    assert (demo.samples() / "flows" / "otp.yaml").is_file()


def test_a_project_of_ones_own_is_told_apart(tmp_path: Path) -> None:
    """A project without the sample flows gets a sentence instead of a failing play."""
    shutil.copy(CHECKOUT / "smsflow.yaml", tmp_path)
    with pytest.raises(SettingsInvalid, match="has no flow 'appointment-reminder'"):
        demo.run(tmp_path)


# --- how it looks ---------------------------------------------------------------------------------

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def test_a_text_is_data_on_the_screen() -> None:
    """What people text is no markup: brackets stay what they are."""
    stream = io.StringIO()
    text = Event(kind="text", at=AT, who="caller", direction="in", text="[bold]hi[/bold] [red]")
    Terminal(stream, "Europe/London").show(text)
    assert "Mon 09:30 caller" in stream.getvalue()
    assert "-> [bold]hi[/bold] [red]" in stream.getvalue()


def test_a_narrow_terminal_has_room_for_the_words() -> None:
    """What became of a text stands below it where it would take the room of the text."""
    stream = io.StringIO()
    text = "See you on 4 March."
    event = Event(kind="text", at=AT, who="patient", via="main", parts=1, text=text)
    Terminal(stream, "Europe/London", columns=50).show(event)
    first, second = stream.getvalue().splitlines()
    assert first.strip().endswith("<- See you on 4 March.")
    assert second.strip() == "main, 1 part"


def test_deviations_close_the_screen() -> None:
    """The last words say whether all was well."""
    stream = io.StringIO()
    Terminal(stream, "Europe/London").close(Summary(deviations=[Deviation("text", "a", "b")]))
    assert "Not as the flows say:" in stream.getvalue()
    assert "text: expected 'a', got 'b'" in stream.getvalue()


def test_json_holds_the_deviations() -> None:
    """A program reads what was expected and what came."""
    stream = io.StringIO()
    JsonLines(stream).close(Summary(deviations=[Deviation("text", "a", "b")]))
    assert json.loads(stream.getvalue())["deviations"] == [
        {"what": "text", "expected": "a", "got": "b"}
    ]
