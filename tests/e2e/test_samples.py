"""The sample flows, end to end over HTTP: web, worker, sender, provider, handset and back."""

from __future__ import annotations

from datetime import UTC, datetime

from smsflow.engine.words.compliance import TEXTS
from smsflow.sandbox import fates
from smsflow.sms.states import State
from tests.e2e.conftest import Town


def test_a_keyword_is_answered(town: Town) -> None:
    """A text comes in and a YAML flow answers."""
    phone = town.phone()
    phone.says("Hours, please?")
    assert phone.hears() == ("We are open Mon-Sat 9:00-18:00. Reply STOP to opt out.", "main")
    phone.hears_nothing()
    (message,) = town.store.messages_of(phone.number)
    assert message.state is State.DELIVERED


def test_a_code_typed_wrong_then_right(town: Town) -> None:
    """A one-time password is asked for by API, mistyped once, and then accepted."""
    phone = town.phone()
    session = town.start("otp", phone, purpose="pay")
    text, _ = phone.hears()
    code = text[:6]
    wrong = "000000" if code != "000000" else "111111"
    phone.says(wrong)
    assert phone.hears()[0] == "That code is not right. Tries left - 2."
    phone.says(f"it's {code[:3]} {code[3:]}")
    assert phone.hears()[0] == "Thanks, your number is confirmed."
    assert town.outcome(session) == "verified"


def test_a_code_posted_by_the_web_application(town: Town) -> None:
    """`verify` answers in the request itself, and the code stands nowhere in clear afterwards."""
    phone = town.phone()
    session = town.start("otp", phone)
    code = phone.hears()[0][:6]
    wrong = "000000" if code != "000000" else "111111"
    assert town.api("POST", f"/sessions/{session}/verify", {"code": wrong}) == (
        200,
        {"result": "wrong", "attempts_left": 2},
    )
    status, answer = town.api("POST", f"/sessions/{session}/verify", {"code": code})
    assert (status, answer["result"]) == (200, "verified")
    phone.hears()
    town.settles()
    town.store.tidy(town.clock.now())  # as the sweep does every minute
    stored = [message.text for message in town.store.messages_of(phone.number)]
    assert stored
    assert not any(code in text for text in stored)
    assert all(code not in f"{line}" for line in town.store.trace(session))


def test_a_reminder_is_taken_up_by_the_backup_number(town: Town) -> None:
    """The first number can't deliver, so the second one does, and its answer counts."""
    phone = town.phone()
    phone.fate(fates.undeliverable(), "main")
    session = town.start(
        "appointment-reminder",
        phone,
        appointment={"id": "A7", "at": "2026-03-05 10:30 Europe/London", "place": "Elm Road"},
    )
    town.at(datetime(2026, 3, 4, 10, 31, tzinfo=UTC))
    text, number = phone.hears()
    assert number == "backup"
    assert "Elm Road is on 5 March at 10:30" in text
    phone.says("Yes!!", to="backup")
    assert phone.hears() == ("See you on 5 March at 10:30.", "backup")
    assert town.outcome(session) == "confirmed"
    town.settles()
    states = {message.number: message.state for message in town.store.messages_of(phone.number)}
    assert states == {"main": State.UNDELIVERABLE, "backup": State.DELIVERED}


def test_a_number_that_nobody_reaches_ends_the_flow(town: Town) -> None:
    """Both numbers fail: the flow's own `on_failed` is what happens."""
    phone = town.phone()
    phone.fate(fates.undeliverable(), "main")
    phone.fate(fates.refused("REJECTED_DESTINATION"), "backup")
    session = town.start(
        "appointment-reminder",
        phone,
        appointment={"id": "A7", "at": "2026-03-05 10:30 Europe/London", "place": "Elm Road"},
    )
    town.at(datetime(2026, 3, 4, 10, 31, tzinfo=UTC))
    assert town.outcome(session) == "unreachable"


def test_a_survey_with_an_invalid_answer(town: Town) -> None:
    """An answer out of range is asked again, then the survey goes on."""
    phone = town.phone()
    phone.says("feedback")
    assert phone.hears()[0].startswith("How did we do today?")
    phone.says("9")
    assert phone.hears()[0] == "Please reply with a number from 1 to 5."
    phone.says("it was a 5")
    assert phone.hears()[0].startswith("Anything you would like to add?")
    phone.says("Lovely team")
    assert phone.hears()[0] == "Thank you. We are glad you are happy!"


def test_stop_prevents_every_text_until_start(town: Town) -> None:
    """STOP is confirmed once; timers, keywords and the API bring no text; START ends it."""
    phone = town.phone()
    session = town.start(
        "appointment-reminder",
        phone,
        appointment={"id": "A7", "at": "2026-03-05 10:30 Europe/London", "place": "Elm Road"},
    )
    town.settles()
    phone.says("STOP")
    assert phone.hears()[0] == TEXTS["compliance.stopped"]["en"]
    assert town.outcome(session) == "opted_out"
    phone.says("hours")
    town.start("otp", phone)
    town.at(datetime(2026, 3, 5, 12, 0, tzinfo=UTC))
    phone.hears_nothing()
    phone.says("START")
    phone.hears()
    phone.says("hours")
    assert phone.hears()[0].startswith("We are open")
