"""What falls due when: a heap, so that thousands of texts a second cost little each."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Agenda(Generic[Item]):
    """Things with a moment, earliest first; those of one moment in the order they were added."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Item]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap)

    def __iter__(self) -> Iterator[tuple[datetime, Item]]:
        """All things with their moments, in no order."""
        return ((when, item) for when, _, item in self._heap)

    def add(self, when: datetime, item: Item) -> None:
        """Note that `item` is due at `when`."""
        heapq.heappush(self._heap, (when, next(self._order), item))

    def next(self) -> datetime | None:
        """The earliest moment, or None when nothing is to come."""
        return self._heap[0][0] if self._heap else None

    def take(self, now: datetime) -> Iterator[tuple[datetime, Item]]:
        """Everything due by `now` with its moment, what is added meanwhile included."""
        while self._heap and self._heap[0][0] <= now:
            when, _, item = heapq.heappop(self._heap)
            yield when, item
