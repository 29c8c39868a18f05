"""One text answers several questions, and what it does not answer is asked."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsflow.engine.words.answers import AnswerContext, AnswerSpec
from smsflow.engine.words.fills import fill

CONTEXT = AnswerContext(language="en", today=date(2025, 3, 10))  # a Monday
DAY, PEOPLE = ("day", AnswerSpec("date")), ("people", AnswerSpec("integer", minimum=1, maximum=12))
NAME = ("name", AnswerSpec("text"))
FRIDAY = date(2025, 3, 14)


@pytest.mark.parametrize(
    ("text", "answers", "invalid", "missing"),
    [
        ("friday 4", {"day": FRIDAY, "people": 4}, (), ("name",)),
        ("friday 4 Ann Smith", {"day": FRIDAY, "people": 4, "name": "Ann Smith"}, (), ()),
        ("12 May 4 Ann", {"day": date(2025, 5, 12), "people": 4, "name": "Ann"}, (), ()),
        ("friday Ann Smith", {"day": FRIDAY, "name": "Ann Smith"}, (), ("people",)),
        ("friday", {"day": FRIDAY}, (), ("people", "name")),
        ("", {}, (), ("day", "people", "name")),
    ],
)
def test_words_are_shared_out_in_the_order_of_the_questions(
    text: str, answers: dict[str, Any], invalid: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    filled = fill(text.split(), [DAY, PEOPLE, NAME], CONTEXT)
    assert {name: parsed.value for name, parsed in filled.answers.items()} == answers
    assert tuple(filled.invalid) == invalid
    assert filled.missing == missing


@pytest.mark.parametrize(
    ("text", "answers", "missing"),
    [
        ("4 friday", {"people": 4, "day": FRIDAY}, ()),
        ("friday for 4 people please", {"day": FRIDAY, "people": 4}, ()),
        ("friday please", {"day": FRIDAY}, ("people",)),
        ("sunday 4 may 2", {"day": date(2025, 5, 4), "people": 2}, ()),
        ("on the 12th for two", {"day": date(2025, 3, 12), "people": 2}, ()),
    ],
)
def test_other_words_and_another_order_do_no_harm(
    text: str, answers: dict[str, Any], missing: tuple[str, ...]
) -> None:
    filled = fill(text.split(), [DAY, PEOPLE], CONTEXT)
    assert {name: parsed.value for name, parsed in filled.answers.items()} == answers
    assert filled.missing == missing


def test_what_is_meant_for_a_question_and_no_answer_is_invalid() -> None:
    filled = fill(["friday", "44"], [DAY, PEOPLE], CONTEXT)
    assert filled.invalid["people"].reason == "out of range"
    assert filled.missing == ()
    assert filled.said == {"day": "friday"}


def test_a_free_text_at_the_end_takes_however_many_words_follow() -> None:
    words = [f"w{number}" for number in range(100)]
    filled = fill(words, [NAME], CONTEXT)
    assert filled.answers["name"].value == " ".join(words)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["friday", "4", "12", "May", "for", "Ann", "44", "?"]), max_size=9))
def test_every_question_is_answered_or_invalid_or_missing(words: list[str]) -> None:
    filled = fill(words, [DAY, PEOPLE, NAME], CONTEXT)
    names = [*filled.answers, *filled.invalid, *filled.missing]
    assert sorted(names) == ["day", "name", "people"]
