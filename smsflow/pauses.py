"""How long until the next try: of one text that was not taken, and of a provider that is away.

Pure arithmetic but for chance, which is an argument: pauses are shortened by it, by half at the
most, so that senders that met the same trouble don't come back together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from smsflow.sms.answers import Answer, Verdict

# Most trouble is over in seconds, and later texts of the contact wait for this one: so some three
# minutes of quick tries, and only then pauses that grow.
QUICK_TRIES = 16
QUICK_PAUSE = 15.0  # seconds, the longest between two of those
LONGEST_PAUSE = 300.0  # seconds
LONGEST_RETRY_AFTER = 3600.0  # seconds; a provider that asks for more is asked once an hour

_NOT_TAKEN = (Verdict.NOT_SENT, Verdict.THROTTLED)


def back_off(tries: int) -> float:
    """The longest pause in seconds after so many tries before this one: 1, 2, 4, 8, then 15 for
    some minutes; 30, 60, 120, 240 and five minutes for what goes on."""
    if tries < QUICK_TRIES:
        return min(2.0**tries, QUICK_PAUSE)
    return min(QUICK_PAUSE * 2.0 ** min(tries - QUICK_TRIES + 1, 10), LONGEST_PAUSE)


class Pauses:
    """What one sender has to remember of a provider: in how many tries in a row it took nothing."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._in_a_row: dict[str, int] = {}

    def heard(self, provider: str, found: Sequence[Answer]) -> None:
        """Count a request of which nothing was taken; any other answer ends the count."""
        nothing = all(each.verdict in _NOT_TAKEN for each in found)
        self._in_a_row[provider] = self._in_a_row.get(provider, 0) + 1 if nothing else 0

    def of_text(self, provider: str, tries: int, answer: Answer) -> timedelta:
        """How long a text waits after this answer, `tries` before it; Retry-After goes first.

        What surely was not sent counts no try of its text, so there the provider's count holds.
        """
        if answer.retry_after is not None:
            return timedelta(seconds=min(answer.retry_after, LONGEST_RETRY_AFTER))
        if answer.verdict in _NOT_TAKEN:
            tries = self._tries(provider)
        return timedelta(seconds=back_off(tries) * self._rng.uniform(0.5, 1.0))

    def of_provider(self, provider: str, found: Sequence[Answer]) -> timedelta | None:
        """How long nothing is tried, since nobody was there or it is too much for them; None when
        anything else was answered."""
        busy = all(each.unreached or each.verdict is Verdict.THROTTLED for each in found)
        if not found or not busy:
            return None
        return timedelta(seconds=back_off(self._tries(provider)) * self._rng.uniform(0.5, 1.0))

    def _tries(self, provider: str) -> int:
        """As for `back_off`; a provider that is back is used within seconds, however long it
        was away."""
        return min(max(self._in_a_row.get(provider, 0) - 1, 0), QUICK_TRIES - 1)
