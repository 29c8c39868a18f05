"""What answers a question takes: its type, its words, its bounds, and the ways that they lead.

Here too stands the check for stop and help words, for it is answers and keywords that people
would never be heard with: such a word is obeyed before any flow sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from smsflow.engine.language import slots, source
from smsflow.engine.language.bounds import check_bounds
from smsflow.engine.language.drafts import Draft
from smsflow.engine.language.reading import Context, Fields, listed, suggest
from smsflow.engine.language.source import Node, Scalar
from smsflow.engine.model import Text, Value
from smsflow.engine.words.answers import CHOOSING, AnswerSpec, Choice, bound_of
from smsflow.engine.words.folding import fold
from smsflow.engine.words.keywords import PatternError, compile_pattern

_LETTER = re.compile(r"(?:^|[\s(])([A-Z])[).:]\s")
_NUMBERS = ("integer", "decimal")
_WRITTEN = ("text", "code")
_BOUNDED = (*_NUMBERS, *_WRITTEN, "multi", "date", "time", "datetime")
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


def answer_of(ctx: Context, draft: Draft) -> tuple[AnswerSpec, Value | None, Value | None]:
    """The answer that a question takes, and its bounds where they are expressions."""
    fields = draft.fields
    kind = fields.get("type") or ("choice" if "choices" in fields.places else "text")
    _fitting_keys(ctx, fields, kind)
    choices: dict[str, tuple[Scalar, ...]] = fields.get("choices", {})
    _distinct(ctx, _names(fields.nodes.get("choices")), choices)
    words = _words(ctx, fields, kind)
    low, high = fields.get("range", (None, None))
    low, minimum = _bound(ctx, fields, "min", low, kind)
    high, maximum = _bound(ctx, fields, "max", high, kind)
    _ways(ctx, fields, kind, list(choices))
    spec = AnswerSpec(
        type=kind,
        choices=tuple(Choice(name, slots.texts_of(said)) for name, said in choices.items()),
        words=words,
        minimum=low,
        maximum=high,
        letters=kind in CHOOSING and _lists_letters(draft.main),
        pattern=_pattern(ctx, fields),
    )
    check_bounds(ctx, fields, spec)
    return spec, minimum, maximum


def _names(choices: Node | None) -> list[Scalar]:
    """The names of choices, as they are written."""
    if isinstance(choices, source.Mapping):
        return [key for key, _ in choices]
    listed_ones = choices if isinstance(choices, source.Sequence) else ()
    return [each for each in listed_ones if isinstance(each, Scalar)]


def _fitting_keys(ctx: Context, fields: Fields, kind: str) -> None:
    """Note keys that do not go with the type of the answer."""
    misfits = {
        "choices": kind not in CHOOSING,
        "range": kind not in _NUMBERS,
        "min": kind not in _BOUNDED,
        "max": kind not in _BOUNDED,
        "pattern": kind not in _WRITTEN,
        "then": kind == "multi",
        "words": kind not in (*_NUMBERS, "yesno"),
    }
    for key, misfit in misfits.items():
        if misfit and key in fields.places:
            message = f"'{key}' does not go with an answer of type {kind}"
            ctx.issue(fields.places[key], "F211", message, "leave one of them out")
    for key in ("min", "max"):
        if key in fields.places and "range" in fields.places:
            message = f"'{key}' says what 'range' says already"
            ctx.issue(fields.places[key], "F211", message, "leave one of them out")
    if kind in CHOOSING and "choices" not in fields.places:
        message = f"a {kind} needs 'choices'"
        ctx.issue(fields.places["type"], "F201", message, "such as {yes: [Y], no: [N]}")


def _distinct(ctx: Context, names: list[Scalar], choices: dict[str, tuple[Scalar, ...]]) -> None:
    """Note words that stand for two answers, and words that are obeyed before any flow."""
    taken: dict[str, Scalar] = {}
    for name in names:
        said = choices.get(name.text, ())
        forbid_compliance_words(ctx, (name, *said))
        for word in (name, *said):
            owner = taken.setdefault(fold(word.text) or word.text, name)
            if owner is not name:
                message = f"{word.text!r} stands for {owner.text!r} already"
                hint = "case, accents and punctuation don't count; use another word"
                ctx.issue(word.place, "F321", message, hint)


def forbid_compliance_words(ctx: Context, words: Iterable[Scalar]) -> None:
    """Note words that opt people out, or ask for help, before a flow sees them."""
    for word in words:
        meaning = ctx.compliance.of_word(word.text) if ctx.compliance else None
        if meaning not in ("stop", "help"):
            continue
        happens = "is opted out" if meaning == "stop" else "gets the help text"
        hint = f"whoever texts {word.text.upper()} {happens} before this flow sees it; use another"
        ctx.issue(word.place, "F701", f"{word.text!r} is a {meaning} word", f"{hint} word")


def _words(ctx: Context, fields: Fields, kind: str) -> dict[Any, tuple[str, ...]]:
    """Further words by the value that they stand for."""
    node = fields.nodes.get("words")
    found: dict[Any, tuple[str, ...]] = {}
    for key, _ in node if isinstance(node, source.Mapping) else ():
        said = fields.get("words", {}).get(key.text, ())
        forbid_compliance_words(ctx, said)
        value = _word_value(key, kind)
        if value is None:
            message = f"{key.text!r} is no value of type {kind}"
            ctx.issue(key.place, "F202", message, "such as {5: [great]} or {yes: [sure]}")
        else:
            found[value] = slots.texts_of(said)
    return found


def _word_value(key: Scalar, kind: str) -> Any:
    if kind == "yesno":
        return {"yes": True, "no": False}.get(key.text)
    if kind == "decimal" and isinstance(key.value, int | float):
        return float(key.text)
    return int(key.text) if _WHOLE.fullmatch(key.text) else None


def _bound(
    ctx: Context, fields: Fields, key: str, known: Any, kind: str
) -> tuple[Any, Value | None]:
    """A bound as a value of the answer's type, or as the expression that gives it."""
    value = fields.get(key)
    if value is None or kind not in _BOUNDED:
        return known, None
    if value.expression is not None:
        return None, value
    try:
        return bound_of(value.literal, kind), None
    except ValueError as error:
        ctx.issue(
            fields.nodes[key].place, "F202", f"'{key}' {error}", _BOUNDS.get(kind, "such as 1")
        )
        return known, None


