"""Answers that came with the keyword: `BOOK friday 4` is asked only for what is left (`fills`).

The words are shared out among the questions when the session begins (`words.fills`), and each part
is read when its question's turn comes: so `when`, bounds and `valid` count as they do for a text
that answers it, while "tomorrow" still means the day after it was said.
"""

from __future__ import annotations

from contextlib import suppress

from smsflow.engine import understanding
from smsflow.engine.effects import TextMasked
from smsflow.engine.hiding import MASKED
from smsflow.engine.model import Ask, Flow
from smsflow.engine.state import Session
from smsflow.engine.turn import FlowFailed, Turn
from smsflow.engine.words.answers import AnswerTypeError
from smsflow.engine.words.fills import fill
from smsflow.engine.words.replies import Invalid


def share(turn: Turn, session: Session, flow: Flow, names: tuple[str, ...]) -> None:
    """Share the words after the keyword out among these questions of a session that begins."""
    args = session.trigger.get("args", [])
    asks = [step for name in names if (step := flow.question(name)) is not None]
    if not args or not asks:
        return
    specs = []
    for step in asks:
        spec = step.answer
        with suppress(
            FlowFailed
        ):  # a bound that can't be known before other questions are answered
            spec = understanding.bounded(turn, session, step)
        specs.append((str(step.save), spec))
    # The question itself meets the type that fails, and takes the way of its `on_error`.
    with suppress(AnswerTypeError):
        shared = fill(args, specs, understanding.context(turn, session, turn.now))
        session.filled = dict(shared.said)
    if any(step.sensitive for step in asks):
        _hide(turn, session)


def _hide(turn: Turn, session: Session) -> None:
    """Keep the words after the keyword nowhere but in the answers."""
    masked = f"{session.trigger['keyword']} {MASKED}"
    turn.effects.append(TextMasked(masked))
    session.trigger["args"] = []
    session.message = {**session.message, "text": masked, "words": masked.split()}


def answer(turn: Turn, session: Session, step: Ask) -> str | None:
    """The outcome of a question that the keyword's text has answered; None when it is to be asked.

    Each part answers once: a question that comes again is put.
    """
    text = session.filled.pop(step.save or "", None)
    if text is None:
        return None
    parsed = understanding.read(turn, session, step, text, session.started_at)
    if isinstance(parsed, Invalid):
        reason = MASKED if step.sensitive else parsed.reason
        turn.trace(session, step, "unfilled", reason)
        return None
    return understanding.keep(turn, session, step, parsed, text, tries=1, what="filled")
