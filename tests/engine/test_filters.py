"""Filters write dates, money and counts as the reader's language does."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.engine.templating.languages import LANGUAGES
from smsflow.engine.templating.templates import TemplateError, compile_text
from smsflow.sms.encoding import split

AT = datetime(2025, 3, 30, 9, 30, tzinfo=UTC)  # 10:30 in London, where summer time began at 01:00


def render(source: str, language: str = "en", **scope: Any) -> str:
    return compile_text(source).render(scope, language=language, zone="Europe/London")


@pytest.mark.parametrize(
    ("language", "short", "full", "moment"),
    [
        ("en", "30 March", "Sunday 30 March 2025", "30 March at 10:30"),
        ("fr", "30 mars", "dimanche 30 mars 2025", "30 mars à 10:30"),
        ("de", "30. März", "Sonntag, 30. März 2025", "30. März um 10:30"),
        ("es", "30 de marzo", "domingo, 30 de marzo de 2025", "30 de marzo a las 10:30"),
        ("pt", "30 de março", "domingo, 30 de março de 2025", "30 de março às 10:30"),
        ("it", "30 marzo", "domenica 30 marzo 2025", "30 marzo alle 10:30"),
        ("nl", "30 maart", "zondag 30 maart 2025", "30 maart om 10:30"),
        ("fr-CA", "30 mars", "dimanche 30 mars 2025", "30 mars à 10:30"),
        ("sv", "30 March", "Sunday 30 March 2025", "30 March at 10:30"),
    ],
)
def test_a_moment_is_written_in_the_language_and_zone_of_the_reader(
    language: str, short: str, full: str, moment: str
) -> None:
    assert render("{{ at | date }}", language, at=AT) == short
    assert render("{{ at | date('full') }}", language, at=AT) == full
    assert render("{{ at | datetime }}", language, at=AT) == moment
    assert render("{{ at | time }}", language, at=AT) == "10:30"


@pytest.mark.parametrize(
    ("source", "value", "text"),
    [
        ("{{ v | date }}", date(2025, 5, 1), "1 May"),
        ("{{ v | date('year') }}", date(2025, 5, 1), "1 May 2025"),
        ("{{ v | date('iso') }}", AT, "2025-03-30"),
        ("{{ v | date }}", datetime(2025, 7, 1, 23, 30, tzinfo=UTC), "2 July"),
        ("{{ v | time }}", "2025-03-30T09:30:00Z", "10:30"),
        ("{{ v | time }}", datetime(2025, 3, 30, 9, 5), "09:05"),  # noqa: DTZ001
        ("{{ v | weekday }} {{ v | month }}", AT, "Sunday March"),
        ("{{ v | money('GBP') }}", 45, "£45.00"),
        ("{{ v | money('GBP') }}", -1234.5, "-£1,234.50"),
        ("{{ v | money('JPY') }}", 1200, "1,200 JPY"),
        ("{{ v | money }}", "19.9", "19.90"),
        ("{{ v | number }}", 1234567, "1,234,567"),
        ("{{ v | phone }}", "+447700900123", "+44 7700 900123"),
        ("{{ v | phone }}", "ACME", "ACME"),
        ("{{ v | title }}", "ann o'neil jean-luc", "Ann O'neil Jean-Luc"),
        ("{{ v | upper }}{{ v | lower }}{{ v | capitalize }}", "aB", "ABabAb"),
        ("{{ v | trim }}", "  a ", "a"),
        ("{{ v | plural('visit', 'visits') }}", 1, "visit"),
        ("{{ v | plural('visit', 'visits') }}", 0, "visits"),
        ("{{ v | round }} {{ v | round(1) }}", 2.25, "2 2.3"),
        ("{{ v | round }}", 2.5, "3"),
        ("{{ v | int }}", "42", "42"),
        ("{{ v | int(0) }}", "many", "0"),
        ("{{ v | float }}", "1.5", "1.5"),
        ("{{ v | join(' and ') }}", ["a", 1], "a and 1"),
        ("{{ v | first }}{{ v | last }}{{ v | length }}", [1, 2, 3], "133"),
        ("{{ v | min }}{{ v | max }}{{ v | sum }}", [3, 1, 2], "136"),
        ("{{ v | sort | join }} {{ v | reverse | join }}", [3, 1, 2], "1, 2, 3 2, 1, 3"),
        ("{{ v | replace('a', 'b') }}", "aa", "bb"),
        ("{{ v | abs }}", -3, "3"),
        ("{{ v | string ~ '!' }}", 3, "3!"),
        ("{{ v | list | join('-') }}", "abc", "a-b-c"),
        ("{{ v | default('x', true) }}", "", "x"),
        ("{{ v is odd }} {{ v is string }} {{ v is number }}", 3, "true false true"),
    ],
)
def test_a_filter_writes_a_value(source: str, value: Any, text: str) -> None:
    assert render(source, v=value) == text


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "£1,234.50"), ("fr", "1 234,50 £"), ("de", "1.234,50 £"), ("nl", "£ 1.234,50")],
)
def test_money_stands_as_the_language_writes_it(language: str, text: str) -> None:
    assert render("{{ 1234.5 | money('GBP') }}", language) == text


def test_nothing_is_singular_in_french_and_plural_in_english() -> None:
    source = "{{ 0 | plural('visite', 'visites') }}"
    assert (render(source, "fr"), render(source, "en")) == ("visite", "visites")
    assert render("{{ 1.5 | plural('jour', 'jours') }}", "fr") == "jour"


def test_every_language_names_twelve_months_and_seven_days() -> None:
    for language in LANGUAGES.values():
        assert (len(set(language.months)), len(set(language.weekdays))) == (12, 7)


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("short", 160, "short"),
        ("x" * 20, 10, "xxxxxxx..."),
        ("[[[[", 6, "[..."),  # an extension character takes two septets
        ("é" * 10, 10, "é" * 10),
        ("👍👍👍👍", 7, "👍👍..."),
        ("кот и кит", 8, "кот и..."),
        ("[000☎", 4, "..."),  # without the telephone [ counts two
    ],
)
def test_sms_cuts_to_what_fits_and_keeps_characters_whole(text: str, limit: int, cut: str) -> None:
    assert render(f"{{{{ v | sms({limit}) }}}}", v=text) == cut


@given(st.text(max_size=300), st.integers(3, 170))
def test_what_sms_cuts_fits(text: str, limit: int) -> None:
    assert split(render("{{ v | sms(limit) }}", v=text, limit=limit)).units <= max(
        limit, split("").units
    )


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ v | date }}", 5),
        ("{{ v | date }}", "tomorrow"),
        ("{{ v | date('long') }}", AT),
        ("{{ v | time }}", date(2025, 1, 1)),
        ("{{ v | int }}", "many"),
        ("{{ v | round(99) }}", 1),
        ("{{ v | join }}", "text"),
        ("{{ v | sort }}", [1, "a"]),
        ("{{ v | length }}", 1),
        ("{{ v | money('GBP') }}", True),
    ],
)
def test_a_filter_on_the_wrong_kind_of_value_is_an_error_of_type(source: str, value: Any) -> None:
    with pytest.raises(TemplateError) as caught:
        render(source, v=value)
    assert caught.value.kind == "type"


def test_an_unknown_zone_is_a_template_error() -> None:
    with pytest.raises(TemplateError):
        compile_text("{{ at | date }}").render({"at": AT}, language="en", zone="Mars/Olympus")
