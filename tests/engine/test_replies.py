"""Answers are read as people text them; where two readings are left, none is guessed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.engine.words.answer_words import NO, NUMBERS, YES
from smsflow.engine.words.answers import AnswerTypeError, bound_of
from smsflow.engine.words.replies import (
    AnswerContext,
    AnswerSpec,
    Choice,
    Invalid,
    Parsed,
    matches_word,
    parse,
)

TODAY = date(2025, 3, 10)  # a Monday
SCORE = AnswerSpec(
    "integer", minimum=1, maximum=5, words={1: ("bad", "nul"), 5: ("great", "super")}
)
COUNT = AnswerSpec("integer")
PRICE = AnswerSpec("decimal")
YESNO = AnswerSpec("yesno")
REASON = AnswerSpec(
    "choice",
    choices=(
        Choice("wait", ("A", "waiting", "attente")),
        Choice("staff", ("B", "rude", "équipe")),
        Choice("price", ("C", "prix")),
        Choice("other", ("D", "autre")),
    ),
)
APPOINTMENT = AnswerSpec(
    "choice",
    choices=(
        Choice("confirm", ("C", "yes", "ok", "oui")),
        Choice("move", ("M", "move", "change", "déplacer")),
        Choice("decline", ("X", "no", "can't come", "non")),
    ),
)
LETTERED = AnswerSpec("choice", choices=(Choice("red"), Choice("green")), letters=True)


def value(text: str, spec: AnswerSpec, language: str = "en") -> Any:
    parsed = parse(text, spec, AnswerContext(language=language, today=TODAY))
    assert isinstance(parsed, Parsed), parsed
    return parsed.value


def refusal(text: str, spec: AnswerSpec, language: str = "en") -> str:
    parsed = parse(text, spec, AnswerContext(language=language, today=TODAY))
    assert isinstance(parsed, Invalid), parsed
    return parsed.reason


@pytest.mark.parametrize(
    "text",
    [
        *("2", " 2 ", "2!", "2.", "two", "Two!", "it was a 2", "a 2 please", "٢", "２", "2️⃣"),
        *("2/5", "2 out of 5", "2 sur 5", "2 of 5", "2.0", "+2", "2 2", "two, 2", "deux", "zwei"),
    ],
)
def test_a_two_is_a_two_in_any_form(text: str) -> None:
    assert value(text, SCORE) == 2


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("bad", 1),
        ("NUL!", 1),
        ("it was great", 5),
        ("Super, merci", 5),
        ("bad bad bad", 1),
    ],
)
def test_the_questions_own_words_stand_for_its_values(text: str, score: int) -> None:
    assert value(text, SCORE) == score


def test_the_questions_own_words_hide_the_number_words_in_them() -> None:
    spec = AnswerSpec("integer", words={9: ("two stars", "two")})
    assert value("two", spec) == 9
    assert value("I give two stars", spec) == 9


@pytest.mark.parametrize(
    "text",
    [
        "it was a 2, not a 5",
        "2 or 3",
        "3/4",
        "bad, a 5",
        "one two",
        "10:30",
        "3-5",
        "great and bad",
    ],
)
def test_two_candidates_are_no_answer(text: str) -> None:
    assert refusal(text, SCORE).startswith("more than one answer")


@pytest.mark.parametrize("text", ["6", "0", "-1", "-2", "1,000", "9" * 300, "twenty"])
def test_a_number_outside_of_the_bounds_is_out_of_range(text: str) -> None:
    assert refusal(text, SCORE) == "out of range"


@pytest.mark.parametrize("text", ["4.5", "4,5", "about 4.5"])
def test_a_fraction_is_not_a_whole_number(text: str) -> None:
    assert refusal(text, SCORE) == "4.5 is not a whole number"


@pytest.mark.parametrize("text", ["maybe", "?", "...", "👍", "hello there"])
def test_a_text_without_a_number_is_no_number(text: str) -> None:
    assert "is an answer" in refusal(text, SCORE)


@pytest.mark.parametrize(
    ("language", "text", "number"),
    [
        ("en", "twenty-one", 21),
        ("en", "about thirty five I think", 35),
        ("fr", "vingt et un", 21),
        ("fr", "quatre-vingt-dix-sept", 97),
        ("fr", "soixante et onze", 71),
        ("de", "einundzwanzig", 21),
        ("de", "fünf", 5),
        ("es", "treinta y dos", 32),
        ("es", "veintiuno", 21),
        ("pt", "vinte e três", 23),
        ("pt-BR", "duas", 2),
        ("it", "ventuno", 21),
        ("it", "ventitré", 23),
        ("nl", "eenentwintig", 21),
        ("nl", "tweeëntwintig", 22),
        ("fr", "c'était un deux", None),
        ("en", "1,200", 1200),
        ("de", "1.200", 1200),
        ("fr", "c'était très bien", None),
    ],
)
def test_number_words_belong_to_the_language_of_the_session(
    language: str, text: str, number: int | None
) -> None:
    parsed = parse(text, COUNT, AnswerContext(language=language, today=TODAY))
    assert (parsed.value if isinstance(parsed, Parsed) else None) == number


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("4.5", "en", 4.5),
        ("4,5", "en", 4.5),
        ("about 3.5 I think", "en", 3.5),
        ("1,000", "en", 1000.0),
        ("1,000", "fr", 1.0),
        ("1.000", "de", 1000.0),
        ("1.000,50", "de", 1000.5),
        ("1,000.50", "fr", 1000.5),
        ("1,234,567", "fr", 1234567.0),
        ("٤٫٥", "ar", 4.5),
        ("-2", "en", -2.0),
        ("−2", "en", -2.0),
        ("two", "en", 2.0),
    ],
)
def test_decimals_take_comma_or_dot(text: str, language: str, number: float) -> None:
    assert value(text, PRICE, language) == number


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "YES!!", "Y", "yeah ok", "oui", "Sí", "ja gerne", "ok thanks", "👍", "👍🏽", "✅"),
        *("yes please", "of course", "sure, go ahead", "ok 👍", "Oui merci"),
    ],
)
def test_a_yes_is_true(text: str) -> None:
    assert value(text, YESNO) is True


@pytest.mark.parametrize(
    "text", ["no", "N", "Nope.", "no thanks", "non", "nein danke", "Não", "👎", "no, do not call"]
)
def test_a_no_is_false(text: str) -> None:
    assert value(text, YESNO) is False


@pytest.mark.parametrize(
    "text", ["maybe", "yes and no", "not ok", "yes 👎", "👍👎", "I can't", "do not call", "2"]
)
def test_what_is_neither_or_both_is_no_answer(text: str) -> None:
    refusal(text, YESNO)


def test_words_of_other_languages_count_only_when_the_sessions_own_say_nothing() -> None:
    assert value("sim, no sábado", YESNO, "pt") is True
    assert value("da sage ich ja", YESNO, "en") is True


def test_a_yesno_question_can_have_words_of_its_own() -> None:
    spec = AnswerSpec("yesno", words={"yes": ("deal",), False: ("pass",)})
    assert value("deal!", spec) is True
    assert value("I'll pass", spec) is False


@pytest.mark.parametrize(
    ("text", "key"),
    [
        *(("B)", "staff"), ("b.", "staff"), ("b", "staff"), ("2", "staff"), ("rude", "staff")),
        *(("staff", "staff"), ("STAFF!", "staff"), ("Équipe", "staff"), ("equipe", "staff")),
        *(
            ("B please", "staff"),
            ("option B", "staff"),
            ("number 2", "staff"),
            ("it was C", "price"),
        ),
        *(
            ("it was a rude waiter", "staff"),
            ("too much waiting", "wait"),
            ("A", "wait"),
            ("٢", "staff"),
        ),
    ],
)
def test_a_choice_is_picked_by_key_word_letter_or_position(text: str, key: str) -> None:
    assert value(text, REASON) == key


@pytest.mark.parametrize(
    "text", ["waiting and rude", "it was a nightmare", "E", "5", "4.5", "A or B", "1 and 3", ""]
)
def test_no_choice_or_two_choices_are_no_answer(text: str) -> None:
    refusal(text, REASON)


def test_words_of_a_choice_can_be_several_words() -> None:
    assert value("can't come", APPOINTMENT) == "decline"
    assert value("Sorry, I can’t come tomorrow", APPOINTMENT) == "decline"
    assert value("Yes!!", APPOINTMENT) == "confirm"


def test_letters_pick_only_when_the_text_lists_them() -> None:
    assert value("b)", LETTERED) == "green"
    refusal("b)", AnswerSpec("choice", choices=LETTERED.choices))


def test_a_key_comes_before_a_position() -> None:
    spec = AnswerSpec("choice", choices=(Choice("2"), Choice("1")))
    assert value("1", spec) == "1"


def test_a_word_of_two_choices_picks_neither() -> None:
    spec = AnswerSpec("choice", choices=(Choice("a1", ("same",)), Choice("b1", ("same",))))
    refusal("same", spec)


def test_the_text_as_it_came_is_tried_before_the_folded_one() -> None:
    spec = AnswerSpec(
        "choice", choices=(Choice("what", ("?",)), Choice("plus", ("c++",)), Choice("c"))
    )
    assert (value("?", spec), value("c++", spec), value("c", spec)) == ("what", "plus", "c")


def test_a_free_text_is_taken_as_written_within_its_length() -> None:
    spec = AnswerSpec("text", minimum=2, maximum=5)
    assert value(" Hi!! ", spec) == "Hi!!"
    assert refusal("H", spec) == "shorter than 2 characters"
    assert refusal("Hello!", spec) == "longer than 5 characters"
    assert refusal("  ", AnswerSpec()) == "the text is empty"


@pytest.mark.parametrize(
    ("text", "spec", "how"),
    [
        ("Yes!!", APPOINTMENT, "word 'yes', exact"),
        ("it was a 2", SCORE, "number in 'it was a 2'"),
        ("2", SCORE, "number '2', exact"),
        ("two", SCORE, "number word 'two', exact"),
        ("2", REASON, "position 2, exact"),
        ("yeah ok", YESNO, "word 'yeah' in 'yeah ok'"),
        ("👍", YESNO, "sign '👍', exact"),
    ],
)
def test_the_trace_can_say_how_an_answer_was_read(text: str, spec: AnswerSpec, how: str) -> None:
    parsed = parse(text, spec, AnswerContext(language="en", today=TODAY))
    assert isinstance(parsed, Parsed)
    assert parsed.how == how


@pytest.mark.parametrize(
    ("text", "words", "matches"),
    [
        ("skip", ("SKIP", "no"), True),
        ("Skip!", ("SKIP",), True),
        ("plus tard", ("PLUS TARD",), True),
        ("passer", ("PASSÉR",), True),
        ("?", ("?", "AGAIN"), True),
        ("!", ("?",), False),
        ("skip it", ("SKIP",), False),
        ("", ("?",), False),
        ("skip", (), False),
    ],
)
def test_a_word_matches_the_whole_message(text: str, words: tuple[str, ...], matches: bool) -> None:
    assert matches_word(text, words) is matches


@pytest.mark.parametrize("language", sorted(YES))
def test_every_yes_no_and_number_word_is_understood_in_its_language(language: str) -> None:
    assert {word for word in YES[language] if value(word, YESNO, language) is not True} == set()
    assert {word for word in NO[language] if value(word, YESNO, language) is not False} == set()
    numbers = NUMBERS[language]
    assert {word for word in numbers if value(word, COUNT, language) != numbers[word]} == set()


# --- several choices ------------------------------------------------------------------------------

MULTI = AnswerSpec("multi", choices=REASON.choices, letters=True)


@pytest.mark.parametrize(
    ("language", "text", "keys"),
    [
        *(("en", "1, 3", "wait price"), ("en", "1 3", "wait price"), ("en", "3 1 3", "wait price")),
        *(
            ("en", "A and C", "wait price"),
            ("en", "a c", "wait price"),
            ("en", "A&C", "wait price"),
        ),
        *(("en", "price, rude", "staff price"), ("en", "rude and pryce", "staff price")),
        *(("en", "I think rude staff and the price", "staff price"), ("en", "b", "staff")),
        *(
            ("en", "all", "wait staff price other"),
            ("en", "none please", ""),
            ("en", "2 of them", "staff"),
        ),
        *(
            ("fr", "A et C", "wait price"),
            ("fr", "attente, équipe", "wait staff"),
            ("fr", "aucun", ""),
        ),
        *(
            ("fr", "tout", "wait staff price other"),
            ("de", "A und D", "wait other"),
            ("de", "nichts", ""),
        ),
        *(("es", "a y b", "wait staff"), ("pt", "A e B", "wait staff"), ("nl", "geen", "")),
    ],
)
def test_several_choices_are_picked_in_the_order_of_the_question(
    language: str, text: str, keys: str
) -> None:
    assert value(text, MULTI, language) == keys.split()


@pytest.mark.parametrize(
    "text", ["1, 9", "not price", "all but price", "rude or price", "hm", "rude, hm", "4.5", "?"]
)
def test_what_picks_no_choice_or_leaves_it_open_is_no_answer(text: str) -> None:
    refusal(text, MULTI)


def test_letters_that_join_words_are_choices_where_they_stand_alone() -> None:
    spec = AnswerSpec("multi", choices=tuple(map(Choice, "vwxyz")), letters=True)
    assert value("A, E, C", spec, "pt") == ["v", "x", "z"]
    assert value("A e C", spec, "pt") == ["v", "x"]


def test_how_many_choices_are_picked_has_bounds_and_words_of_the_question_come_first() -> None:
    spec = AnswerSpec(
        "multi", choices=(Choice("all", ("none",)), Choice("b")), minimum=1, maximum=1
    )
    assert value("all", spec) == value("none", spec) == ["all"]
    assert refusal("all, b", spec) == "more than 1 answers"
    assert refusal("nothing", spec) == "fewer than 1 answers"


# --- typing mistakes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spec", "said", "how"),
    [
        ("wiating", REASON, "wait", "word 'waiting', mistyped 'wiating'"),
        ("autr please", REASON, "other", "word 'autre', mistyped 'autr'"),
        ("confrm", APPOINTMENT, "confirm", "word 'confirm', mistyped 'confrm'"),
        ("yeahh", YESNO, True, "word 'yeah', mistyped 'yeahh'"),
        ("nopee", YESNO, False, "word 'nope', mistyped 'nopee'"),
    ],
)
def test_one_mistake_in_a_word_is_forgiven(
    text: str, spec: AnswerSpec, said: Any, how: str
) -> None:
    assert parse(text, spec, AnswerContext(language="en", today=TODAY)) == Parsed(said, how)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        *(("rdue", AnswerSpec("choice", choices=(Choice("rude"), Choice("rdun")))), ("mve", SCORE)),
        *(("hope", YESNO), ("five", YESNO), ("yep no", YESNO), ("cofnrim", APPOINTMENT)),
        ("a4567", AnswerSpec("choice", choices=(Choice("a4568"),))),
    ],
)
def test_two_mistakes_two_words_and_words_that_are_meant_are_no_answer(
    text: str, spec: AnswerSpec
) -> None:
    refusal(text, spec)


# --- who and what ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("07700 900123", "GB", "+447700900123"),
        ("my number is (07700) 900-123 thanks", "GB", "+447700900123"),
        ("+33 6 12 34 56 78", "GB", "+33612345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("٠٧٧٠٠ ٩٠٠١٢٣", "GB", "+447700900123"),
        ("+447700900123, 07700900123", "GB", "+447700900123"),
        ("07700 900123", None, None),
        ("07700 900123 or 07700 900124", "GB", None),
        ("call me", "GB", None),
        ("12345", "GB", None),
    ],
)
def test_a_phone_number_is_read_as_of_the_contacts_country(
    text: str, country: str | None, number: str | None
) -> None:
    context = AnswerContext(language="en", today=TODAY, country=country)
    parsed = parse(text, AnswerSpec("phone"), context)
    assert (parsed.value if isinstance(parsed, Parsed) else None) == number


def test_an_email_address_is_found_in_a_text() -> None:
    spec = AnswerSpec("email")
    assert value("it's Ann.B@Example.COM.", spec) == "Ann.B@example.com"
    assert value("<ann@example.com>", spec) == "ann@example.com"
    assert "period" in refusal("ann@example", spec)
    assert refusal("a@b.org or c@d.org", spec) == "more than one answer: 2 e-mail addresses"
    assert "e-mail" in refusal("ann at example.com", spec)


def test_a_code_is_its_letters_and_digits() -> None:
    spec = AnswerSpec("code", minimum=4, maximum=8)
    assert value(" ab-12 34 ", spec) == "AB1234"
    assert value("１２３４", spec) == "1234"
    assert refusal("abc", spec) == "shorter than 4 characters"
    assert refusal("abcdefghi", spec) == "longer than 8 characters"
    assert "letters and digits" in refusal("AB_12", spec)


def test_a_code_with_a_pattern_may_stand_in_a_sentence() -> None:
    spec = AnswerSpec("code", pattern=r"[A-Z]{2}\d{4}")
    assert value("my code is AB-1234, thanks", spec) == "AB1234"
    assert value("it is ab 12 34", spec) == "AB1234"
    assert refusal("AB1234 or CD5678", spec) == "more than one answer: 2 codes"
    assert "pattern" in refusal("AB12345", spec)


def test_a_text_has_to_match_its_pattern_as_a_whole_and_in_time() -> None:
    spec = AnswerSpec(pattern=r"[a-z]+ \d+")
    assert value("Elm 12", spec) == "Elm 12"
    assert refusal("12 Elm 12", spec) == "not of the pattern"
    assert "too long" in refusal("a" * 100 + "b", AnswerSpec(pattern="(a|aa|a?)+$"))


# --- registered types -----------------------------------------------------------------------------


class Postcode:
    """A type as a project writes one."""

    def parse(self, text: str, context: AnswerContext) -> Any:
        if text == "crash":
            raise RuntimeError("no database")
        return text.upper() if len(text) > 3 else Invalid(f"no postcode ({context.language})")


def test_a_registered_type_is_looked_up_by_name() -> None:
    spec = AnswerSpec("app.postcode")
    context = AnswerContext(language="fr", today=TODAY, types={"app.postcode": Postcode()})
    assert parse("ls1 4ap", spec, context) == Parsed("LS1 4AP", "type app.postcode")
    assert parse("x", spec, context) == Invalid("no postcode (fr)")
    with pytest.raises(AnswerTypeError, match="failed: RuntimeError"):
        parse("crash", spec, context)
    with pytest.raises(AnswerTypeError, match=r"no type 'app\.other'"):
        parse("x", AnswerSpec("app.other"), context)


@pytest.mark.parametrize(
    ("bound", "type_"),
    [("tomorrow", "date"), (3, "date"), ("25:00", "time"), (date.min, "time"), (True, "integer")],
)
def test_a_bound_that_is_none_of_its_type_says_what_it_must_be(bound: Any, type_: str) -> None:
    with pytest.raises(ValueError, match="must be a"):
        bound_of(bound, type_)


# --- any text -------------------------------------------------------------------------------------

SPECS = st.sampled_from(
    [
        *(SCORE, COUNT, PRICE, YESNO, REASON, APPOINTMENT, LETTERED, MULTI, AnswerSpec()),
        *(AnswerSpec("phone"), AnswerSpec("email"), AnswerSpec("code")),
        AnswerSpec("code", pattern="[a-z]{2}"),
    ]
)
WORDS = [
    "2",
    "5",
    "4.5",
    "two",
    "not",
    "yes",
    "no",
    "👍",
    "/",
    "B)",
    "a",
    "rude",
    "can't",
    "come",
    "٢",
    "and",
    ",",
    "a@b.org",
    "+447700900123",
]


@given(
    st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join)),
    SPECS,
    st.sampled_from(["en", "fr", "xx", ""]),
)
def test_any_text_is_an_answer_or_invalid(text: str, spec: AnswerSpec, language: str) -> None:
    assert isinstance(
        parse(text, spec, AnswerContext(language=language, today=TODAY)), Parsed | Invalid
    )


@given(
    st.integers(1, 5), st.sampled_from(["{}", "it was a {}", "{}!", "({})", "{}/5", "{} please"])
)
def test_a_number_is_found_in_what_stands_around_it(number: int, frame: str) -> None:
    assert value(frame.format(number), SCORE) == number
