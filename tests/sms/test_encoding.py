"""Alphabets and parts: every boundary, and what must hold for any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.sms.encoding import (
    Alphabet,
    alphabet_of,
    decode_gsm,
    decode_latin1,
    decode_ucs2,
    encode_gsm,
    first_outside_gsm,
    segments,
    split,
    to_gsm,
)
from smsflow.sms.gsm_tables import BASIC, ESCAPE, EXTENSION

GSM = "".join(BASIC[code] for code in range(128) if code != ESCAPE) + "".join(EXTENSION.values())
EMOJI = "😀"

texts = st.one_of(
    st.text(max_size=400),
    st.text(GSM, max_size=700),
    st.text("a€[", max_size=700),
    st.text("aж" + EMOJI, max_size=400),
)


def lengths(text: str) -> list[int]:
    """The characters in each part of `text`."""
    return [len(part) for part in split(text).parts]


def units(text: str, alphabet: Alphabet) -> int:
    """Septets or UTF-16 code units of `text`, counted one character at a time."""
    if alphabet is Alphabet.GSM7:
        return sum(2 if char in EXTENSION.values() else 1 for char in text)
    return sum(2 if ord(char) > 0xFFFF else 1 for char in text)


def test_the_basic_table_has_128_places_and_each_character_once() -> None:
    """A slip in the table would show as a wrong length or a character in two places."""
    assert len(BASIC) == 128
    assert len(set(GSM)) == len(GSM) == 127 + 10


@pytest.mark.parametrize(
    ("code", "char"),
    [
        (0x00, "@"),
        (0x01, "£"),
        (0x09, "Ç"),
        (0x0A, "\n"),
        (0x0D, "\r"),
        (0x10, "Δ"),
        (0x1A, "Ξ"),
        (0x1C, "Æ"),
        (0x1F, "É"),
        (0x24, "¤"),
        (0x40, "¡"),
        (0x5B, "Ä"),
        (0x5F, "§"),
        (0x60, "¿"),
        (0x7F, "à"),
    ],
)
def test_landmarks_of_the_basic_table_are_where_the_standard_has_them(code: int, char: str) -> None:
    """3GPP 23.038 section 6.2.1, the places where GSM and ASCII part."""
    assert encode_gsm(char) == bytes([code])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("a" * 306, [153, 153]),
        ("a" * 307, [153, 153, 1]),
        ("€" * 80, [80]),
        ("€" * 81, [76, 5]),
        ("a" * 158 + "€", [159]),
        ("a" * 159 + "€", [153, 7]),
        ("a" * 151 + "€" + "a" * 20, [152, 20]),
        ("a" * 152 + "€" + "a" * 20, [152, 21]),
        ("a" * 153 + "€" + "a" * 20, [153, 21]),
        ("ж" * 70, [70]),
        ("ж" * 71, [67, 4]),
        ("ж" * 134, [67, 67]),
        ("ж" * 135, [67, 67, 1]),
        (EMOJI * 35, [35]),
        (EMOJI * 36, [33, 3]),
        ("ж" * 65 + EMOJI + "ж" * 10, [66, 10]),
        ("ж" * 66 + EMOJI + "ж" * 10, [66, 11]),
        ("ж" * 67 + EMOJI + "ж" * 10, [67, 11]),
        ("a" * 70 + EMOJI, [67, 4]),
        ("[" * 70 + "ж", [67, 4]),
        ("", [0]),
    ],
)
def test_a_text_is_cut_at_the_limits_and_never_inside_a_character(
    text: str, expected: list[int]
) -> None:
    """160 and 153 septets, 70 and 67 code units; pairs at the limit move to the next part."""
    assert lengths(text) == expected
    assert segments(text) == split(text).count == len(expected)


def test_units_are_septets_in_gsm_and_code_units_in_ucs2() -> None:
    """The euro sign takes two septets but one code unit, an emoji takes two code units."""
    assert (split("a€").alphabet, split("a€").units) == (Alphabet.GSM7, 3)
    assert (split("ж€").alphabet, split("ж€").units) == (Alphabet.UCS2, 2)
    assert split("ж" + EMOJI).units == 3
    assert split("").units == 0


def test_one_character_outside_gsm_makes_the_whole_text_ucs2_and_is_named() -> None:
    """The checker shows an author which character more than doubles the cost."""
    assert alphabet_of("plain @ £ €") is Alphabet.GSM7
    assert first_outside_gsm("plain @ £ €") is None
    assert alphabet_of("it’s “fine”") is Alphabet.UCS2
    assert first_outside_gsm("it’s “fine”") == (2, "’")


@pytest.mark.parametrize("char", ["\x1b", "\t", "`", "ç", "\x00", "\u00a0"])
def test_characters_that_only_look_like_gsm_are_outside_it(char: str) -> None:
    """The escape is no character of a text, and tab, backtick and small ç have no place."""
    assert first_outside_gsm("a" + char) == (1, char)


def test_a_lone_surrogate_in_a_text_counts_as_one_unit() -> None:
    """JSON can smuggle one in; counting parts must not be what fails."""
    assert split("\ud83d").units == 1
    assert segments("\ud83d" * 71) == 2


@given(texts)
def test_parts_joined_are_the_text_and_every_part_fits(text: str) -> None:
    """What handsets join again is what was written, in parts the network takes."""
    result = split(text)
    only, each = (160, 153) if result.alphabet is Alphabet.GSM7 else (70, 67)
    sizes = [units(part, result.alphabet) for part in result.parts]
    assert "".join(result.parts) == text
    assert sum(sizes) == result.units
    assert sizes[0] <= only if len(sizes) == 1 else all(1 <= size <= each for size in sizes)
    assert segments(text) == result.count


@given(texts)
def test_no_part_has_room_for_the_first_character_of_the_next(text: str) -> None:
    """Parts are charged, so each is as full as whole characters allow."""
    result = split(text)
    each = 153 if result.alphabet is Alphabet.GSM7 else 67
    for part, following in zip(result.parts, result.parts[1:], strict=False):
        assert units(part + following[0], result.alphabet) > each


@given(st.text(GSM))
def test_text_survives_gsm_and_takes_an_octet_a_septet(text: str) -> None:
    """Encoding and decoding give the text back, and agree with the count of septets."""
    data = encode_gsm(text)
    assert decode_gsm(data) == text
    assert len(data) == split(text).units
    assert alphabet_of(text) is Alphabet.GSM7


@given(st.text())
def test_a_text_encodes_exactly_when_it_is_gsm(text: str) -> None:
    """`alphabet_of`, `first_outside_gsm` and `encode_gsm` never disagree."""
    outside = first_outside_gsm(text)
    assert (outside is None) == (alphabet_of(text) is Alphabet.GSM7)
    if outside is None:
        encode_gsm(text)
    else:
        with pytest.raises(ValueError, match="is not in the GSM alphabet"):
            encode_gsm(text)


def test_encoding_what_gsm_lacks_names_the_character_and_the_cure() -> None:
    """The message shows the character even where a terminal cannot."""
    with pytest.raises(ValueError, match=r"'ł' \(U\+0142\) at index 2 .* to_gsm"):
        encode_gsm("Zał")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b\x65", "€"),
        (b"\x1b\x3c\x1b\x3e", "[]"),
        (b"a\x1b\x41b", "aAb"),
        (b"\x1b\x00", "@"),
        (b"\x1b\x0a", "\f"),
        (b"\x1b\x0d", "\r"),
        (b"\x1b\x1b\x65", " e"),
        (b"a\x1b", "a "),
        (b"\x00\x11", "@_"),
        (b"", ""),
    ],
)
def test_escapes_are_shown_as_a_handset_shows_them(data: bytes, text: str) -> None:
    """3GPP 23.038 section 6.2.1.1: an unknown escape shows the plain character."""
    assert decode_gsm(data) == text


def test_an_octet_that_is_no_septet_is_refused_with_its_place() -> None:
    """Packed or Latin-1 data told as GSM must not become silent nonsense."""
    with pytest.raises(ValueError, match="octet 0xE9 at index 3"):
        decode_gsm(b"caf\xe9")


@given(st.binary())
def test_octets_decode_or_are_refused_with_a_sentence(data: bytes) -> None:
    """Whatever a push carries, a decoder gives text or a ValueError, and septets always text."""
    assert len(decode_latin1(data)) == len(data)
    assert decode_gsm(bytes(octet & 0x7F for octet in data)).find("\x1b") == -1
    if len(data) % 2:
        with pytest.raises(ValueError, match=f"{len(data)} octets is odd"):
            decode_ucs2(data)
    else:
        decode_ucs2(data).encode()


@given(st.text())
def test_text_survives_utf16(text: str) -> None:
    """Emoji and all else come through as they were sent."""
    assert decode_ucs2(text.encode("utf-16-be")) == text


@pytest.mark.parametrize(
    ("hexed", "text"),
    [
        ("d83dde00", EMOJI),
        ("0041d83d", "A\ufffd"),
        ("d83d0041", "\ufffdA"),
        ("de000041", "\ufffdA"),
        ("d83dd83dde00", "\ufffd" + EMOJI),
    ],
)
def test_a_lone_surrogate_is_replaced_and_its_neighbours_stay(hexed: str, text: str) -> None:
    """A text cut in the middle of an emoji is still worth reading."""
    assert decode_ucs2(bytes.fromhex(hexed)) == text


def test_latin1_octets_are_their_characters() -> None:
    """Datacoding 3."""
    assert decode_latin1(b"caf\xe9 \xa3") == "café £"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("“Hi” – it’s…", '"Hi" - it\'s...'),
        ("10\u00a0000\u202f€", "10 000 €"),
        ("a\tb\u2028c\ufeff", "a b\nc"),
        ("façade, Łódź, Şişli, ığdır", "facade, Lodz, Sisli, igdir"),
        ("œuvre ﬁn", "oeuvre fin"),
        ("cafe\u0301", "café"),
        ("c\u0327a", "ca"),
        ("lǜ ậ", "lü a"),
        ("１２Ａ", "12A"),
        ("Grüße aus Århus {€}", "Grüße aus Århus {€}"),
    ],
)
def test_plain_forms_replace_what_gsm_lacks(text: str, plain: str) -> None:
    """Accents that GSM has stay, also those written apart from their letter."""
    assert to_gsm(text) == plain
    assert alphabet_of(plain) is Alphabet.GSM7


@pytest.mark.parametrize(
    "text", ["Привет, мир й", "x² ½ ™", EMOJI, "\u0301", "日本語", "þж", "coŀlegi"]
)
def test_characters_without_a_sure_plain_form_stay(text: str) -> None:
    """A squared x is not x2: where a reader could be misled nothing is rewritten."""
    assert to_gsm(text) == text


@given(texts)
def test_rewriting_adds_only_gsm_characters_and_leaves_gsm_texts_alone(text: str) -> None:
    """What comes out was there before, or is GSM."""
    plain = to_gsm(text)
    assert set(plain) <= set(text) | set(GSM)
    if alphabet_of(text) is Alphabet.GSM7:
        assert plain == text


def test_a_letter_under_thousands_of_accents_is_rewritten_in_a_moment() -> None:
    """Accents are tried eight at a time at most, or a prankster's text would cost seconds."""
    assert to_gsm("e" + "\u0301" * 50_000).startswith("é")
