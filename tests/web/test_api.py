"""The API for other systems: who may call it, what it refuses, and how it answers."""

from __future__ import annotations

from typing import Any

import pytest

from smsflow.store.rows import Kind
from tests.web.conftest import TOKEN, Desk

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
PHONE = "+447700900123"
APPOINTMENT = {"id": "A7", "at": "2026-03-05 10:30 Europe/London", "place": "Elm Road"}


def start(desk: Desk, flow: str, body: Any, **headers: str) -> Any:
    return desk.client.post(f"/v1/flows/{flow}/sessions", json=body, headers={**HEADERS, **headers})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer"},
    ],
)
def test_without_the_token_nothing_is_told(desk: Desk, headers: dict[str, str]) -> None:
    """401, whatever the page."""
    for path in ("/v1/sessions/x", "/v1/requests/x"):
        assert desk.client.get(path, headers=headers).status_code == 401
    answer = desk.client.post("/v1/flows/otp/sessions", json={"contact": PHONE}, headers=headers)
    assert answer.status_code == 401
    assert desk.rows() == []


def test_a_start_is_committed_before_it_is_answered(desk: Desk) -> None:
    """202, with the session's id; its row waits in the inbox."""
    answer = start(desk, "otp", {"contact": "+44 7700 900123", "inputs": {"purpose": "pay"}})
    assert answer.status_code == 202
    (row,) = desk.rows()
    assert (row.kind, row.contact) == (Kind.START, PHONE)
    assert row.payload["session"] == answer.json["session"]
    desk.works()
    session = desk.client.get(answer.json["url"], headers=HEADERS)
    assert session.json["flow"] == "otp"
    assert session.json["live"] is True


def test_what_the_caller_knows_of_the_contact_is_remembered(desk: Desk) -> None:
    """Declared fields, language and time zone come with the start."""
    contact = {"phone": PHONE, "first_name": "Zoë", "language": "fr", "timezone": "Europe/Paris"}
    answer = start(
        desk, "appointment-reminder", {"contact": contact, "inputs": {"appointment": APPOINTMENT}}
    )
    assert answer.status_code == 202
    desk.works()
    with desk.runtime.store.work(desk.clock.now(), 1) as batch:
        known = batch.conversations([PHONE])[PHONE].contact
    assert (known.fields["first_name"], known.language, known.timezone) == (
        "Zoë",
        "fr",
        "Europe/Paris",
    )


MISTAKES: dict[str, tuple[str, Any, int, str]] = {
    "no JSON object": ("otp", [], 400, "JSON object"),
    "unknown flow": ("oops", {"contact": PHONE}, 404, "no flow 'oops'"),
    "no trigger": ("hours", {"contact": PHONE}, 409, "api: true"),
    "no contact": ("otp", {}, 400, "'contact'"),
    "contact is no number": ("otp", {"contact": "soon"}, 400, "contact"),
    "contact is a short code": ("otp", {"contact": "12345"}, 400, "E.164"),
    "a country that may not be texted": ("otp", {"contact": "+12025550123"}, 422, "country"),
    "unknown key": ("otp", {"contact": PHONE, "input": {}}, 400, "unknown key 'input'"),
    "inputs are no object": ("otp", {"contact": PHONE, "inputs": []}, 400, "'inputs'"),
    "unknown input": ("otp", {"contact": PHONE, "inputs": {"x": 1}}, 400, "unknown input 'x'"),
    "missing input": ("appointment-reminder", {"contact": PHONE}, 400, "'appointment' is missing"),
    "bad time": (
        "appointment-reminder",
        {"contact": PHONE, "inputs": {"appointment": {**APPOINTMENT, "at": "soon"}}},
        400,
        "appointment.at",
    ),
    "undeclared field": ("otp", {"contact": {"phone": PHONE, "x": 1}}, 400, "contact.x"),
    "unknown language": ("otp", {"contact": {"phone": PHONE, "language": "xx"}}, 400, "one of"),
    "bad zone": ("otp", {"contact": {"phone": PHONE, "timezone": "Mars"}}, 400, "time zone"),
}


@pytest.mark.parametrize(("flow", "body", "status", "says"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_callers_mistake_is_named_and_starts_nothing(
    desk: Desk, flow: str, body: Any, status: int, says: str
) -> None:
    """A 4xx that names the place, in the one shape of errors."""
    answer = start(desk, flow, body)
    assert answer.status_code == status
    assert says in answer.json["error"]["message"]
    assert desk.rows() == []


def test_an_idempotency_key_starts_once(desk: Desk) -> None:
    """Repeated, it is answered like the first time."""
    answers = [
        start(desk, "otp", {"contact": PHONE}, **{"Idempotency-Key": "order-7"}) for _ in range(2)
    ]
    assert answers[0].json == answers[1].json
    assert len(desk.rows()) == 1


def test_an_empty_key_is_none_and_one_that_headers_cannot_hold_is_a_mistake(desk: Desk) -> None:
    """Two such keys may be read as the same one."""
    empty = [start(desk, "otp", {"contact": PHONE}, **{"Idempotency-Key": " "}) for _ in range(2)]
    assert empty[0].json["session"] != empty[1].json["session"]
    for key in ("\xff\xfe", "x" * 256):
        answer = start(desk, "otp", {"contact": PHONE}, **{"Idempotency-Key": key})
        assert (answer.status_code, "printable ASCII" in answer.text) == (400, True)


def test_a_code_for_no_session_is_404_and_no_code_is_400(desk: Desk) -> None:
    """Both say what is wrong."""
    for body, status in (({"code": "123456"}, 404), ({}, 400), ({"code": 123456}, 400)):
        answer = desk.client.post("/v1/sessions/nobody/verify", json=body, headers=HEADERS)
        assert answer.status_code == status


def test_unknown_pages_and_methods_have_the_one_shape_of_errors(desk: Desk) -> None:
    """JSON, with a code and a message."""
    for answer in (desk.client.get("/nowhere"), desk.client.delete("/healthz")):
        assert answer.status_code in (404, 405)
        assert set(answer.json["error"]) == {"code", "message"}


def test_a_refused_start_is_told_where_its_session_is_looked_up(desk: Desk) -> None:
    """A contact who said STOP: the start was taken, and refused when it was worked off."""
    desk.client.get(f"{desk.hook('mo')}?who={PHONE[1:]}&what=STOP")
    answer = start(desk, "otp", {"contact": PHONE})
    desk.works()
    told = desk.client.get(answer.json["url"], headers=HEADERS)
    assert told.json["started"] is False
    assert "opted out" in told.json["reason"]
