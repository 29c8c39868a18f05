"""The test files of a project: found, read and played."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from smsflow.author.simulated import SimulatedProject
from smsflow.engine.transcripts.playing import Played, play
from smsflow.engine.transcripts.transcript import Transcript, read_transcripts
from smsflow.errors import Issue
from smsflow.files import read_bytes

FOLDER = Path("tests", "flows")  # where a project keeps its tests
ENDING = ".test.yaml"


@dataclass(frozen=True, slots=True)
class Script:
    """One test file: its tests, or what is wrong with it."""

    file: str  # as people read it: from the project's folder when it lies there
    path: Path
    tests: tuple[Transcript, ...]
    issues: tuple[Issue, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Timed:
    """A test that was played, and how long that took in seconds."""

    played: Played
    seconds: float


def find(folder: Path, paths: Sequence[Path]) -> list[Path]:
    """The test files under `paths`, each once; without paths those of the project."""
    found: list[Path] = []
    for path in paths or [folder / FOLDER]:
        found += sorted(path.rglob(f"*{ENDING}")) if path.is_dir() else [path]
    return [path for path in dict.fromkeys(found) if paths or path.is_file()]


def read(path: Path, folder: Path) -> Script:
    """One test file; its name is relative to the project's folder where it can be."""
    whole = path.resolve()
    inside = whole.is_relative_to(folder)
    file = (whole.relative_to(folder) if inside else whole).as_posix()
    data = read_bytes(path)
    tests, issues = read_transcripts(data, file)
    # A test that lost a line would fail for no reason of its flow's.
    return Script(file, path, () if issues else tuple(tests), tuple(issues), data)


def named(script: Script, wanted: str) -> list[Transcript]:
    """The tests whose file and name hold `wanted`, in any case; all of them for ''."""
    return [
        test for test in script.tests if wanted.lower() in f"{script.file}::{test.name}".lower()
    ]


def play_all(
    tests: Iterable[Transcript], project: SimulatedProject, clock: Callable[[], float]
) -> Iterable[Timed]:
    """Play tests one after the other; `clock` counts seconds."""
    for test in tests:
        began = clock()
        played = play(test, project.world, deploy=project.with_new_version)
        yield Timed(played, clock() - began)
