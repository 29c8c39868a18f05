"""The API for those who answer: from the queue to the text that leaves, and back to the flow."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.web.conftest import TOKEN, Desk

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
PHONE = "+447700900123"
APPOINTMENT = {"id": "A7", "at": "2026-03-05 10:30 Europe/London", "place": "Elm Road"}


@pytest.fixture
def worker(desk: Desk) -> Iterator[None]:
    """Works rows off while requests wait for what comes of them."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.005):
            desk.works()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    done.set()
    thread.join()


def ask(desk: Desk, path: str = "") -> Any:
    return desk.client.get(f"/v1/handoffs{path}", headers=HEADERS)


def post(desk: Desk, path: str, body: Any, **headers: str) -> Any:
    desk.clock.advance(timedelta(seconds=1))
    return desk.client.post(f"/v1/handoffs{path}", json=body, headers={**HEADERS, **headers})


def handed_over(desk: Desk) -> str:
    """Somebody asks to move an appointment; the id of the handoff."""
    body = {"contact": PHONE, "inputs": {"appointment": APPOINTMENT}}
    desk.client.post("/v1/flows/appointment-reminder/sessions", json=body, headers=HEADERS)
    desk.works()
    desk.clock.advance(timedelta(seconds=50 * 3600))
    desk.works()
    says(desk, "move")
    (found,) = ask(desk, "?queue=reception").json["handoffs"]
    assert (found["contact"], found["note"]) == (PHONE, "move - appointment A7")
    return str(found["id"])


def says(desk: Desk, text: str) -> None:
    desk.clock.advance(timedelta(seconds=1))
    query = {"who": PHONE.removeprefix("+"), "what": text, "id": text}
    desk.client.get(desk.hook("mo"), query_string=query)
    desk.works()


def test_without_the_token_nothing_is_told(desk: Desk) -> None:
    assert desk.client.get("/v1/handoffs").status_code == 401
    assert desk.client.post("/v1/handoffs/x/texts", json={"text": "x"}).status_code == 401


@pytest.mark.usefixtures("worker")
def test_a_person_reads_answers_and_gives_it_back(desk: Desk) -> None:
    handoff = handed_over(desk)
    answer = post(desk, f"/{handoff}/texts", {"text": "Tuesday at 9?", "by": "reception"})
    assert (answer.status_code, answer.json["result"]) == (200, "accepted")
    says(desk, "hours")  # a keyword, which breaks into nothing
    told = ask(desk, f"/{handoff}").json
    assert [(each["by"], each["text"]) for each in told["texts"]][1:] == [
        ("contact", "move"),
        ("flow", "One moment, a colleague will text you."),
        ("person", "Tuesday at 9?"),
        ("contact", "hours"),
    ]
    assert told["texts"][3]["message"] == answer.json["message"]
    assert told["waits_since"] is not None
    assert post(desk, f"/{handoff}/close", {"by": "reception"}).json == {"result": "closed"}
    assert ask(desk, "?queue=reception").json == {"handoffs": []}
    (over,) = ask(desk, "?state=closed").json["handoffs"]
    assert (over["by"], over["reason"]) == ("reception", "closed")
    session = desk.client.get(f"/v1/sessions/{over['session']}", headers=HEADERS).json
    assert session["outcome"] == "handled_by_person"
    assert post(desk, f"/{handoff}/texts", {"text": "Hello?"}).status_code == 409


@pytest.mark.usefixtures("worker")
def test_a_text_that_is_posted_twice_goes_out_once(desk: Desk) -> None:
    handoff = handed_over(desk)
    key = {"Idempotency-Key": "k1"}
    first = post(desk, f"/{handoff}/texts", {"text": "Hello"}, **key)
    second = post(desk, f"/{handoff}/texts", {"text": "Hello"}, **key)
    assert first.json == second.json
    said = [each["text"] for each in ask(desk, f"/{handoff}").json["texts"]]
    assert said.count("Hello") == 1


@pytest.mark.usefixtures("worker")
def test_after_stop_no_person_texts_either(desk: Desk) -> None:
    handoff = handed_over(desk)
    says(desk, "STOP")
    answer = post(desk, f"/{handoff}/texts", {"text": "Please"})
    assert (answer.status_code, "opted_out" in answer.json["error"]["message"]) == (409, True)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "send the text"),
        ({"text": "  "}, "the text is empty"),
        ({"text": 7}, "send the text"),
        ({"text": "x" * 2000}, "at most 10"),
        ({"text": "x", "to": "y"}, "unknown key 'to'"),
        ({"text": "x", "by": ""}, "'by' must be"),
    ],
)
def test_what_can_not_be_sent_is_refused(desk: Desk, body: Any, problem: str) -> None:
    answer = post(desk, f"/{handed_over(desk)}/texts", body)
    assert (answer.status_code, problem in answer.json["error"]["message"]) == (400, True)


def test_what_is_not_there_is_said(desk: Desk) -> None:
    assert ask(desk, "/nothing").status_code == 404
    assert post(desk, "/nothing/close", {}).status_code == 404
    assert ask(desk, "?state=lost").status_code == 400
    assert ask(desk, "?que=desk").status_code == 400


def test_the_figures_count_open_handoffs(desk: Desk) -> None:
    handed_over(desk)
    desk.clock.advance(timedelta(seconds=60))
    told = desk.client.get("/metrics").text
    assert "smsflow_handoffs 1.0" in told
    assert "smsflow_handoffs_oldest_unanswered_seconds 60.0" in told
