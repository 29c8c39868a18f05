"""`smsflow handoffs`: conversations that wait for a person, for those who answer at a terminal."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import click

from smsflow.cli.group import smsflow
from smsflow.cli.telling import age, by_option, opened_store, safe

if TYPE_CHECKING:
    from smsflow.store import Store
    from smsflow.store.rows import Handoff, Said

MOST = 1000  # of a list
_JSON = click.option("--json", "as_json", is_flag=True, help="One object a line, for programs.")
_SIDES = {"contact": "<-", "flow": "->", "person": "=>"}


def _now() -> datetime:
    from smsflow.clock import SystemClock

    return SystemClock().now()


@smsflow.group(invoke_without_command=True)
@click.option("--queue", help="Only this queue.")
@click.option("--closed", is_flag=True, help="Those that are over, the latest first.")
@_JSON
@click.pass_context
def handoffs(ctx: click.Context, queue: str | None, closed: bool, as_json: bool) -> None:
    """List conversations that people hold; the oldest first."""
    if ctx.invoked_subcommand is not None:
        return
    with opened_store(ctx) as store:
        found = store.handoffs(queue, state="closed" if closed else "open", limit=MOST)
    now = _now()
    for each in found:
        if as_json:
            click.echo(json.dumps(each.to_json()))
        else:
            _print(each, now)
    if not as_json and not found:
        click.echo("no handoff is closed" if closed else "no handoff is open")


def _print(handoff: Handoff, now: datetime) -> None:
    click.echo(f"{handoff.id}  {safe(handoff.queue, 40)}: {handoff.contact} by {handoff.number}")
    click.echo(f"  state: {_state(handoff, now)}")
    if handoff.note:
        click.echo(f"  note:  {safe(handoff.note)}")
    click.echo(f"  read:  smsflow handoffs show {handoff.id}")


def _state(handoff: Handoff, now: datetime) -> str:
    if handoff.closed_at is not None:
        by = f" by {safe(handoff.by, 40)}" if handoff.by else ""
        return f"over ({handoff.reason}{by}), {age(handoff.closed_at, now)} ago"
    if handoff.waits_since is None:
        return "answered"
    return f"waits for an answer, {age(handoff.waits_since, now)}"


@handoffs.command()
@click.argument("handoff", metavar="ID")
@_JSON
@click.pass_context
def show(ctx: click.Context, handoff: str, as_json: bool) -> None:
    """Read a conversation: <- the contact, -> the flow, => a person."""
    with opened_store(ctx) as store:
        found = _found(ctx, store, handoff)
        texts = store.said_in(found)
    if as_json:
        click.echo(json.dumps({**found.to_json(), "texts": [each.to_json() for each in texts]}))
        return
    _print(found, _now())
    for each in texts:
        click.echo(_said(each))
    if found.state == "open":
        click.echo(f'  text:  smsflow handoffs reply {found.id} "..."')
        click.echo(f"  done:  smsflow handoffs close {found.id}")


def _said(said: Said) -> str:
    state = f"  ({said.state})" if said.state else ""
    return f"  {said.at:%d %b %H:%M} {_SIDES[said.by]} {safe(said.text, 1000)}{state}"


@handoffs.command()
@click.argument("handoff", metavar="ID")
@click.argument("text")
@by_option
@click.pass_context
def reply(ctx: click.Context, handoff: str, text: str, by: str) -> None:
    """Text the contact."""
    from smsflow import desk

    problem = desk.text_problem(text)
    if problem:
        raise click.UsageError(problem)
    with opened_store(ctx) as store:
        found = _found(ctx, store, handoff, open_=True)
        store.insert([desk.text_row(found, text, by=by, now=_now())])
    click.echo("it goes out as soon as a worker comes by")


@handoffs.command()
@click.argument("handoff", metavar="ID")
@by_option
@click.pass_context
def close(ctx: click.Context, handoff: str, by: str) -> None:
    """Give the conversation back to its flow."""
    from smsflow import desk

    with opened_store(ctx) as store:
        found = _found(ctx, store, handoff, open_=True)
        store.insert([desk.closing_row(found, by=by, now=_now())])
    click.echo("its flow goes on as soon as a worker comes by")


def _found(ctx: click.Context, store: Store, handoff: str, *, open_: bool = False) -> Handoff:
    """The handoff; else the command ends with the exit code 1 and a sentence."""
    found = store.handoff(handoff)
    problem = ""
    if found is None:
        problem = f"there is no handoff {safe(handoff, 40)}"
    elif open_ and found.state != "open":
        problem = f"{found.id} is closed: {found.reason}"
    if found is None or problem:
        click.echo(f"smsflow: {problem}", err=True)
        ctx.exit(1)
    return found
