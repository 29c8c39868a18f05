"""What a person's text says as an answer: tolerant of form, strict where two readings are left.

"it was a 2", "two", "2!" and "٢" are 2; "yeah ok" and a thumbs-up are yes; "B)", "2" and "rude"
pick the same choice. The order is always: the text as it came, the folded text, the text without
pleasantries, and last the only candidate that occurs in it. "It was a 2, not a 5" has two
candidates and is invalid: the person is asked again, and nothing is guessed.
"""

from __future__ import annotations

from functools import lru_cache

from smsflow.engine.words.answer_words import (
    ANY_NUMBER,
    FILLERS,
    NEGATIONS,
    NO,
    NO_SIGNS,
    NUMBERS,
    YES,
    YES_SIGNS,
)
from smsflow.engine.words.answers import (
    ANSWER_TYPES,
    AnswerContext,
    AnswerSpec,
    AnswerTypeError,
    Choice,
    Invalid,
    Parsed,
    quoted,
)
from smsflow.engine.words.folding import fold
from smsflow.engine.words.identifiers import fits_pattern, parse_code, parse_email, parse_phone
from smsflow.engine.words.lexicon import Found, Lexicon
from smsflow.engine.words.mistyped import mistyped
from smsflow.engine.words.moments import parse_date, parse_datetime, parse_time
from smsflow.engine.words.numerals import TOO_LARGE, Numeral, numerals
from smsflow.engine.words.selections import parse_multi

__all__ = [
    "AnswerContext",
    "AnswerSpec",
    "Choice",
    "Invalid",
    "Parsed",
    "matches_word",
    "parse",
]


def parse(text: str, spec: AnswerSpec, context: AnswerContext) -> Parsed | Invalid:
    """The answer that `text` gives to a question, or why it is none.

    No text raises. A spec can: AnswerTypeError for a registered type that is missing or fails,
    ValueError for a bound that is none of its type (`answers.bound_of`).
    """
    if spec.type not in ANSWER_TYPES:
        return _registered(text, spec, context)
    if not text.strip():
        return Invalid("the text is empty")
    match spec.type:
        case "text":
            return _text(text, spec)
        case "multi":
            return parse_multi(text, spec, context)
        case "date":
            return parse_date(text, spec, context)
        case "time":
            return parse_time(text, spec, context)
        case "datetime":
            return parse_datetime(text, spec, context)
        case "phone":
            return parse_phone(text, context)
        case "email":
            return parse_email(text)
        case "code":
            return parse_code(text, spec)
        case _:
            return _by_words(text, spec, context.language.lower()[:2])  # pt-BR is read as pt


def _registered(text: str, spec: AnswerSpec, context: AnswerContext) -> Parsed | Invalid:
    found = context.types.get(spec.type)
    if found is None:
        raise AnswerTypeError(f"no type {spec.type!r} is registered")
    try:
        value = found.parse(text, context)
    except Exception as error:
        raise AnswerTypeError(f"type {spec.type!r} failed: {error!r}") from error
    return value if isinstance(value, Parsed | Invalid) else Parsed(value, f"type {spec.type}")


def _by_words(text: str, spec: AnswerSpec, language: str) -> Parsed | Invalid:
    """A number, a yes or no, or a choice."""
    lexicon = spec.lexicon
    raw = text.strip()
    found = lexicon.as_written(raw)
    if found is not None:
        return _judged(found, spec)
    folded = fold(raw)
    tokens = folded.split()
    said = " ".join(token for token in tokens if token not in FILLERS)
    for form in (folded, said):
        found = lexicon.whole(form) or _whole(form, spec, language)
        if found is not None and _is_contradicted(found, raw, spec):
            break
        if found is not None:
            return _judged(found, spec)
    candidates = _candidates(raw, tokens, spec, language)
    near = None if candidates else _mistyped(said, spec, language)
    return _judged(near, spec) if near is not None else _judged_all(candidates, raw, spec)


def _mistyped(said: str, spec: AnswerSpec, language: str) -> Found | None:
    """A word at one mistake from the whole message, for answers that are words."""
    if spec.type not in ("choice", "yesno"):
        return None
    own = mistyped(spec.lexicon, said)
    if own is not None or spec.type == "choice":
        return own
    return mistyped(_SAID.get(language, _SAID["en"]), said, same_start=True)


def matches_word(text: str, words: tuple[str, ...]) -> bool:
    """True when the whole message is one of `words`: as it came, or folded."""
    if not words:
        return False
    raw, folded = _written_and_folded(words)
    return text.strip() in raw or fold(text) in folded


