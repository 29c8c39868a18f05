"""Dead letters of pushes come back the way that they would have gone at first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from smsflow.engine.model.gateway import Gateway, ReportFields
from smsflow.providers.gateway import HttpGateway
from smsflow.providers.transport import HttpTransport
from smsflow.reception import WAIT_FOR_PARTS, Reception, StillUnreadable
from smsflow.store.rows import DeadLetter, Kind
from tests.web.conftest import Desk
from tests.web.conftest import desk as desk  # a fixture

TEXT = {"from": "447700900123", "to": "447700900000", "text": "hours", "messageId": "1"}
REPORT = {
    "messageId": "m1-0",
    "to": "447700900123",
    "status": {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"},
}


def letters(desk: Desk) -> list[DeadLetter]:
    return desk.runtime.store.dead_letters(10)


def mended(letter: DeadLetter, old: str, new: str) -> DeadLetter:
    """The letter as it would be if a newer parser understood it."""

    assert old in letter.payload
    return replace(letter, payload=letter.payload.replace(old, new))


def push(desk: Desk, what: str, result: dict[str, Any]) -> DeadLetter:
    assert desk.client.post(desk.hook(what), json={"results": [result]}).json["unreadable"] == 1
    return letters(desk)[-1]


def test_what_still_cannot_be_read_says_why(desk: Desk) -> None:
    """It stays where it is."""
    letter = push(desk, "mo", {**TEXT, "text": None})
    with pytest.raises(StillUnreadable, match="text is missing"):
        Reception(desk.runtime).events_of(letter)


def test_a_text_pushed_by_post_is_read_again(desk: Desk) -> None:
    """As the text that it was, with the key that tells a redelivery."""
    letter = mended(push(desk, "mo", {**TEXT, "from": "?"}), '"?"', '"447700900123"')
    (row,) = Reception(desk.runtime).events_of(letter)
    assert (row.kind, row.contact, row.payload["text"]) == (Kind.MO, "+447700900123", "hours")
    assert row.dedupe == "mo:primary:1"
    assert row.due <= desk.clock.now()


def test_a_text_pushed_by_get_is_read_again(desk: Desk) -> None:
    """By the names that its URL has in smsflow.yaml."""
    desk.client.get(f"{desk.hook('mo')}?who=-&what=hours&id=7")
    letter = mended(letters(desk)[0], '"-"', '"447700900123"')
    (row,) = Reception(desk.runtime).events_of(letter)
    assert (row.contact, row.dedupe) == ("+447700900123", "mo:primary:7")


def test_a_report_is_read_again(desk: Desk) -> None:
    """As the report that it was."""
    letter = mended(push(desk, "dlr", {**REPORT, "to": "?"}), '"?"', '"447700900123"')
    (row,) = Reception(desk.runtime).events_of(letter)
    assert (row.kind, row.payload["wire_id"]) == (Kind.DLR, "m1-0")
    assert row.payload["state"] == "delivered"


def test_a_text_to_a_number_that_is_not_ours_is_kept_whole(desk: Desk) -> None:
    """Until smsflow.yaml has the number, which is named."""
    letter = push(desk, "mo", {**TEXT, "to": "447700900999"})
    assert letter.payload["text"] == "hours"
    with pytest.raises(StillUnreadable, match=r"\+447700900999"):
        Reception(desk.runtime).events_of(letter)

    address = desk.runtime.project.numbers["main"].address
    ours = replace(letter, payload={**letter.payload, "receiver": address})
    (row,) = Reception(desk.runtime).events_of(ours)
    assert (row.contact, row.payload["number"]) == ("+447700900123", "main")


def test_a_letter_of_a_provider_that_is_gone_stays(desk: Desk) -> None:
    """smsflow.yaml no longer knows who could read it."""
    desk.runtime.store.dead_letter("dlr:elsewhere", "{}", "no")
    with pytest.raises(StillUnreadable, match="no provider 'elsewhere'"):
        Reception(desk.runtime).events_of(letters(desk)[0])


@pytest.mark.parametrize("source", ["mo-get:primary", "mo-post:primary", "dlr:primary"])
def test_a_letter_that_was_cut_stays(desk: Desk, source: str) -> None:
    """Half of a push is no push."""
    desk.runtime.store.dead_letter(source, '{"results": [{"te', "too long")
    with pytest.raises(StillUnreadable):
        Reception(desk.runtime).events_of(letters(desk)[0])


def test_an_event_that_failed_is_the_event_that_it_was(desk: Desk) -> None:
    """Kind, contact, payload and due time."""
    desk.client.post(desk.hook("mo"), json={"results": [TEXT]})
    (row,) = desk.rows()
    for _ in range(3):
        desk.runtime.store.failed(row, "KeyError: 'x'")
    (event,) = Reception(desk.runtime).events_of(letters(desk)[0])
    assert (event.kind, event.contact, event.payload) == (row.kind, row.contact, row.payload)
    assert (event.due, event.dedupe) == (row.due, None)


# A text of two parts, cut in the middle of a pair; its reference is AA.
FIRST = {"bin": "050003AA0201" + "00480069D83E", "datacoding": "8", "esmclass": "64"}
SECOND = {"bin": "050003AA0202" + "DD560021", "datacoding": "8", "esmclass": "64"}


def part_in(desk: Desk, part: dict[str, str], id_: str) -> dict[str, int]:
    """A part is pushed; `who` and `id` are the names that smsflow.yaml has for them."""
    query = {"who": "447700900123", "id": id_, **part}
    answer = desk.client.get(desk.hook("mo"), query_string=query)
    assert answer.status_code == 200
    found: dict[str, int] = answer.json
    return found


def texts_in(desk: Desk) -> list[str]:
    """The texts in the inbox."""
    with desk.runtime.store.work(desk.clock.now(), 100) as batch:
        return [row.payload["text"] for row in batch.rows]


def test_parts_become_one_text_when_the_last_is_here(desk: Desk) -> None:
    """Out of order, and one of them twice, also after the text was joined."""
    assert part_in(desk, SECOND, "2") == {"accepted": 1, "known": 0, "unreadable": 0}
    assert part_in(desk, SECOND, "2") == {"accepted": 0, "known": 1, "unreadable": 0}
    assert texts_in(desk) == []
    assert part_in(desk, FIRST, "1")["accepted"] == 1
    assert texts_in(desk) == ["Hi🥖!"]
    assert part_in(desk, FIRST, "1")["known"] == 1
    desk.clock.advance(WAIT_FOR_PARTS * 2)
    assert Reception(desk.runtime).join_parts() == 0
    assert texts_in(desk) == ["Hi🥖!"]


def test_what_came_of_a_text_is_used_after_a_while(desk: Desk) -> None:
    """Half a character that a lost part leaves is dropped or shown as one."""
    reception = Reception(desk.runtime)
    part_in(desk, FIRST, "1")
    desk.clock.advance(WAIT_FOR_PARTS)
    assert reception.join_parts() == 0
    desk.clock.advance(timedelta(seconds=1))
    assert reception.join_parts() == 1
    assert texts_in(desk) == ["Hi\ufffd"]


def test_the_national_tables_of_a_part_are_kept(desk: Desk) -> None:
    """For the join, which decodes it."""
    part_in(desk, {"bin": "08000301020124010" + "11B67", "esmclass": "64"}, "1")
    part_in(desk, {"bin": "0500030102024142", "esmclass": "64"}, "2")
    assert texts_in(desk) == ["ğAB"]


def test_a_part_for_a_stranger_is_kept_and_comes_back_alone(desk: Desk) -> None:
    """Its fellows went the same way."""
    part_in(desk, SECOND | {"receiver": "447700900999"}, "1")
    (letter,) = letters(desk)
    address = desk.runtime.project.numbers["main"].address
    ours = replace(letter, payload={**letter.payload, "receiver": address})
    (row,) = Reception(desk.runtime).events_of(ours)
    assert row.payload["text"] == "\ufffd!"


def test_a_declared_gateway_pushes_reports_as_get(desk: Desk) -> None:
    """They are kept like others; one that can't be read waits to be read again."""
    fields = ReportFields(id="id", to="to", status="type", states={"1": "delivered"})
    declared = Gateway(report=fields)
    gateway = HttpGateway("primary", "http://127.0.0.1:9", declared, transport=HttpTransport())
    desk.runtime.providers["primary"] = gateway
    query = {"id": "m1-0", "to": "447700900123", "type": "1"}
    told = desk.client.get(desk.hook("dlr"), query_string=query)
    assert told.json == {"accepted": 1, "known": 0, "unreadable": 0}
    desk.client.get(desk.hook("dlr"), query_string=query | {"to": "?"})
    letter = mended(letters(desk)[-1], '"?"', '"447700900123"')
    (row,) = Reception(desk.runtime).events_of(letter)
    assert (row.payload["wire_id"], row.payload["state"]) == ("m1-0", "delivered")


def test_reports_by_get_are_refused_by_who_pushes_as_post(desk: Desk) -> None:
    """With the status that says so."""
    assert desk.client.get(desk.hook("dlr")).status_code == 405
