"""Everything in one process: web, workers, sweep and, if wanted, the providers' sandboxes.

The embedded default: nothing to install, nothing left behind. It is the code that runs in
production, in threads instead of processes, so what is tried here is what runs there.
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from random import Random
from typing import Any, Self
from urllib.parse import quote

import structlog
from cheroot.wsgi import Server
from flask import Flask

from smsflow.clock import Clock, SystemClock
from smsflow.config import Settings
from smsflow.engine.model import Project
from smsflow.errors import SettingsInvalid
from smsflow.extending import read_project
from smsflow.runtime import Account, Runtime, StandIns
from smsflow.sandbox.records import Route
from smsflow.sandbox.server import Sandbox
from smsflow.sandbox.web_services import WebServices
from smsflow.web import create_app
from smsflow.worker import ThreadWorkers

THREADS = 16
CONNECTIONS = 256  # that providers may keep open, or have waiting

# What the provider can tell of a text that came in (manual, "Push received messages").
_MO_PARAMETERS = (
    *("sender", "receiver", "text", "bin"),
    *("datetime", "messageid", "datacoding", "esmclass"),
)

log = structlog.get_logger(__name__)


class Service:
    """A project at work in this process, from `start` to `stop`; usable in a `with` statement.

    Port 0 takes a free one; `url` tells it. With `sandboxed` each provider of the project is a
    sandbox on a port of its own, whatever account smsflow.yaml names, and one server stands in for
    the web services that flows call, but for the `real` ones: `sandboxes` and `web_services`.
    `extend` adds pages to the web application; it may look at `runtime` and `sandboxes`.
    """

    runtime: Runtime

    def __init__(
        self,
        settings: Settings,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        rng: Random | None = None,
        sweep_every: float = 1.0,
        sandboxed: bool = False,
        real: frozenset[str] = frozenset(),
        extend: Callable[[Flask], None] | None = None,
    ) -> None:
        self._settings = settings
        self._address = (host, port)
        self._clock = clock or SystemClock()
        self._rng = rng
        self._sweep_every = sweep_every
        self._sandboxed = sandboxed
        self._extend = extend
        self._stand_ins = StandIns(real=real)
        self._running = ExitStack()
        self.sandboxes: Mapping[str, Sandbox] = {}
        self.accounts: Mapping[str, Account] = {}
        self.web_services = WebServices(self._clock)
        self.url = ""

    def start(self) -> None:
        """Begin to serve and to work; all of it, or nothing.

        Raises ProjectInvalid, SettingsInvalid; an address that is taken is a SettingsInvalid too.
        """
        project, _ = read_project(self._settings.project)
        unknown = sorted(self._stand_ins.real - set(project.services))
        if unknown:
            known = ", ".join(project.services) or "none"
            raise SettingsInvalid(
                f"there is no service '{unknown[0]}' in smsflow.yaml, which has: {known}"
            )
        with ExitStack() as starting:
            # The port has to be known before the runtime: it is part of every notifyUrl.
            web = _Web(*self._address)
            starting.callback(web.stop)
            self.url = web.url
            if self._sandboxed:
                self._start_stand_ins(project, starting)
            self.runtime = self._open()
            starting.callback(self.runtime.close)
            web.serve(self._application())
            starting.callback(web.stop)
            self._route(project)
            workers = ThreadWorkers(self.runtime, sweep_every=self._sweep_every)
            starting.callback(workers.stop)
            workers.start()
            self._running = starting.pop_all()
        log.info("service_started", url=self.url)

    def stop(self) -> None:
        """End everything that `start` began: no thread, no socket is left."""
        self._running.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _open(self) -> Runtime:
        settings = self._settings
        given = {**settings.environment, "SMSFLOW_PUBLIC_URL": self.url}
        return Runtime.open(
            replace(settings, environment=given),
            clock=self._clock,
            rng=self._rng,
            upgrade=True,
            stand_ins=self._stand_ins,
        )

    def _application(self) -> Flask:
        app = create_app(self.runtime)
        if self._extend is not None:
            self._extend(app)
        return app

    def _start_stand_ins(self, project: Project, starting: ExitStack) -> None:
        """Each provider of the project as a server of its own, and one for its web services."""
        sandboxes, accounts = {}, {}
        for name in project.providers:
            password = secrets.token_urlsafe()
            sandboxes[name] = starting.enter_context(
                Sandbox(user=name, password=password, clock=self._clock)
            )
            accounts[name] = Account(
                url=sandboxes[name].url,
                user=name,
                password=password,
                webhook_secret=secrets.token_urlsafe(),
            )
        self.sandboxes, self.accounts = sandboxes, accounts
        starting.enter_context(self.web_services)
        self._stand_ins = replace(
            self._stand_ins, accounts=accounts, services=self.web_services.url
        )

    def _route(self, project: Project) -> None:
        """Have the sandboxes push texts to our numbers, and clicks, to the web, as a customer would
        order it."""
        for name, sandbox in self.sandboxes.items():
            sandbox.network.tell_clicks(Route(f"{self._hooks(name)}/clicks", "POST"))
        for number in project.numbers.values():
            if number.provider in self.sandboxes:
                base = f"{self._hooks(number.provider)}/mo"
                names = project.providers[number.provider].mo
                query = "&".join(f"{names.get(each, each)}=%{each}%" for each in _MO_PARAMETERS)
                network = self.sandboxes[number.provider].network
                network.route(number.address, Route(f"{base}?{query}"))

    def _hooks(self, provider: str) -> str:
        """What the addresses begin with that a sandboxed provider pushes to."""
        secret = quote(self.accounts[provider].webhook_secret, safe="")
        return f"{self.url}/webhooks/{quote(provider, safe='')}/{secret}"


class _Web:
    """cheroot in a thread: bound at once, answering from `serve` on."""

    def __init__(self, host: str, port: int) -> None:
        self._server = _QuietServer(
            (host, port),
            _not_yet,
            numthreads=THREADS,
            request_queue_size=CONNECTIONS,
            shutdown_timeout=5,
        )
        self._server.keep_alive_conn_limit = CONNECTIONS
        self._server.expiration_interval = 0.05  # seconds; as long as `stop` waits for it
        self._thread = threading.Thread(target=self._server.serve, name="smsflow-web")
        try:
            self._server.prepare()
        except OSError as error:
            # Cheroot puts the system's words behind its own: `... [Errno 98] Address in use))`.
            reason = error.strerror or str(error).rpartition("] ")[2].rstrip(")")
            raise SettingsInvalid(
                f"can't listen on {host}:{port} ({reason}); choose another port"
            ) from error

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        host, port = self._server.bind_addr
        return f"http://{host}:{port}"

    def serve(self, app: Any) -> None:
        """Answer with this application."""
        self._server.wsgi_app = app
        self._thread.start()

    def stop(self) -> None:
        """Finish the requests in hand and close; a second time does nothing."""
        self._server.stop()
        if self._thread.is_alive():
            self._thread.join()


class _QuietServer(Server):
    """cheroot, with its errors in our log."""

    @staticmethod
    def bind_socket(socket_: socket.socket, bind_addr: tuple[str, int]) -> socket.socket:
        """Bind, or close what can't be bound, which cheroot itself forgets."""
        try:
            bound: socket.socket = Server.bind_socket(socket_, bind_addr)  # type: ignore[no-untyped-call]
        except OSError:
            socket_.close()
            raise
        return bound

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        """One record, with the traceback if there is one."""
        log.log(level, "web_server", detail=msg, exc_info=traceback)


def _not_yet(_environ: object, _start_response: object) -> list[bytes]:
    raise RuntimeError("a request before the application was there")
