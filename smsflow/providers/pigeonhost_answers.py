"""What PigeonHost's answers prove: submit answers, refused requests, lines of the logs.

Judging is apart from asking, so that every answer on record can be tried without a network. The
rule behind all of it: when an answer leaves room for a text to be out, it is AMBIGUOUS, since the
same wire id can be tried again and the provider drops what it has seen.
Sources: manual, "Send SMS response", "Getting SMS logs", "Response codes".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from smsflow.providers.base import LogLine
from smsflow.providers.client import LogEntry, Refused, Submitted, SubmittedText
from smsflow.providers.codes import TAKEN, Classified
from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.messages import Outgoing
from smsflow.sms.numbers import bare, normalise
from smsflow.sms.states import State


def ambiguous(detail: str, retry_after: float | None = None) -> Answer:
    """The text may be out, and `detail` says why nobody knows."""
    return Answer(Verdict.AMBIGUOUS, State.UNCERTAIN, detail=detail, retry_after=retry_after)


def not_sent(detail: str, *, unreached: bool = False) -> Answer:
    """The text is surely not out; `unreached` since nobody was there."""
    return Answer(Verdict.NOT_SENT, State.QUEUED, detail=detail, unreached=unreached)


def of_submit(texts: Sequence[Outgoing], told: Submitted) -> list[Answer]:
    """Judge a 2xx answer to a submit: one answer for each text, in order."""
    return [
        ambiguous("the answer leaves this text out") if entry is None else _of_submit(entry)
        for entry in _matched(texts, told.texts)
    ]


def of_logs(wire_ids: Collection[str], entries: Iterable[LogEntry]) -> dict[str, Answer]:
    """What became of each wire id that the logs hold."""
    found: dict[str, Answer] = {}
    for entry in entries:
        wire_id = entry.message_id
        if wire_id not in wire_ids:
            continue
        answer = _of_log(entry)
        # A try that repeats an id can have a line of its own, which says nothing of the first.
        if answer.verdict is Verdict.DUPLICATE:
            continue
        # Of several lines, the one that proves it out counts: sending again would double it.
        if wire_id not in found or answer.verdict is Verdict.ACCEPTED:
            found[wire_id] = answer
    return found


def line_of(entry: LogEntry) -> LogLine | None:
    """One line of the logs; None for a try that was turned away as a duplicate."""
    answer = _of_log(entry)
    if answer.verdict is Verdict.DUPLICATE:
        return None
    return LogLine(
        wire_id=entry.message_id,
        to=_number(entry.to),
        state=answer.state,
        status=answer.status,
        error=entry.error,
        segments=answer.segments,
        sent_at=entry.sent_at,
        done_at=entry.done_at,
    )


def _number(told: str) -> str:
    """A number as we write it; as it stands when it is none."""
    try:
        return normalise(told)
    except ValueError:
        return told


def of_refusal(refused: Refused) -> Answer:
    """Judge a refused request; REJECTED means that its content was at fault."""
    name, detail, wait = refused.name, str(refused), refused.retry_after
    match refused.status:
        case 401 | 403:
            return Answer(Verdict.UNAUTHORIZED, State.QUEUED, name, detail, wait)
        case 429:
            return Answer(Verdict.THROTTLED, State.QUEUED, name, detail, wait)
        # Only the provider can judge a text: without its words this is a proxy on the way.
        case 400 | 413 | 422 if name or refused.said:
            return Answer(Verdict.REJECTED, State.REJECTED, name, detail)
        case status if 300 <= status < 500 and status != 408:
            return not_sent(f"{detail} at {refused.url}: check the provider's url")
        case _:
            return ambiguous(detail, wait)


def _of_submit(entry: SubmittedText) -> Answer:
    """What one entry of a submit answer proves."""
    found = entry.status
    if found is None or not found.groups:
        return ambiguous("the answer has no status for this text")
    segments = entry.parts or None
    if found.groups <= TAKEN:
        return Answer(Verdict.ACCEPTED, State.ACCEPTED, found.key, segments=segments)
    if not found.groups.isdisjoint(TAKEN):
        return ambiguous(f"the status contradicts itself: {found.name}")
    return _refused(found, segments)


def _of_log(entry: LogEntry) -> Answer:
    """What one line of the logs proves; a text that failed after it was taken is REJECTED too."""
    found = entry.status
    if found is None or not found.groups:
        return ambiguous("the logs have no status for this text")
    segments = entry.parts or None
    if found.state in (State.ACCEPTED, State.PENDING, State.SENT, State.DELIVERED):
        return Answer(Verdict.ACCEPTED, found.state, found.key, segments=segments)
    return _refused(found, segments)


_STATES = {Verdict.FOR_NOW: State.QUEUED, Verdict.DUPLICATE: State.UNCERTAIN}


def _refused(found: Classified, segments: int | None) -> Answer:
    verdict = found.status.verdict if found.status else Verdict.REJECTED
    detail = found.status.description if found.status else "the provider refused it"
    return Answer(verdict, _STATES.get(verdict, found.state), found.key, detail, segments=segments)


def _matched(
    texts: Sequence[Outgoing], entries: Sequence[SubmittedText]
) -> Iterable[SubmittedText | None]:
    """Each text's entry: by messageId, else at the same place, else the only one with its `to`.

    A refusal can come without a messageId, and a provider that ignored ours made one of its own.
    """
    by_id = {entry.message_id: entry for entry in reversed(entries)}  # the first of equals stays
    ours = {text.wire_id for text in texts}
    left = {place: e for place, e in enumerate(entries) if e.message_id not in ours}
    searching = Counter(bare(text.to) for text in texts if text.wire_id not in by_id)
    in_order = len(entries) == len(texts)
    for index, text in enumerate(texts):
        if text.wire_id in by_id:
            yield by_id[text.wire_id]
        elif in_order and index in left and bare(left[index].to) in (bare(text.to), ""):
            yield left.pop(index)
        else:
            same = [place for place, entry in left.items() if bare(entry.to) == bare(text.to)]
            clear = len(same) == 1 and searching[bare(text.to)] == 1
            yield left.pop(same[0]) if clear else None
