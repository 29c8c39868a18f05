"""`smsflow init`: a small project of one's own."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from smsflow.cli.group import smsflow


@smsflow.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--name", help="What the project is called in texts; default: the folder's name.")
def init(folder: Path, name: str | None) -> None:
    """Begin a project in DIR. It has a flow, its test, and the settings, ready to be changed."""
    from smsflow.author.starting import begin_project

    for path in begin_project(folder, name):
        click.echo(f"  {folder / path}")
    click.secho("\nIt is ready. What to do next:", bold=True)
    if folder.resolve() != Path.cwd():
        click.echo(f"  cd {shlex.quote(str(folder))}")
    click.echo("  smsflow check         find mistakes in the files")
    click.echo("  smsflow test          play the conversations in tests/flows")
    click.echo("  smsflow chat hello    talk to the flow in flows/hello.yaml")
    click.echo("  smsflow dev           run it all here, with a phone in the browser")
