"""The GSM 7 bit default alphabet and its extension table, as 3GPP 23.038 prints them.

They stand apart from the code that uses them so that they can be compared with the standard line
by line, and so that the national tables of annex A have a place to go.
"""

from __future__ import annotations

ESCAPE = 0x1B

# 3GPP 23.038 section 6.2.1: the character of a septet is at its index, sixteen to a line. A space
# stands for the escape: that is what section 6.2.1 has a handset show when no septet follows it.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)

# 3GPP 23.038 section 6.2.1.1: what a septet means after an escape.
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
