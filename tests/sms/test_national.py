"""National language tables: what they hold, what a part holds with them, and their headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.sms.encoding import (
    Alphabet,
    Language,
    Shifts,
    decode_gsm,
    encode_gsm,
    first_outside_gsm,
    part_headers,
    segments,
    shifts_for,
    shifts_of_header,
    split,
)
from smsflow.sms.gsm_tables import ESCAPE, EXTENSION
from smsflow.sms.national_tables import PORTUGUESE_LOCKING, TURKISH_LOCKING

TR, ES, PT = Language
SINGLE, LOCKING, BOTH = Shifts(single=TR), Shifts(locking=TR), Shifts(TR, TR)
ALL = [shifts for language in Language for shifts in Shifts.of(language)]
LETTERS = "aZ €[ğĞşŞıİçáíóúÁÍÓÚãõâêÃÕÂÊôÀªº∞`~|^Δ"

shifts = st.sampled_from(ALL)
texts = st.one_of(st.text(LETTERS, max_size=500), st.text("ağ" + "😀", max_size=400))


def lengths(text: str, tables: Shifts) -> list[int]:
    """The characters in each part."""
    return [len(part) for part in split(text, tables).parts]


@pytest.mark.parametrize("table", [TURKISH_LOCKING, PORTUGUESE_LOCKING])
def test_a_locking_table_has_128_places_and_each_character_once(table: str) -> None:
    """A slip would show as a wrong length, a character in two places, or a moved letter."""
    assert len(table) == 128
    assert len(set(table)) == 127  # the space stands for the escape too
    assert table[ESCAPE] == " "
    assert all(table[ord(char)] == char for char in "AZaz09 \n\r!?")


@pytest.mark.parametrize(
    ("tables", "text", "octets"),
    [
        (SINGLE, "Ğİ", "1b471b49"),
        (SINGLE, "Şçğış", "1b531b631b671b691b73"),
        (LOCKING, "€ıĞğŞşİç", "04070b0c1c1d4060"),
        (Shifts(single=ES), "çÁÍÓÚáíóú", "1b091b411b491b4f1b551b611b691b6f1b75"),
        (Shifts(single=PT), "êçÔôÁáΦ", "1b051b091b0b1b0c1b0e1b0f12"),
        (Shifts(single=PT), "ÊÀÍÓÚÃÕÂ", "1b1f1b411b491b4f1b551b5b1b5c1b61"),
        (Shifts(single=PT), "íóúãõâ", "1b691b6f1b751b7b1b7c1b7f"),
        (Shifts(locking=PT), "êúíóçÔôÁá", "04060708090b0c0e0f"),
        (Shifts(locking=PT), "ªÇÀ∞^\\€Ó|ÂâÊ", "12131415161718191a1c1d1e"),
        (Shifts(locking=PT), "ºÍÃÕ~ãõ`", "24405b5c607b7c7d"),
        (Shifts(PT, PT), "ΦΓΩΠΨΣΘ", "1b121b131b151b161b171b181b19"),
        (Shifts(single=PT, locking=TR), "ğã", "0c1b7b"),
    ],
)
def test_letters_are_where_the_annex_has_them(tables: Shifts, text: str, octets: str) -> None:
    """3GPP 23.038 annex A.2 and A.3; a letter of both tables takes one septet."""
    assert encode_gsm(text, tables).hex() == octets
    assert decode_gsm(bytes.fromhex(octets), tables) == text


@pytest.mark.parametrize("language", Language)
def test_a_single_shift_table_keeps_the_default_extension(language: Language) -> None:
    """Brackets and the euro sign stay where they are."""
    for code, char in EXTENSION.items():
        assert encode_gsm(char, Shifts(single=language)) == bytes([ESCAPE, code])


def test_spanish_has_no_locking_table_and_no_table_is_none() -> None:
    """Annex A.3.2 is empty."""
    assert Shifts.of(ES) == (Shifts(single=ES),)
    with pytest.raises(ValueError, match="Spanish has no locking shift table"):
        Shifts(locking=ES)
    with pytest.raises(ValueError, match="name a single or a locking shift table"):
        Shifts()


def test_an_escape_that_no_table_knows_shows_the_letter_of_the_locking_table() -> None:
    """As with the default tables."""
    assert decode_gsm(b"\x1b\x0b", LOCKING) == "Ğ"
    assert decode_gsm(b"\x1b\x1b\x47\x1b", SINGLE) == " G "


@pytest.mark.parametrize(
    ("tables", "text", "expected"),
    [
        (SINGLE, "ğ" * 77, [77]),
        (SINGLE, "ğ" * 78, [74, 4]),
        (SINGLE, "ğ" * 160, [74, 74, 12]),
        (SINGLE, "a" * 155, [155]),
        (SINGLE, "a" * 156, [149, 7]),
        (SINGLE, "a" * 298, [149, 149]),
        (SINGLE, "a" * 148 + "ğ" + "a" * 20, [148, 21]),
        (SINGLE, "a" * 147 + "ğ" + "a" * 20, [148, 20]),
        (LOCKING, "ğ" * 155, [155]),
        (LOCKING, "ğ" * 156, [149, 7]),
        (LOCKING, "[" * 78, [74, 4]),
        (BOTH, "ğ" * 152, [152]),
        (BOTH, "ğ" * 153, [146, 7]),
        (BOTH, "ğ" * 293, [146, 146, 1]),
        (SINGLE, "ж" * 70, [70]),
        (BOTH, "ğж" * 36, [67, 5]),
    ],
)
def test_headers_take_room_and_no_pair_is_torn(
    tables: Shifts, text: str, expected: list[int]
) -> None:
    """155 and 149 septets with one table, 152 and 146 with two, as Android counts."""
    assert lengths(text, tables) == expected
    assert segments(text, tables) == split(text, tables).count


def test_a_text_that_the_tables_lack_is_ucs2_without_them() -> None:
    """UCS-2 has every letter, so a header would be wasted."""
    whole = split("ğ ж", SINGLE)
    assert (whole.alphabet, whole.shifts, whole.left) == (Alphabet.UCS2, None, 67)
    assert first_outside_gsm("ğ ж", SINGLE) == (2, "ж")
    assert first_outside_gsm("ğ ж") == (0, "ğ")
    with pytest.raises(ValueError, match=r"'ж' .* not said with the Turkish single shift table"):
        encode_gsm("ğ ж", SINGLE)


@given(texts, shifts)
def test_parts_joined_are_the_text_and_fit_with_their_header(text: str, tables: Shifts) -> None:
    """A part and its header are at most 140 octets, and the first letter of the next won't fit."""
    whole = split(text, tables)
    assert "".join(whole.parts) == text
    assert segments(text, tables) == whole.count
    if whole.alphabet is Alphabet.UCS2:
        return
    assert whole.units == len(encode_gsm(text, tables))
    headers = part_headers(whole, 7)
    for number, (part, header) in enumerate(zip(whole.parts, headers, strict=True)):
        room = (140 - len(header)) * 8 // 7
        assert len(encode_gsm(part, tables)) <= room
        if number < whole.count - 1:
            more = part + whole.parts[number + 1][0]
            assert len(encode_gsm(more, tables)) > room
    assert whole.left == room - len(encode_gsm(whole.parts[-1], tables))


