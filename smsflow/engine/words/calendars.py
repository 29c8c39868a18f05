"""How people write days and times of day in seven languages, as pieces of regular expressions.

All pieces are matched against the plain form of a text (`plain`): lower case, no accents, one
blank between words, and of the marks only `.`, `/`, `:` and `-` between digits. Names of months
and weekdays come from the tables that texts are written with, so that what we print is read back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from smsflow.engine.templating.languages import LANGUAGES

_MERIDIEM = re.compile(r"(?<=\d) ?([ap])\.? ?m\b\.?")  # "10 a.m."
_DAY_DOT = re.compile(r"(?<=\d)\.\s+(?=\d)")  # "12. 5." in German
_SLASH = re.compile(r"(?<=\d)\s*/\s*(?=\d)")
_ISO_T = re.compile(r"(?<=\d)t(?=\d)")
_LOOSE = re.compile(r"(?<!\d)[./:-]|[./:-](?!\d)|[^\w./:-]|_")


def plain(text: str) -> str:
    """`text` as the pieces are written; a mark between digits stays, for it parts 12/5."""
    decomposed = unicodedata.normalize("NFKD", text.replace("–", "-")).casefold()
    kept = "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() else char
        for char in unicodedata.normalize("NFKD", decomposed)
        if unicodedata.category(char) not in ("Mn", "Cf")
    )
    kept = _SLASH.sub("/", _DAY_DOT.sub(".", _MERIDIEM.sub(r"\1m", kept)))
    return " ".join(_LOOSE.sub(" ", _ISO_T.sub(" ", kept)).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The pieces of one language; each is an alternation without its brackets.

    `before_hour` and `after_hour` give the minutes that a phrase adds: `half past`, `et quart`.
    With a word of `open_words` beside it a day or a time is none: "before Friday", "not at 10".
    """

    months: tuple[str, ...]
    weekdays: tuple[str, ...]  # Monday first
    today: str
    tomorrow: str
    overmorrow: str
    coming: str
    next_week: str
    into: str  # "in" of "in 3 days"
    units: tuple[str, str, str]  # days, weeks, months
    one: str  # "a" of "in a week"
    joins: str  # between a day and its month, or a month and its year
    the: str  # before a day without a month
    first: str
    ending: str  # of an ordinal number
    at: str
    hours: str
    noon: str
    midnight: str
    morning: str
    later: str  # afternoon and evening
    past: str = "(?!)"  # "10 past 9"; (?!) matches nothing
    to: str = "(?!)"
    plus: str = "(?!)"  # "9 and 10"
    minus: str = "(?!)"
    before_hour: Mapping[str, int]
    after_hour: Mapping[str, int]
    open_words: frozenset[str]


def _names(full: tuple[str, ...], short: str) -> tuple[str, ...]:
    """Each name with its short forms behind it: `september|sept|sep`."""
    pairs = zip(full, short.split(), strict=True)
    return tuple(f"{plain(name)}|{forms}" for name, forms in pairs)


def _months(language: str, short: str) -> tuple[str, ...]:
    return _names(LANGUAGES[language].months, short)


def _weekdays(language: str, short: str) -> tuple[str, ...]:
    return _names(LANGUAGES[language].weekdays, short)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


