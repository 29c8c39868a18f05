"""`smsflow check`: the mistakes in a project's files, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smsflow.cli.group import FOLDER, issue_text, lines_of, settings_folder, smsflow
from smsflow.errors import Issue

if TYPE_CHECKING:
    from smsflow.engine.parse import Loaded


@smsflow.command()
@click.argument("path", type=FOLDER, required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="For people, for programs, or as annotations of GitHub Actions.",
)
@click.pass_context
def check(ctx: click.Context, path: Path | None, form: str) -> None:
    """Find the mistakes in a project's files, before anyone is texted."""
    from smsflow.engine import parse, report
    from smsflow.files import read_files

    folder = path or settings_folder(ctx)
    loaded = parse.load(read_files(folder))
    if form == "json":
        found = [report.as_json(issue) for issue in loaded.issues]
        click.echo(json.dumps({"flows": len(loaded.flows), "issues": found}, ensure_ascii=False))
    elif form == "github":
        for issue in loaded.issues:
            click.echo(report.as_github(issue))
        click.echo(_closing_line(len(loaded.flows), loaded.issues))
    else:
        click.echo(issues_text(loaded, folder))
    ctx.exit(1 if loaded.errors else 0)


def issues_text(loaded: Loaded, folder: Path) -> str:
    """All issues with their source lines, and the counts, as people read them."""
    lines = lines_of(folder)
    told = [issue_text(issue, lines) for issue in loaded.issues]
    return "\n".join([*told, _closing_line(len(loaded.flows), loaded.issues)])


def _closing_line(flows: int, issues: Sequence[Issue]) -> str:
    errors = sum(issue.level == "error" for issue in issues)
    counts = {"flow": flows, "error": errors, "warning": len(issues) - errors}
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items())
