"""`smsflow texts`: catalogues of texts for translators, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smsflow.cli.group import settings_folder, smsflow

if TYPE_CHECKING:
    from smsflow.engine.language.parse import Loaded

_FILE = click.Path(dir_okay=False, path_type=Path)


@smsflow.group()
def texts() -> None:
    """Write texts out for translators, and read them back."""


@texts.command()
@click.option("--format", "form", type=click.Choice(["po", "csv"]), required=True)
@click.option("--lang", metavar="LANG", help="The language to translate into.")
@click.argument("file", type=_FILE, required=False)
@click.pass_context
def export(ctx: click.Context, form: str, lang: str | None, file: Path | None) -> None:
    """Write the texts into FILE, or print them.

    PO is for one language; the only other one when --lang is not given. CSV has all languages, or
    the first one and LANG.
    """
    from smsflow.author.translations import write_csv, write_po
    from smsflow.extending import load_folder
    from smsflow.files import write_whole

    loaded = load_folder(settings_folder(ctx))
    first, *others = _languages(loaded, lang)
    if form == "po" and len(others) != 1:
        raise click.UsageError(f"PO is for one language: write --lang, one of {_or(others)}")
    if form == "po":
        content = write_po(loaded.catalogues, first, others[0])
    else:
        content = write_csv(loaded.catalogues, [first, *others])
    if file is None:
        click.echo(content.encode(), nl=False)
    else:
        write_whole(file, content.encode())
        click.echo(f"{file}: {len(loaded.catalogues.names([first]))} texts")


@texts.command("import")
@click.option("--format", "form", type=click.Choice(["po", "csv"]), help="If FILE doesn't say.")
@click.option("--lang", metavar="LANG", help="The language; a PO file says its own.")
@click.argument("file", type=_FILE)
@click.pass_context
def import_(ctx: click.Context, form: str | None, lang: str | None, file: Path) -> None:
    """Read translations from FILE into texts/<lang>.yaml.

    What stands in braces has to be that of the original, but for words in quotes. A text whose
    original was changed since is left, and the exit code is 1 then.
    """
    from smsflow.author.translating import take_over
    from smsflow.author.translations import read_csv, read_po
    from smsflow.errors import SettingsInvalid
    from smsflow.extending import load
    from smsflow.files import read_bytes, read_files, write_whole

    folder = settings_folder(ctx)
    files = read_files(folder)
    loaded = load(files, folder)
    first, *others = _languages(loaded, lang)
    form = form or file.suffix.removeprefix(".").lower()
    if form not in ("po", "csv"):
        raise click.UsageError(f"{file} is neither .po nor .csv: write --format")
    data = read_bytes(file)
    name = str(file)
    found = read_po(data, name, lang) if form == "po" else read_csv(data, name, first, lang)
    for language in sorted({each.language for each in found} - {*others}):
        raise SettingsInvalid(
            f"{name}:1: {language!r} is not one of {_or(others)}; give --lang, or add it to"
            " `languages` in smsflow.yaml"
        )
    filters = loaded.extension.filter_names
    taken = take_over(found, name, first, loaded.catalogues, files, filters)
    for path, content in taken.files.items():
        target = folder / path
        if target.exists() and read_bytes(target) != files.get(path):
            raise SettingsInvalid(f"{path}: somebody else has changed it meanwhile; try again")
        target.parent.mkdir(exist_ok=True)
        write_whole(target, content)
    for path, counts in taken.counts.items():
        told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
        click.echo(f"{path}: {told or 'nothing'}")
    for line in taken.left:
        click.secho(f"left: {line}", fg="yellow")
    ctx.exit(1 if taken.left else 0)


def _languages(loaded: Loaded, chosen: str | None) -> list[str]:
    """The language of the originals, and those to translate into; ProjectInvalid when a catalogue
    can't be read."""
    from smsflow.engine.language.catalogues import path_of
    from smsflow.errors import ProjectInvalid, SettingsInvalid

    catalogues = loaded.catalogues.by_language
    broken = [each.broken for each in catalogues.values() if each.broken]
    if broken or loaded.project is None:
        raise ProjectInvalid(broken or loaded.errors)
    flows = (language for flow in loaded.flows.values() for language in flow.languages)
    first, *others = dict.fromkeys([*loaded.project.languages, *flows])
    if first not in catalogues:
        raise SettingsInvalid(f"there is no {path_of(first)}; write the texts there, by name")
    if chosen is not None and chosen not in others:
        raise SettingsInvalid(
            f"--lang {chosen} is not a language to translate into; those of the project are"
            f" {_or(others)}, after {first}"
        )
    return [first, chosen] if chosen else [first, *others]


def _or(words: list[str]) -> str:
    return ", ".join(words) or "none: smsflow.yaml has one language"
