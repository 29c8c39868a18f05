"""`smsflow chat`: a conversation with a flow in the terminal, without a server."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from smsflow.cli.group import settings_folder, smsflow
from smsflow.errors import SettingsInvalid

if TYPE_CHECKING:
    from smsflow.author.chat import Setting
    from smsflow.author.simulated import SimulatedProject
    from smsflow.engine.model import Flow

_STYLES: dict[str, dict[str, Any]] = {
    "in": {"fg": "cyan"},
    "out": {"fg": "green", "bold": True},
    "detail": {"dim": True},
    "note": {"dim": True},
    "error": {"fg": "red"},
}


@smsflow.command()
@click.argument("flow")
@click.option("--lang", metavar="CODE", help="The contact's language.")
@click.option("--number", metavar="NAME", help="Our number that the contact texts.")
@click.option("--phone", metavar="+44...", help="The contact's phone.")
@click.option("--input", "inputs", multiple=True, metavar="KEY=VALUE", help="Start with this.")
@click.option("--now", "now", metavar="TIME", help="Begin then, such as 2025-03-10 09:00.")
@click.option(
    "--given",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Begin in the world of this file's first test: who texts, what services answer.",
)
@click.option("--seed", type=int, help="Draw the same codes each time.")
@click.option(
    "--record", type=click.Path(dir_okay=False, path_type=Path), help="Write the chat as a test."
)
@click.pass_context
def chat(
    ctx: click.Context,
    flow: str,
    lang: str | None,
    number: str | None,
    phone: str | None,
    inputs: tuple[str, ...],
    now: str | None,
    seed: int | None,
    given: Path | None,
    record: Path | None,
) -> None:
    """Talk to a flow: type texts, see the replies. /help tells the commands.

    Nothing is sent and nothing is kept. The clock stands still until /after or /at moves it.
    """
    from smsflow.author.chat import Chat
    from smsflow.author.simulated import open_project

    project = open_project(settings_folder(ctx))
    found = project.flow(flow)
    world = _world(project, given) if given is not None else {}
    phone = phone or world.get("contact", {}).get("phone")
    now = now or world.get("now")
    setting = _setting(project, found, phone=phone, now=now, seed=seed, lang=lang, number=number)
    setting = replace(setting, given=world)
    if record is not None and record.exists():
        raise SettingsInvalid(f"{record} exists already; name another file, or remove it")
    if record is not None and not record.parent.is_dir():
        raise SettingsInvalid(f"there is no folder {record.parent} to write {record.name} to")
    here = Chat(project, found, setting, _show)
    here.open(inputs)
    try:
        for line in _typed():
            if not here.handle(line):
                break
    finally:
        if record is not None:
            _write(record, here.recorded())


def _world(project: SimulatedProject, path: Path) -> Mapping[str, Any]:
    """What the first test of that file is given; SettingsInvalid when there is none."""
    from smsflow.author import scripts

    script = scripts.read(path, project.folder)
    if script.issues:
        raise SettingsInvalid(f"{script.issues[0]}; {script.issues[0].hint}")
    if not script.tests:
        raise SettingsInvalid(f"{script.file} has no test")
    return script.tests[0].given


def _setting(
    project: SimulatedProject,
    flow: Flow,
    *,
    phone: str | None,
    now: str | None,
    seed: int | None,
    lang: str | None,
    number: str | None,
) -> Setting:
    """What the options say; SettingsInvalid for one that does not fit the project."""
    from random import SystemRandom

    from smsflow.author.chat import Setting
    from smsflow.engine import policy
    from smsflow.engine.language.reading import listed, suggest
    from smsflow.engine.transcripts.given import moment

    languages, numbers = flow.languages or project.project.languages, project.project.numbers
    if lang is not None and lang not in languages:
        hint = suggest(lang, languages, f"it has: {listed(languages)}")
        raise SettingsInvalid(f"flow '{flow.name}' has no language '{lang}'; {hint}")
    if number is not None and number not in numbers:
        hint = suggest(number, numbers, f"the project has: {listed(numbers)}")
        raise SettingsInvalid(f"there is no number '{number}'; {hint}")
    whose = _phone(project, phone)
    zone = policy.zone_of(whose, known=None, project=project.project.timezone)
    try:
        begins = moment(now, zone) if now is not None else _this_minute()
    except ValueError as error:
        raise SettingsInvalid(f"--now '{now}' {error}") from None
    seed = SystemRandom().getrandbits(32) if seed is None else seed
    return Setting(whose, begins, seed, language=lang, number=number)


def _phone(project: SimulatedProject, phone: str | None) -> str:
    """The contact's phone: the one that is given, else one that the project may text."""
    from smsflow.engine.transcripts.given import PHONE
    from smsflow.sms.numbers import is_phone, normalise

    if phone is None:
        if project.world.may_text(PHONE):
            return PHONE
        countries = ", ".join(sorted(project.world.countries)) or "no country"
        raise SettingsInvalid(f"say whose phone it is with --phone; this project texts {countries}")
    try:
        whose = normalise(phone)
    except ValueError as error:
        raise SettingsInvalid(f"--phone: {error}") from None
    if not is_phone(whose):
        raise SettingsInvalid(f"--phone: {phone!r} is no phone number of a person")
    return whose


def _this_minute() -> datetime:
    from smsflow.clock import SystemClock

    return SystemClock().now().replace(second=0, microsecond=0)


def _typed() -> Iterator[str]:
    """The lines that are typed, or those of a pipe."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # bytes that are no UTF-8 are no reason to stop
    if not sys.stdin.isatty():
        yield from sys.stdin
        return
    import readline  # noqa: F401 - gives `input` its history and arrow keys

    while True:
        try:
            yield input("> ")
        except EOFError:
            click.echo()
            return


def _show(kind: str, text: str) -> None:
    if kind == "in" and sys.stdin.isatty():
        return  # it stands there already, as it was typed
    click.secho(text, **_STYLES[kind])


def _write(path: Path, text: str) -> None:
    if not text:
        click.echo("nothing happened, so nothing was recorded")
        return
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise SettingsInvalid(f"can't write {path} ({error.strerror or error})") from error
    click.echo(f"recorded; play it with: smsflow test {path}")
