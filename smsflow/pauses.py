"""How long until the next try: of one text that was not taken, and of a provider that is away.

Pure arithmetic but for chance, which is an argument: pauses are shortened by it, by half at the
most, so that senders that met the same trouble don't come back together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
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
    """What one sender has to remember of a provider: in how many tries in a row it took nothing,
    and until when it is left alone since we did not reach it.

    The latter is no other sender's business: another host may have a way there.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._in_a_row: dict[str, int] = {}
        self._not_before: dict[str, datetime] = {}

    def heard(self, provider: str, found: Sequence[Answer], now: datetime) -> None:
        """Count a request of which nothing was taken; any other answer ends the count. Where
        nobody was there for any text, this sender leaves the provider alone for a while."""
        nothing = all(each.verdict in _NOT_TAKEN for each in found)
        self._in_a_row[provider] = self._in_a_row.get(provider, 0) + 1 if nothing else 0
        if found and all(each.unreached for each in found):
            self._not_before[provider] = now + self._shortened(self._tries(provider))

    def over(self, provider: str, now: datetime) -> bool:
        """False while this sender leaves the provider alone."""
        not_before = self._not_before.get(provider)
        return not_before is None or not_before <= now

    def of_text(self, provider: str, tries: int, answer: Answer) -> timedelta:
        """How long a text waits after this answer, `tries` before it; Retry-After goes first.

        What surely was not sent counts no try of its text, so there the provider's count holds.
        What did not reach it is soon free for a sender that does: this one pauses as a whole.
        """
        if answer.retry_after is not None:
            return timedelta(seconds=min(answer.retry_after, LONGEST_RETRY_AFTER))
        if answer.unreached:
            tries = 0
        elif answer.verdict in _NOT_TAKEN:
            tries = self._tries(provider)
        return self._shortened(tries)

    def of_provider(self, provider: str, found: Sequence[Answer]) -> timedelta | None:
        """How long nobody tries anything, since it is too much for them: the longest Retry-After
        goes first. None when anything else was answered."""
        throttled = any(each.verdict is Verdict.THROTTLED for each in found)
        busy = all(each.unreached or each.verdict is Verdict.THROTTLED for each in found)
        if not throttled or not busy:
            return None
        asked = max(each.retry_after or 0.0 for each in found)
        if asked > 0:
            return timedelta(seconds=min(asked, LONGEST_RETRY_AFTER))
        return self._shortened(self._tries(provider))

    def _shortened(self, tries: int) -> timedelta:
        return timedelta(seconds=back_off(tries) * self._rng.uniform(0.5, 1.0))

    def _tries(self, provider: str) -> int:
        """As for `back_off`; a provider that is back is used within seconds, however long it
        was away."""
        return min(max(self._in_a_row.get(provider, 0) - 1, 0), QUICK_TRIES - 1)
