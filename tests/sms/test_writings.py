"""The ways to write a text: each true to what it says, the cheapest first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smsflow.sms.encoding import Alphabet, Language, segments, split
from smsflow.sms.encoding.transliteration import Transliteration, transliterate
from smsflow.sms.encoding.writings import cheapest

texts = st.one_of(st.text(max_size=200), st.text("aşãжλ’€[😀", max_size=200))


def ways(text: str, *languages: Language) -> list[tuple[str, int]]:
    """Name and parts of each way."""
    return [(way.name, way.split.count) for way in cheapest(text, languages or tuple(Language))]


def test_a_plain_text_has_one_way() -> None:
    """Nothing is offered where nothing is gained."""
    assert ways("Hello [you]") == [("as it is", 1)]
    assert ways("") == [("as it is", 1)]


def test_fewer_parts_come_first_then_less_loss() -> None:
    """National tables lose nothing, plainer characters lose accents; the text itself is dear."""
    assert ways("Şişli şubemiz açık. " * 5) == [
        ("with the Turkish single shift table", 1),
        ("in plainer characters", 1),
        ("as it is", 2),
    ]
    assert ways("We’re open") == [("as it is", 1), ("in plainer characters", 1)]


def test_a_way_that_loses_less_passes_one_that_is_tried_before_it() -> None:
    """Both drop the soft hyphens, and only plainer characters lose the ő as well, for nothing."""
    found = cheapest("ж" * 30 + "ő\u00ad" * 25)
    assert [(way.name, sum(way.lost.values())) for way in found[:2]] == [
        ("transliterated as TURKISH", 25),
        ("in plainer characters", 50),
    ]


def test_only_the_languages_asked_for_are_tried() -> None:
    """All three have ç."""
    assert [name for name, _ in ways("ça", Language.ES)] == [
        "as it is",
        "with the Spanish single shift table",
        "in plainer characters",
    ]
    assert sum("shift table" in name for name, _ in ways("ça")) == 3


def test_a_locking_table_can_save_a_part_of_a_gsm_text() -> None:
    """The euro sign takes one septet in the Turkish table."""
    assert ways("€" * 100, Language.TR) == [
        ("with the Turkish locking shift table", 1),
        ("as it is", 2),
    ]


def test_a_transliteration_tells_its_table_and_what_is_lost() -> None:
    """Letters that are kept are no loss; a table that gives the same text is named once."""
    best, *others = cheapest("Ως Μεγαρικό " * 8)
    assert (best.name, best.transliteration) == ("transliterated as GREEK", Transliteration.GREEK)
    assert best.text == "ΩΣ MEΓAPIKO " * 8
    assert best.lost == dict.fromkeys("ςΜεγαρικό", 8)
    assert [way.name for way in others] == ["as it is"]


@given(texts)
def test_each_way_is_what_it_says(text: str) -> None:
    """Parts, texts, tables and losses agree with the functions that send would use."""
    found = cheapest(text)
    plain = split(text)
    prices = [(way.split.count, sum(way.lost.values())) for way in found]
    assert prices == sorted(prices)
    assert sum(way.name == "as it is" for way in found) == 1
    for way in found:
        assert way.split == split(way.text, way.split.shifts)
        if way.transliteration:
            assert way.text == transliterate(text, way.transliteration)
        if way.text == text:
            assert not way.lost
        if way.name != "as it is":
            gsm = (way.split.alphabet, plain.alphabet) == (Alphabet.GSM7, Alphabet.UCS2)
            assert gsm or way.split.count < segments(text)
        for char, count in way.lost.items():
            assert text.count(char) - way.text.count(char) == count > 0
