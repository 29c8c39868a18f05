"""Answers that name somebody or something: phone numbers, e-mail addresses, codes, and patterns."""

from __future__ import annotations

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

from smsflow.engine.words.answers import AnswerContext, AnswerSpec, Invalid, Parsed, quoted
from smsflow.engine.words.keywords import PATTERN_SECONDS, compile_pattern
from smsflow.sms.numbers import is_phone, normalise

_NUMBER = re.compile(r"\+?[(\d][\d\s\-./()]{5,30}\d")
_ADDRESS = re.compile(r"[^\s<>,;()\[\]]+@[^\s<>,;()\[\]]+")
_CODE = re.compile(r"[^\W_]+", re.ASCII)
_MOST_WORDS, _WORDS_OF_CODE = 50, 6  # of a text that is searched for a code, and of one code


def fits_pattern(pattern: str, text: str) -> bool | None:
    """True when the whole text matches, in any case; None when that takes too long."""
    try:
        return compile_pattern(pattern).fullmatch(text, timeout=PATTERN_SECONDS) is not None
    except TimeoutError:
        return None


def parse_phone(text: str, context: AnswerContext) -> Parsed | Invalid:
    """The only phone number in a text, in E.164; national form is read as of `country`."""
    digits = _ascii_digits(text)
    found: dict[str, str] = {}
    problem = f"nothing in {quoted(text)} is a phone number"
    for written in _NUMBER.findall(digits):
        try:
            number = normalise(written, region=context.country)
        except ValueError as error:
            problem = str(error)
            continue
        if is_phone(number):
            found.setdefault(number, f"number {written!r}")
    return _only(found, problem, "phone numbers")


def parse_email(text: str) -> Parsed | Invalid:
    """The only e-mail address in a text, with its domain in lower case; nothing is looked up."""
    found: dict[str, str] = {}
    problem = f"nothing in {quoted(text)} is an e-mail address"
    for written in _ADDRESS.findall(text):
        address = written.removeprefix("mailto:").strip("'\"").rstrip(".!?:")
        try:
            checked = validate_email(address, check_deliverability=False)
        except EmailNotValidError as error:
            problem = str(error)
            continue
        found.setdefault(checked.normalized, f"address {address!r}")
    return _only(found, problem, "e-mail addresses")


def parse_code(text: str, spec: AnswerSpec) -> Parsed | Invalid:
    """A code of ASCII letters and digits, in capitals, without its blanks and dashes.

    With a pattern it may stand within a sentence; without one it is the whole message.
    """
    words = re.sub(r"[-‐‑–—]", "", _ascii_digits(text)).upper().split()
    if not spec.pattern:
        code = "".join(words).rstrip(".!?")
        if not _CODE.fullmatch(code):
            return Invalid(f"{quoted(text)} is more than letters and digits" if code else "empty")
        return _of_length(code, spec) or Parsed(code, "as written")
    found = _codes_within(words, spec)
    if isinstance(found, Invalid):
        return found
    return _only(found, f"nothing in {quoted(text)} fits the pattern", "codes")


def _codes_within(words: list[str], spec: AnswerSpec) -> dict[str, str] | Invalid:
    """What fits the pattern, the longest at each place."""
    if len(words) > _MOST_WORDS:
        return Invalid("too long to be a code")
    found: dict[str, str] = {}
    start = 0
    while start < len(words):
        for end in range(min(len(words), start + _WORDS_OF_CODE), start, -1):
            code = "".join(words[start:end]).strip(".,;:!?()'\"")
            if not _CODE.fullmatch(code) or _of_length(code, spec) is not None:
                continue
            fits = fits_pattern(spec.pattern, code)
            if fits is None:
                return Invalid("the pattern takes too long")
            if fits:
                found[code] = f"code {code!r}"
                start = end - 1
                break
        start += 1
    return found


def _of_length(code: str, spec: AnswerSpec) -> Invalid | None:
    if spec.minimum is not None and len(code) < spec.minimum:
        return Invalid(f"shorter than {spec.minimum} characters")
    if spec.maximum is not None and len(code) > spec.maximum:
        return Invalid(f"longer than {spec.maximum} characters")
    return None


def _only(found: dict[str, str], problem: str, kind: str) -> Parsed | Invalid:
    if not found:
        return Invalid(problem)
    if len(found) > 1:
        return Invalid(f"more than one answer: {len(found)} {kind}")
    value, how = next(iter(found.items()))
    return Parsed(value, how)


def _ascii_digits(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in plain)
