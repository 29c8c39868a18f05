"""`smsflow sessions`: who is in the middle of which version of a flow, and how to move them on."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from random import SystemRandom
from typing import TYPE_CHECKING, Any

import click

from smsflow.cli.group import settings_folder, smsflow
from smsflow.cli.telling import by_option, opened_store
from smsflow.errors import SettingsInvalid

if TYPE_CHECKING:
    from smsflow.engine.language.parse import Loaded
    from smsflow.engine.model import Flow, Project
    from smsflow.moving import Mover
    from smsflow.store import Store
    from smsflow.store.rows import LiveSession

STAYED = 1  # exit code: a session did not move
_JSON = click.option("--json", "as_json", is_flag=True, help="One object, for programs.")

Outcomes = Counter[tuple[str, str]]  # by step and why it stays; '' for those that move


@smsflow.group(invoke_without_command=True)
@click.option("--flow", help="Only those of this flow.")
@_JSON
@click.pass_context
def sessions(ctx: click.Context, flow: str | None, as_json: bool) -> None:
    """List open sessions by flow, version and step."""
    if ctx.invoked_subcommand is not None:
        return
    with opened_store(ctx) as store:
        counts = store.live_sessions(flow)
    newest = {name: each.version for name, each in _loaded(ctx).flows.items()}
    rows = [
        {
            "flow": name,
            "version": version,
            "newest": newest.get(name) == version,
            "step": step,
            "sessions": count,
        }
        for (name, version, step), count in sorted(counts.items(), key=lambda each: str(each[0]))
    ]
    if as_json:
        click.echo(json.dumps({"sessions": rows}, ensure_ascii=False))
        return
    for row in rows:
        mark = "" if row["newest"] else "  older"
        step = row["step"] or "(waits for its turn)"
        click.echo(f"{row['sessions']:>7}  {row['flow']}  {row['version']}  {step}{mark}")
    if not rows:
        click.echo("no session is open")


@sessions.command()
@click.argument("flow")
@click.option("--from", "source", required=True, metavar="V", help="The version that they leave.")
@click.option(
    "--to", "target", metavar="V", help="Where to; the version in the files if not given."
)
@click.option("--dry-run", is_flag=True, help="Say who would move, and move nobody.")
@_JSON
@by_option
@click.pass_context
def move(
    ctx: click.Context,
    flow: str,
    source: str,
    target: str | None,
    dry_run: bool,
    as_json: bool,
    by: str,
) -> None:
    """Move open sessions of FLOW to another version, by what its `migrate` says.

    Each is moved in a transaction of its own while workers go on; nothing is sent. Who can't
    be moved stays on its version, and the reasons are told. Ends with 1 when somebody stays.
    """
    loaded = _loaded(ctx)
    if loaded.project is None:
        raise SettingsInvalid("there is no sound project here; see `smsflow check`")
    with opened_store(ctx) as store:
        old = _version(store, loaded, flow, source, "--from")
        new = _version(store, loaded, flow, target, "--to")
        if old.version == new.version:
            raise SettingsInvalid(f"both are the version {old.version} of '{flow}'")
        _check_migrate(old, new)
        mover = _mover(store, loaded, loaded.project, old, new)
        outcomes = _move_all(store, mover, old, dry_run)
        if not dry_run:
            count = sum(each for (_, why), each in outcomes.items() if not why)
            detail = f"{old.version} to {new.version}: {count} sessions"
            store.record_action(by=by, what="move", about=flow, detail=detail)
    _tell(old, new, outcomes, dry_run=dry_run, as_json=as_json)
    ctx.exit(STAYED if any(why for _, why in outcomes) else 0)


def _loaded(ctx: click.Context) -> Loaded:
    from smsflow.extending import load_folder

    return load_folder(settings_folder(ctx)).sound()


def _version(store: Store, loaded: Loaded, flow: str, wanted: str | None, option: str) -> Flow:
    """The version that begins so, of the files or of the database."""
    from smsflow.engine.language.parse import read_bundle

    newest = loaded.flows.get(flow)
    if newest is not None and (wanted is None or newest.version.startswith(wanted)):
        return newest
    known = store.versions_of(flow)
    found = [each for each in known if wanted and each.startswith(wanted)]
    if len(found) != 1 or loaded.project is None:
        told = "several versions" if found else "no version"
        there = ", ".join(sorted(known)) or "none"
        message = f"{option}: {told} of '{flow}' begin with {wanted!r}; the database knows: {there}"
        raise SettingsInvalid(message)
    return read_bundle(store.flow_source(flow, found[0]) or "", loaded.project)


def _check_migrate(old: Flow, new: Flow) -> None:
    from smsflow.engine.moving import unknown_names

    unknown = unknown_names(old, new.migration_from(old.version))
    if unknown:
        message = f"`migrate` of '{new.name}' names the step '{unknown[0]}', and nobody waits at"
        raise SettingsInvalid(f"{message} one of that name in version {old.version}")


def _mover(store: Store, loaded: Loaded, project: Project, old: Flow, new: Flow) -> Mover:
    """What moves them; workers that were not deployed yet find the new version in the database."""
    from smsflow.clock import SystemClock
    from smsflow.engine import world
    from smsflow.moving import Mover

    if loaded.flows.get(new.name) is new:
        store.remember_versions([(new.name, new.version, loaded.bundles[new.name])])
    built = world.build(project, loaded.flows, secret=b"", extension=loaded.extension)
    return Mover(store, built, old, new, clock=SystemClock(), rng=SystemRandom())


def _move_all(store: Store, mover: Mover, old: Flow, dry_run: bool) -> Outcomes:
    act = mover.try_out if dry_run else mover.move
    outcomes: Outcomes = Counter()
    total = sum(store.live_sessions(old.name, old.version).values())
    with _progress(store.live_on(old.name, old.version), total) as found:
        for each in found:
            outcomes[each.step or "", act(each)] += 1
    return outcomes


@contextmanager
def _progress(found: Iterable[LiveSession], total: int) -> Iterator[Iterable[LiveSession]]:
    """A bar on the terminal, and none where nobody looks."""
    if not sys.stderr.isatty():
        yield found
        return
    with click.progressbar(found, length=total, label="sessions", file=sys.stderr) as bar:
        yield bar


def _tell(old: Flow, new: Flow, outcomes: Outcomes, *, dry_run: bool, as_json: bool) -> None:
    went = sum(count for (_, why), count in outcomes.items() if not why)
    stay = [(step, why, count) for (step, why), count in sorted(outcomes.items()) if why]
    if as_json:
        told: dict[str, Any] = {
            "flow": old.name,
            "from": old.version,
            "to": new.version,
            "dry_run": dry_run,
            "moved": went,
            "stayed": [{"step": s, "reason": why, "sessions": count} for s, why, count in stay],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{_sessions(went)} {'would move' if dry_run else 'moved'} to {new.version}")
    for step, why, count in stay:
        at = f" at '{step}'" if step else ""
        click.echo(f"{_sessions(count)}{at} {'would stay' if dry_run else 'stayed'}: {why}")


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"
