"""`smsflow check`: the mistakes in a project's files, for people and for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smsflow import __version__
from smsflow.cli.group import issue_text, lines_of, settings_folder, smsflow
from smsflow.errors import Issue, SettingsInvalid

if TYPE_CHECKING:
    from smsflow.engine.language.parse import Loaded

_LOOK_EVERY = 0.3  # seconds between two looks at the files: soon enough for a person who saves


@smsflow.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    help="For people, for programs, as annotations of GitHub Actions, or as SARIF 2.1.0.",
)
@click.option("--watch", is_flag=True, help="Check again when a file changes, until Ctrl-C.")
@click.pass_context
def check(ctx: click.Context, path: Path | None, form: str, watch: bool) -> None:
    """Find mistakes in a project's files, before anyone is texted.

    PATH is the project's folder, or a file in it: all files are checked in any case.
    """
    folder = _project_of(path) if path else settings_folder(ctx)
    if watch:
        _watch(folder, form)
    else:
        ctx.exit(1 if _check(folder, form).errors else 0)


def _project_of(path: Path) -> Path:
    """A folder itself; of a file, the nearest folder above it that is a project."""
    if path.is_dir():
        return path
    above = [path.parent, *path.absolute().parents]
    return next((each for each in above if (each / "smsflow.yaml").is_file()), path.parent)


def _watch(folder: Path, form: str) -> None:
    """Check now and after every change; Ctrl-C is the way out."""
    from smsflow.files import changes, marks

    try:
        for _ in changes(lambda: marks(folder), lambda: time.sleep(_LOOK_EVERY)):
            click.clear()  # does nothing where no terminal listens
            try:
                _check(folder, form)
            except SettingsInvalid as error:
                click.echo(f"smsflow: {error}", err=True)
    except KeyboardInterrupt:
        click.echo()


def _check(folder: Path, form: str) -> Loaded:
    """Read and check the project, and print what was found."""
    from smsflow.engine.language import report, sarif
    from smsflow.extending import load_folder

    loaded = load_folder(folder)
    if form == "json":
        found = [report.as_json(issue) for issue in loaded.issues]
        click.echo(json.dumps({"flows": len(loaded.flows), "issues": found}, ensure_ascii=False))
    elif form == "sarif":
        click.echo(json.dumps(sarif.as_sarif(loaded.issues, __version__), ensure_ascii=False))
    elif form == "github":
        for issue in loaded.issues:
            click.echo(report.as_github(issue))
        click.echo(_closing_line(len(loaded.flows), loaded.issues))
    else:
        click.echo(issues_text(loaded, folder))
    return loaded


def issues_text(loaded: Loaded, folder: Path) -> str:
    """All issues with their source lines, and the counts, as people read them."""
    lines = lines_of(folder)
    told = [issue_text(issue, lines) for issue in loaded.issues]
    return "\n".join([*told, _closing_line(len(loaded.flows), loaded.issues)])


def _closing_line(flows: int, issues: Sequence[Issue]) -> str:
    errors = sum(issue.level == "error" for issue in issues)
    counts = {"flow": flows, "error": errors, "warning": len(issues) - errors}
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items())
