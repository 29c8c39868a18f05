"""`smsflow schema`: what editors need to complete and to explain flow files."""

from __future__ import annotations

from pathlib import Path

import click

from smsflow.cli.group import settings_folder, smsflow


@smsflow.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file for flows, default .smsflow/flow.schema.json; smsflow.yaml's lies beside it.",
)
@click.pass_context
def schema(ctx: click.Context, output: Path | None) -> None:
    """Write JSON Schemas by which editors complete flows.

    They name the numbers, policies, sections and contact fields of this project; run it again when
    those change. A file is bound to its schema by its first line:

    \b
      # yaml-language-server: $schema=../.smsflow/flow.schema.json    in flows/*.yaml
      # yaml-language-server: $schema=.smsflow/project.schema.json    in smsflow.yaml
    """
    from smsflow.author.schemas import write_schemas

    for path in write_schemas(settings_folder(ctx), output):
        click.echo(f"  {path}")
