"""User data headers: which part of how many this is, and which national tables it is written with.

Source: 3GPP 23.040 sections 9.2.3.24.1 and 9.2.3.24.8 (concatenation, 8-bit and 16-bit reference),
9.2.3.24.3 and 9.2.3.24.4 (ports), 9.2.3.24.15 and 9.2.3.24.16 (national language shift tables).
"""

from __future__ import annotations

from collections.abc import Iterator

from smsflow.sms.encoding.alphabets import Language, Shifts
from smsflow.sms.encoding.parts import Split

_CONCATENATION, _SINGLE_SHIFT, _LOCKING_SHIFT = 0x00, 0x24, 0x25
_WIDE_CONCATENATION = 0x08  # the reference has 16 bits
_PORTS = (0x04, 0x05)  # of 8 and of 16 bits

_LANGUAGES = {language.identifier: language for language in Language}


def part_headers(whole: Split, reference: int) -> tuple[bytes, ...]:
    """The user data header of each part, its length octet first; b"" where a part needs none.

    `reference`, 0 to 255, is what a handset knows the parts of one text by. ValueError when it is
    another number, or when there are more than the 255 parts that a header can count.
    """
    if not 0 <= reference <= 255:
        raise ValueError(f"an 8-bit reference is a number from 0 to 255, not {reference}")
    if whole.count > 255:
        raise ValueError(f"a text has at most 255 parts, and this one has {whole.count}")
    tables = _shift_elements(whole.shifts)
    if whole.count == 1:
        return (_with_length(tables),)
    return tuple(
        _with_length(bytes((_CONCATENATION, 3, reference, whole.count, number)) + tables)
        for number in range(1, whole.count + 1)
    )


def shifts_of_header(header: bytes) -> Shifts | None:
    """The national tables that a user data header names, its length octet first.

    A language that isn't known counts as none: the handset's default tables are the nearest. What
    comes last holds (3GPP 23.040 section 9.2.3.24). ValueError when an element is cut.
    """
    named = {
        kind: _LANGUAGES.get(content[0])
        for kind, content in _elements(header)
        if kind in (_SINGLE_SHIFT, _LOCKING_SHIFT) and len(content) == 1
    }
    single, locking = named.get(_SINGLE_SHIFT), named.get(_LOCKING_SHIFT)
    if locking is Language.ES:  # reserved, so no table stands behind it
        locking = None
    return Shifts(single, locking) if single or locking else None


def concatenation(header: bytes) -> tuple[int, int, int] | None:
    """Reference, number of parts and number of this one, from 1; None for a text of one part.

    An element that counts wrongly is passed over, as 3GPP 23.040 wants it. ValueError when an
    element is cut.
    """
    found = None
    for kind, content in _elements(header):
        wide = kind == _WIDE_CONCATENATION
        if not (wide or kind == _CONCATENATION) or len(content) != (4 if wide else 3):
            continue
        reference, total, number = int.from_bytes(content[:-2], "big"), content[-2], content[-1]
        if total > 1 and 1 <= number <= total:
            found = (reference, total, number)
    return found


def has_ports(header: bytes) -> bool:
    """True for what is addressed to an application on the phone; ValueError for a cut element."""
    return any(kind in _PORTS for kind, _ in _elements(header))


def _shift_elements(shifts: Shifts | None) -> bytes:
    octets = b""
    if shifts and shifts.single:
        octets += bytes((_SINGLE_SHIFT, 1, shifts.single.identifier))
    if shifts and shifts.locking:
        octets += bytes((_LOCKING_SHIFT, 1, shifts.locking.identifier))
    return octets


def _with_length(elements: bytes) -> bytes:
    return bytes((len(elements),)) + elements if elements else b""


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    """Identifier and content of each information element."""
    if header and header[0] != len(header) - 1:
        raise ValueError("the first octet of a user data header counts the rest of it")
    rest = header[1:]
    while rest:
        size = rest[1] if len(rest) > 1 else len(rest)
        if size > len(rest) - 2:
            raise ValueError("an element of the user data header is cut")
        yield rest[0], rest[2 : 2 + size]
        rest = rest[2 + size :]
