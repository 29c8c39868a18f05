"""The time of day that a text says: `10`, `10am`, `half past ten`, `10h30`, `22:15`, `noon`.

An hour is read on 24 hours unless the text says am or pm, the morning or the evening. "3" is
03:00; where bounds leave that out and 15:00 within, it is 15:00.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from smsflow.engine.words.calendars import CALENDARS, Calendar
from smsflow.engine.words.scanning import Scan, numeral, piece, value_of

_NOON, _DAY = 12 * 60, 24 * 60
_COLON = piece(r"(?P<h>\d{1,2}):(?P<mi>[0-5]\d)(?::[0-5]\d)? ?(?P<ap>[ap]m)?")
_FOUR = re.compile(r"(?P<h>\d{1,2})[. ]?(?P<mi>[0-5]\d)")
Minutes = tuple[int, ...]  # since midnight: what a time can mean, the likeliest first


# --- taking times out of a text -------------------------------------------------------------------


def take_parts(scan: Scan, name: str) -> None:
    """Take out the words for parts of the day, once they have been heard."""
    scan.take(_forms(name).parts)


def take_times(scan: Scan, name: str) -> list[Minutes]:
    """The times of a text that nothing else can be, taken out of it."""
    forms = _forms(name)
    part = _part_of_day(scan.text, forms)
    found: list[Minutes] = []
    for pattern, minutes in forms.phrases:
        for match in scan.take(pattern):
            found.append(_minutes(value_of(match["h"], name), minutes, match, part))
    for pattern in forms.counted:
        for match in scan.take(pattern):
            added = value_of(match["mi"], name) * (-1 if match["back"] else 1)
            found.append(_minutes(value_of(match["h"], name), added, match, part))
    for pattern in (_COLON, *forms.clocks):
        for match in scan.take(pattern):
            added = int(match["mi"]) if match["mi"] else 0
            found.append(_minutes(value_of(match["h"], name), added, match, part))
    found += [(_NOON,) for _ in scan.take(forms.noon)]
    found += [(0,) for _ in scan.take(forms.midnight)]
    return found


def take_bare(scan: Scan, name: str) -> list[Minutes]:
    """A number that is all that is left of a text: `10`, `ten`, `1030`, `10.30`."""
    forms = _forms(name)
    part = _part_of_day(scan.text, forms)
    scan.take(forms.parts)
    match = forms.number.fullmatch(scan.said) or _FOUR.fullmatch(scan.said)
    if match is None:
        return []
    scan.text = ""
    added = int(match["mi"]) if match.re is _FOUR else 0
    hour = int(match["h"]) if match.re is _FOUR else value_of(match["h"], name)
    return [_minutes(hour, added, match, part)]


def _part_of_day(text: str, forms: _Forms) -> str:
    """`am`, `pm`, or '' when a text says neither."""
    morning, later = forms.morning.search(text), forms.later.search(text)
    return "" if bool(morning) == bool(later) else "am" if morning else "pm"


def _minutes(hour: int, added: int, match: re.Match[str], part: str) -> Minutes:
    """What an hour can mean, so many minutes on; () when no clock shows it."""
    said = match.groupdict().get("ap") or ""
    if hour > 24 or abs(added) >= 60 or (hour == 24 and added) or (said and not 1 <= hour <= 12):
        return ()
    hours: tuple[int, ...]
    if said:
        hours = (hour % 12 + (12 if said == "pm" else 0),)
    elif part and hour == 12:
        return ()  # 12 in the evening: noon or midnight
    elif part and 1 <= hour <= 11:
        hours = (hour + (12 if part == "pm" else 0),)
    elif 1 <= hour <= 12 and not match["h"].startswith("0"):
        hours = (hour, (hour + 12) % 24)
    else:
        hours = (hour % 24,)
    return tuple((each * 60 + added) % _DAY for each in hours)


# --- patterns -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forms:
    """The patterns of one language."""

    phrases: tuple[tuple[re.Pattern[str], int], ...]
    counted: tuple[re.Pattern[str], ...]
    clocks: tuple[re.Pattern[str], ...]
    noon: re.Pattern[str]
    midnight: re.Pattern[str]
    number: re.Pattern[str]
    morning: re.Pattern[str]
    later: re.Pattern[str]
    parts: re.Pattern[str]


@lru_cache(maxsize=16)
def _forms(name: str) -> _Forms:
    c = CALENDARS[name]
    hour = f"(?P<h>{numeral(name)})"
    tail = f"(?: (?:{c.hours}))?"
    return _Forms(
        phrases=tuple(_phrases(c, hour, tail)),
        counted=tuple(_counted(c, name, hour, tail)),
        clocks=tuple(_clocks(c, name, hour)),
        noon=piece(f"(?:(?:{c.at}) )?(?:{c.noon})"),
        midnight=piece(f"(?:(?:{c.at}) )?(?:{c.midnight})"),
        number=re.compile(hour),
        morning=piece(c.morning),
        later=piece(c.later),
        parts=piece(f"{c.morning}|{c.later}"),
    )


def _phrases(c: Calendar, hour: str, tail: str) -> Iterator[tuple[re.Pattern[str], int]]:
    """`half past ten`, `dix heures et quart`."""
    lead, meridiem = f"(?:(?:{c.at}) )?", "(?P<ap>[ap]m)?"
    for phrase, minutes in c.before_hour.items():
        yield piece(f"{lead}(?:{phrase}) {hour}{meridiem}{tail}"), minutes
    for phrase, minutes in c.after_hour.items():
        yield piece(f"{lead}{hour}{tail} (?:{phrase})"), minutes


def _counted(c: Calendar, name: str, hour: str, tail: str) -> Iterator[re.Pattern[str]]:
    """`ten past nine`, `las diez menos diez`; a bare "10 and 12" is no time."""
    minutes = f"(?P<mi>{numeral(name)})"
    yield piece(f"{minutes} (?:(?P<back>{c.to})|{c.past}) {hour}(?P<ap>[ap]m)?{tail}")
    yield piece(f"(?:{c.at}) {hour}{tail} (?:(?P<back>{c.minus})|{c.plus}) {minutes}")
    yield piece(f"{hour} (?:{c.hours}) (?:(?P<back>{c.minus})|{c.plus}) {minutes}")


def _clocks(c: Calendar, name: str, hour: str) -> Iterator[re.Pattern[str]]:
    """`10am`, `10.30pm`, `10h30`, `10 Uhr 30`, `at ten`."""
    figures = r"(?P<h>\d{1,2})"
    letters = "hu" if name == "nl" else "h"
    lead = f"(?:(?:{c.at}) )?"
    yield piece(rf"{lead}{figures}(?:\.(?P<mi>[0-5]\d))? ?(?P<ap>[ap]m)")
    yield piece(rf"{lead}{figures}\.(?P<mi>[0-5]\d) (?:{c.hours})")
    yield piece(rf"{lead}{figures} ?[{letters}] ?(?P<mi>[0-5]\d)?")
    yield piece(rf"{lead}{hour} (?:{c.hours})(?: (?P<mi>[0-5]\d))?")
    yield piece(rf"(?:{c.at}) {figures}\.?(?P<mi>[0-5]\d)")
    yield piece(rf"(?:{c.at}) {hour}(?P<mi>(?!))?")
