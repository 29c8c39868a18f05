"""Where a text that came in goes: the routing order, top to bottom (flow-language section 1.4).

1. words of compliance: stop, start, help
2. the open question: its resend and skip words, then a valid answer
3. a keyword or pattern (before a free-text answer, when it is the whole message)
4. the open question again: not understood
5. catch-all, the project's default reply, silence
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from smsflow.engine import answering, codes, running, starting
from smsflow.engine.effects import ConsentChanged, DropQueued
from smsflow.engine.events import TextReceived
from smsflow.engine.model import Ask, Duration, Otp, StartLimit
from smsflow.engine.questions import asked_on
from smsflow.engine.scope import contact_scope
from smsflow.engine.state import Session, Waiting
from smsflow.engine.templating.templates import TemplateError, compile_expression
from smsflow.engine.turn import Turn
from smsflow.engine.words.keywords import Match
from smsflow.engine.words.replies import Invalid, matches_word
from smsflow.engine.world import Route

# Default replies to one contact: enough for a person, too few for two machines to talk on.
DEFAULT_REPLIES = StartLimit(5, Duration(seconds=3600))


def receive(turn: Turn, event: TextReceived) -> None:
    """Route one text."""
    turn.contact.last_inbound = event.at
    if _compliance(turn, event):
        return
    if turn.contact.opted_out:
        turn.trace(None, None, "silence", "the contact has opted out")
    elif not turn.world.may_text(turn.contact.phone):
        turn.trace(None, None, "silence", "no phone of an allowed country")
    elif not _open_question(turn, event) and not _keyword(turn, event):
        _fallback(turn, event)


# --- 1: compliance --------------------------------------------------------------------------------


def _compliance(turn: Turn, event: TextReceived) -> bool:
    contact = turn.contact
    meaning = turn.world.compliance.meaning(event.text, opted_out=contact.opted_out)
    if meaning is None or (meaning == "help" and contact.opted_out):
        return False
    turn.trace(None, None, meaning, event.text.strip())
    if meaning == "help":
        _reply_by_name(turn, "compliance.help", event.number)
    elif meaning == "start":
        contact.opted_out = False
        turn.effects.append(ConsentChanged(False, event.text, event.number))
        _reply_by_name(turn, "compliance.started", event.number)
    elif not contact.opted_out:
        contact.opted_out = True
        turn.effects.append(DropQueued("opted out"))
        for session in turn.conversation.sessions:
            if session.live:
                running.finish(turn, session, "opted_out")
        turn.effects.append(ConsentChanged(True, event.text, event.number))
        _answer_by_name(turn, "compliance.stopped", event.number, passes_block=True)
    return True


def _reply_by_name(turn: Turn, name: str, number: str) -> None:
    if starting.may_reply(turn):
        starting.count_reply(turn)
        _answer_by_name(turn, name, number)


def _answer_by_name(turn: Turn, name: str, number: str, *, passes_block: bool = False) -> None:
    if turn.world.may_text(turn.contact.phone):
        turn.answer_by_name(name, number, passes_block=passes_block)


# --- 2 and 4: the open question -------------------------------------------------------------------


def _open_question(turn: Turn, event: TextReceived) -> bool:
    """Let the open question have the text; False when it goes on to catch-all and default."""
    for session in reversed(turn.conversation.sessions):
        waiting = session.waiting
        if waiting is None or not waiting.open_at(turn.now):
            continue
        if not asked_on(turn, waiting, event.number):
            continue
        session.number = event.number
        with running.guarded(turn, session):
            step = turn.flow_of(session).steps[waiting.step]
            if isinstance(step, Otp):
                return _code_reply(turn, event, session, waiting, step)
            if isinstance(step, Ask):
                session.message = _message(turn, event)  # not of codes, which are kept nowhere
                _answer(turn, event, session, waiting, step)
        return True
    return False


def _answer(turn: Turn, event: TextReceived, session: Session, waiting: Waiting, step: Ask) -> None:
    if matches_word(event.text, step.skip):
        answering.skip(turn, session, step)
        return
    # A free-text question accepts everything, so a keyword that is the whole message goes first.
    if step.answer.type == "text" and _keyword(turn, event, whole=True):
        return
    parsed = answering.read(turn, session, step, event.text)
    if not isinstance(parsed, Invalid):
        answering.accept(turn, session, waiting, step, parsed, event.text)
    elif not _keyword(turn, event):
        answering.refuse(turn, session, waiting, step, parsed)


def _code_reply(
    turn: Turn, event: TextReceived, session: Session, waiting: Waiting, step: Otp
) -> bool:
    if step.resend is not None and matches_word(event.text, step.resend.words):
        codes.send_new(turn, session, waiting, step)
        return True
    guess = codes.code_in(event.text, step.digits) if "reply" in step.accept else None
    if guess is None or len(guess) != step.digits:
        # Not a code at all, which costs no try; a wrong number of digits is a wrong code.
        if _keyword(turn, event):
            return True
        if guess is None:
            return False
    verdict = judge(turn, session, waiting, step, guess, event.at)
    if verdict == "wrong" and step.wrong is not None:
        text = turn.render(session, step.wrong, {"attempts_left": step.attempts - waiting.tries})
        turn.say(session, None, text, at=step, slot=step.wrong)
    return True


def judge(
    turn: Turn, session: Session, waiting: Waiting, step: Otp, guess: str, at: datetime
) -> str:
    """Compare a code and take the session the way that it earns: see `codes.compare`."""
    verdict = codes.compare(turn, session, waiting, step, guess, at)
    if verdict == "verified":
        turn.trace(session, step, "reply", "the right code")
        with running.guarded(turn, session):  # whatever comes next, the code was right
            running.leave(turn, session, step.next)
    elif verdict == "locked":
        turn.trace(session, step, "locked", f"{waiting.tries} wrong codes")
        codes.lock(turn, session, step)
        with running.guarded(turn, session):
            running.outcome(turn, session, step, "on_locked", otherwise="locked")
    elif verdict == "expired":
        turn.trace(session, step, "timeout", "the code had expired")
        with running.guarded(turn, session):
            running.outcome(turn, session, step, "on_expired", otherwise="expired")
    else:
        turn.trace(session, step, "wrong", f"tries left: {step.attempts - waiting.tries}")
    return verdict


# --- 3: keywords ----------------------------------------------------------------------------------


def _keyword(turn: Turn, event: TextReceived, *, whole: bool = False) -> bool:
    """Start the flow whose keyword or pattern the text is; `whole`: only by a whole message."""
    for match in turn.world.keywords.matches(event.text, event.number):
        if match.target.trigger.kind == "catch_all" or (whole and not match.whole):
            continue
        if _begin(turn, event, match):
            return True
    return False


def _begin(turn: Turn, event: TextReceived, match: Match) -> bool:
    """Start the flow of a trigger; False when its `when` isn't met and others may have a go."""
    route: Route = match.target
    trigger = {
        "kind": route.trigger.kind,
        "keyword": match.word,
        "args": list(match.args),
        "groups": dict(match.groups),
    }
    if not _may_start(turn, event, route, trigger):
        return False
    if not starting.may_reply(turn):
        return True
    refusal = starting.begin(
        turn,
        turn.world.flows[route.flow],
        session_id=turn.new_id(),
        trigger=trigger,
        inputs={},
        message=_message(turn, event),
        number=event.number,
        language=route.trigger.language,
    )
    if refusal:
        turn.trace(None, None, "refused", f"{route.flow}: {refusal}")
    else:
        starting.count_reply(turn)
    return True


