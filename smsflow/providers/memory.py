"""A provider in memory: the contract without a network, for tests and for trying things out.

It judges as a real one does: an id that it has seen is refused as a duplicate, whatever came of it.
Tests script what happens to the next texts, and read what reached a phone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock

from smsflow.providers import pigeonhost_push as push
from smsflow.providers.base import Capabilities, LogLine, LogsUnavailable, Unreadable
from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.encoding import segments
from smsflow.sms.messages import Outgoing, Received, Report
from smsflow.sms.states import State


def _utc_now() -> datetime:
    return datetime.now(UTC)


_JUDGED = frozenset({Verdict.ACCEPTED, Verdict.REJECTED, Verdict.FOR_NOW})


class MemoryProvider:
    """Takes every text unless told otherwise. `sent` holds each text that went out, once."""

    capabilities = Capabilities(idempotent=True, batch=100)

    def __init__(self, name: str = "memory", *, now: Callable[[], datetime] = _utc_now) -> None:
        self.name = name
        self._now = now
        self.sent: list[Outgoing] = []
        self.tried: list[Outgoing] = []  # every try, in order
        self._judged: dict[str, Answer] = {}
        self._lines: dict[str, tuple[datetime, str]] = {}  # when each was judged, and its `to`
        self._logs_away = False
        self._script: deque[tuple[Answer, bool]] = deque()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"MemoryProvider(name={self.name!r})"

    def answer_next(self, *answers: Answer) -> None:
        """Answer the next texts with these; an accepted one goes out, any other does not."""
        for answer in answers:
            self._script.append((answer, answer.verdict is Verdict.ACCEPTED))

    def lose_next(self, count: int = 1) -> None:
        """Let the next texts go out and lose the answers."""
        lost = Answer(Verdict.AMBIGUOUS, State.UNCERTAIN, detail="the answer was lost")
        self._script.extend([(lost, True)] * count)

    def arrived(self, wire_id: str, state: State = State.DELIVERED) -> None:
        """Note in the logs what became of a text that went out; no report is pushed."""
        with self._lock:
            self._judged[wire_id] = Answer(Verdict.ACCEPTED, state)

    def forget(self, wire_id: str) -> None:
        """Know nothing of a text any more, as after 48 hours."""
        with self._lock:
            del self._judged[wire_id], self._lines[wire_id]

    def logs_away(self, away: bool = True) -> None:
        """Let `logs` fail from now on, or answer again."""
        self._logs_away = away

    def send(self, texts: Sequence[Outgoing]) -> list[Answer]:
        """Take texts and return one answer for each; ValueError for more than a batch."""
        if len(texts) > self.capabilities.batch:
            raise ValueError(f"{len(texts)} texts, and a batch has {self.capabilities.batch}")
        with self._lock:
            return [self._take(text) for text in texts]

    def settle(self, wire_ids: Sequence[str]) -> dict[str, Answer]:
        """Return what became of each wire id that was judged."""
        with self._lock:
            return {id_: self._judged[id_] for id_ in wire_ids if id_ in self._judged}

    def logs(self, since: datetime, until: datetime) -> Iterator[LogLine]:
        """Yield each text that was judged between these times; LogsUnavailable when told so."""
        if self._logs_away:
            raise LogsUnavailable(f"the logs of {self.name} cannot be asked")
        with self._lock:
            lines = [
                _line(wire_id, to, at, self._judged[wire_id])
                for wire_id, (at, to) in self._lines.items()
                if since <= at <= until
            ]
        yield from lines

    def parse_mo_get(
        self, query: Mapping[str, str], names: Mapping[str, str] | None = None
    ) -> list[Received | Unreadable]:
        """Read a text pushed as a GET, in PigeonHost's format."""
        return push.read_mo_get(query, names or {})

    def parse_mo_post(
        self,
        body: bytes,
        content_type: str,
        names: Mapping[str, str] | None = None,  # noqa: ARG002 - the format is the provider's own
    ) -> list[Received | Unreadable]:
        """Read texts pushed as a POST, in PigeonHost's format."""
        return push.read_mo_post(body, content_type)

    def parse_dlr(self, body: bytes, content_type: str) -> list[Report | Unreadable]:
        """Read pushed reports, in PigeonHost's format."""
        return push.read_dlr(body, content_type)

    def parse_dlr_get(self, query: Mapping[str, str]) -> list[Report | Unreadable]:
        """Refuse: reports are pushed as POST."""
        return push.refuse_dlr_get(query)

    def _take(self, text: Outgoing) -> Answer:
        """Judge one text, by the script or with a plain yes."""
        self.tried.append(text)
        now = self._now()
        if text.wire_id in self._judged:
            return Answer(Verdict.DUPLICATE, State.UNCERTAIN, "REJECTED_DUPLICATE_MESSAGE_ID")
        taken = Answer(
            Verdict.ACCEPTED, State.ACCEPTED, "PENDING_ACCEPTED", segments=segments(text.text)
        )
        answer, goes_out = self._script.popleft() if self._script else (taken, True)
        if goes_out:
            self.sent.append(text)
            self._judged[text.wire_id] = taken
        elif answer.verdict in _JUDGED:
            self._judged[text.wire_id] = answer
        if text.wire_id in self._judged:
            self._lines[text.wire_id] = (now, text.to)
        return answer


def _line(wire_id: str, to: str, at: datetime, judged: Answer) -> LogLine:
    """A line of the logs."""
    return LogLine(wire_id, to, judged.state, judged.status, None, judged.segments, at, at)
