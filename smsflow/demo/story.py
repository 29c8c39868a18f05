"""The play: what five people and a business do with the sample flows, and what has to follow.

Each scene is a function of a company, from which it takes its people. Waits of days are the flows'
own; it is the clock that is quick.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from smsflow.demo.people import Person

ZONE = ZoneInfo("Europe/London")
LONG = "The queue was 20 minutes {{ long }} 😕"
BEGIN = datetime(2026, 3, 2, 9, 30, tzinfo=ZONE)  # a Monday


class Company(Protocol):
    """Who plays: people by their part, and the clock."""

    def person(self, who: str, phone: str, language: str | None = None) -> Person:
        """Somebody new."""

    def pass_to(self, moment: datetime) -> None:
        """Let time go by, with all that happens meanwhile."""

    def hears(self, what: str, body: Any = None) -> None:
        """Its web services are asked that, next; None stands for any body."""


Scene = Callable[[Company], None]


def one_time_password(company: Company) -> None:
    """A one-time password, typed wrong, then right"""
    visitor = company.person("visitor", "+447700900101")
    visitor.is_sent("otp", "the shop asks for a code, through the API", purpose="pay")
    code = visitor.gets("otp", "main/otp-1", read=_code_in)["code"]
    visitor.says(_wrong(code))
    visitor.gets("otp", "main/otp-1", slot="wrong", attempts_left=2)
    visitor.says(f"{code[:3]} {code[3:]}")
    visitor.gets("otp", "main/send-1")
    visitor.ends("verified")


def appointment_confirmed(company: Company) -> None:
    """An appointment, reminded of a day before, and confirmed"""
    patient = company.person("patient", "+447700900102")
    visit = _appointment("A7", BEGIN.replace(day=4, hour=10))
    patient.is_sent("appointment-reminder", "the clinic books, for Wednesday", appointment=visit)
    patient.gets("appointment-reminder", "answer", later=True)
    patient.says("Yes!!")
    company.hears("POST clinic:/appointments/A7/confirm")
    patient.gets("appointment-reminder", "answer.then.confirm/send-1")
    patient.ends("confirmed")


def main_number_fails(company: Company) -> None:
    """The main number can't reach a patient; the backup number takes up, in French"""
    patient = company.person("patiente", "+33639980103", "fr")
    patient.is_out_of_reach("main")
    visit = _appointment("A8", BEGIN.replace(day=4, hour=12))
    patient.is_sent("appointment-reminder", "the clinic books, for Wednesday", appointment=visit)
    patient.misses("appointment-reminder", "answer", via="main")
    patient.gets("appointment-reminder", "answer", via="backup")
    patient.says("déplacer", to="backup")
    patient.gets("appointment-reminder", "reception/handoff-1", via="backup")
    patient.is_taken_over("reception", "move - appointment A8")
    patient.is_written("Mercredi, 15 h ?", via="backup")
    patient.says("Oui !", to="backup")
    patient.gets_nothing("a person has the conversation, so no flow answers")
    patient.is_given_back()
    patient.ends("handled_by_person")


def survey(company: Company) -> None:
    """A survey by keyword, with an answer that is none"""
    customer = company.person("customer", "+447700900104")
    customer.says("Feedback")
    customer.gets("csat-survey", "score")
    customer.says("so-so")
    customer.gets("csat-survey", "score", slot="retry.text")
    customer.says("it was a 2")
    customer.gets("csat-survey", "reason")
    customer.says("b")
    customer.gets("csat-survey", "comment")
    customer.says(LONG)
    customer.gets("csat-survey", "call_me")
    customer.says("yeah ok")
    customer.gets("csat-survey", "main/send-1", score=2)
    wish = {"score": 2, "reason": "staff", "comment": LONG, "call_me": True, "ticket": None}
    company.hears("POST crm:/csat", wish)
    customer.ends("done")


def opening_hours(company: Company) -> None:
    """Opening hours, by a keyword in English and one in French"""
    caller = company.person("caller", "+447700900105")
    caller.says("hours?")
    caller.gets("hours", "main/send-1")
    caller.ends("done")
    french = company.person("visiteur", "+33639980106", "fr")
    french.says("HORAIRES")
    french.gets("hours", "main/send-1")
    french.ends("done")


def stop(company: Company) -> None:
    """STOP, what it prevents, and START"""
    sleeper = company.person("sleeper", "+447700900107")
    visit = _appointment("A9", BEGIN.replace(day=5, hour=7, minute=15))
    sleeper.is_sent("appointment-reminder", "the clinic books, for Thursday", appointment=visit)
    company.pass_to(BEGIN.replace(day=4, hour=7, minute=20))
    sleeper.gets_nothing("the reminder is due, and held: quiet hours last until 08:00")
    sleeper.says("Stop.")
    sleeper.gets_built_in("compliance.stopped")
    sleeper.ends("opted_out")
    sleeper.has_refused_text()
    company.pass_to(BEGIN.replace(day=4, hour=9, minute=0))
    sleeper.gets_nothing("08:00 is past, and the reminder never came")
    sleeper.says("HOURS")
    sleeper.gets_nothing("a text after STOP is met with silence")
    sleeper.is_sent("otp", "the shop asks for a code")
    sleeper.is_refused("the contact has opted out")
    sleeper.says("START")
    sleeper.gets_built_in("compliance.started")
    sleeper.says("HOURS")
    sleeper.gets("hours", "main/send-1")
    sleeper.ends("done")


FLOWS = frozenset({"appointment-reminder", "csat-survey", "hours", "otp"})

SCENES: tuple[Scene, ...] = (
    one_time_password,
    appointment_confirmed,
    main_number_fails,
    survey,
    opening_hours,
    stop,
)


def _appointment(name: str, at: datetime) -> dict[str, Any]:
    return {"id": name, "at": at, "place": "Elm Road"}


def _code_in(text: str) -> dict[str, Any]:
    found = re.search(r"\d{6}", text)
    return {"code": found[0] if found else "a code of six digits"}


def _wrong(code: str) -> str:
    """Another code than this one."""
    return f"{(int(code) + 1) % 1_000_000:06d}" if code.isdigit() else "000000"
