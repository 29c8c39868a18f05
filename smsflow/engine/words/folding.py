"""Texts made comparable: case, accents and punctuation do not count, in any script.

People text keywords and answers as they come: `Yes!!`, `ARRÊT`, `can’t come`. Both sides of every
comparison go through `fold`, so that what a flow's author wrote and what a person typed meet.
"""

from __future__ import annotations

import unicodedata

# Letters that Unicode does not decompose, by the letters that people type in their place.
_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n"}
_LETTERS |= {"æ": "ae", "œ": "oe", "þ": "th", "ə": "e"}
_APOSTROPHES = frozenset("'’‘ʼ´`′＇")  # inside words: can't is cant, while other marks part words
# Marks of Latin, Greek and Cyrillic have combining classes from 200, Hebrew and Arabic points 10
# to 35. Marks of other scripts (Thai, Indic, Japanese) are letters to their readers and stay.
_ACCENTS_FROM = 200
_POINTS = range(10, 36)
_TATWEEL = "ـ"  # lengthens an Arabic word, and means nothing


class _Table(dict[int, str]):
    """What each character folds to, worked out when it is first met; at most all of Unicode."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _folded(chr(code))
        return folded


def _folded(char: str) -> str:
    if char in _APOSTROPHES:
        return ""
    if char.isspace():
        return " "
    plain = unicodedata.normalize("NFKD", char).casefold()
    return "".join(map(_kept, unicodedata.normalize("NFKD", plain)))


def _kept(char: str) -> str:
    category = unicodedata.category(char)
    rank = unicodedata.combining(char)
    if char == _TATWEEL or char in _APOSTROPHES or rank >= _ACCENTS_FROM or rank in _POINTS:
        return ""
    if category in ("Cf", "Me") or unicodedata.name(char, "").startswith("VARIATION SELECTOR"):
        return ""  # joiners, selectors and keycaps, which nobody sees
    if category == "Nd":
        return str(unicodedata.decimal(char))  # ٢ is a 2
    if category[0] in "PSZC":
        return " "
    return _LETTERS.get(char, char)


_TABLE = _Table()


def fold(text: str) -> str:
    """`text` in lower case without accents and punctuation, its words parted by one blank.

    When nothing remains, the symbols are the text: a thumbs-up stays one, without its skin tone.
    """
    folded = " ".join(text.translate(_TABLE).split())
    if text.isascii():
        return folded
    return unicodedata.normalize("NFC", folded) or _symbols(text)


def _symbols(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) == "So")
