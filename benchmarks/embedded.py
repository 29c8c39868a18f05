"""smsflow in one process: the service that `smsflow demo` runs, without sandbox and phones.

The measurement brings its own provider.
"""

from __future__ import annotations

import signal
import threading

from smsflow import logs
from smsflow.config import Settings
from smsflow.service import Service


def main() -> None:
    """Serve until SIGTERM."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    logs.configure(level=30)
    settings = Settings.from_environment()
    with Service(settings, port=settings.port):
        stopping.wait()


if __name__ == "__main__":
    main()