_BOUNDS = {
    "date": 'such as 2025-03-30 or "{{ today + days(1) }}"',
    "time": "such as 08:00",
    "datetime": 'such as 2025-03-30T10:30 or "{{ now + hours(2) }}"',
}


def _pattern(ctx: Context, fields: Fields) -> str:
    """The pattern, '' when there is none or it is none."""
    source_text: str = fields.get("pattern") or ""
    try:
        compile_pattern(source_text)
    except PatternError as error:
        ctx.issue(fields.nodes["pattern"].place, "F406", str(error), "put it in single quotes")
        return ""
    return source_text


def _ways(ctx: Context, fields: Fields, kind: str, choices: list[str]) -> None:
    """Note handlers under `then` for answers that can't come."""
    node = fields.nodes.get("then")
    known = {"choice": choices, "yesno": ["yes", "no"]}.get(kind)
    for key, _ in node if isinstance(node, source.Mapping) else ():
        if known is not None and key.text not in known:
            hint = suggest(key.text, known, f"the answers: {listed(known)}")
            ctx.issue(key.place, "F312", f"{key.text!r} is no answer to this question", hint)
        elif kind == "integer" and not _WHOLE.fullmatch(key.text):
            ctx.issue(key.place, "F312", f"{key.text!r} is no whole number", "such as 5")


def _lists_letters(text: Text) -> bool:
    """True when a variant lists `A) ...  B) ...`."""
    return any({"A", "B"} <= set(_LETTER.findall(each.source)) for each in text.variants.values())
