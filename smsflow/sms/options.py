"""What a text asks of its provider beside being carried, and what that makes of its length.

Providers that can't do it leave it out (`messages.Outgoing`). Segments are counted as the text is
sent: with the provider's letters, with a short link for each long one, with national tables.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from smsflow.sms.encoding import Language, Shifts, Split, segments, shifts_for, split
from smsflow.sms.encoding.transliteration import Transliteration, transliterate
from smsflow.sms.messages import Tracking

SHORT_LINK = 25  # characters; manual, "URL shortening & tracking solution"
LONGEST_TRACKING = 100  # characters of a type or key of tracking; the manual has no bound
LONGEST_CALLBACK = 200  # characters of `callback`, which the oldest API of this kind takes

_LONG_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?'()\[\]{}]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Options:
    """How a text is to be sent; see `Outgoing`, which has the same things for a provider."""

    flash: bool = False
    transliteration: Transliteration | None = None
    language: Language | None = None  # whose national tables are used where they save a part
    tracking: Tracking | None = None
    send_at: datetime | None = None  # aware; the provider holds it until then
    callback: str | None = None

    @property
    def _shortens(self) -> bool:
        return self.tracking is not None and self.tracking.of_links

    def links(self, text: str) -> list[str]:
        """The links that the provider shortens and counts the clicks on."""
        return _LONG_LINK.findall(text) if self._shortens else []

    def as_sent(self, text: str) -> str:
        """The text as it leaves the provider, each link as one of 25 characters; approximate, as
        the provider's transliteration is not public."""
        if self._shortens:
            text = _LONG_LINK.sub("x" * SHORT_LINK, text)
        return text if self.transliteration is None else transliterate(text, self.transliteration)

    def shifts(self, text: str) -> Shifts | None:
        """The national tables that this text is written with; None where they save nothing."""
        return None if self.language is None else shifts_for(self.as_sent(text), self.language)

    def split(self, text: str) -> Split:
        """The parts that this text is sent in."""
        return split(self.as_sent(text), self.shifts(text))

    def segments(self, text: str) -> int:
        """How many parts this text takes."""
        return segments(self.as_sent(text), self.shifts(text))

    def to_json(self) -> dict[str, Any] | None:
        """Plain JSON; None when nothing is asked."""
        asked = {name: getattr(self, name) for name in Options.__slots__}
        asked["send_at"] = self.send_at and self.send_at.isoformat()
        asked["tracking"] = self.tracking and asdict(self.tracking)
        return {name: value for name, value in asked.items() if value} or None

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> Options:
        """The inverse of `to_json`; an earlier release wrote `tracked_as`, the type of links."""
        if data is None:
            return NO_OPTIONS
        table, language = data.get("transliteration"), data.get("language")
        tracking, send_at = data.get("tracking"), data.get("send_at")
        if tracking is None and "tracked_as" in data:
            tracking = {"track": "URL", "type": data["tracked_as"]}
        return cls(
            flash=data.get("flash", False),
            transliteration=None if table is None else Transliteration(table),
            language=None if language is None else Language(language),
            tracking=None if tracking is None else Tracking(**tracking),
            callback=data.get("callback"),
            send_at=None if send_at is None else datetime.fromisoformat(send_at),
        )


NO_OPTIONS = Options()
