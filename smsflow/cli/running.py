"""Commands that run smsflow, or a part of the world around it: web, worker, sandbox, demo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from smsflow.cli.group import settings, smsflow
from smsflow.errors import SettingsInvalid

if TYPE_CHECKING:
    from smsflow.config import Settings

_PORT = click.IntRange(0, 65_535)


@smsflow.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=_PORT, help="Port to listen on; default $PORT, or 8000.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
@click.option(
    "--threads", type=click.IntRange(1), default=16, show_default=True, help="Threads of each."
)
@click.pass_context
def web(ctx: click.Context, host: str, port: int | None, workers: int, threads: int) -> None:
    """Take what providers push, and the API's requests."""
    from smsflow import logs
    from smsflow.web import wsgi

    config = settings(ctx)
    _need_redis(config, "web")
    logs.configure()
    port = config.port if port is None else port
    with _listening(host, port):
        wsgi.serve(config, host=host, port=port, workers=workers, threads=threads)


@smsflow.command()
@click.option(
    "--inbox",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Processes that work off what came in.",
)
@click.option(
    "--outbox",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Processes that send.",
)
@click.option(
    "--errands",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that make calls and run actions.",
)
@click.pass_context
def worker(ctx: click.Context, inbox: int, outbox: int, errands: int) -> None:
    """Run flows and send texts."""
    from smsflow import logs
    from smsflow.worker import Supervisor

    config = settings(ctx)
    _need_redis(config, "worker")
    logs.configure()
    Supervisor(config, inbox=inbox, outbox=outbox, errands=errands).run()


def _need_redis(config: Settings, command: str) -> None:
    """Refuse a queue in memory, which no other process can see."""
    if config.embedded:
        raise SettingsInvalid(
            f"`smsflow {command}` needs a Redis that web and worker share; set SMSFLOW_REDIS_URL,"
            " such as redis://localhost:6379/0, or try `smsflow demo`, which needs no server"
        )


@smsflow.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=_PORT, default=8090, show_default=True, help="0 takes a free one.")
@click.option("--user", default="sandbox", show_default=True, help="User of the API.")
@click.option("--password", default="sandbox", show_default=True, help="Password of the API.")
@click.option(
    "--speed",
    type=click.IntRange(1, 1_000_000),
    default=1,
    show_default=True,
    help="How many times as fast as ours its time runs: retries, schedules, validity.",
)
def sandbox(host: str, port: int, user: str, password: str, speed: int) -> None:
    """Play the provider: its HTTP API, a phone network and handsets."""
    from smsflow.sandbox.server import serve

    with _listening(host, port):
        serve(host, port, user, password, speed=speed)


@contextmanager
def _listening(host: str, port: int) -> Iterator[None]:
    """Say in words that an address can't be listened on."""
    try:
        yield
    except OSError as error:
        raise SettingsInvalid(
            f"can't listen on {host}:{port} ({error.strerror or error}); choose another --port"
        ) from error


@smsflow.command()
@click.option("--json", "as_json", is_flag=True, help="One event a line, for programs.")
@click.pass_context
def demo(ctx: click.Context, as_json: bool) -> None:
    """Show the sample flows at work, over real HTTP on this machine."""
    import logging
    import signal

    from smsflow import logs
    from smsflow.demo import run

    # Being told to end is no reason to leave anything behind: the same as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logs.configure(level=logging.WARNING)
    ctx.exit(run(ctx.find_root().obj, as_json=as_json))
