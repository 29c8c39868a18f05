"""Children whose parent is killed do not outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# A parent with a child that ends with it; the child holds the pipe that the test reads from.
FAMILY = """
import os, signal, sys
from smsflow.parent import end_with
parent = os.getpid()
if os.fork() == 0:
    if sys.argv[1] == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_with(parent, grace=0.1, linger=float(sys.argv[2]))
    print("here", flush=True)
signal.pause()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.parametrize("child", ["obedient", "deaf"])
def test_a_child_ends_with_its_parent(child: str) -> None:
    """When the parent is killed the child ends, even one that does not hear SIGTERM."""
    with subprocess.Popen(
        [sys.executable, "-c", FAMILY, child, "0"],
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        process.send_signal(signal.SIGKILL)
        # The pipe is at its end when nobody is left who could write to it.
        assert process.stdout.read() == b""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_child_may_go_on_for_a_while() -> None:
    """So that work goes on until the next parent is there."""
    with subprocess.Popen(
        [sys.executable, "-c", FAMILY, "obedient", "0.5"],
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        killed = time.monotonic()
        process.send_signal(signal.SIGKILL)
        assert process.stdout.read() == b""
        assert time.monotonic() - killed >= 0.5
