"""One-time codes: made, sent, compared, counted, locked, never kept in clear."""

import json

import pytest

from smsflow.engine import codes
from smsflow.engine.effects import Traced
from smsflow.engine.model import Otp, Text
from smsflow.errors import Place

OTP = """
kind: otp
triggers: [{keyword: LOGIN}, {api: true}]
steps:
  - otp: "{{ code }} is your code."
    expires: 5m
    attempts: 3
    wrong: Wrong, {{ attempts_left }} left.
    resend: {words: [AGAIN], times: 2, every: 30s}
    on_expired: {end: too_late}
    on_locked: {end: locked}
  - send: Welcome.
"""
SIX = Otp(id="a", place=Place("flows/a.yaml", 1, 1), text=Text({}), digits=6)


@pytest.fixture(autouse=True)
def _known_codes(place):
    place.rng.codes = ["482913", "550127", "661238", "772349"]


@pytest.mark.parametrize(
    "text",
    [
        "482913",
        "482 913",
        "482-913",
        "482.913",
        " 482913 ",
        "it is 482913!",
        "٤٨٢٩١٣",
        "4 8 2 9 1 3",
    ],
)
def test_the_right_code_counts_however_it_is_typed(world, phone, text):
    world(OTP)
    phone.says("login")
    phone.says(text)
    phone.heard("482913 is your code.", "Welcome.")


def test_wrong_codes_are_counted_and_then_lock_the_flow_for_an_hour(world, phone, clock, ended):
    world(OTP)
    phone.says("login")
    for _ in range(3):
        phone.says("000000")
    phone.heard("482913 is your code.", "Wrong, 2 left.", "Wrong, 1 left.")
    assert ended() == ["locked"]
    clock.passes("59m59s")
    phone.says("login")
    phone.heard_nothing()
    clock.passes("1s")
    phone.says("login")
    phone.heard("550127 is your code.")


def test_the_right_code_after_the_lock_is_too_late(world, phone, ended):
    world(OTP)
    phone.says("login")
    for _ in range(3):
        phone.says("000000")
    phone.says("482913")
    assert ended() == ["locked"]


@pytest.mark.parametrize("guess", ["48291", "4829130", "0482913"])
def test_a_code_of_another_length_is_wrong(world, phone, guess):
    world(OTP)
    phone.says("login")
    phone.says(guess)
    phone.heard("482913 is your code.", "Wrong, 2 left.")


def test_a_text_without_a_code_costs_no_try(world, phone):
    world(OTP)
    phone.says("login")
    for _ in range(5):
        phone.says("what is this?")
    phone.says("482913")
    phone.heard("482913 is your code.", "Welcome.")


@pytest.mark.parametrize("text", ["call 12 or 3456 now", "1 and 2"])
def test_a_text_with_several_numbers_holds_no_code(text):
    assert codes.code_in(text, SIX) is None


def test_the_one_number_of_the_right_length_is_the_code():
    assert codes.code_in("order 12: 482913", SIX) == "482913"


def test_a_new_code_kills_the_old_one_and_keeps_the_count_of_tries(world, phone, clock):
    world(OTP)
    phone.says("login")
    phone.says("000000")
    clock.passes("30s")
    phone.says("again")
    phone.says("482913")
    phone.says("550127")
    phone.heard(
        "482913 is your code.",
        "Wrong, 2 left.",
        "550127 is your code.",
        "Wrong, 1 left.",
        "Welcome.",
    )


def test_new_codes_come_neither_too_soon_nor_too_often(world, phone, clock):
    world(OTP)
    phone.says("login")
    clock.passes("29s")
    phone.says("again")
    phone.heard("482913 is your code.")
    for _ in range(4):
        clock.passes("31s")
        phone.says("again")
    phone.heard("550127 is your code.", "661238 is your code.")


