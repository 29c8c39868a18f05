"""What the provider says against what the store says, message by message.

Promises are checked from outside: the provider's logs know what was handed over and what became of
it, whatever our own rows claim. For each message that differs an audit says what is known and what
to do; what only lacks a report it can heal, by feeding the state in as the report that never came.

Logs are read first and the store after, so whatever moves on meanwhile has moved on here too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from smsflow.audit.judging import Difference as Difference
from smsflow.audit.judging import Finding as Finding
from smsflow.audit.judging import counts, ids_of, judged, taken_by
from smsflow.clock import Clock
from smsflow.providers.base import LogLine, LogsUnavailable, Provider
from smsflow.sms.answers import Answer, Verdict
from smsflow.store import Store
from smsflow.store.rows import Message, Overdue

# Told now and then, with what is going on and how much of it is done, from 0 to 1.
Tell = Callable[[str, float], None]

MOST_OVERDUE = 100  # of each kind; the first tell enough

_BEFORE = timedelta(minutes=10)  # a text may stand in the logs before its answer is recorded here

_WIRE_ID = re.compile(r"(.+)-(\d{1,9})")
_OUR_KIND = re.compile(r"[0-9a-f]{32}")  # what the ids of our messages look like

Lines = Mapping[str, Sequence[tuple[str, LogLine]]]  # by message, each with its provider


@dataclass(slots=True)
class Audit:
    """What was compared, and what differs."""

    since: datetime
    until: datetime
    texts: int = 0  # of ours that were compared
    others: int = 0  # texts in the logs that somebody else sent over the account
    under_way: int = 0  # differences too young to count
    unasked: int = 0  # texts whose number is gone from smsflow.yaml, or whose provider has no logs
    held: int = 0
    dead_letters: int = 0
    differences: list[Difference] = field(default_factory=list)


class Auditor:
    """Compares. `numbers` tells the provider's name of each of our numbers by name."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        numbers: Mapping[str, str],
        *,
        clock: Clock,
    ) -> None:
        self._store = store
        self._providers = providers
        self._numbers = numbers
        self._clock = clock

    def compare(self, back: timedelta, patience: timedelta, tell: Tell) -> Audit:
        """Compare the last `back` of time; what is younger than `patience` may be under way.

        Raises LogsUnavailable when a provider can't be asked.
        """
        now = self._clock.now()
        audit = Audit(now - back, now)
        lines = self._read_logs(audit, tell)
        tried = self._store.tried_since(audit.since)
        messages = {each.id: each for each in self._messages({*lines, *tried}, tell)}
        audit.texts = len(messages)
        ours = [each for each in messages.values() if each.id in lines]
        silent = [each for each in messages.values() if each.id not in lines and each.accepted_at]
        again = [each for each in ours if each.epoch > 0 and _went_out(lines[each.id])]
        tell("asking again", 0.0)
        known = self._settled(audit, [*silent, *again])
        young = now - patience
        erased = self._store.erased_texts(lines.keys() - messages.keys())
        found = list(_unknown_here(audit, lines, {*messages, *erased}))
        for message in ours:
            found += judged(message, lines[message.id], known, now)
        found += self._unknown_there(audit, silent, known, tried)
        audit.differences = [each for each in found if counts(each, young)]
        audit.under_way = len(found) - len(audit.differences)
        audit.differences += self._waiting(young)
        health = self._store.health(now)
        audit.held, audit.dead_letters = health.held, health.dead_letters
        tell("done", 1.0)
        return audit

    def repair(self, audit: Audit, *, by: str) -> int:
        """Feed in the states that only lack a report; returns how many."""
        rows = [(each.id, each.repair) for each in audit.differences if each.repair is not None]
        self._store.feed(rows, by=by)
        return len(rows)

    # --- reading ----------------------------------------------------------------------------------

    def _read_logs(self, audit: Audit, tell: Tell) -> Lines:
        """The logs' lines of texts that may be ours."""
        found: dict[str, list[tuple[str, LogLine]]] = defaultdict(list)
        start = audit.since - _BEFORE
        for name, provider in self._providers.items():
            for line in provider.logs(start, audit.until):
                wire_id = _WIRE_ID.fullmatch(line.wire_id)
                if wire_id is None:
                    audit.others += 1
                else:
                    found[wire_id[1]].append((name, line))
                done = (line.sent_at or start) - start
                tell(f"reading the logs of {name}", done / (audit.until - start))
        return dict(found)

    def _messages(self, ids: set[str], tell: Tell) -> Iterator[Message]:
        """Our messages of these ids."""
        for count, message in enumerate(self._store.messages_by_id(sorted(ids))):
            tell("reading the database", count / len(ids))
            yield message

    def _settled(self, audit: Audit, messages: Sequence[Message]) -> dict[str, Answer]:
        """What the providers know of every wire id that these messages ever had."""
        asked: dict[str, list[str]] = defaultdict(list)
        for message in messages:
            name = self._numbers.get(message.number, "")
            if name not in self._providers:
                audit.unasked += 1
                continue
            asked[name] += ids_of(message)
        known: dict[str, Answer] = {}
        for name, ids in asked.items():
            answers = self._providers[name].settle(ids)
            lost = [each for each in answers.values() if each.verdict is Verdict.AMBIGUOUS]
            if lost:
                raise LogsUnavailable(f"{name}: {lost[0].detail}")
            known |= answers
        return known

    # --- judging ----------------------------------------------------------------------------------

    def _unknown_there(
        self,
        audit: Audit,
        silent: Sequence[Message],
        known: Mapping[str, Answer],
        tried: Mapping[str, datetime],
    ) -> Iterator[Difference]:
        """Texts that we call accepted, and that no log knows although it would still."""
        claimed = [each for each in silent if each.accepted_at is not None]
        first = self._store.first_tries([each.id for each in claimed])
        for message in claimed:
            name = self._numbers.get(message.number, "")
            provider = self._providers.get(name)
            wire_ids = ids_of(message)
            if provider is None or any(taken_by(known.get(each)) for each in wire_ids):
                continue
            if first[message.id] < audit.until - provider.capabilities.logs_kept:
                continue
            yield Difference(
                finding=Finding.UNKNOWN_THERE,
                id=message.id,
                contact=message.contact,
                here=message.state,
                there=_refusal(known.get(message.wire_id)),
                since=tried[message.id],
                provider=name,
                wire_ids=wire_ids,
            )

    def _waiting(self, before: datetime) -> list[Difference]:
        """What should have been worked off by then."""
        texts = self._store.overdue_texts(before, MOST_OVERDUE)
        events = self._store.overdue_events(before, MOST_OVERDUE)
        return [_overdue(Finding.TEXT_WAITS, each) for each in texts] + [
            _overdue(Finding.EVENT_WAITS, each) for each in events
        ]


def _went_out(told: Sequence[tuple[str, LogLine]]) -> bool:
    return any(line.taken for _, line in told)


def _unknown_here(audit: Audit, lines: Lines, known: Collection[str]) -> Iterator[Difference]:
    """Texts that the provider took under an id of our kind, and that we know nothing of."""
    for id_, told in lines.items():
        if id_ in known:
            continue
        taken = [(name, line) for name, line in told if line.taken]
        if not _OUR_KIND.fullmatch(id_):
            audit.others += len(told)
        elif taken:
            name, line = taken[0]
            yield Difference(
                finding=Finding.UNKNOWN_HERE,
                id=id_,
                contact=line.to,
                here="no such message",
                there=line.status or line.state,
                since=line.sent_at,
                provider=name,
                wire_ids=tuple(each.wire_id for _, each in taken),
            )


def _overdue(finding: Finding, row: Overdue) -> Difference:
    return Difference(
        finding=finding,
        id=row.id,
        contact=row.contact,
        here=row.what + (f": {row.detail}" if row.detail else ""),
        there="",
        since=row.since,
    )


def _refusal(answer: Answer | None) -> str:
    return "no such text" if answer is None else answer.status or answer.detail
