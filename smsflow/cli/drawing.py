"""`smsflow graph` and `smsflow diff`: a flow as a picture, and what changed in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from smsflow.cli.explaining import FORMAT, place_json
from smsflow.cli.group import settings, settings_folder, smsflow
from smsflow.cli.telling import opened_store
from smsflow.errors import SettingsInvalid

if TYPE_CHECKING:
    from smsflow.engine.comparing import Changed
    from smsflow.engine.model import Flow

_COLOURS = {"text": None, "additive": "green", "structural": "yellow", "breaking": "red"}


@smsflow.command()
@click.argument("flow")
@click.option("--live", is_flag=True, help="With the sessions that wait at each step just now.")
@click.option(
    "--diff", "where", metavar="REV|FOLDER", help="Mark what changed since then: green, red, amber."
)
@click.pass_context
def graph(ctx: click.Context, flow: str, live: bool, where: str | None) -> None:
    """Draw FLOW, a name or a file, as a Mermaid flowchart.

    GitHub, GitLab and many editors show it in a block ```mermaid of a Markdown page.
    """
    from smsflow.author.simulated import open_project
    from smsflow.author.versions import project_at
    from smsflow.engine.diagram import mermaid

    folder = settings_folder(ctx)
    found = open_project(folder).flow(flow)
    before = None
    if where is not None:
        before = project_at(folder, where).flows.get(found.name)
        if before is None:
            raise SettingsInvalid(f"there is no flow '{found.name}' at {where}")
    waiting = _waiting(ctx, found.name) if live else None
    click.echo(mermaid(found, live=waiting, before=before), nl=False)


def _waiting(ctx: click.Context, flow: str) -> dict[str, int]:
    """How many sessions of a flow wait at each step, whatever their version."""
    counts: Counter[str] = Counter()
    with opened_store(ctx) as store:
        for (_, _, step), count in store.live_sessions(flow).items():
            if step is not None:
                counts[step] += count
    return dict(counts)


# --- diff -----------------------------------------------------------------------------------------


@smsflow.command()
@click.argument("where", metavar="[REV|FOLDER]", default="HEAD")
@FORMAT
@click.pass_context
def diff(ctx: click.Context, where: str, form: str) -> None:
    """Compare the flows with those of a git revision, or of a folder. Without one: HEAD.

    Each change is text, additive, structural or breaking: sessions that wait at a step with a
    breaking change could not be moved to the new version. They finish on the version with which
    they began. How many wait there is told when the database can be reached.
    """
    from smsflow.author.simulated import open_project
    from smsflow.author.versions import project_at

    folder = settings_folder(ctx)
    new = open_project(folder).world.flows
    old = project_at(folder, where).flows
    names = sorted(name for name in {*old, *new} if _version(old, name) != _version(new, name))
    waiting = _all_waiting(ctx, names)
    if form == "json":
        found = [_as_json(name, old.get(name), new.get(name), waiting) for name in names]
        click.echo(json.dumps({"since": where, "flows": found}, ensure_ascii=False))
        return
    for name in names:
        _print(name, old.get(name), new.get(name), None if waiting is None else waiting[name])
    if not names:
        click.echo(f"no flow differs from {where}")
    elif waiting is None:
        click.echo("live sessions are not counted: the database can't be reached")


def _version(flows: Mapping[str, Flow], name: str) -> str | None:
    return flows[name].version if name in flows else None


def _all_waiting(ctx: click.Context, names: list[str]) -> dict[str, Counter[str]] | None:
    """Sessions that wait, by flow and step; None when the database can't be reached."""
    found = settings(ctx)
    file = found.database_url.removeprefix("sqlite:///")
    if file != found.database_url and not Path(file).exists():
        return {name: Counter() for name in names}  # nothing ever ran here
    try:
        return {name: Counter(_waiting(ctx, name)) for name in names}
    except SettingsInvalid:
        return None


def _changes(old: Flow | None, new: Flow | None) -> list[Changed]:
    """What differs; a flow that came is additive, one that went is breaking."""
    from smsflow.engine.comparing import Change, Changed, compare

    if old is None:
        return [Changed(Change.ADDITIVE, "the flow is new")]
    if new is None:
        return [Changed(Change.BREAKING, "the flow is gone")]
    return compare(old, new)


def _print(name: str, old: Flow | None, new: Flow | None, waiting: Counter[str] | None) -> None:
    from smsflow.engine.comparing import depth

    changes = _changes(old, new)
    deepest = str(depth(changes))
    versions = f"{old.version if old else '-'} -> {new.version if new else '-'}"
    click.secho(f"{name}  {versions}  {deepest}", bold=True, fg=_COLOURS.get(deepest))
    for line in (*_lines(changes, old, waiting), *_hint(old, new, waiting)):
        click.echo(f"  {line}")


def _hint(old: Flow | None, new: Flow | None, waiting: Counter[str] | None) -> Iterator[str]:
    """What would let sessions move that can't with what `migrate` says now."""
    from smsflow.author.yaml_text import inline
    from smsflow.engine.suggesting import suggest_migration

    found = suggest_migration(old, new) if old is not None and new is not None else None
    if found is None:
        return
    count = 0 if waiting is None else sum(waiting[step] for step in found.helps)
    who = f"{count} session{'' if count == 1 else 's'}" if count else "sessions"
    steps = ", ".join(f"'{step}'" for step in found.helps)
    yield f"hint: this would let {who} at {steps} move:"
    yield "  migrate:"
    for number, (name, part) in enumerate(found.as_entry().items()):
        yield f"    {'  ' if number else '- '}{name}: {part if name == 'from' else inline(part)}"


def _lines(changes: list[Changed], old: Flow | None, waiting: Counter[str] | None) -> Iterator[str]:
    width = max(len(each.what) for each in changes)
    for each in changes:
        count = 0 if waiting is None or each.step is None else waiting[each.step]
        told = f"{count} session{'s wait' if count != 1 else ' waits'} here" if count else ""
        parts = (f"{each.change!s:<10} {each.what:<{width}}", told, str(each.place or ""))
        yield "  ".join(part for part in parts if part).rstrip()
    if waiting and old is not None:
        total = sum(waiting.values())
        live = f"{total} live session{'' if total == 1 else 's'}"
        yield f"{live} in all; each ends on its version, unless it follows or is moved"


def _as_json(
    name: str,
    old: Flow | None,
    new: Flow | None,
    waiting: dict[str, Counter[str]] | None,
) -> dict[str, Any]:
    from smsflow.engine.comparing import depth
    from smsflow.engine.suggesting import suggest_migration

    changes = _changes(old, new)
    counts = None if waiting is None else waiting[name]
    suggestion = suggest_migration(old, new) if old is not None and new is not None else None
    return {
        "flow": name,
        "old": old.version if old else None,
        "new": new.version if new else None,
        "change": str(depth(changes)),
        "changes": [
            {
                "change": str(each.change),
                "what": each.what,
                "step": each.step,
                "place": place_json(each.place),
                "waiting": None if counts is None else counts[each.step or ""],
            }
            for each in changes
        ],
        "migrate": suggestion.as_entry() if suggestion else None,
    }
