"""Requests that are made to break the web: each gets a 4xx or a plain 200, and never a 5xx."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.security.conftest import Desk
from tests.web.conftest import OLD_SECRET, SECRETS, TOKEN

PHONE = "+447700900123"
START = "/v1/flows/otp/sessions"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def texts(**changed: Any) -> bytes:
    result = {"messageId": "m1", "from": "447700900123", "to": "447700900000", "text": "hi"}
    return json.dumps({"results": [result | changed]}).encode()


# --- forged pushes: 404, and no row -------------------------------------------------------

FORGED = {
    "a wrong secret": ("primary", "wrong-secret-0123456789"),
    "the other channel's secret": ("primary", SECRETS["secondary"]),
    "the other channel's old secret": ("primary", OLD_SECRET),
    "two secrets in one": ("secondary", f"{SECRETS['secondary']}, {OLD_SECRET}"),
    "half of the secret": ("primary", SECRETS["primary"][:-1]),
    "more than the secret": ("primary", SECRETS["primary"] + "0"),
    "in capitals": ("primary", SECRETS["primary"].upper()),
    "with a NUL behind": ("primary", SECRETS["primary"] + "%00"),
    "half of a surrogate pair": ("primary", "%ED%A0%80"),
    "a provider that isn't there": ("nobody", SECRETS["primary"]),
    "an attribute for a provider": ("__class__", SECRETS["primary"]),
}


@pytest.mark.parametrize(("provider", "secret"), FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("what", ["mo", "dlr"])
def test_a_forged_push_is_no_page(desk: Desk, provider: str, secret: str, what: str) -> None:
    """It looks like any other address that isn't there, and leaves nothing."""
    answer = desk.client.post(f"/webhooks/{provider}/{secret}/{what}", data=texts())
    assert answer.status_code == 404
    assert desk.rows() == []
    assert desk.runtime.store.counts()["dead_letters"] == 0


# --- odd bodies, by a caller with the right secret ----------------------------------------

