"""What a provider's answer to one text proves, in words that delivery can act on.

A provider answers in its own numbers and a network fails in its own ways, but only one question
counts for sending exactly once: may this text be out, and may it be tried again under the same
wire id? So every adapter turns what it heard into one of these verdicts, and nobody above it has
to know a provider's codes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from smsflow.sms.states import State


class Verdict(StrEnum):
    """What one try proved, and so what may follow it."""

    ACCEPTED = "accepted"  # the provider has it
    REJECTED = "rejected"  # refused for good; `state` says as what
    AMBIGUOUS = "ambiguous"  # it may be out: again with the same wire id
    NOT_SENT = "not_sent"  # it is surely not out: again with the same wire id
    FOR_NOW = "for_now"  # refused for now, and the id may be used up: again under a new one
    DUPLICATE = "duplicate"  # the id was seen before, which says nothing of its fate: settle it
    UNAUTHORIZED = "unauthorized"  # surely not out, and none will be until the login is mended
    THROTTLED = "throttled"  # surely not out: again after `retry_after`


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one text in one try."""

    verdict: Verdict
    state: State  # what the text's state would be by this answer alone
    status: str = ""  # the provider's own name, such as PENDING_ENROUTE; "" when it gave none
    detail: str = ""  # a sentence for operators, without secrets
    retry_after: float | None = None  # seconds to wait, when the provider asked for it
    segments: int | None = None  # parts that the provider counted
    unreached: bool = False  # NOT_SENT, since nobody was there: no text would have got through

    def of_untried(self) -> Answer:
        """The answer for a text that was not tried, since the one before it got this."""
        stops = (Verdict.UNAUTHORIZED, Verdict.THROTTLED)
        verdict = self.verdict if self.verdict in stops else Verdict.NOT_SENT
        detail = f"not tried after: {self.detail}"
        return replace(self, verdict=verdict, state=State.QUEUED, detail=detail)
