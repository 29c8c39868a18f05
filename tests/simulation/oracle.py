"""What has to be true at the end, said by somebody who saw both sides.

The store says what smsflow believes, the providers what really happened. What people should have
been answered follows from the order in which their texts were worked off, by rules that are written
here once more and far more simply than in the engine.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from smsflow.engine.words.compliance import TEXTS
from smsflow.sms.states import State
from tests.simulation.kernel import Kernel
from tests.simulation.network import (
    DELIVERED,
    ENROUTE,
    EXPIRED,
    REFUSED,
    UNDELIVERABLE,
    WAITING,
    Text,
)
from tests.simulation.script import Script

if TYPE_CHECKING:
    from tests.simulation.town import Town

STOPPED = TEXTS["compliance.stopped"]["en"]
STARTED = TEXTS["compliance.started"]["en"]

_FINAL = {
    DELIVERED: State.DELIVERED,
    UNDELIVERABLE: State.UNDELIVERABLE,
    EXPIRED: State.EXPIRED,
}
_TIMEOUT = 12 * 3600 * 1_000_000  # microseconds; of the flow `sum`
_FAILED = {State.UNDELIVERABLE, State.REJECTED}


@dataclass(frozen=True)
class Row:
    """One message row, as the store has it."""

    id: str
    replaces: str | None
    contact: str
    error: str | None
    text: str
    state: State
    held: bool
    passes_block: bool


@dataclass
class Case:
    """The evidence."""

    rows: list[Row]
    truth: dict[str, list[Text]]  # message id -> what providers know of it
    violations: list[str] = field(default_factory=list)

    def accuse(self, what: str) -> None:
        """Note a violation."""
        self.violations.append(what)


def judge(town: Town, script: Script, kernel: Kernel, most_steps: int) -> list[str]:
    """Everything that is not as it has to be, in sentences."""
    if kernel.steps >= most_steps:
        return [f"it does not come to rest within {most_steps} steps", *town.errors[:3]]
    case = Case(_rows(town), _truth(town))
    for error in town.errors:
        case.accuse(f"a job failed in a way that nobody expects: {error}")
    _everything_is_worked_off(town, case)
    _every_text_was_taken_once(town, script, case)
    _answers_are_right(town, script, case)
    for row in case.rows:
        _state_is_true(case, row)
    _failovers_are_right(case)
    _nothing_after_stop(town, case)
    _answers_in_order(town, case)
    _no_question_ends_early(town, case)
    return case.violations


def _rows(town: Town) -> list[Row]:
    found = town.database.ask(
        "SELECT m.id, m.replaces, m.contact, m.error, m.text, m.state, coalesce(o.held, 0),"
        " m.passes_block FROM messages m LEFT JOIN outbox o ON o.message = m.id ORDER BY m.seq"
    )
    return [
        Row(id_, replaces, contact, error, text, State(state), bool(held), bool(passes))
        for id_, replaces, contact, error, text, state, held, passes in found
    ]


def _truth(town: Town) -> dict[str, list[Text]]:
    known = defaultdict(list)
    for provider in town.providers.values():
        for text in provider.texts.values():
            known[text.message].append(text)
    return known


def _everything_is_worked_off(town: Town, case: Case) -> None:
    def count(what: str) -> int:
        return int(town.database.ask(f"SELECT count(*) FROM {what}")[0][0])  # noqa: S608

    for what in ("inbox", "outbox WHERE NOT held", "dead_letters"):
        if left := count(what):
            case.accuse(f"{left} rows left in {what}")
    if open_ := count("sessions WHERE outcome IS NULL"):
        case.accuse(f"{open_} sessions are still open")
    held = count("messages WHERE state = 'held'")
    if held != count("outbox WHERE held"):
        case.accuse("messages held and outbox rows held differ in number")
    known = {row.id for row in case.rows}
    for message, texts in case.truth.items():
        if message not in known and any(text.accepted for text in texts):
            case.accuse(f"{message} was sent and is in no table")


def _every_text_was_taken_once(town: Town, script: Script, case: Case) -> None:
    for line in script.lines:
        if line.id not in script.acknowledged:
            case.accuse(f"{line.text!r} of {line.phone} was never acknowledged")
    wanted = Counter((f"+{line.phone}", line.text) for line in script.lines if not line.by_api)
    taken = Counter(town.database.ask("SELECT phone, text FROM received"))
    for key in wanted.keys() | taken.keys():
        if wanted[key] != taken[key]:
            case.accuse(f"{key[1]!r} came {wanted[key]} times and was taken {taken[key]} times")


# --- answers --------------------------------------------------------------------------------------


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
        elif match := re.fullmatch(r"later ([a-z]+)", text):
            self.begin_later(match[1])
        elif re.fullmatch(r"(echo|fast) [a-z]+", text):
            self.texts[text] += 1

    def begin_later(self, n: str) -> None:
        """A text now, and one by a timer."""
        self.texts[f"soon {n}"] += 1
        self.texts[f"later {n}"] += 1
        self.waiting.add(f"later {n}")


def _answers_are_right(town: Town, script: Script, case: Case) -> None:
    people: defaultdict[str, _Person] = defaultdict(_Person)
    for phone, text in town.database.ask("SELECT phone, text FROM received ORDER BY id"):
        people[phone].take(text)
    made: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in case.rows:
        if row.replaces is None:
            made[row.contact][row.text] += 1
    by_api = {(f"+{line.phone}", line.text) for line in script.lines if line.by_api}
    for phone in people.keys() | made.keys() | {phone for phone, _ in by_api}:
        person = people[phone]
        started = {n for contact, n in by_api if contact == phone}
        for text in person.texts.keys() | made[phone].keys() | {f"soon {n}" for n in started}:
            _answer_is_right(case, phone, text, person, made[phone][text], started)


def _answer_is_right(
    case: Case, phone: str, text: str, person: _Person, made: int, started: set[str]
) -> None:
    wanted = person.texts[text]
    may_be_less = text in person.perhaps
    word, _, n = text.partition(" ")
    if word in ("soon", "later") and n in started:
        # Its place among the texts is nobody's promise, so only without a STOP must it be there.
        wanted, may_be_less = 1, STOPPED in person.texts
    if made != wanted and not (may_be_less and made < wanted):
        case.accuse(f"{phone} should get {text!r} {wanted} times, and it was made {made} times")


# --- states ---------------------------------------------------------------------------------------


def _state_is_true(case: Case, row: Row) -> None:
    known = case.truth[row.id]
    accepted = [text for text in known if text.accepted]
    name = f"{row.text!r} to {row.contact}"
    if len(accepted) > 1:
        case.accuse(f"{name} went out {len(accepted)} times")
        return
    told = accepted[0].told if accepted else []
    final = next((_FINAL[status] for status in told if status in _FINAL), None)
    if final is not None:
        if row.state is not final:
            case.accuse(f"{name} is {row.state} and the provider reported {final}")
    elif row.state is State.HELD:
        _hold_is_right(case, row, accepted)
    elif accepted:
        expected = _without_final(told)
        if row.state is not expected:
            case.accuse(f"{name} is {row.state} and the provider has it: {expected}")
    elif row.state is State.REJECTED:
        if not any(text.judged == REFUSED for text in known):
            case.accuse(f"{name} is rejected, and the provider never did that")
    elif row.state is not State.REFUSED:
        case.accuse(f"{name} is {row.state} and the provider never accepted it")


def _without_final(told: list[Any]) -> State:
    """The state of a text that is accepted, by the intermediate reports that were told."""
    if any(status not in (WAITING, ENROUTE) for status in told):
        return State.SENT
    return State.PENDING if told else State.ACCEPTED


def _hold_is_right(case: Case, row: Row, accepted: list[Text]) -> None:
    """Held is right for a text that STOP, or the next question, met between a try and its answer.

    Nobody here can know more: it may be out, and trying again to find out would be sending. When
    the provider has it, it is one whose fate no report tells.
    """
    if row.error not in ("opted out", "superseded"):
        case.accuse(f"{row.text!r} to {row.contact} is held: {row.error}")
    if accepted and accepted[0].status in _FINAL:
        case.accuse(f"{row.text!r} to {row.contact} is held, and a report settled it")


def _failovers_are_right(case: Case) -> None:
    """Each text is replaced once at most, and `fast` is when its first number failed."""
    successors = Counter(row.replaces for row in case.rows if row.replaces is not None)
    for message, count in successors.items():
        if count > 1:
            case.accuse(f"{message} was replaced {count} times")
    stopped = {row.contact for row in case.rows if row.text == STOPPED}
    for row in case.rows:
        fast = row.text.startswith("fast ")
        if fast and row.replaces is None and row.state in _FAILED:
            if not successors[row.id] and row.contact not in stopped:
                case.accuse(f"{row.text!r} to {row.contact} failed and had no second try")
        elif successors[row.id] and not fast:
            case.accuse(f"{row.text!r} to {row.contact} was replaced, and has no policy for that")


# --- order ----------------------------------------------------------------------------------------


def _nothing_after_stop(town: Town, case: Case) -> None:
    """No claim after the commit of a STOP, but for its confirmation."""
    for provider in town.providers.values():
        for sent in provider.submitted:
            log = town.database.opt_outs.get(f"+{sent.to}", [])
            out = [state for step, state in log if step < sent.claimed]
            if out and out[-1] and sent.words != STOPPED:
                case.accuse(f"{sent.words!r} was sent to {sent.to} after STOP")


def _answers_in_order(town: Town, case: Case) -> None:
    """The texts of a contact were accepted in the order in which they were made.

    One that is held waits for an operator, so it holds up nothing; late requests of its tries may
    still arrive.
    """
    for contact, rows in _by_contact(case):
        places = [
            (min(text.accepted_at for text in case.truth[row.id] if text.accepted), row)
            for row in rows
            if any(text.accepted for text in case.truth[row.id]) and not row.passes_block
        ]
        for (earlier, first), (later, second) in pairwise(places):
            if later < earlier and first.id not in town.database.ever_held:
                case.accuse(f"{contact} got {second.text!r} before {first.text!r}")


def _no_question_ends_early(town: Town, case: Case) -> None:
    """A question that nobody answers is over after its own time, not that of an earlier one."""
    for phone, ended, asked in town.database.ask(
        "SELECT s.phone, s.ended_at, max(m.made_at) FROM sessions s JOIN"
        # A question that comes again after an unclear answer has the time of the first.
        " (SELECT session, min(made_at) AS made_at FROM messages GROUP BY session, text) m"
        " ON m.session = s.id WHERE s.flow = 'sum' AND s.outcome = 'over' GROUP BY s.id"
    ):
        if ended < asked + _TIMEOUT:
            case.accuse(f"the last question to {phone} was given up too early")


def _by_contact(case: Case) -> Iterator[tuple[str, list[Row]]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in case.rows:
        found[row.contact].append(row)
    yield from found.items()