CALENDARS: Mapping[str, Calendar] = {
    "en": Calendar(
        months=_months("en", "jan feb mar apr may jun jul aug sept|sep oct nov dec"),
        weekdays=_weekdays("en", "mon tues|tue weds|wed thurs|thur|thu fri sat sun"),
        today="today|tonight|this (?:morning|afternoon|evening)",
        tomorrow="tomorrow|tommorow|tomorow|tmrw|tmr|tomoz|2moro|2morrow",
        overmorrow="(?:the )?day after tomorrow",
        coming="next|this|coming|this coming",
        next_week="(?:of )?next week",
        into="in",
        units=("days?", "weeks?", "months?"),
        one="a|an",
        joins="of",
        the="(?:on )?the|on",
        first="first",
        ending="st|nd|rd|th",
        at="at|around|about",
        hours="o ?clock|hours|hrs",
        noon="noon|midday|12 noon",
        midnight="midnight",
        morning="(?:in the )?morning",
        later="(?:in the )?(?:afternoon|evening)|tonight",
        past="past",
        to="to",
        before_hour={
            "half past": 30,
            "half": 30,
            "(?:a )?quarter past": 15,
            "(?:a )?quarter to": -15,
        },
        after_hour={},
        open_words=_set(
            "not no never except but before after last until till from between or week weeks"
        ),
    ),
    "fr": Calendar(
        months=_months("fr", "janv|jan fevr|fev mars avr mai juin juil aout sept|sep oct nov dec"),
        weekdays=_weekdays("fr", "lun mar mer jeu ven sam dim"),
        today="aujourd ?hui|ce (?:matin|soir)|cet(?:te)? apres midi",
        tomorrow="demain",
        overmorrow="apres demain",
        coming="prochaine?|qui vient|ce",
        next_week="(?:de )?la semaine prochaine",
        into="dans|d ici",
        units=("jours?", "semaines?", "mois"),
        one="une?",
        joins="d|de",
        the="le",
        first="premier",
        ending="er|e|eme",
        at="a|vers",
        hours="heures?|h",
        noon="midi(?<!apres midi)",
        midnight="minuit",
        morning="(?:du |le |ce )?matin",
        later="(?:du |ce )?soir|(?:de l |cet |l )?apres midi",
        minus="moins",
        before_hour={},
        after_hour={"et demie?": 30, "et quart": 15, "moins le quart": -15, "moins quart": -15},
        open_words=_set(
            "pas sauf mais avant apres dernier derniere jusqu entre ou semaine semaines"
        ),
    ),
    "de": Calendar(
        months=_months(
            "de", "jan|janner feb marz|maerz|mrz apr mai jun jul aug sept|sep okt nov dez"
        ),
        weekdays=_weekdays("de", "mo di mi do fr sa|sonnabend sonntags"),
        today="heute",
        tomorrow="morgen",
        overmorrow="ubermorgen|uebermorgen",
        coming="nachste[nrms]?|naechste[nrms]?|kommende[nrms]?|diese[nrms]?",
        next_week="(?:in der )?(?:nachste|naechste|kommende)n? woche",
        into="in",
        units=("tage?n?", "wochen?", "monate?n?"),
        one="eine[mr]?",
        joins="der|des",
        the="am|den|der",
        first="erste[nr]?",
        ending="te[nr]?|ste[nr]?",
        at="um|gegen",
        hours="uhr",
        noon="mittags?|12 uhr mittags",
        midnight="mitternacht",
        morning="morgens|vormittags?|fruh",
        later="nachmittags?|abends?",
        past="nach",
        to="vor",
        before_hour={"halb": -30, "viertel nach": 15, "viertel vor": -15, "dreiviertel": -15},
        after_hour={},
        open_words=_set(
            "nicht kein keine ausser vor nach ab letzten bis zwischen von oder woche wochen"
        ),
    ),
    "es": Calendar(
        months=_months("es", "ene feb mar abr may jun jul ago setiembre|sept|sep oct nov dic"),
        weekdays=_weekdays("es", "lun mar mie|mierc jue|juev vie|vier sab dom"),
        today="hoy|esta (?:tarde|noche)",
        tomorrow="(?<!la )manana",
        overmorrow="pasado manana",
        coming="proximo|este|que viene|siguiente",
        next_week="(?:de )?la (?:proxima semana|semana que viene)",
        into="en|dentro de",
        units=("dias?", "semanas?", "meses|mes"),
        one="una?",
        joins="de|del",
        the="el dia|el|dia",
        first="primero",
        ending="o|ro",
        at="a las?|sobre las?",
        hours="horas?|h",
        noon="mediodia",
        midnight="medianoche",
        morning="(?:por|de) la manana",
        later="(?:(?:de|por|esta) (?:la )?)?(?:tarde|noche)",
        plus="y",
        minus="menos",
        before_hour={},
        after_hour={"y media": 30, "y cuarto": 15, "menos cuarto": -15},
        open_words=_set(
            "no ni excepto pero antes despues pasado hasta entre desde o semana semanas"
        ),
    ),
    "pt": Calendar(
        months=_months("pt", "jan fev mar abr mai jun jul ago set out nov dez"),
        weekdays=_weekdays("pt", "segunda|seg terca|ter quarta|qua quinta|qui sexta|sex sab dom"),
        today="hoje",
        tomorrow="amanha",
        overmorrow="depois de amanha",
        coming="proxim[ao]|que vem|n?est[ae]|seguinte",
        next_week="(?:da )?(?:proxima semana|semana que vem)",
        into="em|daqui a|dentro de",
        units=("dias?", "semanas?", "meses|mes"),
        one="uma?",
        joins="de|do",
        the="no dia|dia|o dia",
        first="primeiro",
        ending="o",
        at="as|a|pelas",
        hours="horas?|h",
        noon="meio dia",
        midnight="meia noite",
        morning="(?:de|da) manha",
        later="(?:d[ae] )?(?:tarde|noite)",
        to="para as?|para o",
        plus="e",
        before_hour={"um quarto para as?": -15},
        after_hour={"e meia": 30, "e um quarto": 15},
        open_words=_set(
            "nao nem exceto mas antes depois passado ate entre desde ou semana semanas"
        ),
    ),
    "it": Calendar(
        months=_months("it", "gen feb mar apr mag giu lug ago sett|set ott nov dic"),
        weekdays=_weekdays("it", "lun mar mer gio ven sab dom"),
        today="oggi|stasera",
        tomorrow="domani",
        overmorrow="dopodomani|dopo domani",
        coming="prossim[oa]|quest[oa]",
        next_week="(?:del)?la (?:prossima settimana|settimana prossima)",
        into="tra|fra",
        units=("giorn[oi]", "settiman[ae]", "mes[ei]"),
        one="una?",
        joins="di|del",
        the="il giorno|il",
        first="primo",
        ending="o",
        at="alle|all|ore|verso le",
        hours="ore|h",
        noon="mezzogiorno",
        midnight="mezzanotte",
        morning="di mattina|mattina|del mattino",
        later="(?:del |di |della )?(?:pomeriggio|sera)|stasera",
        plus="e",
        minus="meno",
        before_hour={},
        after_hour={"e mezz[ao]": 30, "e un quarto": 15, "meno un quarto": -15},
        open_words=_set("non tranne ma prima dopo scorso fino entro da o settimana settimane"),
    ),
    "nl": Calendar(
        months=_months("nl", "jan feb mrt apr mei jun jul aug sept|sep okt nov dec"),
        weekdays=_weekdays("nl", "ma di wo do vr za zondags"),
        today="vandaag|vanavond|vanmiddag",
        tomorrow="morgen",
        overmorrow="overmorgen",
        coming="volgende|komende|aanstaande|deze",
        next_week="volgende week",
        into="over",
        units=("dag(?:en)?", "we(?:ek|ken)", "maand(?:en)?"),
        one="een",
        joins="van",
        the="op de|de",
        first="eerste",
        ending="e|ste|de",
        at="om|rond",
        hours="uur|u",
        noon="12 uur s middags",
        midnight="middernacht",
        morning="s (?:morgens|ochtends)",
        later="(?:s )?(?:middags?|avonds?)|vanmiddag|vanavond",
        past="over",
        to="voor",
        before_hour={"half": -30, "kwart over": 15, "kwart voor": -15},
        after_hour={},
        open_words=_set("niet geen behalve maar voor na vorige tot tussen vanaf of week weken"),
    ),
}
