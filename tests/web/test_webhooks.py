"""Where providers push: who is let in, what is read, and that nothing is lost."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smsflow.store.rows import Kind
from tests.web.conftest import OLD_SECRET, SECRETS, Desk

RESULT = {
    "messageId": "817790313235066447",
    "from": "447700900123",
    "to": "447700900000",
    "text": "hours",
    "cleanText": "hours",
    "keyword": "",
    "receivedAt": "2026-03-02T09:00:00.000+0000",
    "smsCount": 1,
}

FORMS = {
    "text": "who=447700900123&what=hours",
    "text with everything": (
        "who=447700900123&what=hours&receiver=447700900000&bin=&datacoding=0&esmclass=0"
        "&datetime=2026-03-02T09:00:00.000%2B0000&id=1"
    ),
    "bin, GSM": "who=447700900123&bin=686f757273&datacoding=0",
    "bin, UCS-2": "who=447700900123&bin=0068006f007500720073&datacoding=8&what=",
    "names in any case": "who=447700900123&what=hours&RECEIVER=447700900000",
    "a plus after all": "who=%2B447700900123&what=hours",
}


@pytest.mark.parametrize("query", FORMS.values(), ids=FORMS.keys())
def test_every_form_of_a_pushed_text_is_read(desk: Desk, query: str) -> None:
    """Manual, "Push received messages": GET, with parameter names of the user's choosing."""
    answer = desk.client.get(f"{desk.hook('mo')}?{query}")
    assert answer.status_code == 200
    assert answer.json == {"accepted": 1, "known": 0, "unreadable": 0}
    (row,) = desk.rows()
    assert (row.kind, row.contact) == (Kind.MO, "+447700900123")
    assert (row.payload["text"], row.payload["number"]) == ("hours", "main")


@pytest.mark.parametrize("what", ["mo?who=447700900123&what=hours", "dlr"])
def test_a_head_stores_nothing(desk: Desk, what: str) -> None:
    """What looks whether a URL is there is no push."""
    answer = desk.client.head(desk.hook(what))
    assert answer.status_code == 405
    assert "HEAD" not in answer.headers["Allow"]
    assert desk.rows() == []


def test_a_push_that_finds_the_database_busy_is_to_come_again(desk: Desk) -> None:
    """503 makes the provider push it once more; nothing was written meanwhile."""
    database = desk.runtime.store._db
    database.patience = 0.01
    with database.write():
        busy = desk.client.get(f"{desk.hook('mo')}?who=447700900123&what=hours")
    assert busy.status_code == 503
    assert busy.json is not None
    assert busy.json["error"]["code"] == "unavailable"
    assert desk.rows() == []


def test_a_post_of_the_pull_format_is_read(desk: Desk) -> None:
    """Manual, "Pull received message": the same JSON, pushed."""
    answer = desk.client.post(desk.hook("mo"), json={"results": [RESULT]})
    assert answer.json == {"accepted": 1, "known": 0, "unreadable": 0}
    assert desk.rows()[0].payload["text"] == "hours"


def test_one_bad_result_does_not_cost_the_others(desk: Desk) -> None:
    """What can't be read is kept for operators, and the rest goes its way."""
    bad = {**RESULT, "messageId": "2", "from": "not a number at all"}
    stranger = {**RESULT, "messageId": "3", "to": "447700900999"}
    results = [bad, RESULT, stranger, {}]
    answer = desk.client.post(desk.hook("mo"), json={"results": results})
    assert answer.json == {"accepted": 1, "known": 0, "unreadable": 3}
    assert desk.runtime.store.counts()["dead_letters"] == 3


def test_a_redelivery_changes_nothing_and_is_answered_200(desk: Desk) -> None:
    """The provider pushes again when it did not hear our answer."""
    query = f"{desk.hook('mo')}?who=447700900123&what=hours&id=77"
    desk.client.get(query)
    again = desk.client.get(query)
    assert (again.status_code, again.json) == (200, {"accepted": 0, "known": 1, "unreadable": 0})
    desk.works()
    assert desk.client.get(query).json == {"accepted": 0, "known": 1, "unreadable": 0}
    assert desk.rows() == []


def test_the_same_words_without_an_id_are_two_answers(desk: Desk) -> None:
    """Nothing tells a redelivery from a second YES, so nothing is dropped."""
    for _ in range(2):
        desk.client.get(f"{desk.hook('mo')}?who=447700900123&what=YES")
    assert len(desk.rows()) == 2


def test_without_an_id_who_what_and_when_tell_a_redelivery(desk: Desk) -> None:
    """The hash of from, to, text and time stands in for the id."""
    query = "who=447700900123&what=YES&datetime=2026-03-02T09:00:00.000%2B0000"
    for _ in range(2):
        desk.client.get(f"{desk.hook('mo')}?{query}")
    assert len(desk.rows()) == 1


