"""`smsflow parts`: what a text becomes on the air, and what makes it dear."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

from smsflow.cli.group import smsflow

if TYPE_CHECKING:
    from smsflow.sms.encoding import Shifts, Split
    from smsflow.sms.encoding.writings import Writing


@smsflow.command()
@click.argument("text")
@click.option(
    "--language",
    type=click.Choice(["TR", "ES", "PT"], case_sensitive=False),
    help="Write the text with the national tables of this language, where they help.",
)
@click.option("--json", "as_json", is_flag=True, help="One object, for programs.")
def parts(text: str, language: str | None, as_json: bool) -> None:
    """Count the parts of a text, and tell what makes it dear. TEXT - reads the input.

    It also names the other ways to write the text, and the cheapest. Transliterations carry the
    provider's names and come near its tables, which are not public.
    """
    facts = _facts(_input() if text == "-" else text, language)
    if as_json:
        click.echo(json.dumps(_as_json(facts), ensure_ascii=True))
    else:
        _print(facts)


def _input() -> str:
    """What is piped in, without the line break that ends it."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    return sys.stdin.read().removesuffix("\n").removesuffix("\r")


@dataclass(frozen=True, slots=True)
class _Facts:
    """A text as it is sent, and what it would be in other writings."""

    split: Split
    doubles: dict[str, int]  # characters of two units, and how often they stand there
    outside: dict[str, int]  # characters that GSM-7 lacks, also with the tables that were asked for
    plainer: str  # the text in characters that read the same and that GSM-7 has
    plainer_split: Split
    ways: tuple[Writing, ...]  # the cheapest first


def _facts(text: str, code: str | None) -> _Facts:
    from smsflow.sms.encoding import Language, Shifts, shifts_for, split, to_gsm
    from smsflow.sms.encoding.writings import cheapest

    languages = tuple(Language) if code is None else (Language(code),)
    shifts = shifts_for(text, languages[0]) if code else None
    tables = Shifts.of(languages[0]) if code else (None,)
    whole, plainer = split(text, shifts), to_gsm(text)
    doubles, outside = _dear(text, whole, tables)
    return _Facts(whole, doubles, outside, plainer, split(plainer), cheapest(text, languages))


def _dear(
    text: str, whole: Split, tables: Sequence[Shifts | None]
) -> tuple[dict[str, int], dict[str, int]]:
    """The characters that take two units, and those that force UCS-2, each with its count.

    The latter are told for those of `tables` that lack the fewest.
    """
    from smsflow.sms.encoding import Alphabet, first_outside_gsm, split

    counts = {char: text.count(char) for char in dict.fromkeys(text)}
    if whole.alphabet is Alphabet.GSM7:
        twice = {char: n for char, n in counts.items() if split(char, whole.shifts).units == 2}
        return twice, {}
    twice = {char: n for char, n in counts.items() if char > "\uffff"}
    lacks = [
        {char: n for char, n in counts.items() if first_outside_gsm(char, shifts)}
        for shifts in tables
    ]
    return twice, min(lacks, key=len)


def _as_json(facts: _Facts) -> dict[str, Any]:
    return {
        **_counted(facts.split),
        "parts": list(facts.split.parts),
        "left": facts.split.left,
        "two_units": facts.doubles,
        "outside_gsm": facts.outside,
        "plainer": {
            "text": facts.plainer,
            "alphabet": facts.plainer_split.alphabet,
            "count": facts.plainer_split.count,
        },
        "ways": [
            {
                "way": way.name,
                **_counted(way.split),
                "text": way.text,
                "transliteration": way.transliteration,
                "lost": dict(way.lost),
            }
            for way in facts.ways
        ],
    }


def _counted(split: Split) -> dict[str, Any]:
    """Alphabet, tables, parts and units of one writing."""
    shifts = split.shifts
    return {
        "alphabet": split.alphabet,
        "single_shift": shifts.single if shifts else None,
        "locking_shift": shifts.locking if shifts else None,
        "count": split.count,
        "units": split.units,
    }


def _print(facts: _Facts) -> None:
    from smsflow.sms.encoding import Alphabet

    split = facts.split
    unit = "septet" if split.alphabet is Alphabet.GSM7 else "unit"
    tables = f" with {split.shifts}" if split.shifts else ""
    head = f"{split.alphabet}{tables}, {_many(split.count, 'part')}"
    click.secho(head, bold=True, nl=False)
    click.echo(f": {_many(split.units, unit)}, {split.left} left in the last part")
    for char, count in facts.doubles.items():
        click.echo(f"  {_named(char)} takes two {unit}s{_times(count)}")
    for number, (char, count) in enumerate(facts.outside.items()):
        # The first alone would be enough to make all of it UCS-2.
        what = "forces UCS-2" if number == 0 else "is not in GSM-7 either"
        click.secho(f"  {_named(char)} {what}{_times(count)}", fg="yellow")
    if facts.outside and facts.plainer == "".join(split.parts):
        click.echo("  no plainer characters read the same")
    _print_ways(facts)
    for number, part in enumerate(split.parts, 1):
        click.secho(f"{number}/{split.count} ", dim=True, nl=False)
        click.echo(_visible(part))


def _print_ways(facts: _Facts) -> None:
    """The other ways to write the text with price and loss, and which is the cheapest."""
    now = facts.split
    text = "".join(now.parts)
    others = [way for way in facts.ways if (way.text, way.split.shifts) != (text, now.shifts)]
    for way in others:
        then = f"{_many(way.split.count, 'part')} in {way.split.alphabet}"
        click.echo(f"  {way.name}: {_many(now.count, 'part')} now, {then}{_loss(way)}")
        if way.text != text:
            click.echo(f"      {_visible(way.text)}")
    if others:
        best = facts.ways[0]
        click.echo(f"  cheapest: {best.name}, {_many(best.split.count, 'part')}{_loss(best)}")


def _loss(way: Writing) -> str:
    """What a reader would miss, at most five characters of it."""
    if not way.lost:
        return ""
    more = ", ..." if len(way.lost) > 5 else ""
    return f"; lost: {', '.join(map(_visible, list(way.lost)[:5]))}{more}"


def _named(char: str) -> str:
    return f"{_visible(char)} (U+{ord(char):04X} {unicodedata.name(char, 'no name').lower()})"


def _times(count: int) -> str:
    return f", {count} times" if count > 1 else ""


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _visible(text: str) -> str:
    """A text on one line, that can't move the cursor."""
    shown = text.replace("\n", "⏎")
    return "".join(char if char.isprintable() else "\ufffd" for char in shown)