def test_a_new_code_lives_for_its_whole_time(world, phone, clock, ended):
    """The first code's expiry does not end the second."""
    world(OTP)
    phone.says("login")
    clock.passes("4m")
    phone.says("again")
    clock.passes("4m59s")
    assert ended() == [None]
    clock.passes("1s")
    assert ended() == ["too_late"]


def test_a_new_code_takes_the_waiting_resend_of_the_old_one_with_it(world, phone, clock, dlr):
    world(OTP.replace("expires: 5m", "expires: 1h\n    deliver: careful"))
    phone.says("login")
    dlr("expired")
    clock.passes("1m")
    phone.says("again")
    clock.passes("40m")
    phone.heard("482913 is your code.", "550127 is your code.")


def test_the_web_application_can_post_the_code(start, world, phone):
    simulator = world(OTP)
    start()
    assert simulator.verify("111111") == {"result": "wrong", "attempts_left": 2}
    assert simulator.verify("482913") == {"result": "verified", "attempts_left": 2}
    assert simulator.verify("482913") == {"result": "not_waiting"}
    phone.heard("482913 is your code.", "Welcome.")


def test_posted_and_texted_guesses_count_together(start, world, phone, ended):
    simulator = world(OTP)
    start()
    phone.says("000000")
    simulator.verify("000000")
    assert simulator.verify("000000") == {"result": "locked", "attempts_left": 0}
    assert ended() == ["locked"]


def test_a_right_code_is_verified_even_if_the_flow_fails_after_it(start, world, ended):
    simulator = world(OTP.replace("Welcome.", "'{{ 1 + contact.score }}'"))
    start()
    assert simulator.verify("482913")["result"] == "verified"
    assert ended() == ["failed"]


def test_accept_says_which_way_codes_come_back(start, world, phone):
    simulator = world(OTP.replace("attempts: 3", "attempts: 3\n    accept: [reply]"))
    start()
    assert simulator.verify("482913") == {"result": "not_waiting"}
    phone.says("482913")
    phone.heard("482913 is your code.", "Welcome.")


def test_a_texted_code_is_none_when_only_the_web_takes_it(start, world, ended):
    simulator = world(OTP.replace("attempts: 3", "attempts: 3\n    accept: [api]"))
    start()
    simulator.text("482913")
    assert ended() == [None]
    assert simulator.verify("482913")["result"] == "verified"


@pytest.mark.parametrize(
    "text", ["{{ code }}", "{{ code[:3] }} {{ code[3:] }}", "{{ code | int + 0 }}"]
)
def test_no_code_stands_in_state_or_trace(world, phone, text):
    """Neither before it comes back nor after, however the text spells it."""
    simulator = world(OTP.replace("{{ code }} is", f"{text} is"))
    phone.says("login")
    phone.says("999999")
    kept = [json.dumps(each.to_json()) for each in simulator.sessions.values()]
    phone.says("482913")
    kept += [json.dumps(each.to_json()) for each in simulator.sessions.values()]
    kept += [each.line.detail for each in simulator.trace if isinstance(each.line, Traced)]
    masked = simulator.sent[0].effect.masked
    assert masked is not None
    kept.append(masked)
    for secret in ("482913", "482 913"):
        assert not [line for line in kept if secret in line]


def test_the_text_itself_expires_with_the_code(world, phone):
    simulator = world(OTP)
    phone.says("login")
    (text,) = simulator.sent
    assert text.effect.expires is not None
    assert (text.effect.expires - text.due).total_seconds() == 300


def test_a_digest_is_bound_to_secret_session_and_code():
    made = {
        codes.digest(secret, session, code)
        for secret in (b"one", b"two")
        for session in ("s", "t")
        for code in ("123456", "123457")
    }
    assert len(made) == 8


def test_codes_are_compared_in_constant_time():
    """The comparison is the standard library's own, the only one in this module."""
    names = codes.compare.__code__.co_names
    assert "compare_digest" in names


def test_codes_know_no_quiet_hours(start, world, phone, clock):
    clock.shows("2025-03-10 23:00")
    world(OTP)
    start()
    phone.heard("482913 is your code.")
