"""`smsflow lookup`: what a provider knows of numbers, and a list without those nobody has."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from smsflow.cli.group import smsflow
from smsflow.cli.providing import chosen
from smsflow.cli.telling import safe

if TYPE_CHECKING:
    from smsflow.providers.base import Directory, Known

_NAMES = ("phone", "number", "msisdn", "mobile", "to")  # of a column with numbers
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(slots=True)
class _Line:
    """A number as it was written, and the row that it stands in."""

    written: str
    row: dict[str, str]
    number: str | None = None  # E.164; None when it is none
    known: Known | None = None

    @property
    def kept(self) -> bool:
        """False for what surely reaches nobody."""
        return self.number is not None and not (self.known and self.known.reachable is False)


@smsflow.command()
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option("--file", "file", type=_FILE, help="A CSV with a header, or a number a line.")
@click.option("--column", help="The column with numbers; default: phone, number, msisdn ...")
@click.option("--region", help="ISO code, such as GB, for numbers in national form.")
@click.option(
    "--clean",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the file there without the numbers that reach nobody.",
)
@click.option("--provider", "name", help="Its name in smsflow.yaml, if there are several.")
@click.option("--json", "as_json", is_flag=True, help="One object a line, for programs.")
@click.pass_context
def lookup(
    ctx: click.Context,
    numbers: tuple[str, ...],
    file: Path | None,
    column: str | None,
    region: str | None,
    clean: Path | None,
    name: str | None,
    as_json: bool,
) -> None:
    """Ask a provider which numbers are in use, ported or abroad. Each number asked costs money."""
    from smsflow.providers.base import Directory, NotAnswered

    if (file is None) == (not numbers):
        raise click.UsageError("give numbers, or --file with a list of them")
    if clean is not None and file is None:
        raise click.UsageError("--clean goes with --file")
    lines = _read(file, column) if file else [_Line(each, {"phone": each}) for each in numbers]
    _normalise(lines, region)
    adapter = chosen(ctx, name)
    directory: object = adapter
    if not isinstance(directory, Directory):
        raise click.UsageError(f"{adapter.name} can't look up numbers")
    try:
        _ask(directory, lines, adapter.capabilities.lookup)
    except NotAnswered as error:
        click.echo(f"smsflow: {error}", err=True)
        ctx.exit(2)
    for line in lines:
        click.echo(json.dumps(_as_json(line)) if as_json else _shown(line))
    if not as_json:
        click.echo(_summary(lines))
    if clean is not None:
        _write(clean, lines)


def _read(file: Path, column: str | None) -> list[_Line]:
    """The rows of a CSV, or lines of numbers; a UsageError says what is missing."""
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise click.UsageError(f"{file} is not UTF-8: save it in UTF-8 encoding") from None
    rows = [row for row in csv.reader(text.splitlines()) if any(map(str.strip, row))]
    header = [name.strip() for name in rows[0]] if rows else []
    wanted = (column.lower(),) if column else _NAMES
    found = next((name for name in header if name.lower() in wanted), None)
    if found is None and (column or len(header) > 1):
        there = ", ".join(header) or "nothing"
        raise click.UsageError(f"{file} has no column of numbers; it has: {there}. Use --column")
    if found is None:
        return [_Line(row[0], {"phone": row[0]}) for row in rows]
    named = [dict(zip(header, row, strict=False)) for row in rows[1:]]
    return [_Line(row.get(found, ""), row) for row in named]


def _normalise(lines: Sequence[_Line], region: str | None) -> None:
    from smsflow.sms.numbers import is_phone, normalise

    for line in lines:
        try:
            number = normalise(line.written, region=region)
        except ValueError:
            continue
        line.number = number if is_phone(number) else None


def _ask(directory: Directory, lines: Sequence[_Line], most: int) -> None:
    """Ask for each number once, as many at a time as the provider takes."""
    numbers = list(dict.fromkeys(line.number for line in lines if line.number))
    known: dict[str, Known] = {}
    with _progress(len(numbers)) as tell:
        for start in range(0, len(numbers), most):
            asked = numbers[start : start + most]
            known |= dict(zip(asked, directory.lookup(asked), strict=True))
            tell(len(known))
    for line in lines:
        line.known = known.get(line.number or "")


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """A bar in a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("asking", total=total)
        yield lambda done: bar.update(task, completed=done)


def _word(line: _Line) -> str:
    if line.number is None:
        return "no number"
    reachable = line.known.reachable if line.known else None
    return {True: "in use", False: "reaches nobody", None: "unknown"}[reachable]


def _shown(line: _Line) -> str:
    told = [f"{safe(line.number or line.written, 20):17} {_word(line):14}"]
    known = line.known
    if known is not None:
        network = " ".join(filter(None, (known.network, known.network_name)))
        told.append(f"{safe(known.status, 40):28} {safe(network, 40)}")
        told += [word for word, is_so in (("ported", known.ported),) if is_so]
        if known.roaming:
            told.append(f"abroad{f' in {safe(known.roaming_in, 40)}' if known.roaming_in else ''}")
        if known.error:
            told.append(safe(known.error, 60))
    return " ".join(told).rstrip()


def _as_json(line: _Line) -> dict[str, Any]:
    told = {"written": line.written, "number": line.number, "reachable": None}
    return told | (asdict(line.known) if line.known else {})


def _summary(lines: Sequence[_Line]) -> str:
    counted = Counter(map(_word, lines))
    return ", ".join(f"{count} {word}" for word, count in counted.most_common())


def _write(clean: Path, lines: Sequence[_Line]) -> None:
    """The rows that may reach somebody, each number once, as they were."""
    kept = {line.number: line.row for line in reversed(lines) if line.kept}
    rows = list(reversed(kept.values()))
    header = list(lines[0].row) if lines else ["phone"]
    with clean.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, header, restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    click.echo(f"{len(rows)} of {len(lines)} rows kept in {clean}", err=True)
