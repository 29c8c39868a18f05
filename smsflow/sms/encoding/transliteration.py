"""Transliteration: a text in letters that the GSM alphabet has, readable and a third of the price.

PigeonHost rewrites texts by one of five named tables when asked. Its tables are not public: these
are approximations with its names, made so that a text can be counted and looked at before it is
sent. What the provider writes can differ in single letters. The one example that is known, for
GREEK, comes out as it does there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum

from anyascii import anyascii

from smsflow.sms.encoding.alphabets import DEFAULT
from smsflow.sms.encoding.plainer import plain_punctuation, to_gsm


class Transliteration(StrEnum):
    """The provider's names for its tables; manual, "Fully featured textual message"."""

    TURKISH = "TURKISH"
    CENTRAL_EUROPEAN = "CENTRAL_EUROPEAN"
    GREEK = "GREEK"
    CYRILLIC = "CYRILLIC"
    NON_UNICODE = "NON_UNICODE"


def transliterate(text: str, table: Transliteration) -> str:
    """`text` with the letters of `table` rewritten in letters of the GSM alphabet; approximate.

    TURKISH and CENTRAL_EUROPEAN take the accents off, GREEK writes capitals without accents that
    look alike, CYRILLIC writes Latin letters by sound. Quotes, dashes and spaces become plain,
    letters of other tables stay, and so do characters of the GSM alphabet. NON_UNICODE applies all
    tables, then writes what is left in ASCII, `?` for what has no form there: its result is always
    GSM-7.
    """
    return plain_punctuation(_TABLES[table](unicodedata.normalize("NFC", text)))


# Letters that the GSM alphabet lacks, by who writes them: Polish, Czech and Slovak, Hungarian,
# Romanian (with comma and with cedilla), South Slavic, Baltic, Albanian.
_TURKISH = re.compile("[ğşıçâîûĞŞİÂÎÛ]")
_CENTRAL_EUROPEAN = re.compile(
    "["
    "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ"
    "áčďěíňřšťúůýžÁČĎĚÍŇŘŠŤÚŮÝŽ"
    "ĺľŕôĹĽŔÔ"
    "őűŐŰ"
    "ăâîșțşţĂÂÎȘȚŞŢ"
    "đĐ"
    "āēėģīįķļņšūųĀĒĖĢĪĮĶĻŅŠŪŲõÕ"
    "çëË"
    "]"
)
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff][\u0300-\u036f]{0,8}")
_CYRILLIC = re.compile("[\u0400-\u052f\u1c80-\u1c8f][\u0400-\u052f\u1c80-\u1c8f\u0300-\u036f]*")

# Greek capitals that look like Latin ones; the ten others are in the GSM alphabet.
_LOOK_ALIKES = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")


def _by_ascii(letters: re.Pattern[str]) -> Callable[[str], str]:
    """A table that writes each of these letters in ASCII."""
    return lambda text: letters.sub(lambda found: anyascii(found[0]), text)


def _cyrillic(text: str) -> str:
    """Cyrillic words by sound; a word in capitals stays in capitals, as in SHCHUKA."""

    def latin(found: re.Match[str]) -> str:
        word = anyascii(found[0])
        return word.upper() if len(found[0]) > 1 and found[0].isupper() else word

    return _CYRILLIC.sub(latin, text)


def _greek(text: str) -> str:
    """Greek letters as capitals without accents, in Latin letters where these look the same."""
    return _GREEK.sub(_capital, text)


def _capital(found: re.Match[str]) -> str:
    """The capital of one Greek letter; the letter itself when GSM has nothing like it."""
    letter = unicodedata.normalize("NFD", found[0])[0]
    capital = letter.upper().translate(_LOOK_ALIKES)
    return found[0] if DEFAULT.outside.search(capital) else capital


def _non_unicode(text: str) -> str:
    """All tables in turn, and ASCII for the rest."""
    return DEFAULT.outside.sub(_ascii, to_gsm(_greek(_cyrillic(text))))


def _ascii(found: re.Match[str]) -> str:
    """One character in ASCII; nothing for what is not seen, such as a joiner of emoji."""
    if unicodedata.category(found[0]) in ("Cf", "Mn", "Me"):
        return ""
    return DEFAULT.outside.sub("?", plain_punctuation(anyascii(found[0]))) or "?"


_TABLES: dict[Transliteration, Callable[[str], str]] = {
    Transliteration.TURKISH: _by_ascii(_TURKISH),
    Transliteration.CENTRAL_EUROPEAN: _by_ascii(_CENTRAL_EUROPEAN),
    Transliteration.GREEK: _greek,
    Transliteration.CYRILLIC: _cyrillic,
    Transliteration.NON_UNICODE: _non_unicode,
}
