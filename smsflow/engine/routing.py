"""Where a text that came in goes: the routing order, top to bottom (`ORDER`, at the end).

Each rule is a function that takes the text and answers '', or leaves it and answers why. So the
order is one table, and what `smsflow route` prints is told by the very code that routes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from smsflow.engine import (
    answering,
    codes,
    commands,
    handoffs,
    keying,
    running,
    starting,
    understanding,
    ways,
)
from smsflow.engine.effects import ConsentChanged, DropQueued, TextMasked
from smsflow.engine.events import TextReceived
from smsflow.engine.hiding import MASKED
from smsflow.engine.inbound import NO_QUESTION, Asked, Question
from smsflow.engine.model import Ask, Duration, Otp, StartLimit
from smsflow.engine.questions import asked_on
from smsflow.engine.state import Session, Waiting
from smsflow.engine.triggering import message_scope
from smsflow.engine.turn import Turn
from smsflow.engine.verbs import calling
from smsflow.engine.words.replies import Invalid, matches_word

# Default replies to one contact: enough for a person, too few for two machines to talk on.
DEFAULT_REPLIES = StartLimit(5, Duration(seconds=3600))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule of the order said to a text: `why_not` is '' when it took it."""

    rule: str
    why_not: str


def receive(turn: Turn, event: TextReceived, verdicts: list[Verdict] | None = None) -> None:
    """Route one text; what each rule says, up to the one that takes it, goes into `verdicts`."""
    asked = Asked(turn, event, first=turn.contact.last_inbound is None)
    turn.contact.last_inbound = event.at
    for name, rule in ORDER.items():
        why_not = rule(asked)
        if verdicts is not None:
            verdicts.append(Verdict(name, why_not))
        if not why_not:
            return


# --- before any flow ------------------------------------------------------------------------------


def _compliance(asked: Asked) -> str:
    """STOP, START and HELP, as the whole message."""
    turn, event, contact = asked.turn, asked.event, asked.turn.contact
    meaning = turn.world.compliance.meaning(event.text, opted_out=contact.opted_out)
    if meaning is None:
        return "the message is no word of compliance"
    if meaning == "help" and contact.opted_out:
        return "whoever has opted out gets no help text"
    turn.trace(None, None, meaning, event.text.strip())
    if meaning == "help":
        _reply_by_name(turn, "compliance.help", event.number)
    elif meaning == "start":
        contact.opted_out = False
        turn.effects.append(ConsentChanged(False, event.text, event.number))
        _reply_by_name(turn, "compliance.started", event.number)
    elif not contact.opted_out:
        contact.opted_out = True
        contact.lists = []  # who wants them again subscribes again
        turn.effects.append(DropQueued("opted out"))
        for session in turn.conversation.sessions:
            if session.live:
                running.finish(turn, session, "opted_out")
        turn.effects.append(ConsentChanged(True, event.text, event.number))
        _answer_by_name(turn, "compliance.stopped", event.number, passes_block=True)
    return ""


def _reply_by_name(turn: Turn, name: str, number: str) -> None:
    if starting.may_reply(turn):
        starting.count_reply(turn)
        _answer_by_name(turn, name, number)


def _answer_by_name(turn: Turn, name: str, number: str, *, passes_block: bool = False) -> None:
    if turn.world.may_text(turn.contact.phone):
        turn.answer_by_name(name, number, passes_block=passes_block)


def _block(asked: Asked) -> str:
    """Whoever may not be texted is heard, and not answered."""
    turn = asked.turn
    if turn.contact.opted_out:
        turn.trace(None, None, "silence", "the contact has opted out")
    elif not turn.world.may_text(turn.contact.phone):
        turn.trace(None, None, "silence", "no phone of an allowed country")
    else:
        return "the contact may be texted"
    return ""


MAX_KEPT = 20  # texts of one contact that wait for an errand; later ones are lost to the flow


def errand_out(turn: Turn) -> bool:
    """True while a session of the contact waits for an errand."""
    return any(calling.out(each) for each in turn.conversation.sessions)


def _kept(asked: Asked) -> str:
    """While a call or an action is out, texts wait for its end (`keeping`)."""
    turn, event = asked.turn, asked.event
    if not errand_out(turn):
        return "no call and no action is under way"
    if len(turn.contact.kept) >= MAX_KEPT:
        turn.trace(None, None, "silence", f"{MAX_KEPT} texts wait for a call already")
        return ""
    kept = {"text": event.text, "number": event.number, "at": event.at}
    turn.contact.kept = [*turn.contact.kept, kept]
    turn.trace(None, None, "kept", "until the call or action that is under way is over")
    return ""


# --- the open question ----------------------------------------------------------------------------


def _own_words(asked: Asked) -> str:
    """Words that skip the open question, or ask for a new code."""
    turn, event = asked.turn, asked.event
    session = _asking(turn, event)
    if session is None or session.waiting is None:
        return NO_QUESTION
    session.number = event.number
    with running.guarded(turn, session):
        step = turn.flow_of(session).steps[session.waiting.step]
        if isinstance(step, Ask):
            asked.question = Question(session, session.waiting, step)
            session.message = message_scope(turn, event)  # not of codes, which are kept nowhere
            if not matches_word(event.text, step.skip):
                return "no word that skips the question"
            answering.skip(turn, session, step)
        elif isinstance(step, Otp):
            asked.question = Question(session, session.waiting, step)
            if step.resend is None or not matches_word(event.text, step.resend.words):
                return "no word that asks for a new code"
            codes.send_new(turn, session, session.waiting, step)
    return ""


