"""`smsflow route`: why a text goes where it goes, and not elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from random import Random
from typing import TYPE_CHECKING, Any

import click

from smsflow.cli.group import settings_folder, smsflow
from smsflow.cli.telling import opened_store, safe
from smsflow.errors import SettingsInvalid

if TYPE_CHECKING:
    from datetime import datetime

    from smsflow.author.simulated import SimulatedProject
    from smsflow.engine.explaining import Explanation, Step
    from smsflow.engine.state import Conversation
    from smsflow.engine.world import World
    from smsflow.errors import Place

FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, or for programs.",
)


@smsflow.command()
@click.argument("number")
@click.argument("text")
@click.option("--to", metavar="NAME", help="Our number that is texted; default: the first one.")
@click.option("--live", is_flag=True, help="The contact and their open sessions of the database.")
@FORMAT
@click.pass_context
def route(
    ctx: click.Context, number: str, text: str, to: str | None, live: bool, form: str
) -> None:
    """Say where a TEXT of NUMBER would go, and why not elsewhere.

    Every rule of the routing order is told, top to bottom. Nothing is sent and nothing is kept.
    Without --live it is the text of somebody who never texted before.
    """
    from smsflow.author.simulated import open_project
    from smsflow.clock import SystemClock
    from smsflow.engine.events import TextReceived
    from smsflow.engine.explaining import explain

    project = open_project(settings_folder(ctx))
    now = SystemClock().now()
    phone = _phone(number)
    with _conversation(ctx, project, phone, live=live) as (world, conversation):
        ours = _number(project, to, conversation)
        event = TextReceived(text, ours, now)
        rng = Random(0)  # noqa: S311 - what is drawn is not shown: ids and codes
        found = explain(world, conversation, event, now=now, rng=rng)
        who = _who(conversation, now) if live else "a new contact"
    if form == "json":
        click.echo(json.dumps(_as_json(found, phone, ours, text), ensure_ascii=False))
    else:
        click.echo(f"{phone} to {ours}: {safe(text)!r} of {who}\n")
        _print(found)


def _phone(number: str) -> str:
    from smsflow.sms.numbers import normalise

    try:
        return normalise(number)
    except ValueError as error:
        raise SettingsInvalid(str(error)) from error


@contextmanager
def _conversation(
    ctx: click.Context, project: SimulatedProject, phone: str, *, live: bool
) -> Iterator[tuple[World, Conversation]]:
    """The contact with their sessions, and a world that has the versions of those."""
    from smsflow.engine.state import Contact, Conversation

    if not live:
        yield project.world, Conversation(Contact(phone))
        return
    from smsflow.author.live import with_versions

    with opened_store(ctx) as store:
        found = store.conversation(phone)
        yield with_versions(project.world, store, found), found


def _number(project: SimulatedProject, to: str | None, conversation: Conversation) -> str:
    """The name of our number: the one that was named, that was talked on last, or the first."""
    from smsflow.engine.language.reading import listed, suggest

    numbers = project.project.numbers
    if to is None:
        talked = [each.number for each in reversed(conversation.sessions) if each.number in numbers]
        return next((each for each in talked if each), next(iter(numbers)))
    if to not in numbers:
        hint = suggest(to, numbers, f"smsflow.yaml has: {listed(numbers)}")
        raise SettingsInvalid(f"smsflow.yaml has no number '{to}'; {hint}")
    return to


def _who(conversation: Conversation, now: datetime) -> str:
    """The contact's open sessions in a few words."""
    asking = [
        f"{each.flow} asks '{each.waiting.step}'"
        for each in conversation.sessions
        if each.waiting is not None and each.waiting.open_at(now)
    ]
    count = len(conversation.sessions)
    sessions = f"{count} live session{'' if count == 1 else 's'}"
    return f"a contact with {sessions}" + (f": {', '.join(asking)}" if asking else "")


# --- telling --------------------------------------------------------------------------------------


def _print(found: Explanation) -> None:
    width = max(len(rule.name) for rule in found.rules)
    for rule in found.rules:
        line = f"{rule.number:>2} {rule.name:<{width}}  {safe(rule.reason)}"
        if rule.took:
            click.secho(f"> {line}", bold=True)
        else:
            click.secho(f"  {line}", dim=rule.number > found.winner.number)
    if found.steps:
        click.echo("\nwhat follows:")
    for line in _lines(found.steps):
        click.echo(f"  {line}")


def _lines(steps: Iterable[Step]) -> Iterator[str]:
    """What came of it, in columns."""
    for each in steps:
        where = f"{each.flow or ''}{f' {each.step}' if each.step else ''}".strip()
        place = f"  {each.place}" if each.place else ""
        yield f"{each.what:<8} {where}{': ' if where else ''}{safe(each.detail, 100)}{place}"


def _as_json(found: Explanation, phone: str, number: str, text: str) -> dict[str, Any]:
    return {
        "contact": phone,
        "number": number,
        "text": text,
        "took": found.winner.name,
        "rules": [asdict(rule) for rule in found.rules],
        "steps": [{**asdict(each), "place": place_json(each.place)} for each in found.steps],
    }


def place_json(place: Place | None) -> dict[str, Any] | None:
    """A place for programs."""
    return None if place is None else asdict(place)
