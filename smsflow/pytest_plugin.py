"""A pytest plugin: every test of a `*.test.yaml` is a test of the suite.

It collects files whose first key is `smsflow-test`; their project is the nearest folder above them
with a smsflow.yaml. A failing test prints its chat, as `smsflow test` does, and no traceback. What
smsflow needs is imported when there is such a file, so that other suites don't pay for it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smsflow.author.simulated import SimulatedProject
    from smsflow.engine.transcripts.playing import Played
    from smsflow.engine.transcripts.transcript import Transcript
    from smsflow.errors import Issue

_ENDING = ".test.yaml"
_PROJECTS = pytest.StashKey[dict[Path, "SimulatedProject"]]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take the file when it is a transcript of smsflow."""
    if not file_path.name.endswith(_ENDING):
        return None
    from smsflow.engine.transcripts.transcript import is_transcript

    if not is_transcript(file_path.read_text("utf-8", errors="replace")):
        return None
    return TranscriptFile.from_parent(parent, path=file_path)


class TranscriptFile(pytest.File):
    """One test file."""

    def collect(self) -> Iterable[pytest.Item]:
        """Its tests; a file or project with mistakes can't be collected."""
        from smsflow.author import scripts

        folder = next(
            (each for each in self.path.parents if (each / "smsflow.yaml").is_file()), None
        )
        if folder is None:
            raise self.CollectError(f"{self.path}: no folder above has a smsflow.yaml")
        project = self._project(folder)
        script = scripts.read(self.path, folder)
        if script.issues:
            raise self.CollectError(_told(script.issues))
        for test in script.tests:
            yield TranscriptItem.from_parent(self, name=test.name, test=test, project=project)

    def _project(self, folder: Path) -> SimulatedProject:
        """The project of that folder, read once."""
        from smsflow.author.simulated import open_project
        from smsflow.errors import ProjectInvalid, SettingsInvalid

        known = self.config.stash.setdefault(_PROJECTS, {})
        if folder not in known:
            try:
                known[folder] = open_project(folder)
            except ProjectInvalid as error:
                raise self.CollectError(f"in {folder}:\n{_told(error.issues)}") from None
            except SettingsInvalid as error:
                raise self.CollectError(str(error)) from None
        return known[folder]


def _told(issues: Sequence[Issue]) -> str:
    from smsflow.engine.language import report

    return "\n".join(report.render(issue, ()) for issue in issues)


class TranscriptItem(pytest.Item):
    """One test of a file."""

    def __init__(self, *, test: Transcript, project: SimulatedProject, **rest: Any) -> None:
        super().__init__(**rest)
        self._test = test
        self._project = project

    def runtest(self) -> None:
        """Play it."""
        from smsflow.engine.transcripts.playing import play

        played = play(self._test, self._project.world, deploy=self._project.with_new_version)
        if not played.passed:
            raise TranscriptFailed(played)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The chat and what was expected; a traceback only for what no test can cause."""
        if isinstance(excinfo.value, TranscriptFailed):
            from smsflow.author.failures import failure_text

            return failure_text(excinfo.value.played)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str], int, str]:
        """Where the test stands, and its name."""
        return self.path, self._test.place.line - 1, self.name


class TranscriptFailed(Exception):
    """A test did not go as its file says."""

    def __init__(self, played: Played) -> None:
        self.played = played
        super().__init__(played.reason)
