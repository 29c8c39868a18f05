"""What a question accepts, what an answer is, and what reading it may know of the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from smsflow.engine.words.folding import fold
from smsflow.engine.words.lexicon import Lexicon, choice_lexicon
from smsflow.errors import SmsflowError

QUOTED = 40  # characters of a text that the trace shows
CHOOSING = frozenset({"choice", "multi"})
# The built-in types; any other name is looked up in `AnswerContext.types`.
ANSWER_TYPES = (
    *("text", "integer", "decimal", "yesno", "choice", "multi"),
    *("date", "time", "datetime", "phone", "email", "code"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a choice: the key that is saved, and further words for it."""

    key: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnswerSpec:
    """What a question accepts.

    `words` gives values further words: `{1: ("bad",), 5: ("great",)}`; for yesno its keys are
    true and false or "yes" and "no". `minimum` and `maximum` bound a number, a date, a time, the
    length of a text or a code in characters, or how many of a multi's choices are taken. With
    `letters` the text lists choices as A), B), so letters pick them. `pattern` is a regular
    expression that a text or a code has to match as a whole, in any case.
    """

    type: str = "text"
    choices: tuple[Choice, ...] = ()
    words: Mapping[Any, Sequence[str]] = field(default_factory=dict, hash=False)
    minimum: Any = None
    maximum: Any = None
    letters: bool = False
    pattern: str = ""

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words of this question, folded; worked out once."""
        if self.type in CHOOSING:
            listed = [(choice.key, (choice.key, *choice.words)) for choice in self.choices]
            listed += [(str(key), tuple(words)) for key, words in self.words.items()]
            keys = [choice.key for choice in self.choices]
            return choice_lexicon(listed, keys, letters=self.letters)
        return Lexicon((_typed(key, self.type), tuple(words)) for key, words in self.words.items())


@dataclass(frozen=True, slots=True)
class Parsed:
    """An answer and how it was read.

    The value is a str (text, phone, email, code, a choice's key), int, float, bool, a list of
    keys (multi), date, time, an aware datetime, or what a registered type gives.
    """

    value: Any
    how: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """No answer, and why; the reason is for the trace."""

    reason: str


class AnswerType(Protocol):
    """A type of answers that a project registers in Python."""

    def parse(self, text: str, context: AnswerContext) -> Any:
        """The value that `text` says, or an Invalid with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerContext:
    """What reading an answer may know: who answers, where and when.

    `today` is the contact's calendar day, `zone` the IANA name of their time zone, `country`
    (ISO 3166) reads national phone numbers and decides between 12/5 and 5/12. `types` holds the
    registered types by the name that flows use, such as `app.my_type`.
    """

    language: str
    today: date
    zone: str = "UTC"
    country: str | None = None
    types: Mapping[str, AnswerType] = field(default_factory=dict)


class AnswerTypeError(SmsflowError):
    """A registered type that is missing or failed: the project's mistake, not the person's."""


def bound_of(value: Any, type_: str) -> Any:
    """A bound as an answer of that type is compared with it.

    Dates and times may be given as ISO 8601 texts, a datetime's bound as a date alone. ValueError
    says what the bound has to be.
    """
    match type_, value:
        case "date", datetime():
            return value.date()
        case ("date", date()) | ("time", time()) | ("datetime", date()):
            return value
        case "date", str():
            return _iso(date.fromisoformat, value, "a date such as 2025-03-30")
        case "time", str():
            return _iso(time.fromisoformat, value, "a time such as 08:00")
        case "datetime", str():
            return _iso(datetime.fromisoformat, value, "a time such as 2025-03-30T10:30")
        case (("date" | "time" | "datetime"), _):
            raise ValueError(f"must be a {type_}")
        case _, bool():
            raise ValueError("must be a number")
        case _, int() | float() | Decimal():
            return value
        case _:
            raise ValueError("must be a number")


def _iso(read: Any, text: str, wanted: str) -> Any:
    try:
        return read(text)
    except ValueError:
        raise ValueError(f"must be {wanted}") from None


def label_of(value: Any) -> str:
    """An answer's value for the trace and for people; several keys with commas between them."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def quoted(text: str) -> str:
    """`text` for the trace, cut where nobody reads on."""
    return repr(text if len(text) <= QUOTED else text[: QUOTED - 3] + "...")


def _typed(key: Any, type_: str) -> Any:
    """A key of `words` as a value of the answer's type."""
    match type_:
        case "integer":
            return int(key)
        case "decimal":
            return float(key)
        case "yesno":
            return key if isinstance(key, bool) else fold(str(key)) == "yes"
        case _:
            return str(key)
