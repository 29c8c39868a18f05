"""One event happens to one conversation: `advance`, the heart of smsflow, as a pure function.

    (world, conversation, event, now, rng)  ->  (conversation, effects)

The clock and the randomness are arguments, so a conversation can be replayed, tested in
milliseconds, and carried on by another worker after a crash. What an event means is told in
`routing` (texts), `reports` (delivery) and here (timers, starts, codes); how steps run, in
`running`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from random import Random
from typing import Any, assert_never

from smsflow.engine import (
    asides,
    codes,
    errands,
    handoffs,
    happening,
    keeping,
    moving,
    reports,
    routing,
    running,
    settling,
    starting,
    triggering,
)
from smsflow.engine.effects import ConsentChanged, Effect, RequestAnswered
from smsflow.engine.events import (
    AgentClosed,
    AgentSaid,
    CodePosted,
    ErrandDone,
    Event,
    EventHappened,
    NoReport,
    ReportArrived,
    StartRequested,
    TextReceived,
    TimerDue,
)
from smsflow.engine.model import Action, Ask, Call, Handoff, Lookup, Otp, Wait
from smsflow.engine.questions import pause_others
from smsflow.engine.state import Conversation, Session, Waiting
from smsflow.engine.turn import Turn
from smsflow.engine.verbs import calling, texts
from smsflow.engine.verbs.waiting import is_late
from smsflow.engine.world import World


def advance(
    world: World,
    conversation: Conversation,
    event: Event,
    *,
    now: datetime,
    rng: Random,
) -> tuple[Conversation, list[Effect]]:
    """The conversation after the event, and what is to be done; the argument is left as it was."""
    turn = Turn(world, conversation, now=now, rng=rng)
    moving.keep_up(turn)
    match event:
        case TextReceived():
            routing.receive(turn, event)
        case ReportArrived():
            reports.report(turn, event.sent, event.state, event.error)
        case NoReport():
            reports.no_report(turn, event.sent)
        case TimerDue():
            _timer(turn, event)
        case StartRequested():
            _start(turn, event)
        case CodePosted():
            _code(turn, event)
        case EventHappened():
            happening.hear(turn, event)
        case ErrandDone():
            _errand(turn, event)
        case AgentSaid():
            handoffs.say(turn, event)
        case AgentClosed():
            handoffs.close(turn, event)
        case _:
            assert_never(event)
    settling.settle(turn)
    keeping.release(turn)
    return turn.conversation, turn.effects


def _timer(turn: Turn, event: TimerDue) -> None:
    """A timer moves its session on, unless the session has left the wait that it belongs to."""
    session = turn.conversation.session(event.session)
    if session is None or not session.live:
        return
    if event.serial == 0:
        _deadline(turn, session, event.name)
        return
    waiting = session.waiting
    if waiting is None or waiting.serial != event.serial:
        return
    with running.guarded(turn, session):
        _fire(turn, session, waiting, event.name, waiting.due.pop(event.name, turn.now))


def _deadline(turn: Turn, session: Session, name: str) -> None:
    with running.guarded(turn, session):
        for handler in turn.flow_of(session).anytime:
            if session.deadline_name(handler.name) == name:
                asides.break_in(turn, session, handler, "deadline")


def _fire(turn: Turn, session: Session, waiting: Waiting, name: str, due: datetime) -> None:
    step = turn.flow_of(session).steps[waiting.step]
    match name, step:
        case "wait", Wait() if is_late(turn, step, due):
            told = f"was due {turn.by_the_clock(due)}"
            turn.trace(session, step, "late", told, way="on_late")
            running.outcome(turn, session, step, "on_late")
        case "wait", Wait():
            running.leave(turn, session, step.next)
        case "timeout", Wait():
            turn.trace(session, step, "timeout", "the event did not come", way="on_timeout")
            running.outcome(turn, session, step, "on_timeout")
        case "timeout", Handoff():
            handoffs.time_out(turn, session, waiting, step)
        case "release", Ask():
            pause_others(turn, session)
        case "timeout", Ask():
            turn.trace(session, step, "timeout", "no answer came", way="on_timeout")
            running.outcome(turn, session, step, "on_timeout", otherwise="no_answer")
        case "nudge", Ask():
            texts.nudge(turn, session, waiting, step)
        case "expire", Otp():
            turn.trace(session, step, "timeout", "the code expired", way="on_expired")
            running.outcome(turn, session, step, "on_expired", otherwise="expired")
        case "errand", Call() | Action() | Lookup():
            asides.arrive(
                turn, session, {"errand": errands.failed("timeout", "nobody could do it in time")}
            )
        case "lifetime", _:
            running.expire(turn, session, step)
        case _:
            turn.trace(session, step, "ignored", f"timer '{name}' means nothing here")


def _errand(turn: Turn, event: ErrandDone) -> None:
    """The result of a call or an action moves its session on, once."""
    found = calling.waits_for(turn, event)
    if found is None:
        return
    session, waiting = found
    asides.come(turn, session, waiting, {"errand": dict(event.result)})


def _start(turn: Turn, event: StartRequested) -> None:
    """Begin a session that somebody asked for, and tell the API how that went."""
    _learn(turn, event.contact)
    reason = triggering.not_meant(turn.world, event, turn.contact, turn.now)
    flow = turn.world.flows.get(event.flow)
    if flow is not None and not reason:
        data = dict(event.data or event.inputs)
        reason = starting.begin(
            turn,
            flow,
            session_id=event.session,
            trigger={"kind": event.kind, "keyword": None, "args": [], "data": data},
            inputs=event.inputs,
        )
    if reason:
        turn.trace(None, None, "refused", f"{event.flow}: {reason}")
    if event.kind == "api":
        result: dict[str, Any] = {"started": not reason}
        if reason:
            result["reason"] = reason
        turn.effects.append(RequestAnswered(event.session, result))


def _learn(turn: Turn, known: Mapping[str, Any]) -> None:
    """Remember what the caller knows of the contact; whoever took the request has checked it."""
    for name, value in known.items():
        if name == "groups":
            turn.contact.groups = sorted({*turn.contact.groups, *value})
        elif name == "subscribed":
            _subscribe(turn, value)
        elif name in ("language", "timezone"):
            setattr(turn.contact, name, value)
        else:
            turn.contact.fields[name] = value


def _subscribe(turn: Turn, lists: Iterable[str]) -> None:
    """Lists that the caller says the contact has subscribed to, each on record once."""
    number = next(iter(turn.world.project.numbers))
    for name in sorted(set(lists) - set(turn.contact.lists)):
        turn.contact.lists = sorted({*turn.contact.lists, name})
        turn.effects.append(ConsentChanged(False, "", number, list=name, source="api"))


def _code(turn: Turn, event: CodePosted) -> None:
    """Compare a code that the web application posts, and answer whoever waits for it."""
    session = turn.conversation.session(event.session)
    result: dict[str, Any] = {"result": "not_waiting"}
    if session is not None and session.waiting is not None:
        with running.guarded(turn, session):
            step = turn.flow_of(session).steps[session.waiting.step]
            if isinstance(step, Otp) and "api" in step.accept:
                waiting = session.waiting
                code = codes.plain(event.code, step)
                result["result"] = routing.judge(turn, session, waiting, step, code, event.at)
                result["attempts_left"] = max(0, step.attempts - waiting.tries)
    turn.effects.append(RequestAnswered(event.request, result))
