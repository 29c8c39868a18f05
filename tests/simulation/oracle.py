"""What has to be true at the end, said by somebody who saw both sides.

The store says what smsflow believes, the providers what really happened. What people should have
been answered is told in `answers`, what may happen at what time in `timing`; here is the rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from smsflow.sms.states import State
from tests.simulation.answers import answers_are_right
from tests.simulation.evidence import STOPPED, Case, Row, collect
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
from tests.simulation.timing import times_are_right

if TYPE_CHECKING:
    from tests.simulation.town import Town

_FINAL = {
    DELIVERED: State.DELIVERED,
    UNDELIVERABLE: State.UNDELIVERABLE,
    EXPIRED: State.EXPIRED,
}
_FAILED = {State.UNDELIVERABLE, State.REJECTED}


def judge(town: Town, script: Script, kernel: Kernel, most_steps: int) -> list[str]:
    """Everything that is not as it has to be, in sentences."""
    if kernel.steps >= most_steps:
        return [f"it does not come to rest within {most_steps} steps", *town.errors[:3]]
    case = collect(town)
    for error in town.errors:
        case.accuse(f"a job failed in a way that nobody expects: {error}")
    _everything_is_worked_off(town, case)
    _every_text_was_taken_once(script, case)
    answers_are_right(script, case)
    for row in case.rows:
        _state_is_true(case, row)
    _failovers_are_right(case)
    _nothing_after_stop(town, case)
    _answers_in_order(town, case)
    times_are_right(town, case)
    return case.violations


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


def _every_text_was_taken_once(script: Script, case: Case) -> None:
    wanted: Counter[tuple[str, str]] = Counter()
    for line in script.lines:
        text = script.said.get(line.id)
        if text is not None and line.id not in script.acknowledged:
            case.accuse(f"{text!r} of {line.phone} was never acknowledged")
        if text is not None and not line.flow:
            wanted[f"+{line.phone}", text] += 1
    taken = Counter((heard.phone, heard.text) for heard in case.heard)
    for key in wanted.keys() | taken.keys():
        if wanted[key] != taken[key]:
            case.accuse(f"{key[1]!r} came {wanted[key]} times and was taken {taken[key]} times")


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
    elif row.state is State.EXPIRED:
        if row.expires is None:
            case.accuse(f"{name} is expired, and nothing ever said so")
    elif row.state is not State.REFUSED:
        case.accuse(f"{name} is {row.state} and the provider never accepted it")


def _without_final(told: list[Any]) -> State:
    """The state of a text that is accepted, by the intermediate reports that were told."""
    if any(status not in (WAITING, ENROUTE) for status in told):
        return State.SENT
    return State.PENDING if told else State.ACCEPTED


def _hold_is_right(case: Case, row: Row, accepted: list[Text]) -> None:
    """Held is right for a text that STOP, the next question or its own end met after a try.

    Nobody here can know more: it may be out, and trying again to find out would be sending. When
    the provider has it, it is one whose fate no report tells.
    """
    if row.error not in ("opted out", "superseded", "expired"):
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
    for sent in case.submitted:
        log = town.database.opt_outs.get(f"+{sent.to}", [])
        out = [state for step, state in log if step < sent.claimed]
        if out and out[-1] and sent.words != STOPPED:
            case.accuse(f"{sent.words!r} was sent to {sent.to} after STOP")


def _answers_in_order(town: Town, case: Case) -> None:
    """The texts of a contact were accepted in the order in which they were made.

    One that is held waits for an operator, so it holds up nothing; late requests of its tries may
    still arrive. Nor does one that waits for the end of the quiet hours.
    """
    passed_by = town.database.ever_held | town.database.ever_put_off
    for contact, rows in _by_contact(case):
        places = [
            (min(text.accepted_at for text in case.truth[row.id] if text.accepted), row)
            for row in rows
            if any(text.accepted for text in case.truth[row.id])
            and row.kind != "otp"
            and not row.passes_block
        ]
        for (earlier, first), (later, second) in pairwise(places):
            if later < earlier and first.id not in passed_by:
                case.accuse(f"{contact} got {second.text!r} before {first.text!r}")


def _by_contact(case: Case) -> Iterator[tuple[str, list[Row]]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in case.rows:
        found[row.contact].append(row)
    yield from found.items()
