"""`smsflow test`: the transcripts of a project, played."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from smsflow.cli.covering import Covered, coverage_json, covered_by, print_coverage
from smsflow.cli.group import issue_text, lines_of, settings_folder, smsflow
from smsflow.cli.updating import print_updates, updated, updates_json
from smsflow.errors import ProjectInvalid, SettingsInvalid

if TYPE_CHECKING:
    from smsflow.author.scripts import Script, Timed
    from smsflow.author.simulated import SimulatedProject
    from smsflow.author.updating import Updated

    Results = Sequence[tuple[Script, Sequence[Timed]]]

FAILED, BROKEN, NO_TESTS = 1, 2, 5  # exit codes; 5 is pytest's, too


@smsflow.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("-k", "wanted", default="", metavar="NAME", help="Only tests named like this.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, or for programs.",
)
@click.option(
    "--cover",
    is_flag=True,
    help="Tell which steps, outcomes and languages of the flows no test came to.",
)
@click.option(
    "--cover-min",
    "least",
    type=click.IntRange(0, 100),
    metavar="PERCENT",
    help="Fail when the tests come to less of a flow; tells what --cover tells.",
)
@click.option(
    "--update",
    is_flag=True,
    help="Write the texts that were really sent into tests that expect other words.",
)
@click.pass_context
def test(
    ctx: click.Context,
    paths: tuple[Path, ...],
    wanted: str,
    junit: Path | None,
    form: str,
    cover: bool,
    least: int | None,
    update: bool,
) -> None:
    """Play the transcripts in tests/flows, or in PATHS. They have a clock of their own.

    Ends with 0 when all pass, 1 when one fails, 2 when a file is broken, 5 when there is no test.
    """
    from smsflow.author import junit as xml
    from smsflow.author import scripts
    from smsflow.author.simulated import open_project

    folder = settings_folder(ctx)
    printer: _Printer = _Json() if form == "json" else _Text(folder)
    try:
        project = open_project(folder)
    except ProjectInvalid as error:
        printer.invalid(error)
        ctx.exit(BROKEN)
    updates: list[Updated] | None = [] if update else None
    results = _play(project, scripts.find(folder, paths), wanted, printer, updates)
    covered = None
    if cover or least is not None:
        covered = _covered(project, results, least, chosen=bool(paths or wanted))
    printer.close(results, covered, updates)
    if junit is not None:
        _write(junit, xml.as_xml(results))
    ctx.exit(_code(results) or (FAILED if covered and covered.low else 0))


def _covered(
    project: SimulatedProject, results: Results, least: int | None, *, chosen: bool
) -> Covered:
    """What the tests came to of all flows; when they were chosen, of the flows that they test."""
    played = [each.played for _, timed in results for each in timed]
    tested = {each.test.flow for each in played}
    flows = project.world.flows
    names = sorted(name for name in flows if not chosen or name in tested)
    return covered_by(played, [flows[name] for name in names], least)


def _play(
    project: SimulatedProject,
    paths: Iterable[Path],
    wanted: str,
    printer: _Printer,
    updates: list[Updated] | None,
) -> Results:
    """Play the tests of each file; with `updates` its texts are written anew, and noted there."""
    from smsflow.author import scripts

    results: list[tuple[Script, list[Timed]]] = []
    for path in paths:
        script = scripts.read(path, project.folder)
        chosen = scripts.named(script, wanted)
        if not chosen and not script.issues:
            continue
        printer.file(script)
        timed: list[Timed] = []
        for each in scripts.play_all(chosen, project, time.perf_counter):
            timed.append(each)
            printer.played(each)
        printer.end_of_file()
        if updates is not None and timed:
            updates.append(updated(script, timed, project))
            timed = updates[-1].timed
        results.append((script, timed))
    return results


def _code(results: Results) -> int:
    if any(script.issues for script, _ in results):
        return BROKEN
    played = [each.played for _, timed in results for each in timed]
    if not played:
        return NO_TESTS
    return 0 if all(each.passed for each in played) else FAILED


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise SettingsInvalid(f"can't write {path} ({error.strerror or error})") from error


# --- printing -------------------------------------------------------------------------------------


class _Printer(Protocol):
    def invalid(self, error: ProjectInvalid) -> None:
        """The project can't be read."""

    def file(self, script: Script) -> None:
        """The tests of that file are played next."""

    def played(self, result: Timed) -> None:
        """One test was played."""

    def end_of_file(self) -> None:
        """All tests of the file were played."""

    def close(
        self, results: Results, covered: Covered | None, updates: list[Updated] | None
    ) -> None:
        """All files were played, and came to that much of the flows."""