def _asking(turn: Turn, event: TextReceived) -> Session | None:
    """The session whose question is open on that number: the one that asked last."""
    for session in reversed(turn.conversation.sessions):
        waiting = session.waiting
        if waiting is None or not waiting.open_at(turn.now):
            continue
        if asked_on(turn, waiting, event.number):
            return session
    return None


def _answer(asked: Asked) -> str:
    """A valid answer to the open question."""
    question = asked.question
    if question is None:
        return NO_QUESTION
    with running.guarded(asked.turn, question.session):
        if isinstance(question.step, Otp):
            return _code(asked, question, question.step)
        if question.step.sensitive:
            _hide(asked, question.session)
        parsed = understanding.read(asked.turn, question.session, question.step, asked.event.text)
        if isinstance(parsed, Invalid):
            asked.unclear = parsed
            return parsed.reason
        answering.accept(
            asked.turn,
            question.session,
            question.waiting,
            question.step,
            parsed,
            asked.event.text,
        )
    return ""


def _hide(asked: Asked, session: Session) -> None:
    """What is said to a sensitive question is kept nowhere but in its answer."""
    asked.turn.effects.append(TextMasked(MASKED))
    session.message = {**session.message, "text": MASKED, "words": [MASKED]}


def _unclear(asked: Asked) -> str:
    """The open question did not understand it: asked again, or the way of `on_invalid`."""
    question = asked.question
    if question is None:
        return NO_QUESTION
    with running.guarded(asked.turn, question.session):
        if isinstance(question.step, Otp):
            # Not a code at all costs no try; a wrong number of digits is a wrong code.
            if asked.guess is None:
                return "without a code in it, it costs no try"
            _judge_text(asked, question, question.step, asked.guess)
        elif asked.unclear is not None:
            answering.refuse(
                asked.turn, question.session, question.waiting, question.step, asked.unclear
            )
    return ""


def _code(asked: Asked, question: Question, step: Otp) -> str:
    if "reply" not in step.accept:
        return "this code can't be texted back"
    asked.guess = codes.code_in(asked.event.text, step)
    if asked.guess is None:
        return "no code in it"
    if len(asked.guess) != step.digits:
        return f"a code has {step.digits} digits"
    _judge_text(asked, question, step, asked.guess)
    return ""


def _judge_text(asked: Asked, question: Question, step: Otp, guess: str) -> None:
    turn, session, waiting = asked.turn, question.session, question.waiting
    verdict = judge(turn, session, waiting, step, guess, asked.event.at)
    if verdict == "wrong" and step.wrong is not None:
        text = turn.render(session, step.wrong, {"attempts_left": step.attempts - waiting.tries})
        turn.say(session, None, text, at=step, slot=step.wrong)


def judge(
    turn: Turn, session: Session, waiting: Waiting, step: Otp, guess: str, at: datetime
) -> str:
    """Compare a code and take the session the way that it earns: see `codes.compare`."""
    verdict = codes.compare(turn, session, waiting, step, guess, at)
    if verdict == "verified":
        turn.trace(session, step, "reply", "the right code", way=ways.ANSWERED)
        with running.guarded(turn, session):  # whatever comes next, the code was right
            running.leave(turn, session, step.next)
    elif verdict == "locked":
        turn.trace(session, step, "locked", f"{waiting.tries} wrong codes", way="on_locked")
        codes.lock(turn, session, step)
        with running.guarded(turn, session):
            running.outcome(turn, session, step, "on_locked", otherwise="locked")
    elif verdict == "expired":
        turn.trace(session, step, "timeout", "the code had expired", way="on_expired")
        with running.guarded(turn, session):
            running.outcome(turn, session, step, "on_expired", otherwise="expired")
    else:
        turn.trace(session, step, "wrong", f"tries left: {step.attempts - waiting.tries}")
    return verdict


# --- nothing else took it -------------------------------------------------------------------------


def _default_reply(asked: Asked) -> str:
    """The project's `default_reply`, a few times an hour."""
    turn = asked.turn
    reply = turn.world.project.default_reply
    if reply is None:
        return "smsflow.yaml has no default_reply"
    if not starting.may_reply(turn):
        return ""
    if not starting.count_start(turn, "", DEFAULT_REPLIES):
        turn.trace(None, None, "silence", "nothing matched, and default replies are used up")
        return ""
    starting.count_reply(turn)
    turn.trace(None, None, "default", "nothing matched")
    turn.answer(reply, asked.event.number, name="default_reply", passes_block=False, kind="system")
    return ""


def _silence(asked: Asked) -> str:
    """The text is kept, and that is all."""
    asked.turn.trace(None, None, "silence", "nothing matched")
    return ""


# --- the order ------------------------------------------------------------------------------------

ORDER: dict[str, Callable[[Asked], str]] = {
    "compliance": _compliance,
    "block": _block,
    "person": handoffs.hear,
    "kept": _kept,
    "skip or resend": _own_words,
    "command": commands.command,
    "any time": commands.any_time,
    "whole message": keying.whole_message,
    "answer": _answer,
    "keyword": keying.keyword,
    "keyword hook": keying.hooked,
    "not understood": _unclear,
    "fuzzy keyword": keying.fuzzy_keyword,
    "catch-all": keying.catch_all,
    "new contact": commands.new_contact,
    "unknown text": commands.unknown_text,
    "default reply": _default_reply,
    "silence": _silence,
}
