"""Answers that pick several of a question's choices: "1, 3", "A and C", "rude, price", "all"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from smsflow.engine.words.answer_words import FILLERS, NEGATIONS
from smsflow.engine.words.answers import AnswerContext, AnswerSpec, Invalid, Parsed, quoted
from smsflow.engine.words.folding import fold
from smsflow.engine.words.lexicon import Found, Lexicon
from smsflow.engine.words.mistyped import mistyped
from smsflow.engine.words.numerals import numerals

_PARTS = re.compile(r"[,;/+&\n]+")
ALL: Mapping[str, frozenset[str]] = {
    "en": frozenset({"all", "all of them", "all of the above", "everything"}),
    "fr": frozenset({"tout", "tous", "toutes", "tous les choix"}),
    "de": frozenset({"alle", "alles", "alle davon"}),
    "es": frozenset({"todo", "todos", "todas"}),
    "pt": frozenset({"tudo", "todos", "todas"}),
    "it": frozenset({"tutto", "tutti", "tutte"}),
    "nl": frozenset({"alle", "alles", "allemaal"}),
}
NONE: Mapping[str, frozenset[str]] = {
    "en": frozenset({"none", "none of them", "none of the above", "nothing", "neither"}),
    "fr": frozenset({"aucun", "aucune", "rien", "aucun des choix"}),
    "de": frozenset({"keine", "keins", "keiner", "nichts"}),
    "es": frozenset({"ninguno", "ninguna", "nada"}),
    "pt": frozenset({"nenhum", "nenhuma", "nada"}),
    "it": frozenset({"nessuno", "nessuna", "niente", "nulla"}),
    "nl": frozenset({"geen", "geen enkele", "niets"}),
}
_AND: Mapping[str, frozenset[str]] = {
    "en": frozenset({"and", "n"}),
    "fr": frozenset({"et"}),
    "de": frozenset({"und"}),
    "es": frozenset({"y", "e"}),
    "pt": frozenset({"e"}),
    "it": frozenset({"e", "ed"}),
    "nl": frozenset({"en"}),
}
_EXCEPT: Mapping[str, frozenset[str]] = {
    "en": frozenset({"but", "except", "or", "without"}),
    "fr": frozenset({"sauf", "ou", "mais", "sans"}),
    "de": frozenset({"ausser", "oder", "aber", "ohne"}),
    "es": frozenset({"excepto", "pero", "o", "sin"}),
    "pt": frozenset({"exceto", "menos", "mas", "ou", "sem"}),
    "it": frozenset({"tranne", "ma", "o", "senza"}),
    "nl": frozenset({"behalve", "of", "maar", "zonder"}),
}


def parse_multi(text: str, spec: AnswerSpec, context: AnswerContext) -> Parsed | Invalid:
    """The choices that a text picks, by their keys in the order of the question."""
    own = context.language.lower()[:2]
    own = own if own in ALL else "en"
    keys = [choice.key for choice in spec.choices]
    folded = fold(text)
    said = " ".join(each for each in folded.split() if each not in FILLERS)
    lexicon = spec.lexicon
    whole = lexicon.as_written(text.strip()) or lexicon.whole(folded) or lexicon.whole(said)
    if whole is None and any(said in ALL[name] for name in (own, *ALL)):
        return _counted(keys, f"word {said!r}, exact", spec)
    if whole is None and any(said in NONE[name] for name in (own, *NONE)):
        return _counted([], f"word {said!r}, exact", spec)
    found = [whole] if whole is not None else _found(text, spec, own)
    if isinstance(found, Invalid):
        return found
    if any(item.value is Lexicon.AMBIGUOUS for item in found):
        return Invalid(f"more than one answer: {found[0].how}")
    picked = {item.value for item in found}
    how = ", ".join(dict.fromkeys(item.how for item in found))
    return _counted([key for key in keys if key in picked], how, spec)


def _found(text: str, spec: AnswerSpec, own: str) -> list[Found] | Invalid:
    """What each part of the text picks; a part that picks nothing may be mistyped."""
    found: list[Found] = []
    for part in _PARTS.split(text):
        whole = spec.lexicon.whole(fold(part))
        if whole is not None:  # "terms and conditions" can be a word of the question
            found.append(whole)
            continue
        stray = _stray_number(part, spec.lexicon, own)
        if stray:
            return Invalid(f"{stray!r} is no answer")
        for tokens in _between_and(fold(part).split(), own):
            open_word = _open_word(tokens, spec.lexicon, own)
            if open_word:
                return Invalid(f"more than one answer: {open_word!r} leaves it open")
            picked = _of_part(tokens, spec)
            if not picked:
                return Invalid(f"nothing in {quoted(' '.join(tokens))} is an answer")
            found += picked
    return found or Invalid(f"nothing in {quoted(text.strip())} is an answer")


def _stray_number(part: str, lexicon: Lexicon, own: str) -> str:
    """The first number that is no choice's position or word, or ''."""
    written = (
        numeral.written
        for numeral in numerals(part, own, grouped=False)
        if not lexicon.knows(str(numeral.value))
    )
    return next(written, "")


def _of_part(tokens: list[str], spec: AnswerSpec) -> list[Found]:
    each = [spec.lexicon.whole(token) for token in tokens]
    if tokens and all(each):  # "a c": letters alone, so none of them is a word of a sentence
        return [item for item in each if item is not None]
    found, rest = spec.lexicon.within(tokens)
    if found:
        return found
    near = mistyped(spec.lexicon, " ".join(rest))
    if near is not None:
        return [near]
    return [item for word in rest if (item := mistyped(spec.lexicon, word)) is not None]


def _between_and(tokens: list[str], own: str) -> Iterator[list[str]]:
    """The words on either side of "and", without pleasantries; a letter at an end is no "and"."""
    kept = [each for each in tokens if each not in FILLERS]
    joining = _AND[own] | _AND["en"]
    run: list[str] = []
    for at, each in enumerate(kept):
        if each in joining and not (len(each) == 1 and at in (0, len(kept) - 1)):
            if run:
                yield run
            run = []
        else:
            run.append(each)
    if run:
        yield run


def _open_word(tokens: list[str], lexicon: Lexicon, own: str) -> str:
    """A word that turns an answer around, unless the question has it as a word of its own."""
    left = lexicon.within(tokens)[1]
    turning = NEGATIONS[own] | NEGATIONS["en"] | _EXCEPT[own] | _EXCEPT["en"]
    return next((each for each in left if each in turning), "")


def _counted(keys: list[str], how: str, spec: AnswerSpec) -> Parsed | Invalid:
    if spec.minimum is not None and len(keys) < spec.minimum:
        return Invalid(f"fewer than {spec.minimum} answers")
    if spec.maximum is not None and len(keys) > spec.maximum:
        return Invalid(f"more than {spec.maximum} answers")
    return Parsed(keys, how)
