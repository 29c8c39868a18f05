"""Alphabets and parts: what a text becomes on the air, and how many parts it costs.

Operators charge by the part, and one character outside the GSM alphabet cuts the room of a part by
more than half. Whoever counts, cuts, warns or decodes asks here, so that the checker, the rate
limits, the bill and the sandbox agree. Sources: 3GPP 23.038 (alphabets), 3GPP 23.040 (parts).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from smsflow.sms.gsm_tables import BASIC, ESCAPE, EXTENSION


class Alphabet(StrEnum):
    """The two ways of writing a text on the air."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Split:
    """A text as it is sent: `units` are septets (GSM-7) or UTF-16 code units (UCS-2) of it all."""

    alphabet: Alphabet
    parts: tuple[str, ...]
    units: int

    @property
    def count(self) -> int:
        """How many parts are charged; never 0."""
        return len(self.parts)

    @property
    def left(self) -> int:
        """Units that the last part still has room for."""
        only, each = _ROOM[self.alphabet]
        room = only if self.count == 1 else each
        return room - _units(self.parts[-1], self.alphabet)


# Units in the only part, and in each of several: a concatenated part gives 6 of its 140 octets to
# the header that numbers it (3GPP 23.040 section 9.2.3.24.1).
_ROOM = {Alphabet.GSM7: (160, 153), Alphabet.UCS2: (70, 67)}

_EXTENDED = frozenset(EXTENSION.values())
_GSM_CLASS = re.escape(BASIC + "".join(EXTENSION.values()))
_OUTSIDE = re.compile(f"[^{_GSM_CLASS}]")

_SEPTETS = {
    **{ord(char): chr(code) for code, char in enumerate(BASIC) if code != ESCAPE},
    **{ord(char): chr(ESCAPE) + chr(code) for code, char in EXTENSION.items()},
}


def alphabet_of(text: str) -> Alphabet:
    """The alphabet that `text` is sent in: GSM-7 when all of it fits, else UCS-2."""
    return Alphabet.UCS2 if _OUTSIDE.search(text) else Alphabet.GSM7


def first_outside_gsm(text: str) -> tuple[int, str] | None:
    """Index and character of the first that costs `text` UCS-2; None when it is GSM-7."""
    found = _OUTSIDE.search(text)
    return (found.start(), found[0]) if found else None


def segments(text: str) -> int:
    """How many parts `text` is sent in: the count of `split`, without cutting where it can."""
    alphabet = alphabet_of(text)
    units = _units(text, alphabet)
    only, each = _ROOM[alphabet]
    if units <= only:
        return 1
    if units == len(text):
        return -(-units // each)
    return len(_cut(text, _doubles(text, alphabet), each))


def split(text: str) -> Split:
    """`text` cut into parts as a handset gets them, no escape or surrogate pair torn apart.

    160 septets in one part and 153 in each of several, 70 and 67 UTF-16 code units in UCS-2. An
    empty text is one empty part.
    """
    alphabet = alphabet_of(text)
    units = _units(text, alphabet)
    only, each = _ROOM[alphabet]
    if units <= only:
        return Split(alphabet, (text,), units)
    return Split(alphabet, _cut(text, _doubles(text, alphabet), each), units)


def _units(text: str, alphabet: Alphabet) -> int:
    """Septets or UTF-16 code units of `text`; a lone surrogate counts as the one unit it is."""
    if alphabet is Alphabet.GSM7:
        return len(text) + sum(map(text.count, _EXTENDED))
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def _doubles(text: str, alphabet: Alphabet) -> Set[str]:
    """The characters of `text` that take two units, which must stay in one part."""
    if alphabet is Alphabet.GSM7:
        return _EXTENDED & set(text)
    return {char for char in set(text) if char > "\uffff"}


def _cut(text: str, doubles: Set[str], room: int) -> tuple[str, ...]:
    """`text` in parts of at most `room` units, each as full as whole characters allow."""
    if not doubles:
        return tuple(text[start : start + room] for start in range(0, len(text), room))
    parts = []
    start = used = 0
    for index, char in enumerate(text):
        width = 2 if char in doubles else 1
        if used + width > room:
            parts.append(text[start:index])
            start, used = index, 0
        used += width
    return (*parts, text[start:])


def encode_gsm(text: str) -> bytes:
    """`text` in the GSM alphabet, one octet for each septet; ValueError names what has no place."""
    outside = first_outside_gsm(text)
    if outside:
        index, char = outside
        raise ValueError(
            f"{char!r} (U+{ord(char):04X}) at index {index} is not in the GSM alphabet: "
            "send the text as UCS-2, or rewrite it with to_gsm"
        )
    return text.translate(_SEPTETS).encode("ascii")


_RUN_OR_ESCAPE = re.compile(f"[^{chr(ESCAPE)}]+|{chr(ESCAPE)}(?P<escaped>.?)", re.DOTALL)


def decode_gsm(data: bytes) -> str:
    """The text of `data`, one octet for each septet, as SMPP and a push with datacoding 0 carry it.

    An escape before a septet that the extension table lacks shows the plain character; two escapes,
    or one that ends the data, show a space (3GPP 23.038 sections 6.2.1 and 6.2.1.1). ValueError
    when an octet is over 0x7F.
    """
    if not data.isascii():
        index = next(index for index, octet in enumerate(data) if octet > 0x7F)
        raise ValueError(
            f"octet 0x{data[index]:02X} at index {index} is not a septet: "
            "text in the GSM alphabet has octets up to 0x7F"
        )
    return _RUN_OR_ESCAPE.sub(_shown, data.decode("ascii"))


def _shown(found: re.Match[str]) -> str:
    """What a handset shows for a run of plain septets, or for one escape sequence."""
    escaped = found["escaped"]
    if escaped is None:
        return found[0].translate(BASIC)
    if not escaped:
        return " "
    return EXTENSION.get(ord(escaped)) or escaped.translate(BASIC)


def decode_ucs2(data: bytes) -> str:
    """The text of `data` as UTF-16BE, pairs joined, a lone surrogate as U+FFFD.

    The standard says UCS-2, but handsets write emoji as surrogate pairs. ValueError when the number
    of octets is odd: the text was cut, or it is not UCS-2 at all.
    """
    if len(data) % 2:
        raise ValueError(f"UCS-2 text has two octets a unit, and {len(data)} octets is odd")
    return data.decode("utf-16-be", "replace")


def decode_latin1(data: bytes) -> str:
    """The text of `data` as ISO 8859-1 (datacoding 3), in which every octet has a meaning."""
    return data.decode("latin-1")


# Characters whose plain form no normalisation gives, and of which nobody would miss the difference.
_PLAIN = {
    **dict.fromkeys("‘’‚‛‹›′`´ʼ", "'"),
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\t\u00a0\u202f\u205f\u3000", " "),
    **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),  # en quad to hair space
    **dict.fromkeys("\u2028\u2029", "\n"),
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),  # hints where a line may break: not seen
    "…": "...",
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
_REWRITABLE = re.compile(f"[^\\W\\d_][\u0300-\u036f]{{1,8}}|[^{_GSM_CLASS}]")


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
        if not _OUTSIDE.search(composed):
            return composed
        if not unicodedata.combining(letters[-1]):
            break
        letters = letters[:-1]
    return original
