"""A text on its way down the routing order, with what is known of it so far."""

from __future__ import annotations

from dataclasses import dataclass

from smsflow.engine.events import TextReceived
from smsflow.engine.model import Ask, Otp
from smsflow.engine.state import Session, Waiting
from smsflow.engine.turn import Turn
from smsflow.engine.words.replies import Invalid

NO_QUESTION = "no question is open on this number"


@dataclass(slots=True)
class Question:
    """The question that is open on the number that was texted."""

    session: Session
    waiting: Waiting
    step: Ask | Otp


@dataclass(slots=True)
class Asked:
    """A text on its way down the order, and what the rules found out about it."""

    turn: Turn
    event: TextReceived
    question: Question | None = None
    unclear: Invalid | None = None  # what the question says to it
    guess: str | None = None  # the digits in it, for a question for a code
    first: bool = False  # the first text that the contact ever sent
