"""What a message can be told beside whom it goes to: "Fully featured textual message", parameters.

`deliveryTimeWindow`, `sendingSpeedLimit` and `tracking.baseUrl` are of later versions of the API.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, time, timedelta

from smsflow.sandbox.fields import Fields
from smsflow.sandbox.records import MAX_VALIDITY, Tracking
from smsflow.sandbox.schedule import DAYS, PACES, SHORTEST_WINDOW, Pace, Window
from smsflow.sandbox.wire import read_date
from smsflow.sms.encoding import Language, Shifts, shifts_for
from smsflow.sms.encoding.transliteration import Transliteration, transliterate

MAX_URL = 2000
MAX_KEY = 200
MAX_AHEAD = timedelta(days=180)
SCRIPTS = ("TURKISH", "GREEK", "CYRILLIC", "CENTRAL_EUROPEAN", "NON_UNICODE")
LANGUAGES = ("TR", "ES", "PT")

_URL = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)


def transliteration(fields: Fields) -> str | None:
    """The name of the table that the text is to be rewritten by."""
    return fields.one_of("transliteration", SCRIPTS)


def rewritten(text: str, table: str | None) -> str:
    """The text in the letters asked for; the manual names the tables, and ours come near them."""
    return transliterate(text, Transliteration(table)) if table else text


def shifts(fields: Fields, text: str) -> Shifts | None:
    """The national tables that `language` asks for.

    The manual doesn't say what a languageCode without singleShift and lockingShift means: here it
    is the tables that serve the text best. Spanish has no locking table, so asking changes nothing.
    """
    language = fields.inner("language")
    if language is None:
        return None
    code = language.one_of("languageCode", LANGUAGES)
    single, locking = language.flag("singleShift"), language.flag("lockingShift")
    if code is None:
        return None
    spoken = Language(code)
    if language.get("singleShift") is None and language.get("lockingShift") is None:
        return shifts_for(text, spoken)
    locking = locking and spoken is not Language.ES
    tables = (spoken if single else None, spoken if locking else None)
    return Shifts(*tables) if any(tables) else None


def url(fields: Fields, name: str) -> str | None:
    """An http or https URL."""
    told = fields.text(name, MAX_URL)
    if told and _URL.fullmatch(told) is None:
        raise fields.wrong(name, "must be an http or https URL")
    return told or None


def content_type(fields: Fields) -> str:
    """The type that reports are pushed in."""
    types = ("application/json", "application/xml")
    return fields.one_of("notifyContentType", types) or types[0]


def validity(fields: Fields) -> timedelta:
    """The validity period: whole minutes, at most 48 h whatever was asked."""
    minutes = fields.number("validityPeriod", 1)
    return MAX_VALIDITY if minutes is None or minutes > 2880 else timedelta(minutes=minutes)


def send_at(fields: Fields, now: datetime) -> datetime | None:
    """The moment to send, at most 180 days ahead; one that is past means now."""
    told = fields.text("sendAt")
    if told is None:
        return None
    try:
        moment = read_date(told)
    except ValueError as error:
        raise fields.wrong("sendAt", str(error)) from None
    if moment > now + MAX_AHEAD:
        raise fields.wrong("sendAt", "must be within 180 days")
    return moment


def window(fields: Fields) -> Window | None:
    """The days and hours in which the text may go out; hours come as a pair, an hour apart."""
    told = fields.inner("deliveryTimeWindow")
    if told is None:
        return None
    days = [day for _, day in told.items("days")]
    if not days or any(day not in DAYS for day in days):
        raise told.wrong("days", f"must be some of {', '.join(DAYS)}")
    opens, closes = _time(told, "from"), _time(told, "to")
    known = frozenset(DAYS.index(str(day)) for day in days)
    if opens is None and closes is None:
        return Window(known)
    if opens is None or closes is None:
        raise told.missing("to" if opens else "from", "must be there when the other is")
    if _since_midnight(closes) - _since_midnight(opens) < SHORTEST_WINDOW:
        raise told.wrong("to", "must be at least an hour after from")
    return Window(known, opens, closes)


def _time(fields: Fields, name: str) -> time | None:
    told = fields.inner(name)
    if told is None:
        return None
    return time(told.number("hour", 0, 23) or 0, told.number("minute", 0, 59) or 0)


def _since_midnight(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute)


def pace(fields: Fields) -> Pace | None:
    """How many texts of the request may go out in a minute, an hour or a day."""
    told = fields.inner("sendingSpeedLimit")
    if told is None:
        return None
    amount = told.number("amount", 1)
    if amount is None:
        raise told.missing("amount")
    return Pace(amount, PACES[told.one_of("timeUnit", tuple(PACES)) or "MINUTE"])


def tracking(fields: Fields) -> Tracking | None:
    """How success is measured. Without a processKey each kind of campaign has one of its own."""
    told = fields.inner("tracking")
    if told is None:
        return None
    track, kind = told.one_of("track", ("SMS", "URL")), told.text("type", MAX_KEY)
    key = told.text("processKey", MAX_KEY)
    base = url(told, "baseUrl")
    if track is None:
        return None
    own = hashlib.sha256(f"{track} {kind}".encode()).hexdigest()[:32].upper()
    return Tracking(track, kind, key or own, base)
