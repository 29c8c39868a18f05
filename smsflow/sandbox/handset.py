"""One handset: its network, what will become of the next texts to it, what it got and sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from smsflow.sandbox.fates import Fate
from smsflow.sandbox.records import Inbound, Message

MAX_TALK = 1000  # texts that a handset remembers

# Networks by country prefix, longest first; 001-01 is the network for tests (ITU E.212).
_NETWORKS = {
    "385": "21901",
    "33": "20801",
    "34": "21401",
    "39": "22201",
    "41": "22801",
    "44": "23410",
    "49": "26201",
    "90": "28601",
    "1": "310260",
}
_TEST_NETWORK = "00101"


def network_of(number: str) -> str:
    """MCC and MNC, such as 22801, of the operator that made-up numbers of a country belong to."""
    for prefix, network in _NETWORKS.items():
        if number.startswith(prefix):
            return network
    return _TEST_NETWORK


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
        return self.fate is None and not self.fates and not self.talk


class Handsets:
    """All handsets that have something to remember, by bare number."""

    def __init__(self, fate: Fate) -> None:
        self._usual_fate = self._fate = fate
        self._known: dict[str, Handset] = {}

    def of(self, number: str) -> Handset:
        """The handset with this number, new if need be."""
        return self._known.setdefault(number, Handset())

    def talk(self, number: str) -> list[Talk]:
        """What the handset with this number got and sent, in order."""
        handset = self._known.get(number)
        return list(handset.talk) if handset else []

    def next_fate(self, number: str) -> Fate:
        """The fate of the next text to this number."""
        handset = self._known.get(number)
        return handset.next_fate(self._fate) if handset else self._fate

    def script_all(self, fate: Fate | None) -> None:
        """The fate of texts to numbers without one of their own; None as at the start."""
        self._fate = fate or self._usual_fate

    def forget(self, number: str, before: datetime) -> None:
        """Drop what this handset got and sent at `before` or earlier."""
        handset = self._known.get(number)
        if handset is not None:
            handset.forget(before)
            if handset.idle:
                del self._known[number]
