"""Commands for the database: `smsflow db upgrade`."""

from __future__ import annotations

import click

from smsflow.cli.group import settings, smsflow


@smsflow.group()
def db() -> None:
    """The database."""


@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the tables up to date; safe to run again, and from two places at once."""
    from smsflow.store import Store

    found = settings(ctx)
    found.make_home()
    store = Store.connect(found.database_url)
    try:
        store.upgrade()
    finally:
        store.close()
    click.echo("the database is up to date")
