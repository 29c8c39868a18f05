"""What people should have been answered, by the order in which their texts were worked off.

The rules of the flows are written here once more, and far more simply than in the engine.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.simulation.evidence import STARTED, STOPPED, Case
from tests.simulation.script import Script

# What a flow says at once, and what it says after its wait.
WAITING = {"later": ("soon", "later"), "night": ("dusk", "night")}


@dataclass
class _Person:
    """What one contact should have been answered."""

    out: bool = False
    total: int | None = None  # of the open question of SUM
    texts: Counter[str] = field(default_factory=Counter)
    perhaps: set[str] = field(default_factory=set)  # a timer's text that a STOP may have prevented
    waiting: set[str] = field(default_factory=set)

    def take(self, text: str) -> None:
        """One text is worked off."""
        if self.out:
            if text == "START":
                self.out = False
                self.texts[STARTED] += 1
        elif text == "STOP":
            self.out, self.total = True, None
            self.texts[STOPPED] += 1
            self.perhaps |= self.waiting
        elif text == "SUM":
            self.total = 0
            self.texts["sum 0"] += 1
        elif text == "START" and self.total is not None:
            self.texts[f"sum {self.total}"] += 1  # no number, so the question comes again
        elif text.isdigit() and self.total is not None:
            self.total += int(text)
            self.texts[f"sum {self.total}"] += 1
        elif match := re.fullmatch(r"(later|night) ([a-z]+)", text):
            self._begin(match[1], match[2])
        elif re.fullmatch(r"(echo|fast|brief) [a-z]+", text):
            self.texts[text] += 1

    def _begin(self, flow: str, n: str) -> None:
        """A text now, and one by a timer."""
        first, second = WAITING[flow]
        self.texts[f"{first} {n}"] += 1
        self.texts[f"{second} {n}"] += 1
        self.waiting.add(f"{second} {n}")


def answers_are_right(script: Script, case: Case) -> None:
    """Everybody got what they had to get, no more often and no less."""
    people: defaultdict[str, _Person] = defaultdict(_Person)
    for heard in case.heard:
        people[heard.phone].take(heard.text)
    made: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in case.rows:
        if row.replaces is None and row.kind != "otp":
            made[row.contact][row.text] += 1
    started: defaultdict[str, set[str]] = defaultdict(set)
    for line in script.lines:
        if line.flow:
            started[f"+{line.phone}"] |= {f"{word} {line.text}" for word in WAITING[line.flow]}
    for phone in people.keys() | made.keys() | started.keys():
        person = people[phone]
        for text in person.texts.keys() | made[phone].keys() | started[phone]:
            by_api = text in started[phone]
            _answer_is_right(case, phone, text, person, made[phone][text], by_api)


def _answer_is_right(
    case: Case, phone: str, text: str, person: _Person, made: int, by_api: bool
) -> None:
    wanted = person.texts[text]
    may_be_less = text in person.perhaps
    if by_api:
        # Its place among the texts is nobody's promise, so only without a STOP must it be there.
        wanted, may_be_less = 1, STOPPED in person.texts
    if made != wanted and not (may_be_less and made < wanted):
        case.accuse(f"{phone} should get {text!r} {wanted} times, and it was made {made} times")
