"""The group that all commands belong to, and what they share: settings, and mistakes in words."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from smsflow import __version__
from smsflow.errors import Issue, ProjectInvalid, SettingsInvalid

if TYPE_CHECKING:
    from smsflow.config import Settings

# A disk that is full or closed is nobody's bug, so it is told without a traceback.
_OUT_OF_OUR_HANDS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


class _Commands(click.Group):
    """A group whose commands fail in words."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises on purpose becomes a message and an exit code."""
        try:
            return super().invoke(ctx)
        except ProjectInvalid as error:
            lines = lines_of(settings_folder(ctx))
            for issue in error.issues:
                click.echo(issue_text(issue, lines), err=True)
            ctx.exit(1)
        except SettingsInvalid as error:
            click.echo(f"smsflow: {error}", err=True)
            ctx.exit(2)
        except KeyboardInterrupt:
            ctx.exit(130)
        except OSError as error:
            if error.errno not in _OUT_OF_OUR_HANDS:
                raise
            click.echo(f"smsflow: {error.strerror}: {error.filename or 'the output'}", err=True)
            ctx.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--project", type=FOLDER, help="Folder with smsflow.yaml; default $SMSFLOW_PROJECT, or here."
)
@click.version_option(__version__, message="smsflow %(version)s")
@click.pass_context
def smsflow(ctx: click.Context, project: Path | None) -> None:
    """Two-way SMS campaigns as code: YAML flows, delivery reports, no text lost or sent twice."""
    ctx.obj = project


def main() -> None:
    """The console script."""
    smsflow(prog_name="smsflow")


def settings(ctx: click.Context) -> Settings:
    """The settings of this process, with the folder that --project names."""
    from smsflow.config import Settings

    return Settings.from_environment(project=ctx.find_root().obj)


def settings_folder(ctx: click.Context) -> Path:
    """The project's folder: --project, $SMSFLOW_PROJECT, or here."""
    from smsflow.config import project_folder

    return project_folder(project=ctx.find_root().obj)


def lines_of(folder: Path) -> Callable[[str], Sequence[str]]:
    """A way to the lines of a project's file; none for a file that can't be read."""
    known: dict[str, Sequence[str]] = {}

    def lines(file: str) -> Sequence[str]:
        if file not in known:
            try:
                known[file] = (folder / file).read_text("utf-8", errors="replace").splitlines()
            except OSError:
                known[file] = ()
        return known[file]

    return lines


def issue_text(issue: Issue, lines: Callable[[str], Sequence[str]]) -> str:
    """An issue with its source line and the cure, for people."""
    from smsflow.engine.language import report

    # click takes the colours out again where no terminal listens.
    return report.render(issue, lines(issue.place.file), colour=True)
