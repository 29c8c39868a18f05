"""`smsflow audit`: the provider's logs against the database, and a verdict."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from smsflow.cli.group import settings, smsflow
from smsflow.cli.telling import age, by_option, instant, length, safe

if TYPE_CHECKING:
    from smsflow.audit import Audit, Difference

SHOWN = 50  # differences in full; a report that nobody reads to its end helps nobody


@smsflow.command()
@click.option(
    "--since", callback=length, default="24h", show_default=True, help="How far back to look."
)
@click.option(
    "--patience",
    callback=length,
    default="5m",
    show_default=True,
    help="What is younger may be under way, and does not count.",
)
@click.option("--repair", is_flag=True, help="Take the provider's word where a report was lost.")
@click.option("--json", "as_json", is_flag=True, help="One object, for programs.")
@by_option
@click.pass_context
def audit(
    ctx: click.Context, since: timedelta, patience: timedelta, repair: bool, as_json: bool, by: str
) -> None:
    """Compare what the provider says with the database.

    Exit code 0: all agree. 1: differences. 2: the provider could not be asked.
    """
    from smsflow.audit import Auditor
    from smsflow.providers.base import LogsUnavailable
    from smsflow.runtime import Runtime

    runtime = Runtime.open(settings(ctx))
    try:
        asked = {
            name: each for name, each in runtime.providers.items() if each.capabilities.logs_kept
        }
        _check_reach(since, asked.values())
        numbers = {each.name: each.provider for each in runtime.project.numbers.values()}
        auditor = Auditor(runtime.store, asked, numbers, clock=runtime.clock)
        with _progress() as tell:
            found = auditor.compare(since, patience, tell)
        repaired = auditor.repair(found, by=by) if repair else None
    except LogsUnavailable as error:
        click.echo(f"smsflow: {error}", err=True)
        ctx.exit(2)
    finally:
        runtime.close()
    if as_json:
        click.echo(json.dumps(_as_json(found, repaired)))
    else:
        _print(found, repaired)
    ctx.exit(1 if found.differences else 0)


def _check_reach(since: timedelta, providers: Any) -> None:
    """Refuse to look further back than a provider remembers."""
    kept = min((each.capabilities.logs_kept for each in providers), default=since)
    if since > kept:
        hours = int(kept.total_seconds() // 3600)
        raise click.UsageError(f"the provider's logs reach back {hours} hours: --since {hours}h")


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A bar in a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _what, _done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("asking", total=1.0)
        yield lambda what, done: bar.update(task, description=what, completed=min(done, 1.0))


def _print(audit: Audit, repaired: int | None) -> None:
    """Each difference, then the verdict."""
    for each in audit.differences[:SHOWN]:
        _print_difference(each, audit.until)
    counted = Counter(each.finding for each in audit.differences)
    if len(audit.differences) > SHOWN:
        click.echo(f"... and {len(audit.differences) - SHOWN} more; --json tells all\n")
    for finding, count in counted.most_common():
        click.echo(f"{count:6}  {finding}")
    for line in _remarks(audit):
        click.echo(line)
    if repaired is not None:
        click.echo(f"{repaired} repaired: look again when a worker has worked them off")
    texts = f"{audit.texts} {'text' if audit.texts == 1 else 'texts'} compared"
    verdict = f"{len(audit.differences)} differ" if audit.differences else "all agree"
    click.echo(f"{texts}, {audit.since:%Y-%m-%d %H:%M} to {audit.until:%H:%M} UTC: {verdict}")


def _print_difference(difference: Difference, now: datetime) -> None:
    since = f", {age(difference.since, now)} ago" if difference.since else ""
    click.echo(f"{difference.finding}: {safe(difference.id)}  to {safe(difference.contact)}{since}")
    click.echo(f"  here:  {safe(difference.here)}")
    if difference.there:
        click.echo(f"  there: {safe(difference.there)} ({', '.join(difference.wire_ids)})")
    click.echo(f"  do:    {difference.advice}")
    click.echo()


def _remarks(audit: Audit) -> Iterator[str]:
    """What is no difference and still worth a line."""
    counts = {
        "under way, too young to count": audit.under_way,
        "texts of other senders on the account": audit.others,
        "texts whose number is gone or whose provider has no logs: not asked for": audit.unasked,
        "held: see `smsflow held`": audit.held,
        "dead letters: see `smsflow dead`": audit.dead_letters,
    }
    for what, count in counts.items():
        if count:
            yield f"{count:6}  {what}"


def _as_json(audit: Audit, repaired: int | None) -> dict[str, Any]:
    return {
        "agree": not audit.differences,
        "since": instant(audit.since),
        "until": instant(audit.until),
        "compared": audit.texts,
        "under_way": audit.under_way,
        "other_senders": audit.others,
        "not_asked": audit.unasked,
        "held": audit.held,
        "dead_letters": audit.dead_letters,
        "repaired": repaired,
        "differences": [
            {
                "finding": each.finding,
                "id": each.id,
                "provider": each.provider or None,
                "wire_ids": each.wire_ids,
                "contact": each.contact,
                "here": each.here,
                "there": each.there or None,
                "since": instant(each.since),
                "do": each.advice,
                "repairable": each.repair is not None,
            }
            for each in audit.differences
        ],
    }
