"""`smsflow init`: a project that passes its own checks, whatever it is called."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smsflow.cli import smsflow
from smsflow.engine.language.parse import load
from smsflow.files import read_files

Run = Callable[..., Result]

FILES = {
    ".gitignore",
    ".smsflow/flow.schema.json",
    ".smsflow/project.schema.json",
    "Procfile",
    "README.md",
    "flows/hello.yaml",
    "smsflow.yaml",
    "templates/welcome.en.j2",
    "tests/flows/hello.test.yaml",
}


def init(folder: Path, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(smsflow, ["init", str(folder), *arguments], catch_exceptions=False)


def files_in(folder: Path) -> set[str]:
    """The files of a folder, by their path in it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_new_project_passes_check_and_test(tmp_path: Path, run: Run) -> None:
    """Without an error or a warning, and all of its tests."""
    folder = tmp_path / "new" / "clinic"
    done = init(folder)
    assert done.exit_code == 0
    assert files_in(folder) == FILES
    assert "1 flow, 0 errors, 0 warnings" in run(folder, "check").output
    assert "4 passed" in run(folder, "test").output


def test_its_files_name_their_schemas(tmp_path: Path) -> None:
    """An editor finds them from the first lines, and each file validates."""
    folder = tmp_path / "clinic"
    init(folder)
    for path in ("flows/hello.yaml", "smsflow.yaml"):
        first = (folder / path).read_text("utf-8").partition("\n")[0]
        prefix = "# yaml-language-server: $schema="
        assert first.startswith(prefix)
        target = (folder / path).parent / first.removeprefix(prefix)
        assert json.loads(target.read_text("utf-8"))["$schema"].endswith("2020-12/schema")


def test_it_says_what_to_do_next(tmp_path: Path) -> None:
    """Each file is named, then the commands, with the folder quoted for the shell."""
    folder = tmp_path / "my clinic"
    said = init(folder).output
    assert f"  {folder}/flows/hello.yaml\n" in said
    assert f"  cd '{folder}'\n" in said
    assert "  smsflow test " in said


@pytest.mark.parametrize(
    "name",
    [
        'Zoë\'s: "{{ x }}" # 1',
        "{% if %}",
        "- a: b",
        "back\\slash \\n",
        "true",
        "0123",
        "*x &y !z",
        "שלום 😀",
        "Starter",
        '"Starter"',
        "x" * 60,
    ],
)
def test_a_name_of_odd_characters_is_kept(tmp_path: Path, run: Run, name: str) -> None:
    """Nothing in a name means anything to YAML or to a template."""
    folder = tmp_path / "project"
    assert init(folder, "--name", name).exit_code == 0
    loaded = load(read_files(folder))
    assert loaded.issues == ()
    assert loaded.project is not None
    assert loaded.project.name == name
    assert f"# {name}\n" in (folder / "README.md").read_text("utf-8")
    assert run(folder, "test").exit_code == 0


def test_the_folder_gives_the_name(tmp_path: Path) -> None:
    """Without --name the project is called like its folder."""
    folder = tmp_path / "élan: 2"
    init(folder)
    project = load(read_files(folder)).project
    assert project is not None
    assert project.name == "élan: 2"


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "\x1b[2J", "x" * 61])
def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path, name: str) -> None:
    """With the cure, and before anything is written."""
    folder = tmp_path / "project"
    done = init(folder, "--name", name)
    assert done.exit_code == 2
    assert "--name" in done.output
    assert not folder.exists()


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """Nothing is overwritten; the message says what is there and what to do."""
    (tmp_path / "smsflow.yaml").write_text("mine")
    done = init(tmp_path)
    assert done.exit_code == 2
    assert f"is not empty (it has smsflow.yaml); name a new folder, such as {tmp_path}/sms" in (
        done.output
    )
    assert files_in(tmp_path) == {"smsflow.yaml"}
    assert (tmp_path / "smsflow.yaml").read_text() == "mine"


def test_a_fresh_repository_is_no_obstacle(tmp_path: Path) -> None:
    """`git init` may come first."""
    (tmp_path / ".git").mkdir()
    assert init(tmp_path, "--name", "Clinic").exit_code == 0


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    """A path that is a file, or lies under one, is a sentence and code 2."""
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, file / "under"):
        done = init(path)
        assert done.exit_code == 2
        assert done.output.startswith("smsflow: can't ")
