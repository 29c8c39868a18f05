"""`smsflow check --watch`: checks now, and again when a file changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from smsflow.files import changes, marks


def test_a_change_is_yielded_once() -> None:
    """Once at first, then once for each new look of things."""
    looks = iter(["a", "a", "b", "b", "b", "a"])
    waits: list[str] = []
    seen: list[int] = []
    found = changes(lambda: next(looks), lambda: waits.append("waited"))
    for _ in range(3):
        next(found)
        seen.append(len(waits))
    assert seen == [0, 2, 5]


def test_marks_change_with_what_check_reads(small: Path) -> None:
    """A flow that is edited, added or removed counts; other files don't."""
    first = marks(small)
    (small / "notes.txt").write_text("x")
    assert marks(small) == first
    flow = small / "flows" / "hello.yaml"
    flow.write_text(flow.read_text() + "# more\n")
    second = marks(small)
    assert second != first
    (small / "flows" / "other.yaml").write_text("smsflow: 1\n")
    assert len(marks(small)) == len(first) + 1
    (small / "flows" / "other.yaml").unlink()
    assert marks(small) == second


def test_a_file_is_checked_again_when_it_changes_and_ctrl_c_is_no_failure(small: Path) -> None:
    """The command itself: sound, broken, sound again, and code 0 at the end."""
    command = [sys.executable, "-m", "smsflow", "--project", str(small), "check", "--watch"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    flow = small / "flows" / "hello.yaml"
    sound = flow.read_text()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "1 flow, 0 errors, 0 warnings\n"
            flow.write_text(sound.replace("timeout:", "timout:"))
            assert "unknown key 'timout'" in process.stdout.readline()
            while "error," not in process.stdout.readline():
                pass
            flow.write_text(sound)
            assert process.stdout.readline() == "1 flow, 0 errors, 0 warnings\n"
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
