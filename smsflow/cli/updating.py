"""What `smsflow test --update` does to a test file, and how that is told."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from smsflow.author.scripts import Script, Timed
    from smsflow.author.simulated import SimulatedProject
    from smsflow.author.updating import Change, Updated

_MARKS = {"-": ("[-", "-]", "red"), "+": ("{+", "+}", "green")}


def updated(script: Script, timed: Sequence[Timed], project: SimulatedProject) -> Updated:
    """Write what was really sent into the file, as far as its tests then pass."""
    from smsflow.author.updating import update
    from smsflow.files import read_bytes, write_whole

    found = update(script, timed, project, time.perf_counter)
    if found.data is None:
        return found
    if read_bytes(script.path) != script.data:
        problem = f"{script.file}: somebody else has changed it meanwhile; try again"
        return replace(found, data=None, timed=list(timed), changes=(), problem=problem)
    write_whole(script.path, found.data)
    return found


def print_updates(updates: Iterable[Updated]) -> None:
    """Each text that was written anew, word by word; what could not be, and what was not."""
    from smsflow.author.failures import one_line
    from smsflow.author.updating import word_diff

    left = 0
    for each in updates:
        for change in each.changes:
            click.echo(f"\nwritten anew: {change.place} {change.test}\n  ", nl=False)
            for kind, text in word_diff(change.old, change.new):
                before, after, colour = _MARKS.get(kind, ("", "", None))
                click.secho(f"{before}{one_line(text)}{after}", fg=colour, nl=False)
            click.echo()
        if each.problem:
            click.secho(f"\nleft as it is: {each.problem}", fg="yellow")
        left += sum(not timed.played.passed for timed in each.timed)
    if left:
        tests = "1 failed test is" if left == 1 else f"{left} failed tests are"
        click.echo(f"\n{tests} unchanged: only whole texts are written, where the test then passes")


def updates_json(updates: Iterable[Updated]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [_as_json(change) for each in updates for change in each.changes]


def _as_json(change: Change) -> dict[str, Any]:
    return {
        "file": change.place.file,
        "line": change.place.line,
        "column": change.place.column,
        "name": change.test,
        "old": change.old,
        "new": change.new,
    }
