"""Words that mean the same whatever is asked: the project's commands, and `anytime` keywords.

Also the flows that smsflow.yaml names for what nothing else takes.
"""

from __future__ import annotations

from smsflow.engine import answering, asides, running, starting, understanding
from smsflow.engine.inbound import NO_QUESTION, Asked
from smsflow.engine.model import Ask
from smsflow.engine.state import Session
from smsflow.engine.triggering import message_scope
from smsflow.engine.verbs.texts import repeat
from smsflow.engine.words.replies import Invalid, matches_word


def _taken_by_question(asked: Asked) -> bool:
    """True for a valid answer to the open question; one that takes any text says nothing by it."""
    question = asked.question
    if question is None or not isinstance(question.step, Ask):
        return False
    with running.guarded(asked.turn, question.session):
        if question.step.answer.type != "text":
            text = asked.event.text
            parsed = understanding.read(asked.turn, question.session, question.step, text)
            return not isinstance(parsed, Invalid)
    return False


def command(asked: Asked) -> str:
    """The project's own commands: to repeat, to go back a question, to reach a person."""
    turn, commands = asked.turn, asked.turn.world.project.commands
    said = [name for name, words in commands.items() if matches_word(asked.event.text, words)]
    if not said:
        return "no command of smsflow.yaml"
    if _taken_by_question(asked):
        return "the open question takes it as an answer"
    if said[0] == "human":
        return _by_system(asked, "human")
    question = asked.question
    if question is None:
        return NO_QUESTION
    turn.trace(question.session, question.step, "command", said[0])
    with running.guarded(turn, question.session):
        if said[0] == "back":
            answering.ask_previous(turn, question.session, question.waiting)
        else:
            repeat(turn, question.session, question.waiting)
    return ""


def _by_system(asked: Asked, purpose: str) -> str:
    """Start the flow that smsflow.yaml names for this under `system`."""
    turn, event = asked.turn, asked.event
    flow = turn.world.flows.get(turn.world.project.system.get(purpose, ""))
    if flow is None:
        return f"smsflow.yaml names no flow for '{purpose}'"
    if starting.may_reply(turn):
        message = message_scope(turn, event)
        if not starting.begin_for_system(turn, flow, {}, message=message, number=event.number):
            starting.count_reply(turn)
    return ""


def any_time(asked: Asked) -> str:
    """A keyword that a session listens to at any time."""
    turn, event = asked.turn, asked.event
    for session in _listening(asked):
        with running.guarded(turn, session):
            for handler in turn.flow_of(session).anytime:
                if not matches_word(event.text, handler.words):
                    continue
                if _taken_by_question(asked):
                    return "the open question takes it as an answer"
                if asides.worn_out(session, handler):
                    return "its 'anytime' has run too often in this session"
                session.number = event.number
                session.message = message_scope(turn, event)
                asides.break_in(turn, session, handler, f"keyword {event.text.strip()}")
                return ""
    return "no session listens to it"


def _listening(asked: Asked) -> list[Session]:
    """Live sessions on that number: who asked last and whoever runs it, then the newest."""
    turn, number = asked.turn, asked.event.number
    live = [each for each in turn.conversation.sessions if each.live and not each.queued]
    live = [each for each in reversed(live) if each.number in (None, number)]
    first: list[Session] = []
    at = asked.question.session if asked.question is not None else None
    while at is not None:
        first.append(at)
        at = turn.conversation.session(at.parent) if at.parent else None
    return first + [each for each in live if not any(each is known for known in first)]


def new_contact(asked: Asked) -> str:
    """The project's flow for people whose first text nothing else takes."""
    if not asked.first:
        return "this is not the contact's first text"
    return _by_system(asked, "new_contact")


def unknown_text(asked: Asked) -> str:
    """The project's flow for texts that nothing takes."""
    return _by_system(asked, "unknown_text")
