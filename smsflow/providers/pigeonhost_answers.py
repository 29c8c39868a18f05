"""What PigeonHost's answers prove: submit answers, refused requests, lines of the logs.

Reading is apart from asking, so that every answer on record can be tried without a network. The
rule behind all of it: when an answer leaves room for a text to be out, it is AMBIGUOUS, since the
same wire id can be tried again and the provider drops what it has seen.
Sources: manual, "Send SMS response", "Getting SMS logs", "Response codes".
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

from smsflow.providers.base import LogLine
from smsflow.providers.codes import TAKEN, Classified, classify
from smsflow.providers.dates import parse_date
from smsflow.providers.gsm_errors import error_name
from smsflow.providers.transport import Response
from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.messages import Outgoing
from smsflow.sms.numbers import bare, normalise
from smsflow.sms.states import State

Entry = Mapping[str, object]

_LONGEST_WAIT = 86_400.0  # seconds; whoever asks for more is asked again after a day


def ambiguous(detail: str, retry_after: float | None = None) -> Answer:
    """The text may be out, and `detail` says why nobody knows."""
    return Answer(Verdict.AMBIGUOUS, State.UNCERTAIN, detail=detail, retry_after=retry_after)


def not_sent(detail: str) -> Answer:
    """The text is surely not out."""
    return Answer(Verdict.NOT_SENT, State.QUEUED, detail=detail)


def read_submit(texts: Sequence[Outgoing], body: bytes) -> list[Answer]:
    """Read a 2xx answer to a submit: one answer for each text, in order."""
    entries = _entries(body, "messages")
    if entries is None:
        return [ambiguous("the answer could not be read")] * len(texts)
    return [
        ambiguous("the answer leaves this text out") if entry is None else _of_submit(entry)
        for entry in _matched(texts, entries)
    ]


def read_logs(wire_ids: Collection[str], body: bytes) -> dict[str, Answer] | None:
    """Read the logs' answer: what became of each wire id that they hold; None if unreadable."""
    entries = _entries(body, "results")
    if entries is None:
        return None
    found: dict[str, Answer] = {}
    for entry in entries:
        wire_id = _message_id(entry)
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


def read_lines(body: bytes) -> list[LogLine | None] | None:
    """Read the logs' answer line by line, None for a duplicate's; None if it is unreadable."""
    entries = _entries(body, "results")
    return None if entries is None else [_line(entry) for entry in entries]


def _line(entry: Entry) -> LogLine | None:
    """One line of the logs; None for a try that was turned away as a duplicate."""
    answer = _of_log(entry)
    if answer.verdict is Verdict.DUPLICATE:
        return None
    error = entry.get("error")
    return LogLine(
        wire_id=_message_id(entry),
        to=_number(entry.get("to")),
        state=answer.state,
        status=answer.status,
        error=error_name(error) if isinstance(error, Mapping) else None,
        segments=answer.segments,
        sent_at=_instant(entry.get("sentAt")),
        done_at=_instant(entry.get("doneAt")),
    )


def _number(value: object) -> str:
    """A number as we write it; as it stands when it is none."""
    told = value if isinstance(value, str) else ""
    try:
        return normalise(told)
    except ValueError:
        return told


def _instant(value: object) -> datetime | None:
    try:
        return parse_date(value) if isinstance(value, str) else None
    except ValueError:
        return None


def read_refusal(response: Response, url: str, now: datetime) -> Answer:
    """Read an answer that refuses a whole request; REJECTED means that its content was at fault."""
    name, said = _service_exception(response.body)
    detail = f"HTTP {response.status}" + (f": {said}" if said else "")
    wait = _retry_after(response.headers, now)
    match response.status:
        case 401 | 403:
            return Answer(Verdict.UNAUTHORIZED, State.QUEUED, name, detail, wait)
        case 429:
            return Answer(Verdict.THROTTLED, State.QUEUED, name, detail, wait)
        # Only the provider can judge a text: without its words this is a proxy on the way.
        case 400 | 413 | 422 if name or said:
            return Answer(Verdict.REJECTED, State.REJECTED, name, detail)
        case status if 300 <= status < 500 and status != 408:
            return not_sent(f"{detail} at {url}: check the provider's url")
        case _:
            return ambiguous(detail, wait)