@given(texts, shifts)
def test_text_survives_its_tables_by_way_of_the_header(text: str, tables: Shifts) -> None:
    """What a handset reads from header and septets is what was written."""
    whole = split(text, tables)
    if whole.alphabet is Alphabet.GSM7:
        header = part_headers(whole, 0)[0]
        assert shifts_of_header(header) == tables
        assert decode_gsm(encode_gsm(text, tables), shifts_of_header(header)) == text


@given(st.binary(max_size=40), shifts)
def test_any_septets_are_shown(data: bytes, tables: Shifts) -> None:
    """Decoding never fails on septets, and shows no escape."""
    assert "\x1b" not in decode_gsm(bytes(octet & 0x7F for octet in data), tables)


def test_headers_number_the_parts_with_one_octet_of_reference() -> None:
    """Concatenation first, then the tables; a plain single part has no header at all."""
    assert part_headers(split("plain"), 9) == (b"",)
    assert part_headers(split("a" * 161), 9) == (
        bytes.fromhex("050003090201"),
        bytes.fromhex("050003090202"),
    )
    assert part_headers(split("ğ", SINGLE), 9) == (bytes.fromhex("03240101"),)
    assert part_headers(split("ğ" * 153, BOTH), 255) == (
        bytes.fromhex("0b0003ff0201240101250101"),
        bytes.fromhex("0b0003ff0202240101250101"),
    )


