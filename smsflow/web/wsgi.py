"""The web in production: granian's processes, each with an application of its own.

Connections to a database must not be shared over a fork, so every process opens its own runtime.
Another WSGI server takes the same application: `gunicorn 'smsflow.web.wsgi:create()'`.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import time
from errno import EADDRINUSE

from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.server import Server

from smsflow import logs
from smsflow.config import Settings
from smsflow.parent import end_with
from smsflow.runtime import Runtime, try_out
from smsflow.web import create_app

STOP_SECONDS = 2.0  # for requests in hand, when the main process was killed
FREE_SECONDS = 1.0  # until the processes of a main process that was killed let go of the port

# Granian's own records go the way of all others; it writes none for a request, since the path of
# a webhook holds its secret and the query of a text that came in holds the text.
_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}


def create() -> Flask:
    """The application of one process, from its environment."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        end_with(parent.pid, grace=STOP_SECONDS)  # or we would hold the port
    logs.configure()
    return create_app(Runtime.open(Settings.from_environment()))


def serve(settings: Settings, *, host: str, port: int, workers: int, threads: int) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises ProjectInvalid and SettingsInvalid before any process is started, and OSError when the
    address can't be listened on.
    """
    try_out(settings)
    port = _free(host, port)
    os.environ["SMSFLOW_PROJECT"] = str(settings.project)
    Server(
        "smsflow.web.wsgi:create",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        blocking_threads=threads,
        factory=True,
        respawn_failed_workers=True,  # one process that dies must not end the others
        log_dictconfig=_LOGGING,
        log_access=False,
    ).serve()


def _free(host: str, port: int) -> int:
    """The port, when nobody listens there; for 0, one that is free.

    granian shares a port with whoever has it (SO_REUSEPORT), so a second `smsflow web` by mistake
    would take half of the requests.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    until = time.monotonic() + FREE_SECONDS
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno != EADDRINUSE or time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                number: int = probe.getsockname()[1]
                return number
