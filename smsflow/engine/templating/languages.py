"""How dates, numbers and counts are written in the languages that smsflow knows.

Tables of our own, because the standard library's `locale` is one setting for a whole process and
a text is written in its session's language. Names follow Unicode CLDR, without the abbreviations.
A language that is not listed is written as English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Language:
    """The words and forms of one language; forms are str.format templates."""

    months: tuple[str, ...]
    weekdays: tuple[str, ...]  # Monday first
    day: str = "{day} {month}"
    with_weekday: str = "{weekday} {date}"
    with_year: str = "{date} {year}"
    with_time: str = "{date} {time}"
    first_day: str = "1"
    decimal: str = ","
    thousands: str = "."
    money: str = "{amount} {symbol}"
    zero_is_singular: bool = False  # where "0 jour" is said


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LANGUAGES: Mapping[str, Language] = {
    "en": Language(
        _words(
            "January February March April May June July August September October November December"
        ),
        _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
        with_time="{date} at {time}",
        decimal=".",
        thousands=",",
        money="{symbol}{amount}",
    ),
    "fr": Language(
        _words(
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
        ),
        _words("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        with_time="{date} à {time}",
        first_day="1er",
        thousands=" ",
        zero_is_singular=True,
    ),
    "de": Language(
        _words(
            "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
        ),
        _words("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
        day="{day}. {month}",
        with_weekday="{weekday}, {date}",
        with_time="{date} um {time}",
    ),
    "es": Language(
        _words(
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
            " diciembre"
        ),
        _words("lunes martes miércoles jueves viernes sábado domingo"),
        day="{day} de {month}",
        with_weekday="{weekday}, {date}",
        with_year="{date} de {year}",
        with_time="{date} a las {time}",
    ),
    "pt": Language(
        _words(
            "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro"
            " dezembro"
        ),
        _words("segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"),
        day="{day} de {month}",
        with_weekday="{weekday}, {date}",
        with_year="{date} de {year}",
        with_time="{date} às {time}",
        zero_is_singular=True,
    ),
    "it": Language(
        _words(
            "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre"
            " novembre dicembre"
        ),
        _words("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
        with_time="{date} alle {time}",
    ),
    "nl": Language(
        _words(
            "januari februari maart april mei juni juli augustus september oktober november"
            " december"
        ),
        _words("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"),
        with_time="{date} om {time}",
        money="{symbol} {amount}",
    ),
}

# Currencies with a sign that people know; the others are written with their ISO 4217 code.
_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}
# Currencies without a minor unit (ISO 4217).
_WHOLE = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})


def language_of(tag: str) -> Language:
    """The tables for a language tag such as `fr` or `fr-CA`; English for an unknown one."""
    return LANGUAGES.get(tag) or LANGUAGES.get(tag.lower()[:2]) or LANGUAGES["en"]


def write_date(day: date, language: Language, *, weekday: bool = False, year: bool = False) -> str:
    """A day as people write it: `30 March`, with its weekday before and its year behind."""
    number = language.first_day if day.day == 1 else str(day.day)
    written = language.day.format(day=number, month=language.months[day.month - 1])
    if year:
        written = language.with_year.format(date=written, year=day.year)
    if weekday:
        name = language.weekdays[day.weekday()]
        written = language.with_weekday.format(weekday=name, date=written)
    return written


def write_number(amount: float, digits: int, language: Language) -> str:
    """A number with `digits` decimals and grouped thousands: `1,234.50`, `1.234,50`."""
    whole, _, decimals = f"{amount:,.{digits}f}".partition(".")
    grouped = whole.replace(",", language.thousands)
    return f"{grouped}{language.decimal}{decimals}" if decimals else grouped


def write_money(amount: float, currency: str, language: Language) -> str:
    """A sum of money: `£45.00`, `45,00 €`; an unknown currency stands as its code."""
    digits = 0 if currency in _WHOLE else 2
    written = write_number(abs(amount), digits, language)
    symbol = _SYMBOLS.get(currency)
    if symbol is None:
        written = f"{written} {currency}"
    else:
        written = language.money.format(amount=written, symbol=symbol)
    return f"-{written}" if amount < 0 else written
