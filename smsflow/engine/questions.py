"""Which question a contact has before them: on each number of ours, the one asked last.

To the contact a number is a conversation of its own, so questions on two numbers are in nobody's
way. On one number a reply can mean one question only: older ones are paused, and asked again when
it is answered (`running.settle`).
"""

from __future__ import annotations

from collections.abc import Iterator

from smsflow.engine.effects import SendText
from smsflow.engine.model import Ask, Flow, Speaking
from smsflow.engine.state import Session, Waiting
from smsflow.engine.turn import Turn


def pause_others(turn: Turn, asking: Session) -> None:
    """Older questions on the numbers that `asking` asks on give way to it."""
    ends = turn.flow_of(asking).interrupt == "end"
    for session in turn.conversation.sessions:
        waiting = session.waiting
        if waiting is None or session is asking or not waiting.open_at(turn.now):
            continue
        if _share_a_number(session, asking):
            waiting.paused = True
            turn.trace(session, None, "paused", f"by a question of {asking.flow}")
            if ends and not kin(turn, session, asking):
                turn.interrupted.append(outermost(turn, session))


def gives_way(turn: Turn, paused: Session) -> bool:
    """True while another session has a question open where this one was asked, or is between two
    texts there, or a person holds the conversation."""
    numbers = paused.waiting.numbers if paused.waiting is not None else []
    return any(held(turn, number) for number in numbers) or any(
        _share_a_number(each, paused)
        and (each.waiting.open_at(turn.now) or each.waiting.kind in ("report", "call"))
        for each in turn.conversation.sessions
        if each is not paused and each.waiting is not None
    )


def must_wait(turn: Turn, session: Session, flow: Flow, step: Speaking) -> bool:
    """True while this step may not ask: a person holds the conversation on its number, and would
    get the answer; or another flow is at it, and this one lets others finish.

    A code goes out all the same, for it can be typed into a web page.
    """
    handed = (each for one in turn.conversation.sessions for each in handoffs_of(one))
    if flow.interrupt != "wait" and next(handed, None) is None:
        return False  # most flows, most of the time; the number is not worked out for that
    number = turn.first_number(session, step)
    if isinstance(step, Ask) and held(turn, number):
        return True
    return flow.interrupt == "wait" and _busy(turn, session, number)


def _busy(turn: Turn, session: Session, number: str) -> bool:
    """True while another flow has a question open on the number, or is between two texts there."""
    return any(
        number in each.waiting.numbers
        and (each.waiting.open_at(turn.now) or each.waiting.kind == "report")
        for each in turn.conversation.sessions
        if each.waiting is not None and not kin(turn, each, session)
    )


def handoffs_of(session: Session) -> Iterator[Waiting]:
    """Its handoffs that are open, also those set aside, the oldest first."""
    for waiting in (*session.aside, session.waiting):
        if waiting is not None and waiting.handoff is not None:
            yield waiting


def held(turn: Turn, number: str) -> bool:
    """True while a person holds the conversation on that number of ours."""
    return any(
        asked_on(turn, waiting, number)
        for session in turn.conversation.sessions
        for waiting in handoffs_of(session)
    )


def kin(turn: Turn, one: Session, other: Session) -> bool:
    """True for sessions of which one runs the other, or that one session runs both."""
    return outermost(turn, one) is outermost(turn, other)


def outermost(turn: Turn, session: Session) -> Session:
    """The session that runs the one that runs this one, and so on."""
    while session.parent is not None:
        parent = turn.conversation.session(session.parent)
        if parent is None:
            break
        session = parent
    return session


def asked_on(turn: Turn, waiting: Waiting, number: str) -> bool:
    """True when a reply on that number of ours can be an answer.

    When the project has none of the numbers any more that it was asked on, one on any number can.
    """
    return number in waiting.numbers or turn.world.project.numbers.keys().isdisjoint(
        waiting.numbers
    )


def expect_answer_to(turn: Turn, waiting: Waiting, sent: SendText) -> None:
    """The question now stands in that text, too; the one before isn't tried again."""
    turn.drop_retries(waiting.root)
    waiting.root = sent.message
    if sent.plan.number not in waiting.numbers:
        waiting.numbers.append(sent.plan.number)


def _share_a_number(one: Session, other: Session) -> bool:
    if one.waiting is None or other.waiting is None:
        return False
    return not set(one.waiting.numbers).isdisjoint(other.waiting.numbers)
