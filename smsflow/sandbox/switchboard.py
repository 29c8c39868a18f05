"""Where texts to our numbers go: told by a push, or kept until they are pulled."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from smsflow.sandbox.inbound import fill
from smsflow.sandbox.records import Inbound, Push, Route


class Switchboard:
    """The routes of our numbers, and the inbox of those that have none."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}
        self._inbox: deque[Inbound] = deque()

    def route(self, number: str, route: Route | None) -> None:
        """Tell texts to `number` by this route; None keeps them for pulling."""
        if route is None:
            self._routes.pop(number, None)
        else:
            self._routes[number] = route

    def hand_on(self, inbound: Inbound, push_id: int) -> Push | None:
        """The push that tells this text, or None when it was kept for pulling."""
        route = self._routes.get(inbound.receiver)
        if route is None:
            self._inbox.append(inbound)
            return None
        url = fill(route.url, inbound) if route.method == "GET" else route.url
        return Push(push_id, url, inbound=inbound, method=route.method)

    def pull(self, limit: int) -> tuple[list[Inbound], int]:
        """Texts not yet pulled, oldest first, and how many are left."""
        found = [self._inbox.popleft() for _ in range(min(limit, len(self._inbox)))]
        return found, len(self._inbox)

    def forget(self, before: datetime) -> None:
        """Drop texts that came before then."""
        while self._inbox and self._inbox[0].received_at < before:
            self._inbox.popleft()
