"""A text from a handset (MO), and the URL that tells it; manual section "Push received messages".

What a handset types becomes octets in one of the codings of the air, and the URL template decides
whether text or octets are told. Both are the sandbox's own reading of the manual.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from smsflow.sandbox.records import Inbound
from smsflow.sandbox.wire import bare, write_date
from smsflow.sms.encoding import Alphabet, alphabet_of, decode_gsm, encode_gsm, segments

GSM, LATIN1, OCTETS, UCS2 = 0, 3, 4, 8  # data codings (3GPP 23.038 section 4, SMPP 3.4 5.2.19)

_PLACE = re.compile(
    r"%(sender|receiver|text|bin|datetime|messageid|datacoding|esmclass)%", re.IGNORECASE
)
_OUTPUT = re.compile(r"(?<=[?&])output=(?:xml|json)(?:&|$)|&output=(?:xml|json)(?=&|$)")


def typed(
    message_id: str,
    sender: str,
    receiver: str,
    text: str,
    received_at: datetime,
    *,
    datacoding: int | None = None,
    octets: bytes | None = None,
    esmclass: int = 0,
) -> Inbound:
    """The text as it goes over the air; ValueError when its characters or octets don't fit.

    `datacoding` is the GSM alphabet when the text fits into it, else UCS-2, unless it is given.
    `octets` are given for what no keyboard makes: binary, or parts with a user data header.
    """
    if datacoding is None:
        datacoding = GSM if alphabet_of(text) is Alphabet.GSM7 else UCS2
    if octets is None:
        octets = _encode(text, datacoding)
    elif not text:
        text = _read(octets, datacoding, esmclass)
    return Inbound(
        message_id,
        bare(sender),
        bare(receiver),
        text,
        octets,
        datacoding,
        esmclass,
        segments(text),
        received_at,
        clean_text=text,
    )


def split_keyword(text: str, keywords: Iterable[str]) -> tuple[str, str]:
    """The keyword that the text begins with, as it was typed, and the text without it.

    A keyword is the first word, in any case; without one the text is clean as it is.
    """
    first, _, rest = text.lstrip().partition(" ")
    if first and first.casefold() in {word.casefold() for word in keywords}:
        return first, rest.lstrip()
    return "", text


def fill(template: str, inbound: Inbound) -> str:
    """The URL that tells this text.

    With both %text% and %bin% only one of them is told: the text for data coding 0, else the
    octets as hex. `output=` asks for a form of values that a GET doesn't have, and is left out, as
    in the manual's example.
    """
    asked = {found.lower() for found in _PLACE.findall(template)}
    both = {"text", "bin"} <= asked
    values = {
        "sender": inbound.sender,
        "receiver": inbound.receiver,
        "text": "" if both and inbound.datacoding != GSM else inbound.text,
        "bin": "" if both and inbound.datacoding == GSM else inbound.octets.hex().upper(),
        "datetime": write_date(inbound.received_at),
        "messageid": inbound.message_id,
        "datacoding": str(inbound.datacoding),
        "esmclass": str(inbound.esmclass),
    }
    url = _OUTPUT.sub("", template)
    return _PLACE.sub(lambda place: quote(values[place[1].lower()], safe=""), url)


def _encode(text: str, datacoding: int) -> bytes:
    if datacoding == GSM:
        return encode_gsm(text)
    return text.encode("utf-16-be" if datacoding == UCS2 else "latin-1")


def _read(octets: bytes, datacoding: int, esmclass: int) -> str:
    """The text of octets; behind a user data header (esmclass 0x40), as far as it is one."""
    if not esmclass & 0x40:
        return _decode(octets, datacoding)
    try:
        return _decode(octets[1 + octets[0] :], datacoding)
    except (IndexError, ValueError):
        return ""


def _decode(octets: bytes, datacoding: int) -> str:
    if datacoding == GSM:
        return decode_gsm(octets)
    return octets.decode("utf-16-be" if datacoding == UCS2 else "latin-1")
