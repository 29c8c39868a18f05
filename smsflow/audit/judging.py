"""How one message differs between the provider and the store, and what to do about it.

Pure: lines of logs and a message in, differences out. Apart from the reading, so that every way to
differ can be seen in one place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from smsflow.providers.base import LogLine
from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.states import State
from smsflow.store.rows import Kind, Message, NewRow

_OPEN = frozenset({State.QUEUED, State.UNCERTAIN, State.HELD})
_ON_THE_WAY = frozenset({State.ACCEPTED, State.PENDING, State.SENT})
_NEVER_LEFT = frozenset({State.REJECTED, State.REFUSED})


class Finding(StrEnum):
    """How a message differs, or waits too long."""

    UNKNOWN_HERE = "unknown here"
    ACCEPTED_THERE = "accepted there, not here"
    FINAL_THERE = "final there, not here"
    FINAL_OTHERWISE = "another end there"
    REFUSED_THERE = "refused there, held here"
    UNKNOWN_THERE = "accepted here, unknown there"
    TWICE = "handed over twice"
    TEXT_WAITS = "a text waits too long"
    EVENT_WAITS = "an event waits too long"


ADVICE = {
    Finding.UNKNOWN_HERE: "find out who sends under ids of smsflow: another database, or a restored"
    " backup",
    Finding.ACCEPTED_THERE: "`smsflow audit --repair` takes the provider's word as the report",
    Finding.FINAL_THERE: "`smsflow audit --repair` takes the provider's word as the report",
    Finding.FINAL_OTHERWISE: "nothing: a final state is never left; ask the provider if it matters",
    Finding.REFUSED_THERE: "`smsflow held resend {message} --new-id`, or"
    " `smsflow held drop {message} --as not-sent`",
    Finding.UNKNOWN_THERE: "ask the provider; the text can't be sent again under this message",
    Finding.TWICE: "nothing can be taken back; please report it, with the record of its tries",
    Finding.TEXT_WAITS: "see that `smsflow worker` runs, and that the provider is not refusing us",
    Finding.EVENT_WAITS: "see that `smsflow worker` runs, and look into its log",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One message that differs, or one row that waits: what is known and what to do."""

    finding: Finding
    id: str  # of the message or the inbox row; the provider's for a text that we don't know
    contact: str
    here: str
    there: str
    since: datetime | None
    provider: str = ""
    wire_ids: tuple[str, ...] = ()
    repair: NewRow | None = None

    @property
    def advice(self) -> str:
        """What to do."""
        return ADVICE[self.finding].format(message=self.id)


def judged(
    message: Message,
    told: Sequence[tuple[str, LogLine]],
    known: Mapping[str, Answer],
    now: datetime,
) -> Iterator[Difference]:
    """How a message differs from the lines that the logs have of it."""
    taken = [(name, line) for name, line in told if line.taken]
    out = {line.wire_id for _, line in taken}
    out |= {wire_id for wire_id in ids_of(message) if taken_by(known.get(wire_id))}
    if len(out) > 1:
        name, line = taken[0] if taken else told[0]
        yield _difference(Finding.TWICE, message, name, line, sorted(out))
    if taken:
        # The furthest of its lines counts; there is more than one when it went out twice.
        name, line = max(taken, key=lambda pair: pair[1].state.final)
        finding = _of_taken(message, line)
    else:
        present = [(name, line) for name, line in told if line.wire_id == message.wire_id]
        name, line = (present or list(told))[-1]
        finding = _of_refused(message, line) if present and not out else None
    if finding is not None:
        repair = None
        if finding in (Finding.ACCEPTED_THERE, Finding.FINAL_THERE):
            repair = _report(message, name, line, now)
        yield _difference(finding, message, name, line, [line.wire_id], repair)


def _of_taken(message: Message, line: LogLine) -> Finding | None:
    """How a text that the provider took differs, if at all."""
    if line.to != message.contact or line.wire_id not in ids_of(message):
        return Finding.UNKNOWN_HERE
    if message.state in _OPEN:
        return Finding.ACCEPTED_THERE
    if not message.state.final:
        return Finding.FINAL_THERE if line.state.final else None
    if message.state in _NEVER_LEFT:
        return Finding.FINAL_OTHERWISE
    # An operator who closed a text as sent was right, whatever its end was.
    agrees = message.state in (line.state, State.UNKNOWN) or not line.state.final
    return None if agrees else Finding.FINAL_OTHERWISE


def _of_refused(message: Message, line: LogLine) -> Finding | None:
    """How a text differs whose present try the provider refused, and which never left before."""
    if line.state is State.UNCERTAIN:
        return None  # the line says nothing
    match message.state:
        case State.HELD:
            return Finding.REFUSED_THERE
        case State.QUEUED | State.UNCERTAIN:
            return None  # its next try finds out
        case state if state in _ON_THE_WAY:
            return Finding.FINAL_THERE if line.state.final else Finding.UNKNOWN_THERE
        case State.DELIVERED | State.UNDELIVERABLE:
            return Finding.FINAL_OTHERWISE
        case _:
            return None


def _difference(
    finding: Finding,
    message: Message,
    provider: str,
    line: LogLine,
    wire_ids: Sequence[str],
    repair: NewRow | None = None,
) -> Difference:
    """A difference of a message that both sides know."""
    moment = line.done_at if finding is Finding.FINAL_THERE else line.sent_at
    return Difference(
        finding=finding,
        id=message.id,
        contact=message.contact,
        here=message.state,
        there=line.status or line.state,
        since=moment or line.sent_at or message.made_at,
        provider=provider,
        wire_ids=tuple(wire_ids),
        repair=repair,
    )


def _report(message: Message, provider: str, line: LogLine, now: datetime) -> NewRow:
    """The report that would have told us what the logs say."""
    payload = {
        "wire_id": line.wire_id,
        "state": line.state.value,
        "status": line.status,
        "error": line.error,
        "provider": provider,
    }
    return NewRow(Kind.DLR, message.contact, payload, now)


def ids_of(message: Message) -> tuple[str, ...]:
    """Every wire id that a message has had."""
    return tuple(f"{message.id}-{epoch}" for epoch in range(message.epoch + 1))


def counts(difference: Difference, young: datetime) -> bool:
    """True unless it may well settle by itself in a moment."""
    if difference.finding in (Finding.TWICE, Finding.UNKNOWN_HERE):
        return True
    return difference.since is None or difference.since <= young


def taken_by(answer: Answer | None) -> bool:
    """True when that answer of a look-up proves that the provider took the text."""
    if answer is None:
        return False
    failed_later = answer.verdict is Verdict.REJECTED and answer.state is not State.REJECTED
    return answer.verdict is Verdict.ACCEPTED or failed_later
