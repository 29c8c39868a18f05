"""Commands for what waits for an operator: `smsflow held` and `smsflow dead`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from smsflow.cli.group import settings, smsflow
from smsflow.cli.telling import age, by_option, instant, opened_store, safe

if TYPE_CHECKING:
    from smsflow.reception import Reception
    from smsflow.store import Store
    from smsflow.store.rows import DeadLetter, HeldText

MOST = 1000  # rows of a list

_JSON = click.option("--json", "as_json", is_flag=True, help="One object a line, for programs.")


def _now() -> datetime:
    from smsflow.clock import SystemClock

    return SystemClock().now()


# --- held texts -----------------------------------------------------------------------------------


@smsflow.group(invoke_without_command=True)
@_JSON
@click.pass_context
def held(ctx: click.Context, as_json: bool) -> None:
    """List texts that wait for an operator. Nobody knows whether they went out."""
    if ctx.invoked_subcommand is not None:
        return
    with opened_store(ctx) as store:
        found = store.held_texts(MOST)
    if as_json:
        for each in found:
            click.echo(json.dumps(_held_json(each)))
        return
    now = _now()
    for each in found:
        _print_held(each, now)
    click.echo(_closing(len(found), "text waits", "texts wait") if found else "no text is held")


def _print_held(held: HeldText, now: datetime) -> None:
    message = held.message
    text = safe(message.masked or message.text, 70)
    over = held.expires is not None and held.expires <= now
    click.echo(
        f"{message.id}  to {message.contact} by {message.number}, {age(held.since, now)} ago"
    )
    click.echo(f"  text:  {text}")
    click.echo(f"  why:   {safe(held.why)}")
    if over:
        click.echo("  over:  its time to be sent has passed; a resend would be refused")
    click.echo(f"  again: smsflow held resend {message.id} [--new-id]")
    click.echo(f"  close: smsflow held drop {message.id} --as sent|not-sent")
    click.echo()


def _held_json(held: HeldText) -> dict[str, Any]:
    message = held.message
    return {
        "id": message.id,
        "wire_id": message.wire_id,
        "contact": message.contact,
        "number": message.number,
        "flow": message.flow,
        "step": message.step,
        "text": message.masked or message.text,
        "since": instant(held.since),
        "why": held.why,
        "tries": held.tries,
        "expires": instant(held.expires),
    }


@held.command()
@click.argument("message")
@click.option("--new-id", is_flag=True, help="It leaves for sure, even if the first one did too.")
@by_option
@click.pass_context
def resend(ctx: click.Context, message: str, new_id: bool, by: str) -> None:
    """Send a held text again, under the id that it had: the provider drops a double."""
    with opened_store(ctx) as store:
        done = store.release(message, _now(), by=by, new_id=new_id)
    if not done:
        _gone(ctx, f"{message} is not held (any more)")
    click.echo(f"{message} goes out again as soon as a worker comes by")


@held.command()
@click.argument("message")
@click.option(
    "--as",
    "outcome",
    type=click.Choice(["sent", "not-sent"]),
    required=True,
    help="What you know: its flow goes on with no_report or with rejected.",
)
@by_option
@click.pass_context
def drop(ctx: click.Context, message: str, outcome: str, by: str) -> None:
    """Close a held text for good; it is not sent again."""
    sent = outcome == "sent"
    with opened_store(ctx) as store:
        done = store.drop(message, _now(), by=by, sent=sent)
    if not done:
        _gone(ctx, f"{message} is not held (any more)")
    click.echo(f"{message} is closed as {'unknown' if sent else 'rejected'}")


# --- dead letters ---------------------------------------------------------------------------------


@smsflow.group(invoke_without_command=True)
@_JSON
@click.pass_context
def dead(ctx: click.Context, as_json: bool) -> None:
    """List dead letters. They are pushes that could not be read, and events that failed."""
    if ctx.invoked_subcommand is not None:
        return
    with opened_store(ctx) as store:
        found = store.dead_letters(MOST)
    if as_json:
        for each in found:
            click.echo(json.dumps(_dead_json(each)))
        return
    now = _now()
    for each in found:
        click.echo(f"{each.id}  {_what(each)}, {age(each.at, now)} ago")
        click.echo(f"  error: {safe(each.error)}")
        click.echo(f"  raw:   {safe(_raw(each), 1000)}")
        click.echo(f"  again: smsflow dead replay {each.id}")
        click.echo(f"  away:  smsflow dead drop {each.id}")
        click.echo()
    click.echo(_closing(len(found), "dead letter", "dead letters") if found else "no dead letters")


def _what(letter: DeadLetter) -> str:
    about = f" of {letter.contact}" if letter.contact else ""
    return f"event {letter.source}{about}" if letter.kind else f"push {letter.source}"


def _raw(letter: DeadLetter) -> str:
    payload = letter.payload
    return payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)


def _dead_json(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "source": letter.source,
        "contact": letter.contact,
        "at": instant(letter.at),
        "due": instant(letter.due),
        "error": letter.error,
        "payload": letter.payload,
    }


@dead.command()
@click.argument("letter", type=int, required=False, metavar="ID")
@click.option("--all", "everything", is_flag=True, help="All that there are.")
@by_option
@click.pass_context
def replay(ctx: click.Context, letter: int | None, everything: bool, by: str) -> None:
    """Read a push again, or put an event back into the inbox at its old place."""
    from smsflow.reception import Reception
    from smsflow.runtime import Runtime

    if (letter is None) != everything:
        raise click.UsageError("give the ID of a dead letter, or --all")
    runtime = Runtime.open(settings(ctx))
    try:
        found = _chosen(runtime.store, letter)
        if letter is not None and not found:
            _gone(ctx, f"there is no dead letter {letter}")
        reception = Reception(runtime)
        done = sum(_replayed(reception, runtime.store, each, by) for each in found)
    finally:
        runtime.close()
    if len(found) != 1 or done:
        click.echo(f"{done} of {len(found)} replayed")
    ctx.exit(0 if done == len(found) else 1)


def _chosen(store: Store, letter: int | None) -> list[DeadLetter]:
    """One letter, or all of them in their order."""
    if letter is None:
        return store.dead_letters(1_000_000)
    one = store.letter(letter)
    return [] if one is None else [one]


def _replayed(reception: Reception, store: Store, letter: DeadLetter, by: str) -> bool:
    """True when it went back into the inbox; what stands in the way is told."""
    from smsflow.reception import StillUnreadable

    try:
        events = reception.events_of(letter)
    except StillUnreadable as error:
        click.echo(f"{letter.id} stays: {safe(str(error))}", err=True)
        return False
    return store.replay(letter.id, events, by=by)


@dead.command("drop")
@click.argument("letter", type=int, metavar="ID")
@by_option
@click.pass_context
def discard(ctx: click.Context, letter: int, by: str) -> None:
    """Delete a dead letter for good."""
    with opened_store(ctx) as store:
        done = store.discard(letter, by=by)
    if not done:
        _gone(ctx, f"there is no dead letter {letter}")
    click.echo(f"dead letter {letter} is deleted")


def _closing(count: int, one: str, many: str) -> str:
    more = f" (the first {MOST})" if count == MOST else ""
    return f"{count} {one if count == 1 else many}{more}"


def _gone(ctx: click.Context, why: str) -> None:
    """End with the exit code 1 and a sentence."""
    click.echo(f"smsflow: {why}", err=True)
    ctx.exit(1)
