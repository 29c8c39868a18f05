"""What the oracle judges by: the store's side, and that of the providers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smsflow.engine.words.compliance import TEXTS
from smsflow.sms.states import State
from tests.simulation.network import Submitted, Text

if TYPE_CHECKING:
    from tests.simulation.town import Town

STOPPED = TEXTS["compliance.stopped"]["en"]
STARTED = TEXTS["compliance.started"]["en"]


@dataclass(frozen=True)
class Row:
    """One message row, as the store has it; moments are in microseconds since 1970."""

    id: str
    replaces: str | None
    contact: str
    session: str | None
    kind: str
    error: str | None
    text: str
    state: State
    passes_block: bool
    made_at: int
    expires: int | None


@dataclass(frozen=True)
class Heard:
    """A text that came in and was worked off."""

    phone: str
    text: str
    at: int  # microseconds since 1970, by the clock of the web process


@dataclass
class Case:
    """The evidence."""

    rows: list[Row]  # in the order in which they were made
    heard: list[Heard]  # in the order in which they were worked off
    truth: dict[str, list[Text]]  # message id -> what providers know of it
    submitted: list[Submitted]
    violations: list[str] = field(default_factory=list)

    def accuse(self, what: str) -> None:
        """Note a violation."""
        self.violations.append(what)


def collect(town: Town) -> Case:
    """All that there is to know at the end of a run."""
    rows = [
        Row(*row[:7], State(row[7]), bool(row[8]), *row[9:])
        for row in town.database.ask(
            "SELECT id, replaces, contact, session, kind, error, text, state, passes_block,"
            " made_at, expires FROM messages ORDER BY seq"
        )
    ]
    heard = town.database.ask("SELECT phone, text, at FROM received ORDER BY id")
    truth = defaultdict(list)
    for provider in town.providers.values():
        for text in provider.texts.values():
            truth[text.message].append(text)
    submitted = [each for provider in town.providers.values() for each in provider.submitted]
    return Case(rows, [Heard(*each) for each in heard], truth, submitted)
