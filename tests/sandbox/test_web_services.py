"""The stand-in for the web services that flows call, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import urllib3

from smsflow.sandbox.web_services import WebServices

NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Noon."""
        return NOON


@pytest.fixture
def services() -> Iterator[WebServices]:
    """A running stand-in."""
    with WebServices(Noon()) as running:
        yield running


def ask(
    services: WebServices, method: str, path: str, key: str = "", kind: str = "", **known
) -> urllib3.BaseHTTPResponse:
    """Make a request; the answer."""
    given = {"Idempotency-Key": key, "Content-Type": kind}
    headers = {name: value for name, value in given.items() if value}
    return urllib3.request(method, services.url + path, headers=headers or None, **known)


def test_a_call_is_answered_and_remembered_as_flows_write_it(services: WebServices) -> None:
    answer = ask(services, "POST", "/crm/csat?from=sms", json={"score": 2})
    assert (answer.status, answer.json()) == (200, {})
    (asked,) = services.asked_after(0)
    assert (asked.at, asked.what, asked.body) == (NOON, "POST crm:/csat?from=sms", {"score": 2})


def test_what_comes_again_with_its_key_is_the_same_call(services: WebServices) -> None:
    for key in ("a", "a", "b", "", ""):
        ask(services, "POST", "/crm/csat", key)
    assert len(services.asked_after(0)) == 4
    assert len(services.asked_after(3)) == 1


@pytest.mark.parametrize(
    ("known", "body"),
    [
        ({"body": b"a=1", "kind": "application/x-www-form-urlencoded"}, {"a": "1"}),
        ({"body": b"plain"}, "plain"),
        ({}, None),
    ],
)
def test_a_body_is_kept_as_what_it_is(services: WebServices, known, body) -> None:
    ask(services, "PUT", "/crm/people/7", **known)
    assert services.asked_after(0)[0].body == body
