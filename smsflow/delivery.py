"""What happens when a message leaves: lease, one request for many, record each answer.

Exactly once rests on three things. The wire id is ours and was committed before the first try, so
a request whose answer never came is repeated under the same id, and the provider drops the second.
The lease is renewed while the request is under way, so no two senders hold a text, and a result
counts only while the token matches. And no answer is guessed at: each is classed, and what proves
nothing is looked up, tried again under the same id, or held for a person to decide.

A sender that ends in the middle of a request leaves a lease. Its successor in the same seat gives
it back at once, others take the texts when it has run out; either way under the same wire id, and
where the provider does not know our ids they are held.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import assert_never
from uuid import uuid4

import structlog
from sqlalchemy.exc import DBAPIError

from smsflow.clock import Clock
from smsflow.engine.model import Project
from smsflow.engine.policy import Rules
from smsflow.errors import Conflict
from smsflow.pauses import Pauses
from smsflow.providers.base import Holds, Provider
from smsflow.sms import answers
from smsflow.sms.answers import Answer
from smsflow.sms.messages import Outgoing
from smsflow.sms.states import State
from smsflow.store import Store
from smsflow.store.database import out_of_reach
from smsflow.store.rows import Leased, SenderQuota, TryResult, Verdict

BATCH = 100  # texts in one request
LEASE = 5.0  # seconds, by the database's clock
RENEW_EVERY = 1.5  # seconds
CIRCUIT_OPEN = timedelta(seconds=60)
HOLD_AFTER = timedelta(hours=24)

RECORD_FOR = timedelta(seconds=15)  # a database that is away does not cost us what was answered
RECORD_TRIES = 75

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Channel:
    """A provider with our numbers on it, its rate, and where it pushes reports."""

    provider: Provider
    addresses: Mapping[str, str]  # name of the number -> its address
    rate: float | None
    report_url: str | None  # None when reports are pulled


def channels(
    project: Project, providers: Mapping[str, Provider], report_url: Callable[[str], str | None]
) -> dict[str, Channel]:
    """The channels of a project by the name of their provider."""
    return {
        name: Channel(
            provider,
            {
                number.name: number.address
                for number in project.numbers.values()
                if number.provider == name
            },
            project.providers[name].rate,
            report_url(name),
        )
        for name, provider in providers.items()
    }


# Calls what it is given again and again, as long as its block runs.
Heartbeat = Callable[[Callable[[], None]], AbstractContextManager[None]]


@contextmanager
def in_a_thread(beat: Callable[[], None], *, every: float = RENEW_EVERY) -> Iterator[None]:
    """The heartbeat of a real process; `every` is in seconds."""
    done = threading.Event()

    def run() -> None:
        while not done.wait(every):
            beat()

    thread = threading.Thread(target=run, name="lease-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Delivery:
    """Sends what is due."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        *,
        clock: Clock,
        rng: Random,
        heartbeat: Heartbeat = in_a_thread,
        wait: Callable[[float], None] = time.sleep,
        rules: Callable[[], Rules] | None = None,
        seat: str | None = None,
    ) -> None:
        """`seat` names the place of this sender, of whom there is one at a time: what is leased
        under that name when it begins is left from a predecessor that ended."""
        self._store = store
        self._channels = channels
        self._clock = clock
        self._pauses = Pauses(rng)
        self._heartbeat = heartbeat
        self._wait = wait
        self._rules = rules
        self._seat = seat or uuid4().hex
        self._left = True  # a lease may be left under our seat, in nobody's hands

    def send(self, name: str) -> int:
        """Hand one batch of due texts to that provider; how many were tried."""
        channel = self._channels[name]
        now = self._clock.now()
        if not self._pauses.over(name, now):
            return 0
        open_until = self._store.circuit(name)
        if open_until is not None and now < open_until:
            return 0
        if self._left:
            self._store.give_back(self._seat)
        self._left = True  # until all is done: a commit may be lost as well as a result
        leased = self._lease(name, channel, now)
        leased = self._put_off(channel, leased, now)
        if leased:
            found = self._hand_over(name, channel, leased, now)
            self._mind_circuit(name, found)
        self._left = False
        return len(leased)

    def _lease(self, name: str, channel: Channel, now: datetime) -> list[Leased]:
        """Claim a batch of texts."""
        return self._store.lease(
            list(channel.addresses),
            SenderQuota(min(BATCH, channel.provider.capabilities.batch), channel.rate),
            provider=name,
            now=now,
            seconds=LEASE,
            rules=None if self._rules is None else self._rules(),
            holder=self._seat,
            repeatable=channel.provider.capabilities.idempotent,
        )

    def _put_off(self, channel: Channel, leased: Sequence[Leased], now: datetime) -> list[Leased]:
        """The texts without those for later, when the provider can't hold them until then."""
        if isinstance(channel.provider, Holds):
            return list(leased)
        early = [
            TryResult(
                leased=each,
                verdict=Verdict.NOT_SENT,
                at=now,
                detail="it is for later, and the provider can't hold it",
                retry_at=each.options.send_at,
                put_off=True,
            )
            for each in leased
            if each.options.send_at is not None and each.options.send_at > now
        ]
        if early:
            self._record(early)
        put_off = {each.leased.row for each in early}
        return [each for each in leased if each.row not in put_off]

    def _hand_over(
        self, name: str, channel: Channel, leased: Sequence[Leased], now: datetime
    ) -> list[Answer]:
        """One request, and the record of what was answered."""
        tokens = {each.token for each in leased}
        with self._heartbeat(lambda: self._renew(tokens)):
            found = channel.provider.send([self._outgoing(channel, each, now) for each in leased])
            found = self._settled(channel, leased, found)
            self._pauses.heard(name, found, self._clock.now())
            self._record(
                [
                    self._judged(name, channel, each, answer)
                    for each, answer in zip(leased, found, strict=True)
                ]
            )
        return found

    def _record(self, results: Sequence[TryResult]) -> None:
        """Record what was answered, as soon as the database is there to be told."""
        tries, until = 0, self._clock.now() + RECORD_FOR
        while True:
            try:
                self._store.record(results)
            except (Conflict, DBAPIError) as error:
                tries += 1
                late = tries > RECORD_TRIES or self._clock.now() > until
                if late or not out_of_reach(error):
                    raise
                log.warning("results_not_recorded_yet", texts=len(results), tries=tries)
                self._wait(RECORD_FOR.total_seconds() / RECORD_TRIES)
            else:
                return

    def _outgoing(self, channel: Channel, leased: Leased, now: datetime) -> Outgoing:
        minutes, options = None, leased.options
        later = options.send_at if options.send_at and options.send_at > now else None
        if leased.expires is not None:
            minutes = max(1, round((leased.expires - (later or now)).total_seconds() / 60))
        return Outgoing(
            wire_id=leased.wire_id,
            sender=channel.addresses[leased.number],
            to=leased.to,
            text=leased.text,
            report_url=channel.report_url,
            validity_minutes=minutes,
            flash=options.flash,
            transliteration=options.transliteration,
            shifts=options.shifts(leased.text),
            callback_data=options.callback,
            tracking=options.tracking,
            send_at=later,
        )

    def _renew(self, tokens: set[str]) -> None:
        """Prolong the leases; a beat that fails is not the last one."""
        try:
            for token in tokens:
                self._store.renew(token, LEASE)
        except (Conflict, DBAPIError) as error:
            log.warning("lease_not_renewed", reason=str(error))

    # --- answers ---------------------------------------------------------------------------------

    def _settled(
        self, channel: Channel, leased: Sequence[Leased], found: Sequence[Answer]
    ) -> list[Answer]:
        """Look up in the provider's logs what "duplicate id" left open.

        The id was seen before: was that try accepted (then the text is out) or refused (then it
        is not, and the id is used up)? What the logs don't know is held for an operator.
        """
        doubtful = [
            each.wire_id
            for each, answer in zip(leased, found, strict=True)
            if answer.verdict is answers.Verdict.DUPLICATE
        ]
        if not doubtful:
            return list(found)
        known = channel.provider.settle(doubtful)
        return [
            _after_look_up(known.get(each.wire_id), answer)
            if answer.verdict is answers.Verdict.DUPLICATE
            else answer
            for each, answer in zip(leased, found, strict=True)
        ]

    def _judged(self, name: str, channel: Channel, leased: Leased, answer: Answer) -> TryResult:
        """What the answer means to the outbox row."""
        now = self._clock.now()
        detail = answer.detail or answer.status
        match answer.verdict:
            case answers.Verdict.ACCEPTED:
                return TryResult(
                    leased=leased,
                    verdict=Verdict.ACCEPTED,
                    at=now,
                    detail=detail,
                    status=answer.status,
                )
            case answers.Verdict.REJECTED:
                return TryResult(
                    leased=leased,
                    verdict=Verdict.REJECTED,
                    at=now,
                    state=answer.state,
                    detail=detail,
                    status=answer.status,
                )
            case answers.Verdict.DUPLICATE:
                verdict = Verdict.HOLD
            case answers.Verdict.AMBIGUOUS:
                verdict = self._ambiguous(channel, leased, now)
            case answers.Verdict.FOR_NOW:
                verdict = Verdict.FOR_NOW
            case (
                answers.Verdict.NOT_SENT | answers.Verdict.UNAUTHORIZED | answers.Verdict.THROTTLED
            ):
                verdict = Verdict.NOT_SENT
            case _:
                assert_never(answer.verdict)
        return TryResult(
            leased=leased,
            verdict=verdict,
            at=now,
            detail=detail,
            status=answer.status,
            retry_at=now + self._pauses.of_text(name, leased.tries, answer),
        )

    def _ambiguous(self, channel: Channel, leased: Leased, now: datetime) -> Verdict:
        """Again under the same id, if the provider drops doubles and it hasn't gone on too long."""
        if not channel.provider.capabilities.idempotent:
            return Verdict.HOLD
        too_long = leased.first_try_at is not None and now - leased.first_try_at > HOLD_AFTER
        return Verdict.HOLD if too_long else Verdict.AMBIGUOUS

    def _mind_circuit(self, name: str, found: Sequence[Answer]) -> None:
        """401 and 403 stop the provider for a while, 429 for seconds or as long as it asks: every
        try would fail alike, on every host."""
        now = self._clock.now()
        pause = self._pauses.of_provider(name, found)
        if pause is not None or not self._pauses.over(name, now):
            log.warning("provider_takes_nothing", provider=name, detail=found[0].detail)
        if pause is not None:
            self._store.open_circuit(name, now + pause, found[0].detail)
        refused = next(
            (each for each in found if each.verdict is answers.Verdict.UNAUTHORIZED), None
        )
        if refused is not None:
            until = now + CIRCUIT_OPEN
            log.error("provider_refuses_us", provider=name, detail=refused.detail, until=until)
            self._store.open_circuit(name, until, refused.detail)


def _after_look_up(known: Answer | None, duplicate: Answer) -> Answer:
    """What a look-up makes of "duplicate id".

    A try that was refused is not out, and its id is used up: the next one is free to go. One that
    was accepted and failed later has its final state.
    """
    if known is None:
        return duplicate
    if known.verdict is answers.Verdict.REJECTED and known.state is State.REJECTED:
        return replace(known, verdict=answers.Verdict.FOR_NOW)
    return known
