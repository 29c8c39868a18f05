"""`smsflow parts`: what a text becomes on the air, and what makes it dear."""

from __future__ import annotations

import json
import sys
import unicodedata
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

from smsflow.cli.group import smsflow

if TYPE_CHECKING:
    from smsflow.sms.encoding import Split


@smsflow.command()
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="One object, for programs.")
def parts(text: str, as_json: bool) -> None:
    """Count the parts of a text, and tell which characters make it dear. TEXT - reads the input."""
    facts = _facts(_input() if text == "-" else text)
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
    """A text as it is sent, and what it would be in plainer characters."""

    split: Split
    doubles: dict[str, int]  # characters of two units, and how often they stand there
    outside: dict[str, int]  # characters that GSM-7 lacks
    plainer: str  # the text in characters that read the same and that GSM-7 has
    plainer_split: Split


def _facts(text: str) -> _Facts:
    from smsflow.sms.encoding import Alphabet, alphabet_of, split, to_gsm

    counts = {char: text.count(char) for char in dict.fromkeys(text)}
    whole, plainer = split(text), to_gsm(text)
    if whole.alphabet is Alphabet.GSM7:
        twice = {char: count for char, count in counts.items() if split(char).units == 2}
    else:
        twice = {char: count for char, count in counts.items() if char > "\uffff"}
    outside = {char: n for char, n in counts.items() if alphabet_of(char) is Alphabet.UCS2}
    return _Facts(whole, twice, outside, plainer, split(plainer))


def _as_json(facts: _Facts) -> dict[str, Any]:
    return {
        "alphabet": facts.split.alphabet,
        "parts": list(facts.split.parts),
        "count": facts.split.count,
        "units": facts.split.units,
        "left": facts.split.left,
        "two_units": facts.doubles,
        "outside_gsm": facts.outside,
        "plainer": {
            "text": facts.plainer,
            "alphabet": facts.plainer_split.alphabet,
            "count": facts.plainer_split.count,
        },
    }


def _print(facts: _Facts) -> None:
    from smsflow.sms.encoding import Alphabet

    split = facts.split
    unit = "septet" if split.alphabet is Alphabet.GSM7 else "unit"
    head = f"{split.alphabet}, {_many(split.count, 'part')}"
    click.secho(head, bold=True, nl=False)
    click.echo(f": {_many(split.units, unit)}, {split.left} left in the last part")
    for char, count in facts.doubles.items():
        click.echo(f"  {_named(char)} takes two {unit}s{_times(count)}")
    for number, (char, count) in enumerate(facts.outside.items()):
        # The first alone would be enough to make all of it UCS-2.
        what = "forces UCS-2" if number == 0 else "is not in GSM-7 either"
        click.secho(f"  {_named(char)} {what}{_times(count)}", fg="yellow")
    if facts.outside:
        _print_plainer(facts)
    for number, part in enumerate(split.parts, 1):
        click.secho(f"{number}/{split.count} ", dim=True, nl=False)
        click.echo(_visible(part))


def _print_plainer(facts: _Facts) -> None:
    now, then = facts.split, facts.plainer_split
    if facts.plainer == "".join(now.parts):
        click.echo("  no plainer characters read the same")
        return
    price = f"{_many(now.count, 'part')} now, {_many(then.count, 'part')} in {then.alphabet}"
    click.echo(f"  in plainer characters: {price}")
    click.echo(f"      {_visible(facts.plainer)}")


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
