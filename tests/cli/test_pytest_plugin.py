"""The pytest plugin: transcripts as tests of a suite."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Edit = Callable[[Path, str, str], None]


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest there, with the plugin and nothing of our own settings."""
    options = ["-p", "smsflow.pytest_plugin", "-p", "no:cacheprovider", "-c", os.devnull]
    # The plugin is named, so it doesn't matter whether smsflow is installed.
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder), *arguments],
        cwd=folder,
        env={**os.environ, **alone, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_test_of_a_transcript_is_a_test(small: Path) -> None:
    """Items have the names that the file gives them, and can be chosen by them."""
    done = pytest_in(small, "-v", "-k", "somebody or STOP")
    assert done.returncode == 0
    assert "tests/flows/hello.test.yaml::somebody is well PASSED" in done.stdout
    assert "2 passed, 2 deselected" in done.stdout


def test_a_failure_prints_the_chat_and_no_traceback(small: Path, edit: Edit) -> None:
    """What `smsflow test` says is what pytest says."""
    path = small / "tests" / "flows" / "hello.test.yaml"
    edit(path, "out: Glad to hear it!", "out: Glad to hear!")
    done = pytest_in(small)
    assert done.returncode == 1
    assert (
        "FAIL tests/flows/hello.test.yaml:7 somebody is well\n   09:00 <- Hello!\n" in done.stdout
    )
    assert " line 12:14 expected: Glad to hear!\n" in done.stdout
    assert " sent by flows/hello.yaml:16:17 (send)\n" in done.stdout
    assert "Traceback" not in done.stdout
    assert "pytest_plugin.py" not in done.stdout
    assert "1 failed, 3 passed" in done.stdout


def test_a_broken_file_is_an_error_of_collection(small: Path, edit: Edit) -> None:
    """Its mistakes are told with their places."""
    path = small / "tests" / "flows" / "hello.test.yaml"
    edit(path, "- after: 1d", "- aftr: 1d")
    done = pytest_in(small)
    assert done.returncode == 2
    assert "tests/flows/hello.test.yaml:27:9: error F206: unknown line 'aftr'" in done.stdout
    assert "did you mean 'after'?" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_broken_project_is_an_error_of_collection(small: Path, edit: Edit) -> None:
    """No test is played by flows with mistakes."""
    edit(small / "flows" / "hello.yaml", "save: mood", "svae: mood")
    done = pytest_in(small)
    assert done.returncode == 2
    assert "flows/hello.yaml:8:5: error F203: unknown key 'svae'" in done.stdout
    assert "Traceback" not in done.stdout


def test_other_files_are_left_to_others(tmp_path: Path) -> None:
    """Files of that ending that are no transcripts are none of our business."""
    (tmp_path / "other.test.yaml").write_text("smsflow-tests-of-somebody-else: 1\n")
    (tmp_path / "binary.test.yaml").write_bytes(b"\xff\x00")
    assert pytest_in(tmp_path).returncode == 5


def test_a_transcript_without_a_project_is_told(tmp_path: Path) -> None:
    """A test file needs a smsflow.yaml above it."""
    (tmp_path / "lost.test.yaml").write_text("# a comment first\n\nsmsflow-test: 1\n")
    done = pytest_in(tmp_path)
    assert done.returncode == 2
    assert "no folder above has a smsflow.yaml" in done.stdout
