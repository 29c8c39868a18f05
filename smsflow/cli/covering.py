"""What `smsflow test --cover` prints: how much of each flow the tests came to, and what not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from smsflow.engine.model import AnyStep, Flow
    from smsflow.engine.transcripts.coverage import Coverage, Missing
    from smsflow.engine.transcripts.playing import Played

_WORDS = {"when": "`when` false", "then": "an answer"}


@dataclass(frozen=True, slots=True)
class Covered:
    """How much of each flow the tests came to, and the percent that were asked for."""

    flows: Sequence[Coverage]
    least: int | None

    @property
    def low(self) -> list[str]:
        """The flows of which they came to less."""
        return [
            each.flow.name
            for each in self.flows
            if self.least is not None and each.percent < self.least
        ]


def covered_by(played: Iterable[Played], flows: Iterable[Flow], least: int | None) -> Covered:
    """How much of each flow these tests came to."""
    from smsflow.engine.transcripts.coverage import Reached, coverage

    reached = Reached()
    for each in played:
        reached.add(each.reached)
    return Covered([coverage(flow, reached) for flow in flows], least)


def print_coverage(covered: Covered) -> None:
    """A line for each flow, and below it one for each step of which something is missing."""
    click.echo("\nwhat no test came to:")
    for each in covered.flows:
        head = f"{each.flow.name}  {each.percent}%"
        counted = "" if each.reached == each.total else f"  ({each.reached} of {each.total})"
        click.secho(head, bold=True, fg=_colour(each, covered.low), nl=False)
        click.echo(counted)
        for step, group in groupby(each.missing, lambda missing: missing.step):
            told = ", ".join(map(_told, group))
            click.echo(f"  {step.place}  {_named(step)}: {told}")
    if covered.low:
        told = f"less than {covered.least}%: {', '.join(covered.low)}"
        click.secho(told, fg="red", bold=True)


def _colour(found: Coverage, low: Sequence[str]) -> str:
    if found.flow.name in low:
        return "red"
    return "green" if found.reached == found.total else "yellow"


def _told(missing: Missing) -> str:
    kind, dot, answer = missing.what.partition(".")
    if dot and kind in ("then", "case"):
        said = f"'{answer}'"
    elif missing.what:
        said = _way(missing)
    else:
        said = "passed over each time" if missing.passed_over else "never reached"
    if not missing.behind:
        return said
    return f"{said} and {missing.behind} step{'s' if missing.behind > 1 else ''} behind it"


def _way(missing: Missing) -> str:
    from smsflow.engine.model import If

    if isinstance(missing.step, If) and missing.what == "then":
        return "then"
    return _WORDS.get(missing.what, missing.what)


def _named(step: AnyStep) -> str:
    from smsflow.engine.captions import head
    from smsflow.engine.model import End

    named = head(step)[1]
    return f"end {named}" if isinstance(step, End) else named


def coverage_json(covered: Covered) -> list[dict[str, Any]]:
    """The same for programs; `what` is empty where a whole step is missing."""
    return [
        {
            "flow": each.flow.name,
            "file": each.flow.place.file,
            "reached": each.reached,
            "total": each.total,
            "percent": each.percent,
            "missing": [
                {
                    "step": missing.step.id,
                    "verb": missing.step.verb,
                    "what": missing.what,
                    "file": missing.place.file,
                    "line": missing.place.line,
                    "column": missing.place.column,
                    "steps_behind": missing.behind,
                    "passed_over": missing.passed_over,
                }
                for missing in each.missing
            ],
        }
        for each in covered.flows
    ]
