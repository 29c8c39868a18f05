"""The one word of a question that a text without any of them was meant for."""

from __future__ import annotations

from smsflow.engine.words.answer_words import ANY_NUMBER, FILLERS, NEGATIONS, NO, YES
from smsflow.engine.words.lexicon import Found, Lexicon
from smsflow.engine.words.typos import SHORT, distance

# A word that people mean as it stands is no typing mistake: "five" is not "fine".
_MEANT = FILLERS.union(ANY_NUMBER, *YES.values(), *NO.values(), *NEGATIONS.values())


def mistyped(lexicon: Lexicon, said: str, *, same_start: bool = False) -> Found | None:
    """The only value that has a word of 4 letters or more at one mistake from what was said.

    With `same_start` the first letter has to be right: "hope" is not "nope".
    """
    if len(said) < SHORT - 1 or said in _MEANT:
        return None
    near: list[Found] = []
    for word, found in lexicon.words():
        if len(word) < SHORT or (same_start and word[0] != said[0]):
            continue
        if distance(said, word, 1) == 1:
            near.append(Found(found.value, f"word {word!r}, mistyped {said!r}"))
    values = {id(item.value) if item.value is Lexicon.AMBIGUOUS else item.value for item in near}
    alone = len(values) == 1 and near[0].value is not Lexicon.AMBIGUOUS
    return near[0] if alone else None