_STYLES: dict[str, dict[str, Any]] = {
    "head": {"fg": "red", "bold": True},
    "in": {"fg": "cyan"},
    "note": {"dim": True},
    "expected": {"bold": True},
    "source": {"dim": True},
}


class _Text:
    """For people: a dot for each test, then the chats of those that failed."""

    def __init__(self, folder: Path) -> None:
        self._lines = lines_of(folder)

    def invalid(self, error: ProjectInvalid) -> None:
        """Every mistake in the project's files."""
        for issue in error.issues:
            click.echo(issue_text(issue, self._lines), err=True)
        click.echo("no test was played: mend the project first, see `smsflow check`", err=True)

    def file(self, script: Script) -> None:
        """The name of the file, or what is wrong with it."""
        click.echo(f"{script.file} ", nl=False)
        if script.issues:
            click.secho("broken ", fg="red", nl=False)

    def played(self, result: Timed) -> None:
        """A dot, or an F."""
        passed = result.played.passed
        click.secho("." if passed else "F", fg="green" if passed else "red", nl=False)

    def end_of_file(self) -> None:
        """The end of the dots."""
        click.echo()

    def close(
        self, results: Results, covered: Covered | None, updates: list[Updated] | None
    ) -> None:
        """What is wrong with files, the chats of failed tests, what was written anew, what no test
        came to, and the summary."""
        from smsflow.author.failures import failure_lines

        for script, timed in results:
            for issue in script.issues:
                click.echo("\n" + issue_text(issue, self._lines))
            for each in timed:
                if not each.played.passed:
                    click.echo()
                    for line in failure_lines(each.played):
                        click.secho(line.text, **_STYLES.get(line.kind, {}))
        print_updates(updates or [])
        if covered is not None:
            print_coverage(covered)
        self._summary(results)

    def _summary(self, results: Results) -> None:
        timed = [each for _, tests in results for each in tests]
        failed = sum(not each.played.passed for each in timed)
        broken = sum(bool(script.issues) for script, _ in results)
        if not timed and not broken:
            click.secho("no test was found; write one in tests/flows/<flow>.test.yaml", fg="yellow")
            return
        passed = len(timed) - failed
        counts = [f"{failed} failed"] * bool(failed) + [f"{passed} passed"]
        counts += [f"{broken} broken file{'s' if broken > 1 else ''}"] * bool(broken)
        took = 1000 * sum(each.seconds for each in timed)
        click.echo()
        colour = "red" if failed or broken else "green"
        click.secho(f"{', '.join(counts)} in {took:.0f} ms", fg=colour, bold=True)


class _Json:
    """For programs: one object, when all is done."""

    def invalid(self, error: ProjectInvalid) -> None:
        """Every mistake in the project's files."""
        from smsflow.engine.language import report

        self._print([], [report.as_json(issue) for issue in error.issues])

    def file(self, script: Script) -> None:
        """Told at the end."""

    def played(self, result: Timed) -> None:
        """Told at the end."""

    def end_of_file(self) -> None:
        """Told at the end."""

    def close(
        self, results: Results, covered: Covered | None, updates: list[Updated] | None
    ) -> None:
        """All tests, all issues and the counts."""
        from smsflow.engine.language import report

        issues = [report.as_json(issue) for script, _ in results for issue in script.issues]
        tests = [_as_json(script, each) for script, timed in results for each in timed]
        self._print(tests, issues, covered, updates)

    def _print(
        self,
        tests: list[dict[str, Any]],
        issues: list[dict[str, Any]],
        covered: Covered | None = None,
        updates: list[Updated] | None = None,
    ) -> None:
        passed = sum(each["passed"] for each in tests)
        content: dict[str, Any] = {
            "passed": passed,
            "failed": len(tests) - passed,
            "milliseconds": round(sum(each["milliseconds"] for each in tests), 3),
            "tests": tests,
            "issues": issues,
        }
        if covered is not None:
            content["coverage"] = coverage_json(covered)
        if updates is not None:
            content["updated"] = updates_json(updates)
        click.echo(json.dumps(content, ensure_ascii=False))


def _as_json(script: Script, result: Timed) -> dict[str, Any]:
    played = result.played
    found: dict[str, Any] = {
        "file": script.file,
        "line": played.test.place.line,
        "name": played.test.name,
        "flow": played.test.flow,
        "passed": played.passed,
        "milliseconds": round(1000 * result.seconds, 3),
    }
    if not played.passed and played.place is not None:
        found["failure"] = {
            "line": played.place.line,
            "column": played.place.column,
            "reason": played.reason,
            "got": played.got,
            "source": played.source,
            "chat": [[line.at.isoformat(), line.arrow, line.text] for line in played.chat],
        }
    return found
