"""Alphabets and parts: what a text becomes on the air, and how many parts it costs.

Operators charge by the part, and one character outside the GSM alphabet cuts the room of a part by
more than half. Whoever counts, cuts, warns or decodes asks here, so that the checker, the rate
limits, the bill and the sandbox agree. Sources: 3GPP 23.038 (alphabets), 3GPP 23.040 (parts).
`transliteration` and `writings`, which few need and which load more, are imported by name.
"""

from __future__ import annotations

from smsflow.sms.encoding.alphabets import Alphabet, Language, Shifts
from smsflow.sms.encoding.codec import decode_gsm, decode_latin1, decode_ucs2, encode_gsm
from smsflow.sms.encoding.headers import part_headers, shifts_of_header
from smsflow.sms.encoding.parts import (
    Split,
    alphabet_of,
    first_outside_gsm,
    segments,
    shifts_for,
    split,
)
from smsflow.sms.encoding.plainer import to_gsm

__all__ = [
    "Alphabet",
    "Language",
    "Shifts",
    "Split",
    "alphabet_of",
    "decode_gsm",
    "decode_latin1",
    "decode_ucs2",
    "encode_gsm",
    "first_outside_gsm",
    "part_headers",
    "segments",
    "shifts_for",
    "shifts_of_header",
    "split",
    "to_gsm",
]
