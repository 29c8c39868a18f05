"""The filters of the logs; manual section "Getting SMS logs"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from smsflow.sandbox.records import Message


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What a log has to match; None and () match everything. `group` is a name such as PENDING."""

    sender: str | None = None
    to: str | None = None
    bulk_ids: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    group: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    mcc: str | None = None
    mnc: str | None = None
    limit: int = 50

    def matches(self, message: Message) -> bool:
        """True when every filter that is set lets this text through."""
        return (
            self.sender in (None, message.order.sender)
            and self.to in (None, message.to)
            and (not self.bulk_ids or message.bulk_id in self.bulk_ids)
            and (not self.message_ids or message.message_id in self.message_ids)
            and self.group in (None, message.status.group_name)
            and (self.since is None or message.sent_at >= self.since)
            and (self.until is None or message.sent_at <= self.until)
            and self.mcc in (None, message.mcc_mnc[:3])
            and self.mnc in (None, message.mcc_mnc[3:])
        )