def _of_submit(entry: Entry) -> Answer:
    """What one entry of a submit answer proves."""
    found = _classified(entry)
    if found is None or not found.groups:
        return ambiguous("the answer has no status for this text")
    segments = _segments(entry)
    if found.groups <= TAKEN:
        return Answer(Verdict.ACCEPTED, State.ACCEPTED, found.name, segments=segments)
    if not found.groups.isdisjoint(TAKEN):
        return ambiguous(f"the status contradicts itself: {found.name}")
    return _refused(found, segments)


def _of_log(entry: Entry) -> Answer:
    """What one line of the logs proves; a text that failed after it was taken is REJECTED too."""
    found = _classified(entry)
    if found is None or not found.groups:
        return ambiguous("the logs have no status for this text")
    if found.state in (State.ACCEPTED, State.PENDING, State.SENT, State.DELIVERED):
        return Answer(Verdict.ACCEPTED, found.state, found.name, segments=_segments(entry))
    return _refused(found, _segments(entry))


_STATES = {Verdict.FOR_NOW: State.QUEUED, Verdict.DUPLICATE: State.UNCERTAIN}


def _refused(found: Classified, segments: int | None) -> Answer:
    verdict = found.status.verdict if found.status else Verdict.REJECTED
    detail = found.status.description if found.status else "the provider refused it"
    return Answer(verdict, _STATES.get(verdict, found.state), found.name, detail, segments=segments)


def _classified(entry: Entry) -> Classified | None:
    status = entry.get("status")
    return classify(status) if isinstance(status, Mapping) else None


def _segments(entry: Entry) -> int | None:
    count = entry.get("smsCount")
    return count if isinstance(count, int) and count > 0 else None


def _matched(texts: Sequence[Outgoing], entries: Sequence[Entry]) -> Iterable[Entry | None]:
    """Each text's entry: by messageId, else at the same place, else the only one with its `to`.

    A refusal can come without a messageId, and a provider that ignored ours made one of its own.
    """
    by_id = {_message_id(entry): entry for entry in reversed(entries)}  # the first of equals stays
    ours = {text.wire_id for text in texts}
    left = {place: e for place, e in enumerate(entries) if _message_id(e) not in ours}
    searching = Counter(bare(text.to) for text in texts if text.wire_id not in by_id)
    in_order = len(entries) == len(texts)
    for index, text in enumerate(texts):
        if text.wire_id in by_id:
            yield by_id[text.wire_id]
        elif in_order and index in left and _to(left[index]) in (bare(text.to), ""):
            yield left.pop(index)
        else:
            same = [place for place, entry in left.items() if _to(entry) == bare(text.to)]
            clear = len(same) == 1 and searching[bare(text.to)] == 1
            yield left.pop(same[0]) if clear else None


def _message_id(entry: Entry) -> str:
    message_id = entry.get("messageId")
    return message_id if isinstance(message_id, str) else ""


def _to(entry: Entry) -> str:
    to = entry.get("to")
    return bare(to) if isinstance(to, str) else ""


def _entries(body: bytes, key: str) -> list[Entry] | None:
    """The objects of the list under `key`; None when the body has no such list."""
    content = _json(body)
    entries = content.get(key) if isinstance(content, dict) else None
    if not isinstance(entries, list):
        return None
    # What is no object keeps its place: order is what the fallback goes by.
    return [entry if isinstance(entry, dict) else {} for entry in entries]


def _json(body: bytes) -> object:
    try:
        content: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content


def _service_exception(body: bytes) -> tuple[str, str]:
    """The name and the text of a refused request, "" for what is missing."""
    content = _json(body)
    for key in ("requestError", "serviceException"):
        content = content.get(key) if isinstance(content, dict) else None
    if not isinstance(content, dict):
        return "", ""
    name, said = content.get("messageId"), content.get("text")
    return (
        name[:100] if isinstance(name, str) else "",
        said[:200] if isinstance(said, str) else "",
    )


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by Retry-After, which is seconds or a date (RFC 9110 section 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value), _LONGEST_WAIT)
    try:
        seconds = (parsedate_to_datetime(value) - now).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