@lru_cache(maxsize=4096)
def _written_and_folded(words: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    folded = {fold(word) for word in words} - {""}
    return frozenset(word.strip() for word in words), frozenset(folded)


# --- texts ----------------------------------------------------------------------------------------


def _text(text: str, spec: AnswerSpec) -> Parsed | Invalid:
    raw = text.strip()
    found = spec.lexicon.as_written(raw) or spec.lexicon.whole(fold(raw))
    if found is not None:
        return _judged(found, AnswerSpec())
    if spec.minimum is not None and len(raw) < spec.minimum:
        return Invalid(f"shorter than {spec.minimum} characters")
    if spec.maximum is not None and len(raw) > spec.maximum:
        return Invalid(f"longer than {spec.maximum} characters")
    if spec.pattern:
        fits = fits_pattern(spec.pattern, raw)
        if not fits:
            return Invalid("the pattern takes too long" if fits is None else "not of the pattern")
    return Parsed(raw, "as written")


# --- the whole message ----------------------------------------------------------------------------


def _whole(form: str, spec: AnswerSpec, language: str) -> Found | None:
    """The built-in word, of any language, that the whole folded message is."""
    if spec.type == "yesno":
        own = (YES.get(language, YES["en"]), NO.get(language, NO["en"]))
        for yes, no in (own, (_ANY_YES, _ANY_NO)):
            if (form in yes) != (form in no):
                return Found(form in yes, f"word {form!r}, exact")
    elif spec.type in ("integer", "decimal"):
        number = NUMBERS.get(language, {}).get(form, ANY_NUMBER.get(form))
        if number is not None:
            return Found(number, f"number word {form!r}, exact")
    return None


def _is_contradicted(found: Found, raw: str, spec: AnswerSpec) -> bool:
    """True for a yes with a thumbs-down, or a no with a thumbs-up."""
    against = NO_SIGNS if found.value is True else YES_SIGNS
    return spec.type == "yesno" and not raw.isascii() and not against.isdisjoint(raw)


_ANY_YES = frozenset().union(*YES.values())
_ANY_NO = frozenset().union(*NO.values())


# --- words within the message ---------------------------------------------------------------------


def _candidates(raw: str, tokens: list[str], spec: AnswerSpec, language: str) -> list[Found]:
    """Every value that the text could mean; the question's own words hide what they cover."""
    found, rest = spec.lexicon.within(tokens)
    if spec.type == "yesno":
        return found + _yes_or_no(raw, rest, language)
    if spec.type in ("integer", "decimal"):
        return found + _numbers(raw, rest, spec, language, covered=bool(found))
    if any(item.how.startswith("position") for item in found):
        found += _other_numbers(raw, spec, language)
    return found


def _other_numbers(raw: str, spec: AnswerSpec, language: str) -> list[Found]:
    """Numbers that are no choice's position: "4.5" and "2 or 7" pick none of four choices."""
    return [
        Found(numeral.value, f"number {numeral.written!r}")
        for numeral in numerals(raw, language, grouped=False)
        if not spec.lexicon.knows(str(numeral.value))
    ]


def _yes_or_no(raw: str, tokens: list[str], language: str) -> list[Found]:
    """Signs, and words of the session's language; other languages only when it has none."""
    found = [Found(True, f"sign {char!r}") for char in raw if char in YES_SIGNS]
    found += [Found(False, f"sign {char!r}") for char in raw if char in NO_SIGNS]
    for name in dict.fromkeys((language if language in YES else "en", "en", *YES)):
        said = _SAID[name].within(tokens)[0]
        found += said
        if any(item.value is not _NEGATED for item in said):
            break
    turned = any(item.value is _NEGATED for item in found)
    values = [item for item in found if item.value is not _NEGATED]
    if turned and any(item.value is True for item in values):
        values.append(Found(False, "a negation"))
    return values


_NEGATED = object()
_SAID = {
    language: Lexicon(
        [
            (True, tuple(word for word in YES[language] if len(word) > 1)),
            (False, tuple(word for word in NO[language] if len(word) > 1)),
            (_NEGATED, tuple(NEGATIONS[language])),
        ]
    )
    for language in YES
}


def _numbers(
    raw: str, tokens: list[str], spec: AnswerSpec, language: str, *, covered: bool
) -> list[Found]:
    """Numerals and number words; English words count where the session's language has none."""
    read = numerals(raw, language, grouped=spec.type == "integer")
    if len(read) == 2 and _is_share(read, spec):
        read = read[:1]
    found = [Found(numeral.value, f"number {numeral.written!r}") for numeral in read]
    for name in dict.fromkeys((language if language in NUMBERS else "en", "en")):
        words = _NUMBER_WORDS[name].within(tokens)[0]
        if words and not (covered and not found):
            return found + words
    return found


def _is_share(read: list[Numeral], spec: AnswerSpec) -> bool:
    """True for `2/5` or `2 out of 5` on a scale that ends at 5: the second is the scale."""
    return read[1].after_share and spec.maximum is not None and read[1].value == spec.maximum


_NUMBER_WORDS = {
    language: Lexicon((number, (word,)) for word, number in words.items())
    for language, words in NUMBERS.items()
}


# --- the verdict ----------------------------------------------------------------------------------


def _judged_all(found: list[Found], raw: str, spec: AnswerSpec) -> Parsed | Invalid:
    """The only value among the candidates."""
    shown = quoted(raw)
    if not found:
        return Invalid(f"nothing in {shown} is an answer")
    if any(item.value != found[0].value for item in found):
        said = " and ".join(dict.fromkeys(item.how for item in found))
        return Invalid(f"more than one answer: {said}")
    kind = "number" if found[0].how.startswith("number ") else found[0].how
    exact = repr(raw) == shown and found[0].how in (f"number {raw!r}", f"sign {raw!r}")
    how = f"{found[0].how}, exact" if exact else f"{kind} in {shown}"
    return _judged(Found(found[0].value, how), spec)


def _judged(found: Found, spec: AnswerSpec) -> Parsed | Invalid:
    """A number as its type wants it and within the bounds; other values as they are."""
    value = found.value
    if value is Lexicon.AMBIGUOUS:
        return Invalid(f"more than one answer: {found.how}")
    if spec.type not in ("integer", "decimal"):
        return Parsed(value, found.how)
    if value is TOO_LARGE:
        return Invalid("out of range")
    if spec.type == "integer":
        if value != int(value):
            return Invalid(f"{value} is not a whole number")
        value = int(value)
    else:
        value = float(value)
    below = spec.minimum is not None and value < spec.minimum
    if below or (spec.maximum is not None and value > spec.maximum):
        return Invalid("out of range")
    return Parsed(value, found.how)
