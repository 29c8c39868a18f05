"""What a text starts by its words: keywords and patterns, mistyped ones, and catch-alls.

These are rules of the routing order (`routing.ORDER`): each takes the text and answers '', or
leaves it and answers why.
"""

from __future__ import annotations

from collections.abc import Iterator

from smsflow.engine import starting
from smsflow.engine.inbound import Asked
from smsflow.engine.model import Ask, Otp
from smsflow.engine.triggering import begin_by, fits, unmet
from smsflow.engine.words.folding import fold
from smsflow.engine.words.keywords import Match

NO_KEYWORD = "no keyword and no pattern fits"
MOST_WORDS = 3  # that a person is asked to choose from, the nearest ones


def whole_message(asked: Asked) -> str:
    """A free-text question accepts everything, so a keyword that is all of the text goes first."""
    question = asked.question
    if question is None or isinstance(question.step, Otp) or question.step.answer.type != "text":
        return "no question of type text is open on this number"
    return _by_keyword(asked, whole=True)


def keyword(asked: Asked) -> str:
    """A keyword or a pattern."""
    return _by_keyword(asked)


def _by_keyword(asked: Asked, text: str | None = None, *, whole: bool = False) -> str:
    """Start the flow whose keyword or pattern the text is; `whole`: only by a whole message.

    `text` is what it stands for, when it is not taken as it came.
    """
    why_not = NO_KEYWORD
    question = asked.question
    if question is not None and isinstance(question.step, Ask) and not question.step.keywords:
        return "the open question says `keywords: block`"
    for match in _matches(asked, text):
        trigger = match.target.trigger
        if trigger.kind == "catch_all" or (whole and not match.whole):
            continue
        if begin_by(asked.turn, asked.event, match):
            return ""
        why_not = unmet(match)
    return why_not


def _matches(asked: Asked, text: str | None = None) -> Iterator[Match]:
    """What the text, or what it stands for, matches for this contact."""
    turn, event = asked.turn, asked.event
    said = event.text if text is None else text
    return turn.world.keywords.matches(said, event.number, turn.contact.groups)


def hooked(asked: Asked) -> str:
    """What the project's Python says that the text means: a keyword."""
    turn, event = asked.turn, asked.event
    hooks = turn.world.extension.keyword_hooks
    if not hooks:
        return "the project has no keyword hook"
    language = turn.contact.language or turn.world.project.languages[0]
    for hook in hooks:
        try:
            word = hook(event.text, language)
        # Whatever goes wrong in somebody's function: the text goes its way without it.
        except Exception as error:
            turn.trace(None, None, "error", f"keyword hook: {type(error).__name__}: {error}")
            continue
        if word is not None and not _by_keyword(asked, str(word)):
            return ""
    return "no keyword hook knows it"


def catch_all(asked: Asked) -> str:
    """The catch-all of the number, then that of every number."""
    why_not = "no flow has a catch-all for this number"
    for match in _matches(asked):
        if match.target.trigger.kind == "catch_all":
            if begin_by(asked.turn, asked.event, match):
                return ""
            why_not = unmet(match)
    return why_not


def fuzzy_keyword(asked: Asked) -> str:
    """A mistyped keyword of a trigger with `fuzzy`."""
    turn, event = asked.turn, asked.event
    near = turn.world.keywords.near(event.text, event.number, turn.contact.groups)
    meant: dict[str, Match] = {}  # by word; of two triggers with one, the more specific comes first
    for match in near:
        if fits(turn, event, match):
            meant.setdefault(fold(match.word), match)
    if not meant:
        return unmet(near[0]) if near else "no keyword with `fuzzy` is near"
    matches = list(meant.values())
    if len(matches) > 1:
        _ask_which(asked, [match.word for match in matches[:MOST_WORDS]])
    else:
        turn.trace(None, None, "mistyped", f"taken for {matches[0].word}")
        begin_by(turn, event, matches[0])
    return ""


def _ask_which(asked: Asked, words: list[str]) -> None:
    turn = asked.turn
    if not starting.may_reply(turn):
        return
    starting.count_reply(turn)
    turn.trace(None, None, "mistyped", f"may be {', '.join(words)}")
    extra = {"words": ", ".join(words[:-1]), "last": words[-1]}
    turn.answer_by_name("did_you_mean", asked.event.number, extra=extra)