def report(wire_id: str, name: str = "DELIVERED_TO_HANDSET", **more: object) -> dict[str, object]:
    return {
        "bulkId": "b",
        "messageId": wire_id,
        "to": "447700900123",
        "sentAt": "2026-03-02T09:00:00.000+0000",
        "doneAt": "2026-03-02T09:00:01.000+0000",
        "smsCount": 1,
        "status": {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": name},
        "error": {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR"},
        **more,
    }


def test_reports_become_rows_one_for_each_result(desk: Desk) -> None:
    """Manual, "Delivery reports on Notify URL": one or many results."""
    body = {"results": [report("m-0"), report("n-1")]}
    answer = desk.client.post(desk.hook("dlr"), json=body)
    assert answer.json == {"accepted": 2, "known": 0, "unreadable": 0}
    assert [row.payload["wire_id"] for row in desk.rows()] == ["m-0", "n-1"]


def test_a_report_of_an_unknown_id_is_kept_and_harms_nothing(desk: Desk) -> None:
    """It may be somebody else's, or forged: it is put aside for 48 hours."""
    desk.client.post(desk.hook("dlr"), json={"results": [report("nobodys-0")]})
    desk.works()
    assert desk.runtime.store.counts()["unplaced"] == 1


REFUSED = {
    "wrong secret": ("primary", "wrong", 404),
    "no secret": ("primary", "", 404),
    "the other provider's secret": ("primary", SECRETS["secondary"], 404),
    "unknown provider": ("nobody", SECRETS["primary"], 404),
    "secret with a tail": ("primary", SECRETS["primary"] + "x", 404),
    "a secret outside ASCII": ("primary", "s\u00e9cret", 404),
}


@pytest.mark.parametrize(("provider", "secret", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_forged_push_writes_nothing(desk: Desk, provider: str, secret: str, status: int) -> None:
    """Whoever does not know the secret finds no page there."""
    for what, body in (("mo", {"results": [RESULT]}), ("dlr", {"results": [report("m-0")]})):
        answer = desk.client.post(f"/webhooks/{provider}/{secret}/{what}", json=body)
        assert answer.status_code == status
    assert desk.rows() == []


def test_two_secrets_are_valid_at_once_for_rotation(desk: Desk) -> None:
    """The new one is given out, the old one still let in."""
    for secret in (None, OLD_SECRET):
        url = f"{desk.hook('mo', 'secondary', secret)}?sender=447700900123&text=hi"
        assert desk.client.get(url).status_code == 200
    assert desk.runtime.report_url("secondary").split("/")[-2] == SECRETS["secondary"]


BROKEN = {
    "no JSON": (b"{", 400),
    "no results": (b'{"messages": []}', 400),
    "results are no list": (b'{"results": 7}', 400),
    "not UTF-8": (b"\xff\xfe", 400),
    "too many results": (json.dumps({"results": [RESULT] * 101}).encode(), 413),
    "too large": (b" " * (1024 * 1024 + 1), 413),
}


@pytest.mark.parametrize(("body", "status"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_push_is_a_callers_mistake(desk: Desk, body: bytes, status: int) -> None:
    """Answered with what is wrong, in the one shape of errors; nothing is written."""
    for what in ("mo", "dlr"):
        answer = desk.client.post(desk.hook(what), data=body, content_type="application/json")
        assert answer.status_code == status
        assert answer.json is not None
        assert answer.json["error"]["message"]
    assert desk.rows() == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.binary(max_size=300), query=st.dictionaries(st.text(max_size=8), st.text(max_size=40))
)
def test_random_pushes_are_never_a_500(desk: Desk, body: bytes, query: dict[str, str]) -> None:
    """No bytes and no parameters make us fail."""
    for what in ("mo", "dlr"):
        answer = desk.client.post(desk.hook(what), data=body, content_type="application/json")
        assert answer.status_code < 500
    given_query = {"who": "447700900123", **query}
    assert desk.client.get(desk.hook("mo"), query_string=given_query).status_code < 500


def test_texts_numbers_and_secrets_stand_in_no_log(
    desk: Desk, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The push of a text is a GET, so a log of requests would be a log of texts."""
    caplog.set_level(logging.DEBUG)
    desk.client.get(f"{desk.hook('mo')}?who=447700900123&what=CANARY&id=1")
    desk.works()
    desk.client.get("/webhooks/primary/wrong/mo?who=447700900123&what=CANARY")
    desk.client.post(desk.hook("mo"), json={"results": [{**RESULT, "from": "CANARY to nobody"}]})
    told = caplog.text + "".join(capfd.readouterr())
    assert "unreadable" in told
    for canary in ("CANARY", "447700900123", SECRETS["primary"]):
        assert canary not in told