def _may_start(turn: Turn, event: TextReceived, route: Route, trigger: dict[str, Any]) -> bool:
    condition = route.trigger.when
    if condition is None:
        return True
    local = turn.now.astimezone(ZoneInfo(turn.zone))
    scope = {
        **trigger["groups"],
        "contact": contact_scope(turn.contact, turn.world.project, zone=turn.zone),
        "message": _message(turn, event),
        "trigger": trigger,
        "now": local,
        "today": local.date(),
    }
    language = turn.contact.language or turn.world.project.languages[0]
    try:
        expression = compile_expression(condition.source)
        return expression.holds(scope, language=language, zone=turn.zone)
    except TemplateError as error:
        turn.trace(None, None, "error", f"{condition.place}: {error}")
        return False


def _message(turn: Turn, event: TextReceived) -> dict[str, Any]:
    """`message.*` of the scope."""
    return {
        "text": event.text,
        "words": event.text.split(),
        "from": turn.contact.phone,
        "to": turn.world.project.numbers[event.number].address,
        "at": event.at,
    }


# --- 5: nothing else matched ----------------------------------------------------------------------


def _fallback(turn: Turn, event: TextReceived) -> None:
    for match in turn.world.keywords.matches(event.text, event.number):
        if match.target.trigger.kind == "catch_all" and _begin(turn, event, match):
            return
    reply = turn.world.project.default_reply
    if reply is None:
        turn.trace(None, None, "silence", "nothing matched")
    elif not starting.may_reply(turn):
        return
    elif starting.count_start(turn, "", DEFAULT_REPLIES):
        starting.count_reply(turn)
        turn.trace(None, None, "default", "nothing matched")
        turn.answer(reply, event.number, name="default_reply", passes_block=False, kind="system")
    else:
        turn.trace(None, None, "silence", "nothing matched, and default replies are used up")
