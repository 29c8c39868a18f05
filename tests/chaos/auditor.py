"""The verdict: what was texted, against what the provider's handsets hold and the database says.

It knows nothing of how smsflow works. For each text that was acknowledged it looks for the one
reply, at the provider first; what differs is told with everything that is known about it.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, func, make_url, select

from smsflow.sandbox.wire import read_date
from smsflow.sms.states import State
from smsflow.store.rows import Kind
from smsflow.store.schema import attempts, dead_letters, inbox, messages, outbox, traces
from tests.chaos.breaker import Damage
from tests.chaos.people import Text
from tests.chaos.provider import Provider

STORIES = 3  # violations that are told in full
SLOWEST = 5

# The provider's words for what became of a text, and ours.
_ENDS = {
    "DELIVERED_TO_HANDSET": State.DELIVERED,
    "UNDELIVERABLE_NOT_DELIVERED": State.UNDELIVERABLE,
    "UNDELIVERABLE_REJECTED_OPERATOR": State.UNDELIVERABLE,
    "EXPIRED_EXPIRED": State.EXPIRED,
}


@dataclass(slots=True)
class Verdict:
    """What the auditor found. `violations` counts each kind; the lists name texts by serial."""

    texts: int = 0
    acknowledged: int = 0
    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    out_of_order: list[int] = field(default_factory=list)
    without_end: list[int] = field(default_factory=list)
    other_end: list[int] = field(default_factory=list)
    mixed_versions: list[int] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    left_over: dict[str, int] = field(default_factory=dict)
    latencies: dict[int, float] = field(default_factory=dict)  # seconds, by serial
    slowest: list[str] = field(default_factory=list)
    attempts: dict[str, int] = field(default_factory=dict)
    refused_for_now: int = 0
    dropped: int = 0  # texts handed in again under the same id
    repushed: int = 0
    push_errors: dict[str, int] = field(default_factory=dict)
    stories: list[str] = field(default_factory=list)

    def violations(self) -> dict[str, int]:
        """What must not be, and how often it is."""
        return {
            "not acknowledged": self.texts - self.acknowledged,
            "lost": len(self.lost),
            "doubled": len(self.doubled),
            "out of order": len(self.out_of_order),
            "without a final state": len(self.without_end),
            "with another end": len(self.other_end),
            "mixed versions": len(self.mixed_versions),
            "that nobody expects": len(self.strange),
            "left over": sum(self.left_over.values()),
        }

    @property
    def sound(self) -> bool:
        """True when nothing is wrong."""
        return not any(self.violations().values())


class Auditor:
    """Looks at both sides, and at nothing else."""

    def __init__(self, texts: Sequence[Text], provider: Provider, database_url: str) -> None:
        self._texts = texts
        self._provider = provider
        self._engine = engine_of(database_url)

    def verdict(self, damage: Damage) -> Verdict:
        """Compare everything."""
        there = self._provider.messages()
        with self._engine.connect() as connection:
            here = [dict(row) for row in connection.execute(select(messages)).mappings()]
            verdict = Verdict(len(self._texts))
            verdict.left_over = left_over(connection)
            verdicts = connection.scalars(select(attempts.c.verdict))
            verdict.attempts = dict(Counter(map(str, verdicts)).most_common())
        self._judge(verdict, there, here)
        _tell_of_pushes(verdict, self._texts)
        verdict.slowest = self._slowest(verdict, here)
        bad = [*verdict.lost, *verdict.doubled, *verdict.out_of_order, *verdict.without_end]
        bad += [*verdict.other_end, *verdict.mixed_versions]
        for serial in list(dict.fromkeys(bad))[:STORIES]:
            verdict.stories.append(self._story(self._texts[serial], there, here, damage))
        return verdict

    def _judge(
        self, verdict: Verdict, there: Sequence[dict[str, Any]], here: Sequence[dict[str, Any]]
    ) -> None:
        expected = {reply: text for text in self._texts for reply in text.replies}
        out: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for message in there:
            text = expected.get(message["text"])
            if message["group"] == "REJECTED":
                verdict.refused_for_now += 1
            elif text is None or text.contact != message["to"]:
                verdict.strange.append(f"{message['to']}: {message['text']}")
            else:
                out[text.serial].append(message)
            verdict.dropped += message["tries"] - 1
        rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in here:
            if row["text"] in expected:
                rows[expected[row["text"]].serial].append(row)
        for text in self._texts:
            if text.acknowledged is not None:
                verdict.acknowledged += 1
                _judge_text(verdict, text, out[text.serial], rows[text.serial])
        self._judge_contacts(verdict, out)

    def _judge_contacts(
        self, verdict: Verdict, out: Mapping[int, Sequence[dict[str, Any]]]
    ) -> None:
        """Replies in the order of the texts; a survey in one version; each on the handset once."""
        by_contact: dict[str, list[Text]] = defaultdict(list)
        for text in self._texts:
            by_contact[text.contact].append(text)
        for contact, texts in by_contact.items():
            first = [(text, out[text.serial][0]) for text in texts if out.get(text.serial)]
            times = [read_date(message["submittedAt"]) for _, message in first]
            for (text, _), before, at in zip(first[1:], times, times[1:], strict=False):
                if at < before:
                    verdict.out_of_order.append(text.serial)
            _judge_survey(verdict, first)
            twice = Counter(self._provider.on_handset(contact))
            for words, count in twice.items():
                if count > 1:
                    verdict.strange.append(f"{contact} holds {count} times: {words}")

    def _slowest(self, verdict: Verdict, here: Sequence[dict[str, Any]]) -> list[str]:
        """The longest waits, and the tries that they were spent on."""
        ids = {row["text"]: row["id"] for row in here}
        found = []
        with self._engine.connect() as connection:
            for serial in sorted(verdict.latencies, key=lambda n: -verdict.latencies[n])[:SLOWEST]:
                text = self._texts[serial]
                id_ = next((ids[reply] for reply in text.replies if reply in ids), "")
                tried = select(attempts).where(attempts.c.message == id_).order_by(attempts.c.id)
                tries = [
                    f"{_clock(row['at'].timestamp())} {row['verdict']} {row['detail'][:60]}"
                    for row in connection.execute(tried).mappings()
                ]
                waited = verdict.latencies[serial]
                at = _clock(text.acknowledged)
                found.append(f"{waited:.1f} s for text {serial} of {at}: {'; '.join(tries)}")
        return found

    def _story(
        self,
        text: Text,
        there: Sequence[dict[str, Any]],
        here: Sequence[dict[str, Any]],
        damage: Damage,
    ) -> str:
        """Everything that is known about one text."""
        lines = [
            f"text {text.serial} of {text.contact}: {text.words!r}, pushed {text.pushes} times"
        ]
        lines.append(f"  acknowledged at {_clock(text.acknowledged)}; errors {dict(text.errors)}")
        for message in there:
            if message["text"] in text.replies:
                known = ("messageId", "submittedAt", "state", "doneAt", "tries")
                lines.append("  provider: " + ", ".join(f"{k} {message[k]}" for k in known))
        with self._engine.connect() as connection:
            for row in here:
                if row["text"] in text.replies:
                    lines.append(f"  database: {row}")
                    tried = select(attempts).where(attempts.c.message == row["id"])
                    found = connection.execute(tried.order_by(attempts.c.id)).mappings()
                    lines += [f"    attempt {dict(attempt)}" for attempt in found]
            traced = select(traces).where(traces.c.contact == f"+{text.contact}")
            found = connection.execute(traced.order_by(traces.c.id.desc()).limit(12)).mappings()
            lines += [f"  trace {row['at']} {row['what']} {row['detail']}" for row in found]
        at = text.acknowledged or 0.0
        near = [hit for hit in damage.hits if at - 3 <= hit.at <= at + 15]
        return "\n".join([*lines, *(f"  {hit}" for hit in near)])


def _judge_text(
    verdict: Verdict,
    text: Text,
    out: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
) -> None:
    """One text that was acknowledged: one reply that left once, and its end known on both sides."""
    if not out:
        verdict.lost.append(text.serial)
        return
    if len(out) > 1 or len(rows) > 1:
        verdict.doubled.append(text.serial)
    left = read_date(out[0]["submittedAt"]).timestamp()
    # A reply can be out before the push is acknowledged, when an answer to it was lost.
    verdict.latencies[text.serial] = max(0.0, left - (text.acknowledged or left))
    state = State(rows[0]["state"]) if rows else None
    if state is None or not state.final:
        verdict.without_end.append(text.serial)
    elif state is not _ENDS.get(out[0]["state"]):
        verdict.other_end.append(text.serial)


def _judge_survey(verdict: Verdict, replies: Sequence[tuple[Text, dict[str, Any]]]) -> None:
    """From a first question to the thanks, all is of one version of the flow."""
    version = ""
    for text, message in replies:
        if text.words.startswith(("ask", "say")):
            version = message["text"].split()[0]
        elif message["text"].split()[0] != version:
            verdict.mixed_versions.append(text.serial)


def _tell_of_pushes(verdict: Verdict, texts: Sequence[Text]) -> None:
    errors: Counter[str] = Counter()
    for text in texts:
        errors += text.errors
        verdict.repushed += max(0, text.pushes - 1)
    verdict.push_errors = dict(errors.most_common())


def left_over(connection: Connection) -> dict[str, int]:
    """Rows by table that are still to be worked off; timers of the flows are for another day."""
    counts = {
        inbox.name: select(func.count()).where(inbox.c.kind != Kind.TIMER),
        outbox.name: select(func.count()).select_from(outbox),
        dead_letters.name: select(func.count()).select_from(dead_letters),
    }
    return {name: connection.scalar(count) or 0 for name, count in counts.items()}


def engine_of(url: str) -> Engine:
    """An engine on smsflow's database that keeps no connection, for the server is restarted."""
    parsed = make_url(url)
    driver = "sqlite" if parsed.drivername == "sqlite" else "postgresql+psycopg"
    return create_engine(parsed.set(drivername=driver), poolclass=NullPool)


def _clock(moment: float | None) -> str:
    if moment is None:
        return "no time"
    return time.strftime("%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03d}"
