"""Clicks that a provider pushes: who is let in, what is read, what is known already."""

from __future__ import annotations

import pytest

from smsflow.providers.memory import MemoryProvider
from smsflow.reception import Reception, StillUnreadable
from smsflow.sandbox.xml import write_xml
from smsflow.store.rows import Kind
from tests.web.conftest import SECRETS, Desk

CLICK = {
    "messageId": "m-0",
    "to": "447700900123",
    "url": "https://shop.example/spring",
    "clickedAt": "2026-03-02T09:00:00.000+0000",
}


def test_a_click_becomes_a_row_for_whom_the_text_was(desk: Desk) -> None:
    answer = desk.client.post(desk.hook("clicks"), json={"results": [CLICK]})
    assert (answer.status_code, answer.json) == (200, {"accepted": 1, "known": 0, "unreadable": 0})
    (row,) = desk.rows()
    assert (row.kind, row.contact) == (Kind.CLICK, "+447700900123")
    at = "2026-03-02T09:00:00+00:00"
    assert row.payload == {"wire_id": "m-0", "url": "https://shop.example/spring", "at": at}


def test_the_same_click_told_twice_is_one(desk: Desk) -> None:
    """In one push or in two; a later click on the same link is another one."""
    later = {**CLICK, "clickedAt": "2026-03-02T09:00:01.000+0000"}
    first = desk.client.post(desk.hook("clicks"), json={"results": [CLICK, CLICK]})
    assert first.json == {"accepted": 1, "known": 1, "unreadable": 0}
    again = desk.client.post(desk.hook("clicks"), json={"results": [CLICK, later]})
    assert again.json == {"accepted": 1, "known": 1, "unreadable": 0}


def test_without_a_time_each_link_of_a_text_is_clicked_once(desk: Desk) -> None:
    timeless = {name: value for name, value in CLICK.items() if name != "clickedAt"}
    for _ in range(2):
        desk.client.post(desk.hook("clicks"), json={"results": [timeless]})
    (row,) = desk.rows()
    assert row.payload["at"] == desk.clock.now().isoformat()


def test_clicks_are_read_in_xml_as_well(desk: Desk) -> None:
    body = write_xml("clickResponse", {"results": [CLICK]})
    answer = desk.client.post(desk.hook("clicks"), data=body, content_type="application/xml")
    assert answer.json == {"accepted": 1, "known": 0, "unreadable": 0}


def test_what_cannot_be_read_is_kept_for_operators(desk: Desk) -> None:
    """One bad click costs no other."""
    answer = desk.client.post(desk.hook("clicks"), json={"results": [{"to": "x"}, CLICK]})
    assert answer.json == {"accepted": 1, "known": 0, "unreadable": 1}
    (letter,) = desk.runtime.store.dead_letters(10)
    assert letter.source == "clicks:primary"
    with pytest.raises(StillUnreadable, match="messageId is missing"):
        Reception(desk.runtime).events_of(letter)


def test_a_stranger_finds_no_page(desk: Desk) -> None:
    """Nor does a provider that knows nothing of clicks."""
    wrong = desk.client.post(desk.hook("clicks", secret="x" * 24), json={"results": [CLICK]})
    desk.runtime.providers["secondary"] = MemoryProvider("secondary")
    unknown = desk.client.post(
        desk.hook("clicks", "secondary", SECRETS["secondary"]), json={"results": [CLICK]}
    )
    assert (wrong.status_code, unknown.status_code) == (404, 404)
    assert desk.rows() == []


def test_a_session_tells_the_clicks_on_its_texts(desk: Desk) -> None:
    """None at first; `tests/test_clicks.py` has how they come there."""
    token = {"Authorization": "Bearer the-token-of-the-tests"}
    desk.client.get(f"{desk.hook('mo')}?who=447700900123&what=hours")
    desk.works()
    ((_, session),) = desk.runtime.store.sessions_of("+447700900123", 1)
    answer = desk.client.get(f"/v1/sessions/{session.id}", headers=token)
    assert answer.json is not None
    assert answer.json["clicks"] == []
    (message,) = desk.runtime.store.messages_of("+447700900123")
    click = {**CLICK, "messageId": message.wire_id}
    desk.client.post(desk.hook("clicks"), json={"results": [click]})
    desk.works()
    answer = desk.client.get(f"/v1/sessions/{session.id}", headers=token)
    assert answer.json is not None
    (told,) = answer.json["clicks"]
    assert (told["url"], told["at"]) == (CLICK["url"], "2026-03-02T09:00:00+00:00")
