"""`smsflow erase`: a person asks to be forgotten."""

from __future__ import annotations

import click

from smsflow.cli.group import settings, smsflow
from smsflow.cli.telling import by_option


@smsflow.command()
@click.argument("number")
@click.option("--yes", is_flag=True, help="Don't ask first.")
@by_option
@click.pass_context
def erase(ctx: click.Context, number: str, yes: bool, by: str) -> None:
    """Erase all that tells of a NUMBER. If it had opted out, that stays, as a keyed digest."""
    from smsflow.clock import SystemClock
    from smsflow.sms.numbers import normalise
    from smsflow.store import Store

    found = settings(ctx)
    try:
        phone = normalise(number)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="NUMBER") from None
    if not yes:
        click.confirm(f"Erase {phone} for good?", abort=True)
    store = Store.connect(found.database_url, key=found.digest_key())
    try:
        store.check_schema()
        done = store.erase(phone, by=by, now=SystemClock().now())
        scrubbed = store.scrub()
    finally:
        store.close()
    told = ", ".join(f"{count} of {table}" for table, count in sorted(done.rows.items()))
    click.echo(f"{phone}: {told or 'nothing was known'}")
    if done.opted_out:
        click.echo("It had opted out, and stays so until START.")
    if not scrubbed:
        click.echo(
            "smsflow: others are using the database's file, so it still holds what was deleted;"
            " stop them and run this again",
            err=True,
        )
        ctx.exit(1)
