"""A child process that ends when its parent does, however that ended.

A parent that was killed can't stop its children. Left alone they would go on with the flows of an
old release and hold the port, so that the web could not be started again.
"""

from __future__ import annotations

import os
import signal
import threading
import time

LOOK_EVERY = 0.2  # seconds


def end_with(parent: int, *, grace: float, linger: float = 0.0) -> None:
    """End this process `linger` seconds after `parent` ceased to be its parent: SIGTERM, and
    SIGKILL when that has not helped after `grace` seconds."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY)
        time.sleep(linger)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
