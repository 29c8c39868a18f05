"""The text in the octets of a message that came in, by its datacoding and its user data header.

Sources: SMPP 3.4 section 5.2.19 (datacoding), 3GPP 23.038 section 4 (coding groups with a message
class), 3GPP 23.040 section 9.2.3.24 (user data header).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from smsflow.sms.encoding import Shifts, decode_gsm, decode_latin1, decode_ucs2
from smsflow.sms.encoding.headers import concatenation, has_ports, shifts_of_header
from smsflow.sms.messages import Part

HAS_HEADER = 0x40  # UDH indicator of esmclass (SMPP 3.4 section 5.2.12)

_GSM, _LATIN_1, _UCS_2 = 0, 3, 8
_CODECS = {1: "ascii", 6: "iso8859-5", 7: "iso8859-8"}


def decoded(octets: bytes, coding: int, shifts: Shifts | None = None) -> str:
    """The text of `octets`; ValueError when they are no text, such as data (datacoding 4)."""
    alphabet = _alphabet(coding)
    if alphabet == _GSM:
        return decode_gsm(octets, shifts)
    if alphabet == _LATIN_1:
        return decode_latin1(octets)
    if alphabet == _UCS_2:
        return decode_ucs2(octets)
    if alphabet in _CODECS:
        return octets.decode(_CODECS[alphabet], "replace")
    raise ValueError(f"datacoding {coding} is not text")


def read_part(octets: bytes, coding: int) -> str | Part:
    """What octets with a user data header in front are: a whole text, or a part of one.

    ValueError for a broken header, for what is addressed to an application, and as `decoded`.
    """
    header, content = _parted(octets)
    if has_ports(header):
        raise ValueError("it is for an application on the phone, and not text")
    shifts = shifts_of_header(header)
    found = concatenation(header)
    if found is None:
        return decoded(content, coding, shifts)
    if _alphabet(coding) != _UCS_2:  # half a unit is for the join to judge
        decoded(content, coding, shifts)
    reference, total, number = found
    return Part(reference, number, total, coding, content, shifts)


def joined(parts: Sequence[Part]) -> str:
    """The text of parts in the order of their numbers; what is missing leaves no mark.

    Neighbours that are coded alike are decoded as one: a phone may cut a character in two.
    ValueError as `decoded`.
    """
    ordered = sorted(parts, key=lambda part: part.number)
    runs = groupby(ordered, key=lambda part: (part.coding, part.shifts))
    return "".join(
        decoded(_whole(b"".join(part.octets for part in run), coding), coding, shifts)
        for (coding, shifts), run in runs
    )


def _whole(octets: bytes, coding: int) -> bytes:
    """Without half a unit that the loss of a part can leave."""
    return octets[: len(octets) // 2 * 2] if _alphabet(coding) == _UCS_2 else octets


def _alphabet(coding: int) -> int:
    """The datacoding of SMPP that a coding group with a message class stands for."""
    if coding >> 4 == 0x1:  # 3GPP 23.038: bits 3 and 2 tell the alphabet
        return coding & 0x0C
    if coding >> 4 == 0xF:  # bit 2 tells data from text
        return coding & 0x04
    return coding


def _parted(octets: bytes) -> tuple[bytes, bytes]:
    """The header with its length octet, and what follows it."""
    if not octets or octets[0] >= len(octets):
        raise ValueError("the user data header is longer than the data")
    end = 1 + octets[0]
    return octets[:end], octets[end:]
