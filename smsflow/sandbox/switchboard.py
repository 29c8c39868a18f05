"""Where texts to our numbers go: told by a push, or kept until they are pulled."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from smsflow.sandbox.inbound import fill, split_keyword
from smsflow.sandbox.records import Inbound, Push, Route


@dataclass(frozen=True, slots=True)
class InboxQuery:
    """What a received text has to match in the inbox's logs; None matches everything."""

    to: str | None = None
    keyword: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50

    def matches(self, inbound: Inbound) -> bool:
        """True when every filter that is set lets this text through."""
        return (
            self.to in (None, inbound.receiver)
            and self.keyword in (None, inbound.keyword.casefold())
            and (self.since is None or inbound.received_at >= self.since)
            and (self.until is None or inbound.received_at <= self.until)
        )


class Switchboard:
    """The routes and keywords of our numbers, and the inbox of those that have no route."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}
        self._keywords: dict[str, tuple[str, ...]] = {}
        self._inbox: deque[Inbound] = deque()
        self._log: deque[Inbound] = deque()

    def route(self, number: str, route: Route | None) -> None:
        """Tell texts to `number` by this route; None keeps them for pulling."""
        if route is None:
            self._routes.pop(number, None)
        else:
            self._routes[number] = route

    def listen_for(self, number: str, keywords: Iterable[str]) -> None:
        """The words that texts to `number` are told apart by."""
        self._keywords[number] = tuple(keywords)

    def received(self, inbound: Inbound) -> Inbound:
        """The text with its keyword found, and noted for the logs."""
        keyword, clean = split_keyword(inbound.text, self._keywords.get(inbound.receiver, ()))
        inbound = replace(inbound, keyword=keyword, clean_text=clean)
        self._log.append(inbound)
        return inbound

    def hand_on(self, inbound: Inbound) -> Push | None:
        """The push that tells this text, or None when it was kept for pulling."""
        route = self._routes.get(inbound.receiver)
        if route is None:
            self._inbox.append(inbound)
            return None
        url = fill(route.url, inbound) if route.method == "GET" else route.url
        return Push(url, inbound=inbound, method=route.method, content_type=route.content_type)

    def pull(self, limit: int) -> tuple[list[Inbound], int]:
        """Texts not yet pulled, oldest first, and how many are left."""
        found = [self._inbox.popleft() for _ in range(min(limit, len(self._inbox)))]
        return found, len(self._inbox)

    def logs(self, query: InboxQuery) -> list[Inbound]:
        """Received texts that match, newest first, pulled or pushed or not."""
        return list(islice(filter(query.matches, reversed(self._log)), query.limit))

    def forget(self, before: datetime) -> None:
        """Drop texts that came before then."""
        for kept in (self._inbox, self._log):
            while kept and kept[0].received_at < before:
                kept.popleft()
