"""`fills`: the words after a keyword answer questions, and what they leave open is asked."""

import pytest

BOOK = """
triggers: [{keyword: BOOK, fills: [day, people]}]
steps:
  - ask: Which day?
    save: day
    type: date
    min: "{{ today }}"
    max: "{{ today + days(60) }}"
    valid: value.weekday() < 5
    invalid: Not at weekends.
  - ask: How many?
    save: people
    type: integer
    range: [1, 12]
    then:
      4: {send: The round table.}
  - send: "{{ day }} for {{ people }}"
"""


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("BOOK friday 3", ["2025-03-14 for 3"]),
        ("book 3 friday", ["2025-03-14 for 3"]),
        ("book friday 4", ["The round table.", "2025-03-14 for 4"]),  # its way under `then`
        ("book friday", ["How many?"]),
        ("book 3", ["Which day?"]),
        ("book", ["Which day?"]),
        ("book please", ["Which day?"]),
        ("book friday 40", ["How many?"]),  # out of range
        ("book saturday 3", ["Which day?"]),  # `valid` says no
        ("book 2025-01-31 3", ["Which day?"]),  # before `min`
    ],
)
def test_only_what_is_missing_or_invalid_is_asked(world, phone, text, heard):
    """The clock shows Monday, 10 March 2025."""
    world(BOOK)
    phone.says(text)
    phone.heard(*heard)


def test_what_was_filled_is_kept_and_traced_like_an_answer(world, phone, sessions, trace):
    world(BOOK)
    phone.says("BOOK friday")
    session = sessions()[-1]
    assert session.answers["day"]["raw"] == "friday"
    assert (session.asked, session.filled) == (["day"], {})
    assert trace("filled") == ["2025-03-14 (day in 'friday')"]


def test_a_question_that_is_skipped_takes_nothing(world, phone):
    flow = BOOK.replace("type: integer", "type: integer\n    when: day.day == 17")
    world(flow.replace("{{ people }}", "{{ people | default('all') }}"))
    phone.says("BOOK friday 3")
    phone.heard("2025-03-14 for all")


def test_tomorrow_is_the_day_after_it_was_said(world, phone, clock):
    """However late its question's turn comes."""
    world(BOOK.replace("steps:", "steps:\n  - wait: 2d").replace('min: "{{ today }}"', ""))
    phone.says("book tomorrow 3")
    clock.passes("2d")
    phone.heard("2025-03-11 for 3")


def test_a_question_that_comes_again_is_asked(world, phone):
    world(
        """
        triggers: [{keyword: ADD, fills: [n]}]
        steps:
          - {id: more, ask: Which number?, save: n, type: integer}
          - send: "Got {{ n }}"
          - goto: more
        """
    )
    phone.says("add 3")
    phone.heard("Got 3", "Which number?")


def test_a_bound_of_another_answer_counts(world, phone):
    """It is not known yet when the words are shared out."""
    world(
        """
        triggers: [{keyword: RENT, fills: [begin, finish]}]
        steps:
          - {ask: From?, save: begin, type: date}
          - {ask: Until?, save: finish, type: date, min: "{{ begin }}"}
          - send: "{{ begin }} to {{ finish }}"
        """
    )
    phone.says("rent friday tuesday")
    phone.heard("Until?")
    phone.says("next monday")
    phone.heard("2025-03-14 to 2025-03-17")
