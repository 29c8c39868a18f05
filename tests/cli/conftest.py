"""What the tests of the author's commands share: projects to work on, and a way to run commands."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smsflow.author.starting import begin_project
from smsflow.cli import smsflow

CHECKOUT = Path(__file__).parents[2]

Run = Callable[..., Result]


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A copy of the sample project, with its tests."""
    folder = tmp_path / "sample"
    folder.mkdir()
    shutil.copy(CHECKOUT / "smsflow.yaml", folder)
    for name in ("flows", "templates", "tests/flows"):
        shutil.copytree(CHECKOUT / name, folder / name)
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project as `smsflow init` makes it."""
    folder = tmp_path / "small"
    begin_project(folder)
    return folder


@pytest.fixture
def run() -> Run:
    """Runs a command for the project in a folder, with lines typed into it."""

    def run(folder: Path, *arguments: str, typed: str = "") -> Result:
        command = ["--project", str(folder), *arguments]
        return CliRunner().invoke(smsflow, command, input=typed, catch_exceptions=False)

    return run


@pytest.fixture
def edit() -> Callable[[Path, str, str], None]:
    """Replaces a piece of a file that has to be there."""

    def edit(path: Path, old: str, new: str) -> None:
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    return edit
