"""What an author writes in a slot: texts, expressions, values, lengths of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from smsflow.errors import Place


@dataclass(frozen=True, slots=True)
class Template:
    """A Jinja2 text, and the place that it was written at."""

    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one or more languages; a text without languages stands under ''."""

    variants: Mapping[str, Template]

    def in_language(self, language: str) -> Template:
        """The variant for `language`, else the language-free one, else the first written."""
        found = self.variants.get(language) or self.variants.get("")
        return found or next(iter(self.variants.values()))


@dataclass(frozen=True, slots=True)
class Expression:
    """A bare Jinja2 expression, such as `score <= 3`."""

    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class Value:
    """A value slot: a literal (text, number, bool, None, list, dict), an expression, or a list or
    mapping with expressions in it."""

    literal: Any = None
    expression: Expression | None = None
    parts: Mapping[str, Value] | tuple[Value, ...] | None = None

    def expressions(self) -> Iterator[Expression]:
        """All expressions in it."""
        if self.expression is not None:
            yield self.expression
        inner = self.parts.values() if isinstance(self.parts, Mapping) else self.parts
        for each in inner or ():
            yield from each.expressions()

    def filled(self, read: Callable[[Expression], Any]) -> Any:
        """The value, its expressions worked out by `read`."""
        if isinstance(self.parts, tuple):
            return [each.filled(read) for each in self.parts]
        if self.parts is not None:
            return {name: each.filled(read) for name, each in self.parts.items()}
        return self.literal if self.expression is None else read(self.expression)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: calendar days (10:30 stays 10:30 over a clock change) and exact seconds."""

    days: int = 0
    seconds: int = 0

    def after(self, moment: datetime, zone: str) -> datetime:
        """`moment` moved by this length, in UTC, days counted on the calendar of `zone`.

        A local time that a clock change skips moves forward by the gap; one that happens twice
        means the first (PEP 495, fold 0).
        """
        if self.days:
            moment = moment.astimezone(ZoneInfo(zone)) + timedelta(days=self.days)
        return moment.astimezone(UTC) + timedelta(seconds=self.seconds)

    def __neg__(self) -> Duration:
        return Duration(-self.days, -self.seconds)


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: from `until` (None: from now) on, and where it is moved from there.

    `at` is a minute of the day, and `weekdays` (Monday is 0) the days that will do; both are those
    of the zone `tz`, of the contact when it is None.
    """

    until: Expression | None = None
    offset: Duration = Duration()
    at: int | None = None
    weekdays: tuple[int, ...] = ()
    tz: str | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """An event by its name, which it must be (`where`), and whom it concerns.

    `contact` gives a phone; None stands for `event.phone`.
    """

    event: str
    where: Expression | None = None
    contact: Expression | None = None
