"""Texts find their keyword whatever their form, by the published precedence, in no time."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.engine.words.keywords import (
    CatchAllEntry,
    KeywordEntry,
    KeywordIndex,
    Match,
    PatternEntry,
    PatternError,
    fold,
)


def word(
    *words: str, match: str = "first", number: str | None = None, to: Any = None
) -> KeywordEntry:
    return KeywordEntry(words, match, number, to or words[0])


def target(index: KeywordIndex, text: str, number: str | None = "main") -> Any:
    match = index.find(text, number)
    return match and match.target


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Yes!!", "yes"),
        ("  STOP   all ", "stop all"),
        ("can't", "cant"),
        ("can’t", "cant"),
        ("rendez-vous", "rendez vous"),
        ("ARRÊT", "arret"),
        ("Straße", "strasse"),
        ("İSTANBUL ışık", "istanbul isik"),
        ("Ørsted Łódź", "orsted lodz"),
        ("ΛΌΓΟΣ", "λογοσ"),
        ("Ёлка", "елка"),
        ("مُحَمَّد", "محمد"),
        ("٢", "2"),
        ("ＨＥＬＰ", "help"),
        ("订阅。", "订阅"),
        ("がんばって", "がんばって"),
        ("한국어", "한국어"),
        ("नमस्ते", "नमस्ते"),
        ("👍🏽", "👍"),
        ("ok 👍", "ok"),
        ("2️⃣", "2"),
        ("?!", ""),
        ("", ""),
        ("a\u200db\x00c\n\td", "ab c d"),
        ("\ud83d", ""),
    ],
)
def test_case_accents_and_punctuation_do_not_count(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_upper_and_lower_case_fold_alike(text: str) -> None:
    assert fold(text.upper()) == fold(text.lower()) == fold(f" {text}! ")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("book", Match("BOOK", "BOOK", (), whole=True)),
        ("Book friday 4", Match("BOOK", "BOOK", ("friday", "4"))),
        ("BOOK:friday 4!", Match("BOOK", "BOOK", ("friday", "4!"))),
        ("rdv lundi", Match("BOOK", "RDV", ("lundi",))),
        ("please book", None),
        ("booking", None),
        ("info", Match("INFO", "INFO", (), whole=True)),
        ("info please", None),
        ("what is the price now?", Match("PRICE", "PRICE", ("now?",))),
        ("?", Match("?", "?", (), whole=True)),
        ("!", None),
        ("", None),
    ],
)
def test_a_keyword_takes_the_texts_that_its_way_of_matching_allows(
    text: str, found: Match | None
) -> None:
    index = KeywordIndex(
        [
            word("BOOK", "RDV"),
            word("INFO", match="whole"),
            word("PRICE", match="anywhere"),
            word("?", match="whole"),
        ]
    )
    assert index.find(text, "main") == found


def test_entries_of_the_number_come_before_those_of_every_number() -> None:
    index = KeywordIndex([word("A", match="whole", to="all"), word("A", number="main", to="main")])
    assert (target(index, "a", "main"), target(index, "a", "other")) == ("main", "all")
    assert target(index, "a", None) == "all"


def test_whole_comes_before_pattern_before_first_before_anywhere() -> None:
    entries = {
        "anywhere": word("order", match="anywhere", to="anywhere"),
        "first": word("order", to="first"),
        "pattern": PatternEntry("^order", None, "pattern"),
        "whole": word("order", match="whole", to="whole"),
    }
    index = KeywordIndex(entries.values())
    assert [match.target for match in index.matches("order", None)] == [
        *("whole", "pattern", "first", "anywhere")
    ]


def test_a_longer_keyword_comes_before_a_shorter() -> None:
    index = KeywordIndex([word("BOOK"), word("BOOK NOW"), word("STOP ALL TEXTS NOW")])
    assert target(index, "book now please") == "BOOK NOW"
    assert target(index, "book later") == "BOOK"


def test_a_pattern_gives_its_groups_and_knows_the_whole_message() -> None:
    index = KeywordIndex([PatternEntry(r"order (?P<id>\d{6})(?P<rest> .*)?", None, "order")])
    assert index.find(" Order 123456 ", None) == Match("order", groups={"id": "123456"}, whole=True)
    found = index.find("my order 123456", None)
    assert found is not None
    assert not found.whole


def test_a_pattern_that_runs_away_does_not_match() -> None:
    index = KeywordIndex([PatternEntry(r"^(a|aa|a?)+$", None, "evil"), CatchAllEntry(None, "rest")])
    began = time.perf_counter()
    assert target(index, "a" * 200 + "b") == "rest"
    assert time.perf_counter() - began < 1


def test_what_is_no_pattern_is_a_pattern_error() -> None:
    with pytest.raises(PatternError, match="no pattern"):
        KeywordIndex([PatternEntry("(", None, "x")])


def test_a_catch_all_takes_what_nothing_else_takes() -> None:
    index = KeywordIndex([CatchAllEntry(None, "all"), CatchAllEntry("main", "main"), word("A")])
    assert (target(index, "hm", "main"), target(index, "hm", "other")) == ("main", "all")
    assert target(index, "a b", "main") == "A"


def test_two_entries_that_could_both_win_are_clashes_and_the_earlier_wins() -> None:
    first, second = word("LOGIN", "CODE", to=1), word("login", "code", to=2)
    pattern, same = PatternEntry("^a$", None, 1), PatternEntry("^a$", None, 2)
    rest, other = CatchAllEntry("main", 1), CatchAllEntry("main", 2)
    index = KeywordIndex([first, second, pattern, same, rest, other])
    assert index.clashes() == [(first, second), (pattern, same), (rest, other)]
    assert target(index, "Login") == 1


def test_entries_that_differ_in_number_way_or_word_do_not_clash() -> None:
    index = KeywordIndex(
        [
            word("A", "a"),
            word("A", number="main"),
            word("A", match="whole"),
            word("B"),
            word("?", match="whole"),
            word("!", match="whole"),
            PatternEntry("^a$", None, 1),
            PatternEntry("^a$", "main", 1),
            CatchAllEntry(None, 1),
            CatchAllEntry("main", 1),
        ]
    )
    assert index.clashes() == []


def test_ten_thousand_keywords_cost_no_more_than_ten() -> None:
    texts = ["word4999 friday 4", "nothing here to be found", "two w77"]

    def cost(count: int) -> float:
        index = KeywordIndex([word(f"word{i}", f"two w{i}") for i in range(count // 2)])
        runs = []
        for _ in range(50):
            began = time.perf_counter()
            for text in texts:
                index.find(text, "main")
            runs.append(time.perf_counter() - began)
        return min(runs)

    assert cost(10_000) < 5 * cost(10)


INDEX = KeywordIndex(
    [
        word("BOOK", "STOP ALL"),
        word("price", match="anywhere"),
        PatternEntry(r"^order (?P<id>\d+)", None, "order"),
    ]
)


@given(st.text())
def test_any_text_can_be_routed(text: str) -> None:
    for match in INDEX.matches(text, "main"):
        assert match.target in ("BOOK", "price", "order")