def test_a_header_that_cannot_be_written_is_refused() -> None:
    """The reference and the number of parts are one octet each."""
    with pytest.raises(ValueError, match="from 0 to 255, not 256"):
        part_headers(split("a"), 256)
    with pytest.raises(ValueError, match="at most 255 parts, and this one has 256"):
        part_headers(split("a" * 153 * 256), 0)


@pytest.mark.parametrize(
    ("header", "tables"),
    [
        ("", None),
        ("050003090201", None),
        ("03240101", SINGLE),
        ("03250103", Shifts(locking=PT)),
        ("06240102250103", Shifts(single=ES, locking=PT)),
        ("080003090201250101", LOCKING),
        ("06240101240103", Shifts(single=PT)),  # the last one holds
        ("03250102", None),  # the Spanish locking table, which doesn't exist
        ("03240106", None),  # Hindi, which isn't known here
        ("0424020101", None),  # two octets name no language
    ],
)
def test_tables_are_read_from_a_header(header: str, tables: Shifts | None) -> None:
    """Other elements are passed over, unknown languages are the default tables."""
    assert shifts_of_header(bytes.fromhex(header)) == tables


@pytest.mark.parametrize("header", ["0324", "0124", "03240201", "ff", "032401010000"])
def test_a_cut_header_is_refused(header: str) -> None:
    """A length that lies must not be read past."""
    with pytest.raises(ValueError, match="user data header"):
        shifts_of_header(bytes.fromhex(header))


@given(st.binary(max_size=20))
def test_any_octets_are_a_header_or_refused_with_a_sentence(data: bytes) -> None:
    """Headers come from outside."""
    refusal = ""
    try:
        shifts_of_header(data)
    except ValueError as error:
        refusal = str(error)
    assert not refusal or "user data header" in refusal


@pytest.mark.parametrize(
    ("text", "language", "tables"),
    [
        ("plain", TR, None),
        ("ğ", TR, SINGLE),
        ("ğ" * 78, TR, LOCKING),
        ("ğ" * 78 + "ì", TR, SINGLE),  # the locking table has no ì
        ("ж", TR, None),
        ("á", ES, Shifts(single=ES)),
        ("º", PT, Shifts(locking=PT)),
        ("ºΦ", PT, Shifts(PT, PT)),
        ("€" * 81, TR, LOCKING),  # GSM-7 as it is, but two parts
        ("a" * 160, TR, None),
    ],
)
def test_the_tables_that_serve_a_text_best(
    text: str, language: Language, tables: Shifts | None
) -> None:
    """Fewest parts, then the single table, which a handset without it shows best."""
    assert shifts_for(text, language) == tables


@given(texts, st.sampled_from(Language))
def test_no_tables_of_the_language_take_fewer_parts(text: str, language: Language) -> None:
    """What is chosen is the best that there is, and never dearer than no tables."""
    chosen = segments(text, shifts_for(text, language))
    assert chosen <= segments(text)
    assert all(chosen <= segments(text, tables) for tables in Shifts.of(language))


def test_tables_are_named_for_people() -> None:
    """In the words of the standard."""
    assert str(SINGLE) == "the Turkish single shift table"
    assert str(Shifts(locking=PT)) == "the Portuguese locking shift table"
    assert str(BOTH) == "the Turkish single and Turkish locking shift tables"
