"""The sandbox as a server: the Flask app, the server that runs it, and the program.

A client of the real API works against it when its base URL is changed, so the whole way out and
back (send, report, reply) is real HTTP on one machine.
"""

from __future__ import annotations

import hmac
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from errno import ECONNRESET
from typing import Self
from uuid import uuid4

from cheroot.wsgi import Server
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from smsflow.sandbox.additions import additions, bulk_api
from smsflow.sandbox.api import LOST, Counter, links, provider_api
from smsflow.sandbox.clock import Clock, SystemClock
from smsflow.sandbox.control import control_api
from smsflow.sandbox.exchange import respond_error, respond_http_error
from smsflow.sandbox.network import Network
from smsflow.sandbox.pusher import Pusher
from smsflow.sandbox.records import Push
from smsflow.sandbox.wire import ApiError

MAX_BODY = 4 * 1024 * 1024  # octets
THREADS = 16


def new_id() -> str:
    """An id such as the provider generates."""
    return str(uuid4())


def create_app(
    network: Network,
    *,
    user: str,
    password: str,
    clock: Clock,
    perform: Callable[[Push], None] | None = None,
    wait: Callable[[float], object] = time.sleep,
) -> Flask:
    """The provider's API and the control API on one network, behind Basic auth.

    `perform` makes a push that a fault wants before the answer; `wait` holds an answer back. Every
    error has the documented shape.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    perform = perform or Pusher(network, clock).perform
    counter = Counter(network, clock, perform, wait)
    for blueprint in (provider_api(counter), additions(counter), bulk_api(counter)):
        app.register_blueprint(blueprint)
    app.register_blueprint(links(network, clock))
    app.register_blueprint(control_api(network, clock))
    app.register_error_handler(ApiError, respond_error)
    app.register_error_handler(HTTPException, respond_http_error)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        app.logger.error("the sandbox broke", exc_info=error)
        return respond_error(ApiError(500, "GENERAL_ERROR", "General error"))

    @app.before_request
    def authorise() -> None:
        if request.method == "HEAD":  # what a GET hands out once would be gone
            raise MethodNotAllowed(["GET"])
        if request.blueprint != "links" and not _known(user, password):
            raise ApiError(401, "UNAUTHORIZED", "Invalid login details")

    app.wsgi_app = _LosingAnswers(app.wsgi_app)  # type: ignore[method-assign]
    return app


def _known(user: str, password: str) -> bool:
    """True when the request carries this user and password.

    Basic, as in the manual; as parameters where a request is nothing but a URL; and as an API key,
    `App KEY`, for newer clients: the key of the sandbox is its password.
    """
    told = request.authorization
    if told is None and request.endpoint == "additions.query":
        names = request.values.get("username", ""), request.values.get("password", "")
    elif told is not None and told.type == "basic":
        names = told.username or "", told.password or ""
    elif told is not None and told.type == "app":
        names = user, told.token or ""
    else:
        return False
    right_user = hmac.compare_digest(names[0].encode(), user.encode())
    return hmac.compare_digest(names[1].encode(), password.encode()) and right_user


class _LosingAnswers:
    """Breaks the connection instead of answering a request that is marked so.

    The server takes a reset connection as the client's doing, and closes it without a word.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app

    def __call__(
        self, environ: dict[str, object], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        body = self._app(environ, start_response)
        if LOST in environ:
            raise ConnectionResetError(ECONNRESET, "answer lost on purpose")
        return body


class Sandbox:
    """A running sandbox: server and pusher, each in its thread, from `start` to `stop`.

    Port 0 takes a free one; `url` tells it. Usable in a `with` statement.
    """

    def __init__(
        self,
        network: Network | None = None,
        *,
        user: str,
        password: str,
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.clock = clock or SystemClock()
        self.network = network or Network(ids=new_id)
        self._stopped = threading.Event()
        self._pusher = Pusher(self.network, self.clock)
        app = create_app(
            self.network,
            user=user,
            password=password,
            clock=self.clock,
            perform=self._pusher.perform,
            wait=self._stopped.wait,
        )
        self._server = Server(
            (host, port), app, numthreads=THREADS, request_queue_size=128, shutdown_timeout=1
        )
        self._server.expiration_interval = 0.05  # seconds; as long as `stop` waits for it
        self._thread = threading.Thread(target=self._server.serve, name="sandbox-server")

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end; known once started."""
        host, port = self._server.bind_addr
        return f"http://{host}:{port}"

    def start(self) -> None:
        """Bind, serve and push; requests are answered from now on. OSError: the port is taken."""
        self._server.prepare()
        self._thread.start()
        self._pusher.start()

    def stop(self) -> None:
        """End everything that `start` began; no thread is left."""
        self._stopped.set()
        self._server.stop()
        self._thread.join()
        self._pusher.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


def serve(host: str, port: int, user: str, password: str, *, speed: float = 1.0) -> None:
    """Run a sandbox until SIGINT or SIGTERM; its time runs `speed` times as fast as ours."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    sandbox = Sandbox(user=user, password=password, clock=SystemClock(speed), host=host, port=port)
    with sandbox:
        sys.stdout.write(f"sandbox provider on {sandbox.url}\n")
        sys.stdout.flush()
        told.wait()
