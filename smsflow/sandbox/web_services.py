"""A stand-in for the web services that flows call: it takes every request, and remembers it.

A service is reached under its name: `POST /crm/csat` is what a flow calls `POST crm:/csat`. Every
request is answered 200 with `{}`; one that comes again with its `Idempotency-Key` is the same one.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import unquote

from cheroot.wsgi import Server
from flask import Flask, request

from smsflow.sandbox.clock import Clock

THREADS = 4
MAX_BODY = 1024 * 1024  # octets
REMEMBERED = 10_000  # requests; older ones are forgotten

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `what` as flows write it (`POST crm:/csat`), `body` its JSON, its form or text."""

    at: datetime
    what: str
    body: Any


class WebServices:
    """The stand-in as a server, from `start` to `stop`; usable in a `with` statement."""

    def __init__(self, clock: Clock, *, host: str = "127.0.0.1") -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: dict[str, Asked] = {}  # by key, in the order in which they came
        self._forgotten = 0
        self._numbers = itertools.count()
        self._server = Server((host, 0), self._application(), numthreads=THREADS)
        self._server.shutdown_timeout = 1
        self._server.expiration_interval = 0.05  # seconds; as long as `stop` waits for it
        self._thread = threading.Thread(target=self._server.serve, name="sandbox-web-services")

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end; known once started."""
        host, port = self._server.bind_addr
        return f"http://{host}:{port}"

    def asked_after(self, count: int) -> list[Asked]:
        """The requests after so many, each once, oldest first."""
        with self._lock:
            fresh = count - self._forgotten
            return list(self._asked.values())[max(fresh, 0) :]

    def start(self) -> None:
        """Bind and serve."""
        self._server.prepare()
        self._thread.start()

    def stop(self) -> None:
        """End everything that `start` began; no thread is left."""
        self._server.stop()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _application(self) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.config["MAX_CONTENT_LENGTH"] = MAX_BODY

        @app.route("/<service>/", defaults={"path": ""}, methods=_METHODS)
        @app.route("/<service>/<path:path>", methods=_METHODS)
        def take(service: str, path: str) -> dict[str, Any]:
            query = f"?{unquote(request.query_string.decode('ascii', 'replace'))}"
            what = f"{request.method} {service}:/{path}{query if len(query) > 1 else ''}"
            self._remember(what)
            return {}

        return app

    def _remember(self, what: str) -> None:
        body: Any = request.get_json(silent=True)
        if body is None:
            body = request.form.to_dict() or request.get_data(as_text=True) or None
        with self._lock:
            key = request.headers.get("Idempotency-Key") or f"request {next(self._numbers)}"
            self._asked.setdefault(key, Asked(self._clock.now(), what, body))
            if len(self._asked) > REMEMBERED:
                del self._asked[next(iter(self._asked))]
                self._forgotten += 1
