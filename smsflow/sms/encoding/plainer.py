"""Plainer characters: what a text can be rewritten in without a reader missing anything.

Typographic quotes and rare accents double the price of a text, and come from word processors more
often than from a wish. Bolder rewriting is `transliteration`.
"""

from __future__ import annotations

import re
import unicodedata

from smsflow.sms.encoding.alphabets import DEFAULT

# Characters whose plain form no normalisation gives, and of which nobody would miss the difference.
_PUNCTUATION = {
    **dict.fromkeys("‘’‚‛‹›′`´ʼ", "'"),
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\t\u00a0\u202f\u205f\u3000", " "),
    **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),  # en quad to hair space
    **dict.fromkeys("\u2028\u2029", "\n"),
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),  # hints where a line may break: not seen
    "…": "...",
}
_PLAIN = {
    **_PUNCTUATION,
    "ı": "i",
    "Ł": "L",
    "ł": "l",
    "Đ": "D",
    "đ": "d",
    "Ħ": "H",
    "ħ": "h",
    "Œ": "OE",
    "œ": "oe",
}

# A letter goes with the accents that follow it, eight at most: nobody writes more in earnest, and
# `_plainer` tries them one by one.
_REWRITABLE = re.compile(f"[^\\W\\d_][\u0300-\u036f]{{1,8}}|{DEFAULT.outside.pattern}")


_TYPOGRAPHY = str.maketrans(_PUNCTUATION)


def plain_punctuation(text: str) -> str:
    """`text` with plain quotes, dashes, dots and spaces, every letter as it is."""
    return text.translate(_TYPOGRAPHY)


def to_gsm(text: str) -> str:
    """`text` in plainer characters of the GSM alphabet where that is certain to read the same.

    Typographic quotes, dashes, dots and spaces become plain ones, letters lose the accents that GSM
    lacks; every other character stays, so the result can still be UCS-2: ask `alphabet_of`.
    """
    return _REWRITABLE.sub(_plainer, text)


def _plainer(found: re.Match[str]) -> str:
    """The GSM form of one character with as many accents as GSM has; itself when none is sure."""
    original = found[0]
    if original in _PLAIN:
        return _PLAIN[original]
    if not (original[0].isalpha() or original.isdecimal()):
        return original  # x² is not x2, and ½ is not 1/2
    letters = unicodedata.normalize("NFKD", original)
    while letters:
        composed = unicodedata.normalize("NFC", letters)
        if not DEFAULT.outside.search(composed):
            return composed
        if not unicodedata.combining(letters[-1]):
            break
        letters = letters[:-1]
    return original
