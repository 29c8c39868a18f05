"""Commands that set flows going: `smsflow broadcast` and `smsflow emit`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from smsflow.cli.group import settings, smsflow

if TYPE_CHECKING:
    from smsflow.engine.effects import StartFlow
    from smsflow.runtime import Runtime
    from smsflow.store.rows import NewRow

_PAIR = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_RATE = re.compile(r"(\d+(?:\.\d+)?)/s")
_AT_ONCE = 500  # rows in one transaction


def _pairs(_ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> Any:
    found: dict[str, Any] = {}
    for each in given:
        match = _PAIR.fullmatch(each)
        if match is None:
            raise click.BadParameter(f"{each!r} is not name=value")
        found[match[1]] = _value(match[2])
    return found


def _value(text: str) -> Any:
    """JSON where it is some, else the text as it stands."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _rate(_ctx: click.Context, _parameter: click.Parameter, given: str | None) -> float | None:
    match = _RATE.fullmatch(given) if given is not None else None
    if given is not None and match is None:
        raise click.BadParameter(f"{given!r} is not a rate such as 10/s")
    return float(match[1]) if match else None


@smsflow.command()
@click.argument("flow")
@click.option("--group", help="Only contacts in this group.")
@click.option("--where", help="Only contacts for whom this is true: contact.city == 'Leeds'.")
@click.option(
    "--file",
    "list_",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A CSV file: the column phone, columns with names of inputs, and contact.<field>.",
)
@click.option("--input", "inputs", multiple=True, callback=_pairs, help="An input, name=value.")
@click.option("--rate", callback=_rate, help="How many begin in a second: 10/s.")
@click.option("--dry-run", is_flag=True, help="Count them, and start nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="One object, for programs.")
@click.pass_context
def broadcast(
    ctx: click.Context,
    flow: str,
    group: str | None,
    where: str | None,
    list_: Path | None,
    inputs: dict[str, Any],
    rate: float | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Start FLOW with many: contacts on file, or those of a list.

    The flow needs the trigger `broadcast: true`. Its own rules hold for each of them: opt-out,
    consent, limits, quiet hours. Exit code 2: something is wrong, and nothing was started.
    """
    from smsflow.errors import WebhookRejected
    from smsflow.runtime import Runtime
    from smsflow.web.events import broadcast_of

    runtime = Runtime.open(settings(ctx))
    try:
        body = {"group": group, "where": where, "inputs": inputs, "rate": rate}
        given = {name: value for name, value in body.items() if value is not None}
        start, rate = broadcast_of(runtime, flow, given, whole=list_ is None)
        rows = list(_listed(runtime, start, inputs, list_, rate)) if list_ else None
        many = len(rows) if rows is not None else _count(runtime, start)
        if not dry_run and many and not yes:
            click.confirm(f"start {flow} with {_people(many)}?", abort=True)
        if not dry_run and many:
            _set_going(runtime, start, rows, rate)
    except WebhookRejected as error:
        click.echo(f"smsflow: {error.reason}", err=True)
        ctx.exit(2)
    finally:
        runtime.close()
    if as_json:
        told = {"broadcast": start.session, "flow": flow, "contacts": many, "started": not dry_run}
        click.echo(json.dumps(told))
    else:
        click.echo(f"{flow}: {_people(many)}{', not started' if dry_run else ''}")


def _people(count: int) -> str:
    return f"{count:,} contact{'' if count == 1 else 's'}"


def _lines_of(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The lines of a list with their numbers, each with the cells that are not empty by column;
    WebhookRejected for what is no such list."""
    import csv

    from smsflow.errors import WebhookRejected

    found: list[tuple[int, dict[str, str]]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns = [name.strip() for name in next(reader, ())]
            if "phone" not in columns:
                reason = "the column 'phone' is missing; commas stand between columns"
                raise WebhookRejected(400, f"{path.name}:1: {reason}")
            for cells in reader:
                if any(cells[len(columns) :]):
                    reason = f"{len(cells)} cells, and there are {len(columns)} columns"
                    raise WebhookRejected(400, f"{path.name}:{reader.line_num}: {reason}")
                own = {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
                if own:
                    found.append((reader.line_num, own))
    except UnicodeDecodeError:
        raise WebhookRejected(400, f"{path.name} is not UTF-8; save it as 'CSV UTF-8'") from None
    except csv.Error as error:
        raise WebhookRejected(400, f"{path.name}:{reader.line_num}: {error}") from None
    return found


def _count(runtime: Runtime, start: StartFlow) -> int:
    """How many of the contacts on file are meant."""
    from smsflow.audience import PAGE
    from smsflow.engine.triggering import not_meant

    count, after, now = 0, "", runtime.clock.now()
    while page := runtime.store.people(after, PAGE):
        count += sum(not not_meant(runtime.world, start, contact, now) for contact in page)
        after = page[-1].phone
    return count


def _listed(
    runtime: Runtime, start: StartFlow, inputs: dict[str, Any], path: Path, rate: float | None
) -> Iterator[NewRow]:
    """The starts of a list; WebhookRejected names the line that is wrong."""
    from dataclasses import replace
    from datetime import timedelta

    from smsflow.audience import start_row
    from smsflow.engine.inputs import read_inputs
    from smsflow.engine.state import encode
    from smsflow.errors import WebhookRejected
    from smsflow.web.api import contact_of

    declared = runtime.world.flows[start.flow].inputs
    seen: set[str] = set()
    for number, line in _lines_of(path):
        known = {
            name.removeprefix("contact."): cell
            for name, cell in line.items()
            if name == "phone" or name.startswith("contact.")
        }
        own = {
            name: cell
            for name, cell in line.items()
            if name != "phone" and not name.startswith("contact.")
        }
        given = {**inputs, **own}
        try:
            phone, fields = contact_of(runtime, known)
            _, mistakes = read_inputs(declared, given, zone=runtime.project.timezone)
            if mistakes:
                raise WebhookRejected(400, "; ".join(mistakes))
        except WebhookRejected as error:
            reason = f"{path.name}:{number}: {error.reason}"
            raise WebhookRejected(error.status, reason) from None
        if phone in seen:
            continue
        due = start.due + timedelta(seconds=len(seen) / rate if rate else 0)
        seen.add(phone)
        session = f"{start.session}-{phone.removeprefix('+')}"
        one = replace(start, phone=phone, session=session, inputs=encode(given), due=due)
        row = start_row(one, dedupe=f"start:{session}")
        yield replace(row, payload={**row.payload, "contact": encode(fields)})


def _set_going(
    runtime: Runtime, start: StartFlow, rows: list[NewRow] | None, rate: float | None
) -> None:
    from smsflow.audience import start_row

    if rows is None:
        runtime.store.insert([start_row(start, rate=rate)])
        return
    with click.progressbar(length=len(rows), label="starting", file=sys.stderr) as bar:
        for begin in range(0, len(rows), _AT_ONCE):
            page = rows[begin : begin + _AT_ONCE]
            runtime.store.insert(page)
            bar.update(len(page))


@smsflow.command()
@click.argument("name")
@click.argument("data", nargs=-1, callback=_pairs)
@click.pass_context
def emit(ctx: click.Context, name: str, data: dict[str, Any]) -> None:
    """Tell the flows of an event; DATA is name=value.

    Such as: smsflow emit ticket.closed phone=+447700900123 id=T1.

    Exit code 1: no flow listens to it, and nothing was told.
    """
    from smsflow.audience import event_row
    from smsflow.engine.state import encode
    from smsflow.runtime import Runtime

    runtime = Runtime.open(settings(ctx))
    try:
        if name not in runtime.world.listeners:
            known = ", ".join(sorted(runtime.world.listeners)) or "none"
            click.echo(f"smsflow: no flow listens to {name!r}; they listen to: {known}", err=True)
            ctx.exit(1)
        texts = {key: str(value) if key == "phone" else value for key, value in data.items()}
        if "phone" in texts and not texts["phone"].startswith("+"):
            texts["phone"] = f"+{texts['phone']}"
        runtime.store.insert([event_row(name, encode(texts), runtime.clock.now())])
    finally:
        runtime.close()
    click.echo(f"{name} is told")