BODIES = {
    "nothing": (b"", 400),
    "deep lists": (b"[" * 500_000, 400),
    "deep results": (b'{"results":' + b"[" * 200_000, 400),
    "a number of a million digits": (b'{"results":[{"messageId":' + b"9" * 900_000 + b"}]}", 400),
    "gzip": (b"\x1f\x8b\x08\x00" + b"\x00" * 100, 400),
    "more than a megabyte": (b" " * 1_100_000 + texts(), 413),
    "101 results": (json.dumps({"results": [{}] * 101}).encode(), 413),
    "a key twice": (b'{"results":[],"results":[7]}', 200),
    "not a number": (b'{"results":[{"messageId":NaN,"to":Infinity,"status":{"id":1e999}}]}', 200),
    "an id of 100 KB": (texts(messageId="x" * 100_000), 200),
    "half of a surrogate pair, and NUL": (texts(text="a\ud800\0b"), 200),
    "a list for a text": (texts(text=["hi"]), 200),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("what", ["mo", "dlr"])
def test_no_body_breaks_a_webhook(desk: Desk, body: bytes, status: int, what: str) -> None:
    """It is refused, or what can't be read is kept apart; then the next push is read as ever."""
    answer = desk.client.post(desk.hook(what), data=body, content_type="application/json")
    assert answer.status_code == status
    desk.works()
    assert desk.client.post(desk.hook("mo"), data=texts(messageId="next")).json["accepted"] == 1


def test_a_long_id_tells_a_redelivery_all_the_same(desk: Desk) -> None:
    """Two ids that differ at their ends are two texts; the same one again is known."""
    ids = ["x" * 5_000 + "1", "x" * 5_000 + "2", "x" * 5_000 + "1"]
    found = [desk.client.post(desk.hook("mo"), data=texts(messageId=each)).json for each in ids]
    assert [each["accepted"] for each in found] == [1, 1, 0]
    assert all(len(row.payload["message_id"]) == 5_001 for row in desk.rows())


def test_a_report_of_an_endless_try_is_not_ours(desk: Desk) -> None:
    """A wire id whose number has thousands of digits is a stranger's, and costs nothing."""
    status = {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"}
    report = {"messageId": "m-" + "9" * 9_000, "to": "447700900123", "status": status}
    desk.client.post(desk.hook("dlr"), data=json.dumps({"results": [report]}))
    desk.works()
    assert desk.runtime.store.counts()["dead_letters"] == 0


# --- the API -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [None, "", TOKEN, "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer café"],
)
def test_nobody_gets_in_without_the_token(desk: Desk, header: str | None) -> None:
    """Whatever stands in Authorization but the token itself is 401."""
    headers = {} if header is None else {"Authorization": header}
    answer = desk.client.post(START, json={"contact": PHONE}, headers=headers)
    assert (answer.status_code, desk.rows()) == (401, [])


STARTS = {
    "deep lists": (b"[" * 100_000, 400),
    "deep contact": (b'{"contact":' + b"[" * 100_000, 400),
    "half a million digits": (b'{"contact":' + b"9" * 500_000 + b"}", 400),
    "infinity for a text": (b'{"contact":"+447700900123","inputs":{"purpose":Infinity}}', 400),
    "1e999 for a text": (b'{"contact":"+447700900123","inputs":{"purpose":1e999}}', 400),
    "4,000 digits for a text": (
        b'{"contact":"+447700900123","inputs":{"purpose":' + b"9" * 4_000 + b"}}",
        400,
    ),
    "our own tags": (b'{"contact":"+447700900123","inputs":{"purpose":{"$date":"x"}}}', 400),
    "an attribute": (b'{"contact":"+447700900123","inputs":{"__class__":"x"}}', 400),
    "consent": (b'{"contact":{"phone":"+447700900123","opted_out":false}}', 400),
    "a lock": (b'{"contact":{"phone":"+447700900123","locked":{}}}', 400),
    "a path for a zone": (b'{"contact":{"phone":"+447700900123","timezone":"../../x"}}', 400),
    "a list for a language": (b'{"contact":{"phone":"+447700900123","language":["en"]}}', 400),
    "a number for a phone": (b'{"contact":447700900123}', 400),
    "a foreign phone": (b'{"contact":"+79161234567"}', 422),
    "a short code": (b'{"contact":"12345"}', 400),
    "NUL in a text": (b'{"contact":"+447700900123","inputs":{"purpose":"a\\u0000b\\ud800"}}', 202),
}


@pytest.mark.parametrize(("body", "status"), STARTS.values(), ids=STARTS)
def test_no_body_breaks_the_api(desk: Desk, body: bytes, status: int) -> None:
    """It is told what is wrong, and what is taken can be worked off."""
    answer = desk.client.post(START, data=body, headers=BEARER, content_type="application/json")
    assert answer.status_code == status
    assert len(desk.rows()) == (status == 202)
    desk.works()
    counts = desk.runtime.store.counts()
    assert counts["dead_letters"] == 0


@pytest.mark.parametrize("path", ["%00", "%ED%A0%80", "'%20OR%201=1--", "x" * 5_000])
@pytest.mark.parametrize("what", ["/v1/sessions/{}", "/v1/requests/{}"])
def test_no_path_breaks_the_api(desk: Desk, path: str, what: str) -> None:
    """An id that nobody has is 404, or a request that is pending."""
    answer = desk.client.get(what.format(path), headers=BEARER)
    assert answer.status_code in (202, 404)


def test_a_key_is_of_one_contact(desk: Desk) -> None:
    """An Idempotency-Key that comes with another contact starts another session."""
    headers = {**BEARER, "Idempotency-Key": "order-1"}
    phones = [PHONE, "+447700900124", PHONE]
    found = [desk.client.post(START, json={"contact": each}, headers=headers) for each in phones]
    first, other, again = [answer.json["session"] for answer in found]
    assert first == again != other
    assert [row.contact for row in desk.rows()] == phones[:2]
