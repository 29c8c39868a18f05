"""Events and broadcasts over HTTP: who may, what is refused, and whom they reach."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

import pytest

from smsflow.store.rows import Kind
from tests.web.conftest import TOKEN, Desk

PHONE = "+447700900123"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SECRET = "events-secret-0123456789"

DEEP: list[object] = []
for _ in range(900):
    DEEP = [DEEP]


def closed(desk: Desk, **more: object) -> object:
    data = {"id": "T1", "phone": PHONE, **more}
    return desk.client.post("/v1/events/ticket.closed", json=data, headers=BEARER)


def test_an_event_reaches_the_contact_that_it_is_about(desk: Desk) -> None:
    """One row comes in; working it off makes one for the contact, and that starts the flow."""
    answer = closed(desk)
    assert (answer.status_code, answer.json) == (
        202,
        {"event": "ticket.closed", "heard": True, "known": False},
    )
    (row,) = desk.rows()
    assert (row.kind, row.contact) == (Kind.EVENT, "@everybody")
    desk.works()
    trace = [line.detail for line in desk.runtime.store.trace_of(PHONE)]
    assert trace == ["csat-survey: the contact has not subscribed to 'marketing'"]


def test_an_event_with_a_key_is_told_once(desk: Desk) -> None:
    headers = {**BEARER, "Idempotency-Key": "abc"}
    told = [
        desk.client.post("/v1/events/ticket.closed", json={"phone": PHONE}, headers=headers)
        for _ in range(2)
    ]
    assert [each.json["known"] for each in told] == [False, True]
    assert len(desk.rows()) == 1


def test_nobody_listens_is_told(desk: Desk) -> None:
    answer = desk.client.post("/v1/events/nothing.here", json={}, headers=BEARER)
    assert (answer.status_code, answer.json["heard"]) == (202, False)


@pytest.mark.parametrize(
    ("path", "json", "headers", "status"),
    [
        ("events/a", {}, {}, 401),
        ("events/a", {}, {"Authorization": "Bearer no"}, 401),
        ("events/a b", {}, BEARER, 400),
        ("events/a", [], BEARER, 400),
        ("events/a", {}, {"X-Smsflow-Signature": "t=1,v1=00"}, 403),
        ("flows/nobody/broadcasts", {}, BEARER, 404),
        ("flows/otp/broadcasts", {}, BEARER, 409),
        ("flows/csat-survey/broadcasts", {"grup": "a"}, BEARER, 400),
        ("flows/csat-survey/broadcasts", {"where": "contact."}, BEARER, 400),
        ("flows/csat-survey/broadcasts", {"rate": 0}, BEARER, 400),
        ("flows/csat-survey/broadcasts", {"inputs": {"nosuch": 1}}, BEARER, 400),
        ("flows/csat-survey/broadcasts", {"inputs": {"ticket": float("nan")}}, BEARER, 400),
        ("flows/csat-survey/broadcasts", {"inputs": {"ticket": DEEP}}, BEARER, 400),
        ("events/a", {"id": float("inf")}, BEARER, 400),
        ("events/" + "a" * 101, {}, BEARER, 400),
        ("flows/csat-survey/broadcasts", {}, {}, 401),
    ],
)
def test_what_is_refused_leaves_no_row(
    desk: Desk, path: str, json: object, headers: dict[str, str], status: int
) -> None:
    answer = desk.client.post(f"/v1/{path}", json=json, headers=headers)
    assert answer.status_code == status
    assert desk.rows() == []


BODY = b'{"phone": "+447700900123"}'


def signed(
    desk: Desk, about: str = "ticket.closed", *, age: int = 0, secret: str = SECRET
) -> dict[str, str]:
    """The header of an event that was signed so many seconds ago."""
    object.__setattr__(desk.runtime.settings, "events_secret", SECRET)
    stamp = int(desk.clock.now().timestamp()) - age
    content = f"{stamp}.{about}.".encode() + BODY
    digest = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return {"X-Smsflow-Signature": f"t={stamp},v1={digest}", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("age", "secret", "status"),
    [(0, SECRET, 202), (299, SECRET, 202), (301, SECRET, 401), (0, "another-secret-0123", 401)],
)
def test_a_signature_does_instead_of_the_token(
    desk: Desk, age: int, secret: str, status: int
) -> None:
    """Over the time, the name and the body, and for five minutes."""
    headers = signed(desk, age=age, secret=secret)
    answer = desk.client.post("/v1/events/ticket.closed", data=BODY, headers=headers)
    assert answer.status_code == status


def test_a_signed_event_that_was_caught_on_the_way_tells_nothing_again(desk: Desk) -> None:
    """Neither as it is, nor as another event, nor under a key of the catcher's."""
    headers = signed(desk)
    post = desk.client.post
    assert post("/v1/events/ticket.closed", data=BODY, headers=headers).json["known"] is False
    assert post("/v1/events/ticket.closed", data=BODY, headers=headers).json["known"] is True
    assert post("/v1/events/ticket.lost", data=BODY, headers=headers).status_code == 401
    keyed = {**headers, "Idempotency-Key": "mine"}
    assert post("/v1/events/ticket.closed", data=BODY, headers=keyed).status_code == 401
    half = {**headers, "Idempotency-Key": "closed"}
    assert post("/v1/events/ticket", data=BODY, headers=half).status_code == 401
    assert len(desk.rows()) == 1


