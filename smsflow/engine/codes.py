"""One-time codes: made from the randomness that is handed in, kept as a digest, never in clear.

The digest is keyed with the project's secret and bound to the session, so a stolen database does
not give up six digits to a million guesses, and it is compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime

from smsflow.engine import ways
from smsflow.engine.effects import SendText
from smsflow.engine.model import Otp
from smsflow.engine.state import Session, Waiting
from smsflow.engine.turn import FlowFailed, Turn

MASK = "•"
DIGITS = "0123456789"
# Without vowels, so that no code is a word such as STOP, and without what looks like a digit.
LETTERS = "BCDFGHJKMNPQRTVWXYZ2346789"
_RUNS = re.compile(r"\d(?:[ \-.]?\d)*")


def send(turn: Turn, session: Session, step: Otp) -> None:
    """Make a code, send it, and wait for it to come back."""
    code = "".join(turn.rng.choice(alphabet(step)) for _ in range(step.digits))
    text = turn.render(session, step.text, {"code": code})
    sent = turn.say(
        session,
        step,
        text,
        at=step,
        masked=_masked(turn, session, step),
        waits=step.follows_delivery,
        question=True,
        expires=step.expires,
    )
    _wait_for(turn, session, step, sent, code)


def _masked(turn: Turn, session: Session, step: Otp) -> str:
    """The text without its code, however the author cuts or spells that."""
    try:
        return turn.render(session, step.text, {"code": MASK * step.digits})
    except FlowFailed:  # a text that works on the digits themselves
        return MASK * step.digits


def _wait_for(turn: Turn, session: Session, step: Otp, sent: SendText, code: str) -> None:
    before = session.waiting
    waiting = turn.wait(session, step, "code", sent)
    waiting.digest = digest(turn.world.secret, session.id, code)
    waiting.tries = len(_wrong_lately(turn, session, step))
    if before is not None and before.step == step.id:
        waiting.resends = before.resends + 1
    turn.timer(session, waiting, "expire", turn.length(step.expires, sent.due))


def send_new(turn: Turn, session: Session, waiting: Waiting, step: Otp) -> None:
    """Send a new code, which kills the old one, unless that comes too often or too soon."""
    again = step.resend
    if again is None or waiting.since is None:
        return
    if waiting.resends >= again.times:
        turn.trace(session, step, "ignored", f"a new code was sent {again.times} times already")
    elif turn.now < turn.length(again.every, waiting.since):
        turn.trace(session, step, "ignored", "the last code was sent a moment ago")
    else:
        told = f"new code {waiting.resends + 1} of {again.times}"
        turn.trace(session, step, "resend", told, way=ways.RESENT)
        turn.drop_retries(waiting.root)
        send(turn, session, step)


def compare(
    turn: Turn, session: Session, waiting: Waiting, step: Otp, guess: str, at: datetime
) -> str:
    """`verified`, `wrong`, `locked` or `expired` for a code that came at `at`; counts the try.

    Wrong codes are counted for the contact and the flow, so that another session, one after the
    other or beside it, gives nobody more guesses.
    """
    if waiting.since is not None and at >= turn.length(step.expires, waiting.since):
        return "expired"
    wrong = _wrong_lately(turn, session, step)
    until = turn.contact.locked.get(session.flow)
    if len(wrong) >= step.attempts or (until is not None and turn.now < until):
        waiting.tries = step.attempts
        return "locked"
    said = digest(turn.world.secret, session.id, guess)
    if waiting.digest is not None and hmac.compare_digest(said, waiting.digest):
        turn.contact.wrong.pop(session.flow, None)
        return "verified"
    turn.contact.wrong[session.flow] = [*wrong, turn.now]
    waiting.tries = len(wrong) + 1
    return "locked" if waiting.tries >= step.attempts else "wrong"


def lock(turn: Turn, session: Session, step: Otp) -> None:
    """Let the flow not start with this contact for a while; after that tries count anew."""
    turn.contact.locked[session.flow] = turn.length(step.lock, turn.now)
    turn.contact.wrong.pop(session.flow, None)


def _wrong_lately(turn: Turn, session: Session, step: Otp) -> list[datetime]:
    """When wrong codes came for this flow, as far back as a lock would last."""
    since = turn.length(-step.lock, turn.now)
    return [at for at in turn.contact.wrong.get(session.flow, []) if at > since]


def alphabet(step: Otp) -> str:
    """What the code of that step is made of."""
    return LETTERS if step.letters else DIGITS


def code_in(text: str, step: Otp) -> str | None:
    """The code that a text holds, blanks and dashes inside ignored: its one run of digits, or for
    a code of letters all of it, or the one word of it that can be a code."""
    if step.letters:
        return _letters_in(text, step.digits)
    digits = step.digits
    runs = [re.sub(r"\D", "", run) for run in _RUNS.findall(text)]
    fitting = [run for run in runs if len(run) == digits]
    candidates = fitting or runs
    return "".join(str(int(d)) for d in candidates[0]) if len(candidates) == 1 else None


def plain(code: str, step: Otp) -> str:
    """A code as it was made, however the person who typed it saw capitals and blanks."""
    return re.sub(r"[\W_]", "", code.upper()) if step.letters else code


def _letters_in(text: str, length: int) -> str | None:
    words = [re.sub(r"[\W_]", "", word) for word in text.upper().split()]
    candidates = {"".join(words)} | set(words)
    fitting = [each for each in candidates if len(each) == length and not each.strip(LETTERS)]
    return fitting[0] if len(fitting) == 1 else None


def digest(secret: bytes, session: str, code: str) -> str:
    """What is kept of a code."""
    return hmac.new(secret, f"{session}:{code}".encode(), hashlib.sha256).hexdigest()
