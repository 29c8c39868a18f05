"""What a run needs around it: a fast folder, and no log."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog


@contextmanager
def scratch() -> Iterator[str]:
    """A folder in memory where that exists, for a commit waits for the disk."""
    memory = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield folder


@contextmanager
def quiet_logs() -> Iterator[None]:
    """No log lines: thousands of simulated failures would each write one."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield
    finally:
        structlog.configure(**before)
