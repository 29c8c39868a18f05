"""Every text of the last 48 hours: what the logs show, and which messageIds were seen.

Indexed by messageId and by bulkId, because a client that settles an ambiguous send asks by id, and
the cost of that must not grow with the history.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from smsflow.sandbox.logs import LogQuery
from smsflow.sandbox.records import Message


class Archive:
    """Texts in the order in which they were submitted."""

    def __init__(self) -> None:
        self._messages: dict[str, Message] = {}
        self._bulks: dict[str, dict[str, Message]] = {}

    def get(self, message_id: str | None) -> Message | None:
        """The text with this id, or None."""
        return self._messages.get(message_id) if message_id else None

    def add(self, message: Message) -> None:
        """Keep a text; its messageId is new."""
        self._messages[message.message_id] = message
        self._bulks.setdefault(message.bulk_id, {})[message.message_id] = message

    def remove(self, message: Message) -> None:
        """Drop a text that is kept."""
        del self._messages[message.message_id]
        bulk = self._bulks[message.bulk_id]
        del bulk[message.message_id]
        if not bulk:
            del self._bulks[message.bulk_id]

    def bulk(self, bulk_id: str) -> list[Message]:
        """The texts of one request, in its order; none when it is not known."""
        return list(self._bulks.get(bulk_id, {}).values())

    def all(self) -> list[Message]:
        """Every text, oldest first."""
        return list(self._messages.values())

    def find(self, query: LogQuery) -> list[Message]:
        """The texts that match, newest first, at most as many as the query wants."""
        return list(islice(filter(query.matches, self._candidates(query)), query.limit))

    def _candidates(self, query: LogQuery) -> Iterable[Message]:
        if query.message_ids:
            found = map(self._messages.get, dict.fromkeys(query.message_ids))
            return [message for message in found if message]
        if query.bulk_ids:
            bulks = (self._bulks.get(bulk_id, {}) for bulk_id in dict.fromkeys(query.bulk_ids))
            return [message for bulk in bulks for message in reversed(bulk.values())]
        return reversed(self._messages.values())