def test_a_key_is_signed_too_and_holds_for_a_later_signature(desk: Desk) -> None:
    """Whoever is not sure that it came signs it anew."""
    known = []
    for age in (10, 0):
        headers = signed(desk, "ticket.closed:T1", age=age) | {"Idempotency-Key": "T1"}
        answer = desk.client.post("/v1/events/ticket.closed", data=BODY, headers=headers)
        known.append(answer.json["known"])
    assert known == [False, True]


def test_what_looks_like_a_value_of_ours_stays_what_it_is(desk: Desk) -> None:
    """Nobody outside writes times and decimals in our own way of keeping them."""
    assert closed(desk, at={"$datetime": "x"}).status_code == 202
    desk.works()
    assert desk.runtime.store.health(desk.clock.now()).dead_letters == 0
    assert desk.runtime.store.trace_of(PHONE)


def test_a_broadcast_with_a_key_is_begun_once(desk: Desk) -> None:
    headers = {**BEARER, "Idempotency-Key": "abc"}
    told = [
        desk.client.post("/v1/flows/csat-survey/broadcasts", json={}, headers=headers).json
        for _ in range(2)
    ]
    assert [each["known"] for each in told] == [False, True]
    assert (told[0]["broadcast"] is None, told[1]["broadcast"]) == (False, None)
    assert len(desk.rows()) == 1


def subscribe(desk: Desk, count: int) -> list[str]:
    """Contacts on file, the even ones in the group `even`."""
    phones = [f"+4477009{number:05}" for number in range(count)]
    for number, phone in enumerate(phones):
        groups = ["even"] if number % 2 == 0 else []
        desk.client.post(
            "/v1/flows/otp/sessions",
            json={"contact": {"phone": phone, "subscribed": "marketing", "groups": groups}},
            headers=BEARER,
        )
    desk.works()
    return phones


def test_a_broadcast_starts_the_flow_with_a_group_at_its_rate(desk: Desk) -> None:
    """Page by page, with places in time by the rate, and nobody outside of the group."""
    phones = subscribe(desk, 12)
    body = {"group": "even", "rate": 2, "where": "contact.phone != '+447700900004'"}
    answer = desk.client.post("/v1/flows/csat-survey/broadcasts", json=body, headers=BEARER)
    assert answer.status_code == 202
    desk.works()
    begun = [phone for phone in phones if _survey(desk, phone)]
    assert begun == phones[0:1]
    desk.clock.advance(timedelta(seconds=3))
    desk.works()
    assert [phone for phone in phones if _survey(desk, phone)] == [
        phone for phone in phones[::2] if phone != "+447700900004"
    ]


def _survey(desk: Desk, phone: str) -> bool:
    sessions = desk.runtime.store.conversation(phone).sessions
    return any(each.flow == "csat-survey" for each in sessions)
