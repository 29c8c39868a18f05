"""What became of a text, in words: for people who read a trace, a phone or a list.

A provider's codes are kept as they came, so that a table that is mended tells old texts right, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from smsflow.providers.codes import Group, Retry, Status, status_named
from smsflow.providers.gsm_errors import GsmError, error_named

# What helps least comes last: of two that speak of one text, the later one holds.
_HARDER = (Retry.NOT_NEEDED, Retry.LATER, Retry.ELSEWHERE, Retry.MENDED, Retry.NEVER)


@dataclass(frozen=True, slots=True)
class Told:
    """What a status and an error say of a text."""

    words: str  # "" when neither says anything
    retry: Retry | None  # what may help; None for a status that nobody knows
    advice: str | None = None  # what the provider advises
    fault: str | None = None  # whose fault the error is

    @property
    def help(self) -> str:
        """What may help, in words; "" for a text that needs no help."""
        if self.retry in (None, Retry.NOT_NEEDED):
            return ""
        return f"again: {self.retry}" + (f", {self.advice}" if self.advice else "")


def told(status: str | None, error: str | None) -> Told:
    """The words for a status and an error, each by its name; an unknown one speaks for itself."""
    row, why = status_named(status or ""), error_named(error or "")
    said = [row.description if row else status or "", why.description if why else error or ""]
    words = ": ".join(dict.fromkeys(each for each in said if each))
    return Told(
        words,
        _retry(row, why),
        row.action if row else None,
        why.group.description if why else None,
    )


def _retry(row: Status | None, why: GsmError | None) -> Retry | None:
    """What may help: the status says it, and of a text that could not be delivered its error, too.

    An error beside any other status is from a try that was not the last word.
    """
    if row is None:
        return None
    if row.group is not Group.UNDELIVERABLE or why is None:
        return row.retry
    return max(row.retry, why.retry, key=_HARDER.index)
