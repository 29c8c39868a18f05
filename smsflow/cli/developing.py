"""`smsflow dev`: a project at work for its author, with a phone in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from smsflow.cli.checking import issues_text
from smsflow.cli.group import settings, smsflow

if TYPE_CHECKING:
    from smsflow.engine.language.parse import Loaded


@smsflow.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="Port of this machine's loopback to listen on, 0 for a free one; default $PORT, or 8000.",
)
@click.option(
    "--browser/--no-browser", default=True, help="Open the phone, where there is a screen."
)
@click.option("--real", multiple=True, metavar="SERVICE", help="Call this web service for real.")
@click.option("--fresh", is_flag=True, help="Forget the chats and the clock of earlier runs.")
@click.pass_context
def dev(
    ctx: click.Context, port: int | None, browser: bool, fresh: bool, real: tuple[str, ...]
) -> None:
    """Run it all here, with a phone in the browser. Flows are taken over when they change."""
    import logging

    from smsflow import logs
    from smsflow.dev import run

    config = settings(ctx)
    port = config.port if port is None else port
    logs.configure(level=logging.WARNING)

    def explain(loaded: Loaded) -> str:
        return issues_text(loaded, config.project)

    run(config, explain, port=port, browse=browser, fresh=fresh, real=frozenset(real))
