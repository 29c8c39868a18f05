"""Other people's libraries count, cut and encode as we do, wherever they follow the standard.

smsutil and sms-toolkit cut texts, gsmcodecs has the national tables of 3GPP 23.038 release 18.
Left out is where they don't follow it: smsutil takes the escape for a letter, sms-toolkit makes no
part of an empty text, and neither takes a lone surrogate. Neither knows national tables.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import gsmcodecs  # noqa: F401  (registers its codecs)
import pytest
import sms_toolkit
import smsutil

from smsflow.sms.encoding import Alphabet, Shifts, decode_gsm, encode_gsm, segments, split
from smsflow.sms.encoding.alphabets import Language
from smsflow.sms.gsm_tables import BASIC, ESCAPE, EXTENSION

TEXTS = 10_000
LETTERS = "".join(char for code, char in enumerate(BASIC) if code != ESCAPE)
DOUBLES = "".join(EXTENSION.values())
KINDS = (
    (LETTERS, 325),
    (LETTERS + DOUBLES * 4, 325),
    (DOUBLES + "a", 170),
    (LETTERS + DOUBLES + "жğ’", 145),
    ("жщ日" + DOUBLES, 145),
    ("😀ж👩", 110),
)
ALL = [shifts for language in Language for shifts in Shifts.of(language)]


def random_texts(seed: int, count: int) -> Iterator[str]:
    """Texts of every kind, of one to several parts."""
    rng = random.Random(seed)
    for number in range(count):
        letters, longest = KINDS[number % len(KINDS)]
        yield "".join(rng.choices(letters, k=rng.randint(1, longest)))


def test_ten_thousand_random_texts_are_cut_as_smsutil_and_sms_toolkit_cut_them() -> None:
    """The same alphabet, the same number of units, and the same text in every part."""
    for text in random_texts(23038, TEXTS):
        ours = split(text)
        first = smsutil.split(text)
        assert (first.encoding == "gsm0338") == (ours.alphabet is Alphabet.GSM7), text
        assert tuple(part.content for part in first.parts) == ours.parts, text
        second = sms_toolkit.profile_message(text)
        assert tuple(part["message"] for part in second["segments"]) == ours.parts, text
        sizes = [part["total_segment_length"] for part in second["segments"]]
        assert sum(sizes) == ours.units, text
        assert segments(text) == second["num_segments"], text


def test_random_texts_are_encoded_as_smsutil_and_gsmcodecs_encode_them() -> None:
    """Octet by octet, and back."""
    for text in random_texts(23040, TEXTS // 10):
        if split(text).alphabet is Alphabet.GSM7:
            octets = encode_gsm(text)
            assert octets == smsutil.encode(text) == text.encode("gsm23.038-0-0")
            assert decode_gsm(octets) == text


@pytest.mark.parametrize("shifts", ALL, ids=str)
def test_national_tables_are_those_of_gsmcodecs(shifts: Shifts) -> None:
    """Every septet alone and after an escape, and random texts of all the letters there are."""
    locking = shifts.locking.identifier if shifts.locking else 0
    single = shifts.single.identifier if shifts.single else 0
    codec = f"gsm23.038-{locking}-{single}"
    known = ""
    for code in (code for code in range(128) if code != ESCAPE):
        known += bytes([code]).decode(codec)
        assert decode_gsm(bytes([code]), shifts) == known[-1]
        escaped = bytes([ESCAPE, code]).decode(codec, "replace")
        if escaped != "?":  # its answer for an escape that no table knows
            known += escaped
            assert decode_gsm(bytes([ESCAPE, code]), shifts) == escaped
    rng = random.Random(locking * 16 + single)
    for _ in range(200):
        text = "".join(rng.choices(known, k=300))
        assert encode_gsm(text, shifts) == text.encode(codec)
        assert split(text, shifts).units == len(text.encode(codec))
