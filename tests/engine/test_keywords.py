"""Texts find their keyword whatever their form, by the published precedence, in no time."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.engine.words.compliance import ComplianceWords
from smsflow.engine.words.keywords import (
    CatchAllEntry,
    KeywordEntry,
    KeywordIndex,
    Match,
    PatternEntry,
    PatternError,
    fold,
)
from smsflow.engine.words.typos import Neighbourhood, distance


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
    began = time.process_time()
    assert target(index, "a" * 200 + "b") == "rest"
    assert time.process_time() - began < 1


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
            began = time.process_time()
            for text in texts:
                index.find(text, "main")
            runs.append(time.process_time() - began)
        return min(runs)

    assert cost(10_000) < 5 * cost(10)


# --- typing mistakes ------------------------------------------------------------------------------


def near(index: KeywordIndex, text: str, number: str | None = "main") -> list[str]:
    return [match.word for match in index.near(text, number)]


def fuzzy(
    *words: str, fuzzy: str = "auto", match: str = "first", number: str | None = None
) -> KeywordEntry:
    return KeywordEntry(words, match, number, words[0], fuzzy)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *(("FEDBACK", ["FEEDBACK"]), ("feedbakc", ["FEEDBACK"]), ("fedbak", ["FEEDBACK"])),
        *(("fedba", []), ("bok", ["BOOK"]), ("boko now", ["BOOK"]), ("bkko", []), ("b00k", [])),
        *(("yse", []), ("PRICES", ["PRICE"]), ("what is the prcie", ["PRICE"]), ("", [])),
        *(("opennig hours", ["OPENING HOURS"]), ("opening hours", []), ("off", [])),
        *(("room 13", []), ("rom 12", ["ROOM 12"]), ("reviewz", ["REVIEW"]), ("reviewz now", [])),
    ],
)
def test_a_mistyped_keyword_is_found_by_the_length_of_the_word(text: str, found: list[str]) -> None:
    index = KeywordIndex(
        [
            fuzzy("BOOK"),
            fuzzy("FEEDBACK", "AVIS"),
            fuzzy("YES"),
            fuzzy("PRICE", match="anywhere"),
            fuzzy("OPENING HOURS"),
            fuzzy("OFFER", fuzzy="off"),
            fuzzy("ROOM 12"),
            fuzzy("REVIEW", match="whole"),
        ]
    )
    assert near(index, text) == found


def test_a_mistyped_keyword_tells_its_words_and_its_mistakes() -> None:
    match = KeywordIndex([fuzzy("FEEDBACK")]).near("Fedbak friday, 4", None)
    assert match == [Match("FEEDBACK", "FEEDBACK", ("friday,", "4"), mistakes=2)]


def test_two_keywords_that_were_perhaps_meant_are_both_told_the_nearest_first() -> None:
    index = KeywordIndex([fuzzy("BOOKING", fuzzy="2"), fuzzy("COOKING", "HOOKING", fuzzy="2")])
    assert near(index, "bookin") == ["BOOKING", "COOKING"]
    assert near(index, "cooknig", None) == ["COOKING", "BOOKING"]


def test_what_is_a_keyword_as_it_stands_is_no_mistyped_one() -> None:
    index = KeywordIndex([fuzzy("BOOK"), word("BOOM"), word("ROOK", number="other")])
    assert near(index, "boom") == near(index, "rook") == []
    assert near(index, "bookk") == ["BOOK"]


def test_stop_help_and_start_words_are_neither_mistyped_nor_meant() -> None:
    index = KeywordIndex(
        [fuzzy("STARS"), fuzzy("HELLO"), fuzzy("START")],
        reserved=lambda each: ComplianceWords().of_word(each) is not None,
    )
    assert near(index, "start") == near(index, "start please") == near(index, "help me") == []
    assert near(index, "stars") == []
    assert near(index, "starss") == ["STARS"]


def test_a_mistyped_keyword_of_another_number_is_not_found() -> None:
    index = KeywordIndex([fuzzy("BOOK", number="main"), fuzzy("PRICE")])
    assert (near(index, "bok", "main"), near(index, "bok", "other")) == (["BOOK"], [])
    assert near(index, "pricee", None) == near(index, "pricee", "main") == ["PRICE"]


LETTERS = st.text(alphabet="abc", min_size=4, max_size=14)


@given(st.lists(LETTERS, max_size=12), LETTERS, st.integers(1, 2))
def test_neighbourhoods_find_what_comparing_every_word_finds(
    words: list[str], text: str, most: int
) -> None:
    neighbourhood = Neighbourhood()
    for each in words:
        neighbourhood.add(each, 1)
        neighbourhood.add(each, most)
    compared = {(distance(text, each, most), each) for each in words}
    assert neighbourhood.near(text) == sorted(pair for pair in compared if pair[0] is not None)


@given(LETTERS, st.data())
def test_a_letter_too_many_too_few_wrong_or_swapped_is_one_mistake(
    word: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    assert distance(word, word, 0) == 0
    assert distance(word[:at] + "x" + word[at:], word, 1) == 1
    assert distance(word[:at] + word[at + 1 :], word, 1) == 1
    assert distance(word[:at] + "x" + word[at + 1 :], word, 1) == 1
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    assert distance(swapped, word, 1) == (word != swapped)


def test_ten_thousand_fuzzy_keywords_cost_no_more_than_ten() -> None:
    def cost(count: int) -> float:
        words = [
            f"{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}" for i in range(count)
        ]
        index = KeywordIndex([fuzzy(f"{each}word") for each in words])
        runs = []
        for _ in range(50):
            began = time.process_time()
            index.near("nothing", "main")
            index.near("aacwrd now", "main")
            runs.append(time.process_time() - began)
        return min(runs)

    assert cost(10_000) < 10 * cost(10)


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
