"""`smsflow provider`: asking a provider itself, without the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from smsflow.cli.group import settings, smsflow
from smsflow.cli.telling import instant, length, safe

if TYPE_CHECKING:
    from smsflow.providers.base import Provider
    from smsflow.providers.client import LogEntry
    from smsflow.providers.words import Told

_GROUPS = ("ACCEPTED", "PENDING", "UNDELIVERABLE", "DELIVERED", "EXPIRED", "REJECTED")


def chosen(ctx: click.Context, name: str | None) -> Provider:
    """The provider of that name, or the only one; a UsageError names those that there are."""
    from smsflow.extending import read_project
    from smsflow.runtime import provider_of

    given = settings(ctx)
    project, loaded = read_project(given.project)
    known = project.providers
    if name is None and len(known) == 1:
        (name,) = known
    if name is None:
        raise click.UsageError(f"name one with --provider: {', '.join(known)}")
    if name not in known:
        raise click.UsageError(f"smsflow.yaml has no provider {name!r}: {', '.join(known)}")
    return provider_of(given, known[name], extension=loaded.extension)


@smsflow.group()
def provider() -> None:
    """Ask a provider itself."""


@provider.command()
@click.option("--provider", "name", help="Its name in smsflow.yaml, if there are several.")
@click.option("--from", "sender", help="Texts of this sender.")
@click.option("--to", help="Texts to this number.")
@click.option("--bulk", "bulks", multiple=True, help="Texts of this request; may be repeated.")
@click.option("--id", "ids", multiple=True, help="The text of this wire id; may be repeated.")
@click.option("--status", type=click.Choice(_GROUPS, case_sensitive=False), help="Of this group.")
@click.option("--since", callback=length, default="48h", show_default=True, help="How far back.")
@click.option("--until", callback=length, default="0s", show_default=True, help="Up to when.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--mcc", help="Texts to networks of this country code.")
@click.option("--mnc", help="Texts to this network.")
@click.option("--json", "as_json", is_flag=True, help="One object a line, for programs.")
@click.pass_context
def logs(ctx: click.Context, /, name: str | None, as_json: bool, **filters: Any) -> None:
    """Show what a provider's logs tell of texts: their state there, why, and what may help."""
    from smsflow.providers.client import LogFilter, Refused
    from smsflow.providers.pigeonhost import PigeonHost
    from smsflow.providers.transport import MaybeSent, NotSent

    adapter = chosen(ctx, name)
    if not isinstance(adapter, PigeonHost):
        raise click.UsageError(f"{adapter.name} has no logs that could be asked")
    now = datetime.now(UTC)
    back, ago = filters["since"], filters["until"]
    status = filters["status"]
    wanted = LogFilter(
        sender=filters["sender"],
        to=filters["to"],
        bulk_ids=filters["bulks"],
        message_ids=filters["ids"],
        general_status=status and status.upper(),
        sent_since=now - back,
        sent_until=None if ago == timedelta() else now - ago,
        limit=filters["limit"],
        mcc=filters["mcc"],
        mnc=filters["mnc"],
    )
    try:
        found = adapter.client.logs(wanted)
    except (NotSent, MaybeSent, Refused) as error:
        click.echo(f"smsflow: the logs of {adapter.name} cannot be asked: {error}", err=True)
        ctx.exit(2)
    if as_json:
        for entry in found:
            click.echo(json.dumps(_as_json(entry)))
    else:
        _print(found, filters["limit"])


def _print(found: Sequence[LogEntry], limit: int) -> None:
    """A table, oldest first, with what may help below a text that failed."""
    for entry in sorted(found, key=lambda each: each.sent_at or datetime.min.replace(tzinfo=UTC)):
        at = f"{entry.sent_at:%Y-%m-%d %H:%M:%S}" if entry.sent_at else "no date"
        state = str(entry.status.state) if entry.status else "no status"
        name = entry.status.name if entry.status else ""
        ends = f"{safe(entry.sender, 15):15} > {safe(entry.to, 15):15}"
        click.echo(f"{at:19}  {ends}  {state:13} {safe(name):28} {safe(entry.message_id, 64)}")
        said = _told(entry)
        if entry.error or said.help:
            why = safe(": ".join(filter(None, (entry.error, said.words))))
            click.echo(f"{'':21}{why}{said.help and f' ({said.help})'}")
    more = f"; there may be more: --limit {limit} was reached" if len(found) == limit else ""
    click.echo(f"{len(found)} {'text' if len(found) == 1 else 'texts'}{more}")


def _told(entry: LogEntry) -> Told:
    from smsflow.providers.words import told

    return told(entry.status.key if entry.status else None, entry.error)


def _as_json(entry: LogEntry) -> dict[str, Any]:
    found = entry.status
    row = found.status if found else None
    said = _told(entry)
    return {
        "id": entry.message_id,
        "bulk": entry.bulk_id,
        "from": entry.sender,
        "to": entry.to,
        "text": entry.text,
        "state": found.state if found else None,
        "status": found.name if found else None,
        "description": row.description if row else None,
        "words": said.words,
        "retry": said.retry,
        "permanent": row.permanent if row else None,
        "error": entry.error,
        "sent_at": instant(entry.sent_at),
        "done_at": instant(entry.done_at),
        "parts": entry.parts,
        "network": entry.network,
        "price": entry.price.per_sms if entry.price else None,
        "currency": entry.price.currency if entry.price else None,
    }
