"""Which question a contact has before them: on each number of ours, the one asked last.

To the contact a number is a conversation of its own, so questions on two numbers are in nobody's
way. On one number a reply can mean one question only: older ones are paused, and asked again when
it is answered (`running.settle`).
"""

from __future__ import annotations

from smsflow.engine.effects import SendText
from smsflow.engine.state import Session, Waiting
from smsflow.engine.turn import Turn


def pause_others(turn: Turn, asking: Session) -> None:
    """Older questions on the numbers that `asking` asks on give way to it."""
    for session in turn.conversation.sessions:
        waiting = session.waiting
        if waiting is None or session is asking or not waiting.open_at(turn.now):
            continue
        if _share_a_number(session, asking):
            waiting.paused = True
            turn.trace(session, None, "paused", f"by a question of {asking.flow}")


def gives_way(turn: Turn, paused: Session) -> bool:
    """True while another session has a question open where this one was asked, or is between two
    texts there."""
    return any(
        _share_a_number(each, paused)
        and (each.waiting.open_at(turn.now) or each.waiting.kind == "report")
        for each in turn.conversation.sessions
        if each is not paused and each.waiting is not None
    )


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
