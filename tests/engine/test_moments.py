"""Days and times are read as people of seven languages text them, and never guessed."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.engine.templating.languages import LANGUAGES, write_date
from smsflow.engine.words.answers import AnswerContext, AnswerSpec, Invalid, Parsed
from smsflow.engine.words.replies import parse

MONDAY = date(2025, 3, 10)
LONDON = ZoneInfo("Europe/London")
DATE, TIME, MOMENT = AnswerSpec("date"), AnswerSpec("time"), AnswerSpec("datetime")


def context(language: str = "en", today: date = MONDAY, **more: Any) -> AnswerContext:
    return AnswerContext(language=language, today=today, **{"zone": "Europe/London", **more})


def value(text: str, spec: AnswerSpec, language: str = "en", **more: Any) -> Any:
    parsed = parse(text, spec, context(language, **more))
    assert isinstance(parsed, Parsed), parsed
    return parsed.value


def refusal(text: str, spec: AnswerSpec, language: str = "en", **more: Any) -> str:
    parsed = parse(text, spec, context(language, **more))
    assert isinstance(parsed, Invalid), parsed
    return parsed.reason


MAY_12 = ["12 May", "May 12th", "the 12th of may", "12/5", "12.5.2025", "12 5 2025", "12-5-25"]
MAY_12 += ["2025-05-12", "20250512", "Monday 12 May", "12 May at 10am", "I'd like 12 May please"]
MAY_12 += ["١٢/٥", "12 MAI", "12/05/2025!", "twelve may", "12may"]


@pytest.mark.parametrize("text", MAY_12)
def test_a_day_is_that_day_in_any_form(text: str) -> None:
    assert value(text, DATE) == date(2025, 5, 12)


@pytest.mark.parametrize(
    ("language", "text", "month", "day"),
    [
        *(("en", "today", 3, 10), ("en", "tomorrow", 3, 11), ("en", "day after tomorrow", 3, 12)),
        *(("en", "friday", 3, 14), ("en", "next friday", 3, 14), ("en", "monday", 3, 17)),
        *(("en", "friday next week", 3, 21), ("en", "in 3 days", 3, 13), ("en", "12", 3, 12)),
        *(("en", "in a week", 3, 17), ("en", "in two months", 5, 10), ("en", "friday 14", 3, 14)),
        *(("en", "on the 9th", 4, 9), ("en", "demain", 3, 11), ("en", "12/25", 12, 25)),
        *(("fr", "le 12 mai", 5, 12), ("fr", "1er mai", 5, 1), ("fr", "demain", 3, 11)),
        *(
            ("fr", "après-demain", 3, 12),
            ("fr", "vendredi prochain", 3, 14),
            ("fr", "le 12", 3, 12),
        ),
        *(("fr", "dans 3 jours", 3, 13), ("fr", "demain après-midi", 3, 11)),
        *(("fr", "12 sept", 9, 12), ("fr", "lundi de la semaine prochaine", 3, 17)),
        *(("de", "am 12. Mai", 5, 12), ("de", "12. 5.", 5, 12), ("de", "übermorgen", 3, 12)),
        *(("de", "nächsten Freitag", 3, 14), ("de", "in zwei Wochen", 3, 24)),
        *(("es", "el 12 de mayo", 5, 12), ("es", "mañana por la mañana", 3, 11)),
        *(("es", "pasado mañana", 3, 12), ("es", "dentro de 3 días", 3, 13)),
        *(("pt", "12 de maio", 5, 12), ("pt", "sexta-feira", 3, 14), ("pt", "amanhã", 3, 11)),
        *(
            ("it", "venerdì prossimo", 3, 14),
            ("it", "tra 3 giorni", 3, 13),
            ("it", "domani", 3, 11),
        ),
        *(("nl", "over 3 dagen", 3, 13), ("nl", "overmorgen", 3, 12), ("nl", "vrijdag", 3, 14)),
    ],
)
def test_days_are_said_in_the_language_of_the_session(
    language: str, text: str, month: int, day: int
) -> None:
    assert value(text, DATE, language) == date(2025, month, day)


@pytest.mark.parametrize(
    ("language", "country", "month"),
    [("en", None, 12), ("en", "GB", 12), ("en", "US", 5), ("en-US", "GB", 5), ("fr", "FR", 12)],
)
def test_the_region_decides_whether_the_month_comes_first(
    language: str, country: str | None, month: int
) -> None:
    day = value("5/12", DATE, language, country=country)
    assert (day.month, day.day) == (month, 17 - month)


@pytest.mark.parametrize(
    "text",
    [
        *("12 May or 13 May", "12 or 13 may", "12-14 may", "not friday", "before friday"),
        *("friday 12 May", "friday or monday", "31/4", "30 February", "29.2.2025", "0/5", "13/13"),
        *("maybe", "next week", "a week on friday", "in 99 days or so 3", "last friday", "?"),
    ],
)
def test_two_days_an_impossible_day_and_no_day_are_no_answer(text: str) -> None:
    refusal(text, DATE)


def test_a_day_without_a_year_is_the_next_one_unless_bounds_say_otherwise() -> None:
    assert value("10 March", DATE) == MONDAY
    assert value("9 March", DATE) == date(2026, 3, 9)
    assert value("9 March", AnswerSpec("date", maximum=MONDAY)) == date(2025, 3, 9)
    assert value("12/5/85", DATE) == date(1985, 5, 12)
    assert value("the 31st", DATE, today=date(2025, 4, 1)) == date(2025, 5, 31)


def test_the_29th_of_february_is_that_of_the_next_leap_year() -> None:
    assert value("29 February", DATE) == date(2028, 2, 29)
    assert value("29/2", DATE, today=date(1896, 3, 1)) == date(1904, 2, 29)
    assert value("29 Feb 2024", DATE) == date(2024, 2, 29)
    assert refusal("29 Feb 2100", DATE) == "the calendar has no such day"
    assert value("in 1 month", DATE, today=date(2025, 1, 31)) == date(2025, 2, 28)


def test_a_day_outside_of_the_bounds_is_out_of_range() -> None:
    spec = AnswerSpec(
        "date", minimum="2025-03-11", maximum=datetime(2025, 3, 20, 12, tzinfo=LONDON)
    )
    assert value("tomorrow", spec) == date(2025, 3, 11)
    assert refusal("today", spec) == refusal("21 March", spec) == "out of range"


@pytest.mark.parametrize(
    ("language", "text", "at"),
    [
        *(("en", "10", "10:00"), ("en", "10am", "10:00"), ("en", "10 p.m.", "22:00")),
        *(("en", "half past ten", "10:30"), ("en", "10h30", "10:30"), ("en", "22:15", "22:15")),
        *(("en", "noon", "12:00"), ("en", "quarter to 3", "02:45"), ("en", "12am", "00:00")),
        *(("en", "3 in the afternoon", "15:00"), ("en", "1030", "10:30"), ("en", "10.30", "10:30")),
        *(
            ("en", "ten past nine", "09:10"),
            ("en", "tonight at 8", "20:00"),
            ("en", "ten", "10:00"),
        ),
        *(("en", "5 o'clock", "05:00"), ("en", "midi", "12:00"), ("en", "12 May at 10", "10:00")),
        *(("fr", "midi", "12:00"), ("fr", "10h", "10:00"), ("fr", "dix heures et demie", "10:30")),
        *(("fr", "onze heures moins le quart", "10:45"), ("fr", "8 heures du soir", "20:00")),
        *(("fr", "sept heures", "07:00"), ("fr", "à 10h30", "10:30")),
        *(
            ("de", "halb elf", "10:30"),
            ("de", "10 Uhr 30", "10:30"),
            ("de", "8 Uhr abends", "20:00"),
        ),
        *(("de", "viertel nach zehn", "10:15"), ("de", "um zehn", "10:00")),
        *(("es", "las diez y media", "10:30"), ("es", "3 de la tarde", "15:00")),
        *(("pt", "dez e meia", "10:30"), ("pt", "meio-dia", "12:00"), ("pt", "às 10", "10:00")),
        *(("it", "dieci e mezza", "10:30"), ("it", "alle 10", "10:00")),
        *(
            ("nl", "half elf", "10:30"),
            ("nl", "kwart over tien", "10:15"),
            ("nl", "10 uur", "10:00"),
        ),
    ],
)
def test_times_are_said_in_the_language_of_the_session(language: str, text: str, at: str) -> None:
    assert value(text, TIME, language) == time.fromisoformat(at)


@pytest.mark.parametrize(
    "text", ["10 or 11", "at 10 or 11", "25", "13pm", "before 10am", "10:75", "12 in the evening"]
)
def test_two_times_an_impossible_time_and_no_time_are_no_answer(text: str) -> None:
    refusal(text, TIME)


def test_bounds_decide_between_morning_and_afternoon() -> None:
    office = AnswerSpec("time", minimum="09:00", maximum=time(18))
    assert value("3", office) == value("at three", office) == time(15)
    assert value("10", office) == time(10)
    assert refusal("03:00", office) == refusal("7pm", office) == "out of range"
    assert value("3", TIME) == time(3)


@pytest.mark.parametrize(
    "text",
    [
        *("tomorrow at 10:30", "tomorrow 10.30", "11 March half past ten", "2025-03-11T10:30"),
        *("10:30 on 11/3", "demain à 10h30", "tuesday 10:30am", "2025-03-11T10:30:00+00:00"),
    ],
)
def test_a_moment_is_a_day_and_a_time_on_the_contacts_clocks(text: str) -> None:
    moment = value(text, MOMENT)
    assert moment == datetime(2025, 3, 11, 10, 30, tzinfo=LONDON)
    assert moment.tzinfo == LONDON


def test_a_moment_needs_both_and_has_bounds() -> None:
    assert refusal("tomorrow", MOMENT) == "the time of day is missing"
    assert refusal("10am", MOMENT) == "the day is missing"
    spec = AnswerSpec("datetime", minimum=date(2025, 3, 11), maximum="2025-03-11T18:00")
    assert value("tomorrow 3:00", spec).hour == 3
    assert refusal("tomorrow 19:00", spec) == refusal("today 10:00", spec) == "out of range"


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
def test_a_day_is_the_same_on_every_clock(zone: str) -> None:
    for day in (date(2025, 3, 30), date(2025, 10, 26)):  # when clocks change in Europe
        assert value(f"{day:%d/%m/%Y}", DATE, zone=zone) == day


DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))


@given(DAYS, DAYS, st.sampled_from(sorted(LANGUAGES)))
def test_a_day_that_we_print_is_read_back(day: date, today: date, language: str) -> None:
    written = write_date(day, LANGUAGES[language], weekday=True, year=True)
    assert value(written, DATE, language, today=today) == day
    assert value(day.isoformat(), DATE, language, today=today) == day
    short = value(write_date(day, LANGUAGES[language]), DATE, language, today=today)
    assert (short.month, short.day) == (day.month, day.day)
    assert short >= today


@given(st.times(), st.sampled_from(sorted(LANGUAGES)))
def test_a_time_that_we_print_is_read_back(at: time, language: str) -> None:
    assert value(f"{at:%H:%M}", TIME, language) == at.replace(second=0, microsecond=0)


@given(st.integers(0, 4_102_444_800))  # seconds, to the year 2100
def test_a_moment_that_we_print_is_read_back(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, LONDON)
    assert value(moment.isoformat(), MOMENT) == moment


PIECES = ["12", "may", "/", "5", "10:30", "friday", "next", "in", "3", "days", "at", "999", "week"]
PIECES += ["am", "half", "past", "demain", "31", "31.12.9999", "h", "0", "٢", "9999-12-31", "1st"]


@given(
    st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map(" ".join)),
    st.sampled_from([DATE, TIME, MOMENT]),
    st.sampled_from([*sorted(LANGUAGES), "xx", ""]),
    st.dates(),
)
def test_any_text_is_a_moment_or_invalid(
    text: str, spec: AnswerSpec, language: str, today: date
) -> None:
    assert isinstance(parse(text, spec, context(language, today)), Parsed | Invalid)
