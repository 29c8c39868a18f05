"""A network with a clock that only tests move, and a phone company to speak to over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient

from smsflow.sandbox.network import Network
from smsflow.sandbox.records import Destination, Order, Push, Submission
from smsflow.sandbox.server import create_app
from smsflow.sms.encoding import segments

START = datetime(2015, 2, 12, 9, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def advance(self, **duration: float) -> datetime:
        self.moment += timedelta(**duration)
        return self.moment


class World:
    """A network and its clock, with the words that tests of it use."""

    def __init__(self) -> None:
        self.clock = Clock()
        ids = count(1)
        self.network = Network(ids=lambda: f"id-{next(ids)}")

    def send(
        self, *numbers: str, ids: tuple[str, ...] = (), bulk: str | None = None, **options: Any
    ) -> Any:
        """One text to these numbers."""
        named = (*ids, *[None] * len(numbers))
        destinations = tuple(
            Destination(to, name) for to, name in zip(numbers, named, strict=False)
        )
        text = options.pop("text", "Hello")
        sender = options.pop("sender", "InfoSMS")
        order = Order(sender, text, segments(text), destinations, **options)
        return self.network.submit(Submission((order,), bulk), self.clock.now())

    def after(self, **duration: float) -> list[Push]:
        """The pushes that are due when so much time has gone by."""
        return self.network.due(self.clock.advance(**duration))

    def statuses(self, pushes: list[Push]) -> list[str]:
        """The status names of the reports in these pushes."""
        return [report.status.name for push in pushes for report in push.reports]


@pytest.fixture
def world() -> World:
    return World()


class Client:
    """A client of the HTTP API with the right password."""

    def __init__(self, http: FlaskClient, world: World, user: str, password: str) -> None:
        self.http = http
        self.world = world
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.auth = {"Authorization": f"Basic {token}"}

    def post(self, path: str, body: object) -> Any:
        return self.http.post(path, json=body, headers=self.auth)

    def put(self, path: str, body: object) -> Any:
        return self.http.put(path, json=body, headers=self.auth)

    def get(self, path: str, **query: object) -> Any:
        return self.http.get(path, query_string=query, headers=self.auth)

    def delete(self, path: str) -> Any:
        return self.http.delete(path, headers=self.auth)

    def advanced(self, *messages: dict[str, object], **beside: object) -> Any:
        """The answer's body to a fully featured request."""
        response = self.post("/sms/1/text/advanced", {"messages": list(messages), **beside})
        assert response.status_code == 200, response.text
        return response.json


class Waits:
    """Remembers how long answers were to be held back."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def client(world: World, waits: Waits) -> Iterator[Client]:
    app = create_app(
        world.network,
        user="Aladdin",
        password="open sesame",
        clock=world.clock,
        perform=lambda push: world.network.pushed(push, True, world.clock.now()),
        wait=waits,
    )
    with app.test_client() as http:
        yield Client(http, world, "Aladdin", "open sesame")
