"""The command line: `smsflow check`, `web`, `worker`, `demo` and the others.

A mistake of the user is told in their words, with the cure, and never as a traceback:

| exit code | meaning |
|---|---|
| 0 | done; `check` may have found warnings |
| 1 | the project's files hold mistakes, or the demo saw something that the flows don't say |
| 2 | a setting or an option is wrong |
| 130 | interrupted by Ctrl-C |

Each command imports what it needs when it runs, so that `smsflow --help` answers at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from smsflow import __version__
from smsflow.errors import Issue, ProjectInvalid, SettingsInvalid

if TYPE_CHECKING:
    from smsflow.config import Settings

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_PORT = click.IntRange(0, 65_535)


class _Commands(click.Group):
    """A group whose commands fail in words."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises on purpose becomes a message and an exit code."""
        try:
            return super().invoke(ctx)
        except ProjectInvalid as error:
            folder = _settings_folder(ctx)
            for issue in error.issues:
                click.echo(_as_text(issue, _lines(folder)), err=True)
            ctx.exit(1)
        except SettingsInvalid as error:
            click.echo(f"smsflow: {error}", err=True)
            ctx.exit(2)
        except KeyboardInterrupt:
            ctx.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--project", type=_FOLDER, help="Folder with smsflow.yaml; default $SMSFLOW_PROJECT, or here."
)
@click.version_option(__version__, message="smsflow %(version)s")
@click.pass_context
def smsflow(ctx: click.Context, project: Path | None) -> None:
    """Two-way SMS campaigns as code: YAML flows, delivery reports, no text lost or sent twice."""
    ctx.obj = project


def main() -> None:
    """The console script."""
    smsflow(prog_name="smsflow")


def _settings(ctx: click.Context) -> Settings:
    from smsflow.config import Settings

    return Settings.from_environment(project=ctx.obj)


def _settings_folder(ctx: click.Context) -> Path:
    from smsflow.config import project_folder

    return project_folder(project=ctx.obj)


# --- check ----------------------------------------------------------------------------------------


@smsflow.command()
@click.argument("path", type=_FOLDER, required=False)
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
    from smsflow.runtime import read_files

    folder = path or _settings_folder(ctx)
    loaded = parse.load(read_files(folder))
    if form == "json":
        found = [report.as_json(issue) for issue in loaded.issues]
        click.echo(json.dumps({"flows": len(loaded.flows), "issues": found}, ensure_ascii=False))
    else:
        lines = _lines(folder)
        for issue in loaded.issues:
            click.echo(report.as_github(issue) if form == "github" else _as_text(issue, lines))
        click.echo(_closing_line(len(loaded.flows), loaded.issues))
    ctx.exit(1 if loaded.errors else 0)


def _closing_line(flows: int, issues: Sequence[Issue]) -> str:
    errors = sum(issue.level == "error" for issue in issues)
    counts = {"flow": flows, "error": errors, "warning": len(issues) - errors}
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items())


def _lines(folder: Path) -> Callable[[str], Sequence[str]]:
    """A way to the lines of a project's file; none for a file that can't be read."""
    known: dict[str, Sequence[str]] = {}

    def lines(file: str) -> Sequence[str]:
        if file not in known:
            try:
                known[file] = (folder / file).read_text(errors="replace").splitlines()
            except OSError:
                known[file] = ()
        return known[file]

    return lines


def _as_text(issue: Issue, lines: Callable[[str], Sequence[str]]) -> str:
    from smsflow.engine import report

    # click takes the colours out again where no terminal listens.
    return report.render(issue, lines(issue.place.file), colour=True)


# --- running --------------------------------------------------------------------------------------


@smsflow.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=_PORT, help="Port to listen on; default $PORT, or 8000.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
@click.option(
    "--threads", type=click.IntRange(1), default=16, show_default=True, help="Threads of each."
)
@click.pass_context
def web(ctx: click.Context, host: str, port: int | None, workers: int, threads: int) -> None:
    """Take what providers push, and the API's requests."""
    from smsflow import logs
    from smsflow.web import wsgi

    settings = _settings(ctx)
    _need_redis(settings, "web")
    logs.configure()
    port = settings.port if port is None else port
    with _listening(host, port):
        wsgi.serve(settings, host=host, port=port, workers=workers, threads=threads)


@smsflow.command()
@click.option(
    "--inbox",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Processes that work off what came in.",
)
@click.option(
    "--outbox",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that send.",
)
@click.pass_context
def worker(ctx: click.Context, inbox: int, outbox: int) -> None:
    """Run flows and send texts."""
    from smsflow import logs
    from smsflow.worker import Supervisor

    settings = _settings(ctx)
    _need_redis(settings, "worker")
    logs.configure()
    Supervisor(settings, inbox=inbox, outbox=outbox).run()


@smsflow.command("work-queue", hidden=True)
@click.argument("queue", type=click.Choice(["smsflow-inbox", "smsflow-outbox"]))
@click.pass_context
def work_queue(ctx: click.Context, queue: str) -> None:
    """Work one queue: a child of `smsflow worker`."""
    from smsflow import logs
    from smsflow.worker import run_child

    settings = _settings(ctx)
    _need_redis(settings, "worker")
    logs.configure()
    run_child(settings, queue)


def _need_redis(settings: Settings, command: str) -> None:
    """Refuse a queue in memory, which no other process can see."""
    if settings.embedded:
        raise SettingsInvalid(
            f"`smsflow {command}` needs a Redis that web and worker share; set SMSFLOW_REDIS_URL,"
            " such as redis://localhost:6379/0, or try `smsflow demo`, which needs no server"
        )


@smsflow.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=_PORT, default=8090, show_default=True, help="0 takes a free one.")
@click.option("--user", default="sandbox", show_default=True, help="User of the API.")
@click.option("--password", default="sandbox", show_default=True, help="Password of the API.")
def sandbox(host: str, port: int, user: str, password: str) -> None:
    """Play the provider: its HTTP API, a phone network and handsets."""
    from smsflow.sandbox.server import serve

    with _listening(host, port):
        serve(host, port, user, password)


@contextmanager
def _listening(host: str, port: int) -> Iterator[None]:
    """Say in words that an address can't be listened on."""
    try:
        yield
    except OSError as error:
        raise SettingsInvalid(
            f"can't listen on {host}:{port} ({error.strerror or error}); choose another --port"
        ) from error


@smsflow.group()
def db() -> None:
    """The database."""


@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the tables up to date; safe to run again, and from two places at once."""
    from smsflow.store import Store

    store = Store.connect(_settings(ctx.find_root()).database_url)
    try:
        store.upgrade()
    finally:
        store.close()
    click.echo("the database is up to date")


@smsflow.command()
@click.option("--json", "as_json", is_flag=True, help="One event a line, for programs.")
@click.pass_context
def demo(ctx: click.Context, as_json: bool) -> None:
    """Show the sample flows at work: real HTTP on this machine, nothing to install."""
    from smsflow import demo, logs

    logs.configure(level=30)
    ctx.exit(demo.run(ctx.obj, as_json=as_json))
