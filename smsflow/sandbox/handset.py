"""One handset: its network, what will become of the next texts to it, what it got and sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from smsflow.sandbox.agenda import Agenda
from smsflow.sandbox.codes import NO_ERROR, GsmError, Status, status_of
from smsflow.sandbox.directory import Lookup, Profile, operator_of
from smsflow.sandbox.fates import Fate, fate_of_number
from smsflow.sandbox.records import KEPT, Inbound, Message
from smsflow.sandbox.validation import is_number
from smsflow.sandbox.wire import bare

MAX_TALK = 1000  # texts that a handset remembers

_NO_NUMBER = status_of(52)
_REACHED = status_of("DELIVERED_TO_HANDSET")
_NOT_REACHED = status_of("UNDELIVERABLE_NOT_DELIVERED")


@dataclass(frozen=True, slots=True)
class Talk:
    """A text that a handset got (`Message`) or sent (`Inbound`), and when."""

    at: datetime
    text: Message | Inbound


@dataclass(slots=True)
class Handset:
    """One number of the network. `fates` are used up in turn, then `fate` holds."""

    fate: Fate | None = None  # None is the network's default
    fates: deque[Fate] = field(default_factory=deque)
    talk: deque[Talk] = field(default_factory=lambda: deque(maxlen=MAX_TALK))
    profile: Profile | None = None  # what number lookups find; None is what its fate says

    def script(self, fate: Fate | None, fates: Iterable[Fate]) -> None:
        """Decide what becomes of the texts from now on."""
        self.fate = fate
        self.fates = deque(fates)

    def next_fate(self, default: Fate) -> Fate:
        """The fate of the next text."""
        if self.fates:
            return self.fates.popleft()
        return self.fate or default

    def forget(self, before: datetime) -> None:
        """Drop what happened at `before` or earlier."""
        while self.talk and self.talk[0].at <= before:
            self.talk.popleft()

    @property
    def idle(self) -> bool:
        """True when nothing would be lost by forgetting this handset."""
        return not (self.fate or self.fates or self.talk or self.profile)


class Handsets:
    """All handsets that have something to remember, by bare number."""

    def __init__(self, fate: Fate) -> None:
        self._usual_fate = self._fate = fate
        self._known: dict[str, Handset] = {}
        self._retention: Agenda[str] = Agenda()  # numbers with something to forget

    def of(self, number: str) -> Handset:
        """The handset with this number, new if need be."""
        return self._known.setdefault(number, Handset())

    def talk(self, number: str) -> list[Talk]:
        """What the handset with this number got and sent, in order."""
        handset = self._known.get(number)
        return list(handset.talk) if handset else []

    def next_fate(self, number: str) -> Fate:
        """The fate of the next text to this number: its own, or that of its code, or the usual."""
        handset = self._known.get(number)
        usual = fate_of_number(number) or self._fate
        return handset.next_fate(usual) if handset else usual

    def mcc_mnc(self, number: str) -> str:
        """MCC and MNC of the network that the number is in."""
        handset = self._known.get(number)
        if handset and handset.profile and handset.profile.ported:
            return handset.profile.ported.mcc_mnc
        return operator_of(number).mcc_mnc

    def lookup(self, number: str) -> Lookup:
        """What a number lookup finds: what the profile says, else what the lasting fate means."""
        if not is_number(number):
            return Lookup(bare(number), _NO_NUMBER, NO_ERROR)
        number = bare(number)
        handset = self._known.get(number)
        profile = (handset and handset.profile) or Profile()
        fate = (handset and handset.fate) or fate_of_number(number) or self._fate
        status, error = _reach(fate)
        return Lookup(
            number,
            profile.status or status,
            profile.error or error,
            operator_of(number),
            profile,
        )

    def script_all(self, fate: Fate | None) -> None:
        """The fate of texts to numbers without one of their own; None as at the start."""
        self._fate = fate or self._usual_fate

    def talked(self, number: str, talk: Talk) -> None:
        """A handset got or sent a text."""
        self.of(number).talk.append(talk)
        self._retention.add(talk.at + KEPT, number)

    def forget(self, now: datetime) -> None:
        """Drop what handsets got and sent 48 hours ago."""
        for _, number in self._retention.take(now):
            handset = self._known.get(number)
            if handset is not None:
                handset.forget(now - KEPT)
                if handset.idle:
                    del self._known[number]


def _reach(fate: Fate) -> tuple[Status, GsmError]:
    """What a lookup says of a handset with this fate: its first error, if it has one."""
    error = next((step.error for step in fate.steps if step.error is not NO_ERROR), NO_ERROR)
    if fate.submit is not None and fate.submit.refused:
        return fate.submit, NO_ERROR
    return (_REACHED if error is NO_ERROR else _NOT_REACHED), error
