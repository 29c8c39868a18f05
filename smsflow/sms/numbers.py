"""Phone numbers, short codes and alphanumeric senders: one spelling for each.

Rows are found, partitioned and blocked by the address, so the same phone must be spelt the same
whoever wrote it down: a provider (digits without +), a person (spaces and a leading 0), a file. A
number counts when it is possible, not when it is known to be assigned: numbering plans change
faster than libraries, and the ranges reserved for tests and films must work.

One `normalise` takes 15 microseconds, 60 with a region: too little to keep a cache of people's
numbers in memory for.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    number_type,
    parse,
    region_code_for_country_code,
    region_code_for_number,
    timezone,
)

from smsflow.sms.encoding import Alphabet, alphabet_of

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT_CODE = re.compile(r"[0-9]{3,6}")
_DIALLED = re.compile(r"\+?[0-9]+")
# What stands between digits, with the marks of direction that address books put around a number.
_SEPARATORS = re.compile(r"[\s\-./()\u2010-\u2015\u200e\u202a-\u202e]")
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_EXTRA = frozenset(
    {
        *(PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.UAN),
        *(PhoneNumberType.PERSONAL_NUMBER, PhoneNumberType.PAGER, PhoneNumberType.VOICEMAIL),
    }
)
_LONGEST = 40  # characters of a number with every separator a person would write

_CURE = "write a phone number with + and its country code, such as +447700900123"


def normalise(raw: str, *, region: str | None = None) -> str:
    """The one spelling of an address: E.164 with + for a phone, other senders as they are.

    Phones may be written with + or 00, or as bare international digits, as providers send them.
    With `region` (ISO 3166, such as GB) national form is read too; give none for what a provider
    sent. Short codes (3 to 6 digits) and alphanumeric senders (3 to 11 characters of the GSM
    alphabet, a letter among them) stay. ValueError names the text and the cure.
    """
    address = raw.strip()
    if _SHORT_CODE.fullmatch(address) or _is_alphanumeric(address):
        return address
    dialled = _SEPARATORS.sub("", address)
    if len(address) > _LONGEST or not _DIALLED.fullmatch(dialled):
        raise ValueError(f"{_quoted(raw)} is no phone number and no sender: {_CURE}")
    readings = _readings(dialled, region)
    if not readings:
        cure = _CURE if region or not dialled.startswith("0") else f"{_CURE}, or name its region"
        raise ValueError(f"{_quoted(raw)} is no possible phone number: {cure}")
    if len(readings) > 1:
        both = " or ".join(_e164(number) for number in readings)
        raise ValueError(f"{_quoted(raw)} can be {both}: write it with + and its country code")
    return _e164(readings[0])


def is_phone(address: str) -> bool:
    """True for a phone in E.164 with +, as `normalise` gives it; False for all other senders."""
    return _E164.fullmatch(address) is not None


def bare(number: str) -> str:
    """`number` without its +, as the provider's API takes it."""
    return number.removeprefix("+")


def costs_extra(address: str) -> bool:
    """True for a phone number that its owner may earn from, such as a premium rate number."""
    parsed = _read(address) if is_phone(address) else None
    return parsed is not None and number_type(parsed) in _EXTRA


@lru_cache(maxsize=65_536)  # asked for each text of a contact
def country_of(number: str) -> str | None:
    """The ISO 3166 region of an E.164 number, such as GB; None for other senders and +800 and kin.

    A number in no assigned range has the main region of its country code.
    """
    parsed = _read(number) if is_phone(number) else None
    if parsed is None:
        return None
    region = region_code_for_number(parsed) or region_code_for_country_code(
        parsed.country_code or 0
    )
    return region if region.isalpha() else None  # 001 stands for the world


def zones_of(number: str) -> tuple[str, ...]:
    """The IANA time zones where an E.164 number may be, several when it does not say; () unknown.

    A number in no assigned range has the zones of its prefix.
    """
    parsed = _read(number) if is_phone(number) else None
    if parsed is None:
        return ()
    zones = _known(timezone.time_zones_for_number(parsed))
    return zones or _known(timezone.time_zones_for_geographical_number(parsed))


def number_hash(number: str) -> int:
    """An unsigned 32-bit hash of a normalised address, the same in every process and release.

    Partitions are made of it, and rows keep it; Python's own `hash` changes with the process.
    """
    return zlib.crc32(number.encode())


def _is_alphanumeric(address: str) -> bool:
    """True for a name such as ACME: 3 to 11 characters of the GSM alphabet, a letter among them."""
    return (
        3 <= len(address) <= 11
        and not address.startswith("+")
        and any(map(str.isalpha, address))
        and address.isprintable()
        and alphabet_of(address) is Alphabet.GSM7
    )


def _readings(dialled: str, region: str | None) -> list[PhoneNumber]:
    """The numbers that `dialled` can mean: one when it is clear, none when it is no number.

    Bare digits can be possible in two ways: 612345678 is a Spanish mobile, and +61 2345678 has a
    possible length. The one that is a mobile is meant; when both are, only the writer knows, and
    when none is, bare digits are international, as they are without a region.
    """
    if dialled.startswith("+"):
        readings = [_read(dialled)]
    elif dialled.startswith("00"):
        readings = [_read("+" + dialled[2:])]
    else:
        readings = [_read("+" + dialled), _read(dialled, region) if region else None]
    possible = [number for number in readings if number is not None]
    if len(possible) < 2 or _e164(possible[0]) == _e164(possible[1]):
        return possible[:1]
    return [number for number in possible if number_type(number) in _MOBILE] or possible[:1]


def _read(dialled: str, region: str | None = None) -> PhoneNumber | None:
    """The possible number of E.164 length that `dialled` is; None when it is none.

    Numbers that work only inside one town (`IS_POSSIBLE_LOCAL_ONLY`) cannot be texted.
    """
    try:
        number = parse(dialled, region)
    except NumberParseException:
        return None
    spelling = _e164(number)
    if spelling != dialled:  # a needless 0 was dropped, and another may follow
        return _read(spelling)
    possible = is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return number if possible and is_phone(spelling) else None


def _e164(number: PhoneNumber) -> str:
    return format_number(number, PhoneNumberFormat.E164)


def _known(zones: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)


def _quoted(raw: str) -> str:
    """`raw` for an error message, cut where nobody reads on."""
    return repr(raw if len(raw) <= _LONGEST else raw[:_LONGEST] + "...")
