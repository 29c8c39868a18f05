"""Transliteration: the known example, what each table changes, and what no table may change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.sms.encoding import Alphabet, alphabet_of, encode_gsm
from smsflow.sms.encoding.transliteration import Transliteration, transliterate
from smsflow.sms.gsm_tables import BASIC, EXTENSION

GSM = BASIC + "".join(EXTENSION.values())
TURKISH, CENTRAL, GREEK, CYRILLIC, NON_UNICODE = Transliteration

tables = st.sampled_from(Transliteration)


@pytest.mark.parametrize(
    ("table", "text", "written"),
    [
        (TURKISH, "Artık Türkçe: ğüşiöç ĞÜŞİÖÇ", "Artik Türkce: güsiöc GÜSIÖÇ"),
        (TURKISH, "hâlâ kâğıt", "hala kagit"),
        (CENTRAL, "Zażółć gęślą jaźń", "Zazolc gesla jazn"),
        (CENTRAL, "Příliš žluťoučký kůň", "Prilis zlutoucky kun"),
        (CENTRAL, "Árvíztűrő tükörfúrógép", "Arvizturo tükörfurogép"),
        (CENTRAL, "Știință și țară, Đorđe", "Stiinta si tara, Dorde"),
        (GREEK, "Καλημέρα κόσμε", "KAΛHMEPA KOΣME"),
        (GREEK, "ΐ ΰ ϊ ς ᾳ Ὦ Ώ", "I Y I Σ A Ω Ω"),
        (GREEK, "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", "ABΓΔEZHΘIKΛMNΞOΠPΣTYΦXΨΩ"),
        (GREEK, "Κωδ.: ab12", "KΩΔ.: ab12"),
        (CYRILLIC, "Привет, мир", "Privet, mir"),
        (CYRILLIC, "ЩУКА и Щука", "SHCHUKA i Shchuka"),
        (CYRILLIC, "Љубав, їжак", "Ljubav, izhak"),
        (CYRILLIC, "за\u0301мок й", "zamok y"),
        (NON_UNICODE, "ж ş α ł 😀 日 ½", "zh s A l :grinning: Ri 1/2"),
        (NON_UNICODE, "a\u200db\ue000c\x1bd\ud800", "ab?c?d?"),
        (NON_UNICODE, "`a´", "'a'"),
    ],
)
def test_letters_of_a_table_become_gsm(table: Transliteration, text: str, written: str) -> None:
    """Letters that GSM has stay, such as the ten Greek capitals, ü and é."""
    assert transliterate(text, table) == written
    encode_gsm(written)


def test_greek_comes_out_as_the_known_example() -> None:
    """The one result of the provider's tables that is public: no accents, Latin look-alikes."""
    written = transliterate("Ως Μεγαρικό ψήφισμα είναι γνωστή η απόφαση", GREEK)
    assert written == "ΩΣ MEΓAPIKO ΨHΦIΣMA EINAI ΓNΩΣTH H AΠOΦAΣH"
    assert all(char.isascii() or char in "ΓΔΘΛΞΠΣΦΨΩ" for char in written)


@pytest.mark.parametrize("table", [TURKISH, CENTRAL, GREEK, CYRILLIC])
def test_letters_of_other_tables_stay_and_punctuation_becomes_plain(table: Transliteration) -> None:
    """A table is a choice of letters; dashes and quotes would cost as much as letters."""
    foreign = {TURKISH: "ж", CENTRAL: "ж", GREEK: "ж", CYRILLIC: "ş"}[table]
    assert transliterate(f"“{foreign}” – 日…", table) == f'"{foreign}" - 日...'


@given(st.text(GSM), tables)
def test_a_gsm_text_stays_as_it_is(text: str, table: Transliteration) -> None:
    """Nothing that costs one septet is worth changing."""
    text = text.replace("\x1b", "")
    assert transliterate(text, table) == text


@given(st.text(), tables)
def test_whatever_the_text_it_is_written_and_stays_so(text: str, table: Transliteration) -> None:
    """NON_UNICODE always ends in GSM-7, and no table finds more to do in its own result."""
    written = transliterate(text, table)
    assert transliterate(written, table) == written
    if table is NON_UNICODE:
        assert alphabet_of(written) is Alphabet.GSM7


def test_many_accents_cost_no_time() -> None:
    """A prankster's text is written in a moment."""
    text = "ω" + "\u0301" * 50_000
    assert all(transliterate(text, table) for table in Transliteration)
