"""Texts to octets and back, one octet for each septet, as SMPP and pushes carry them.

Packing septets into octets is the radio network's business and nobody's here.
"""

from __future__ import annotations

import re

from smsflow.sms.encoding.alphabets import DEFAULT, Shifts, shifted
from smsflow.sms.encoding.parts import first_outside_gsm
from smsflow.sms.gsm_tables import ESCAPE


def encode_gsm(text: str, shifts: Shifts | None = None) -> bytes:
    """`text` in the GSM alphabet, one octet for each septet; ValueError names what has no place."""
    outside = first_outside_gsm(text, shifts)
    if outside:
        index, char = outside
        place = f"said with {shifts}" if shifts else "in the GSM alphabet"
        raise ValueError(
            f"{char!r} (U+{ord(char):04X}) at index {index} is not {place}: "
            "send the text as UCS-2, or rewrite it with to_gsm"
        )
    repertoire = DEFAULT if shifts is None else shifted(shifts)
    return text.translate(repertoire.septets).encode("ascii")


_RUN_OR_ESCAPE = re.compile(f"[^{chr(ESCAPE)}]+|{chr(ESCAPE)}(?P<escaped>.?)", re.DOTALL)


def decode_gsm(data: bytes, shifts: Shifts | None = None) -> str:
    """The text of `data`, one octet for each septet, as SMPP and a push with datacoding 0 carry it.

    An escape before a septet that the extension table lacks shows the plain character; two escapes,
    or one that ends the data, show a space (3GPP 23.038 sections 6.2.1 and 6.2.1.1). `shifts` are
    the national tables that the header names (`shifts_of_header`). ValueError when an octet is over
    0x7F.
    """
    if not data.isascii():
        index = next(index for index, octet in enumerate(data) if octet > 0x7F)
        raise ValueError(
            f"octet 0x{data[index]:02X} at index {index} is not a septet: "
            "text in the GSM alphabet has octets up to 0x7F"
        )
    repertoire = DEFAULT if shifts is None else shifted(shifts)

    def shown(found: re.Match[str]) -> str:
        """What a handset shows for a run of plain septets, or for one escape sequence."""
        escaped = found["escaped"]
        if escaped is None:
            return found[0].translate(repertoire.basic)
        if not escaped:
            return " "
        return repertoire.extension.get(ord(escaped)) or escaped.translate(repertoire.basic)

    return _RUN_OR_ESCAPE.sub(shown, data.decode("ascii"))


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
