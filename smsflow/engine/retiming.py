"""The timers of a session that goes on in another version of its flow.

What the two versions say alike stays as it was set. What they don't is reckoned anew from when the
wait began, so a `timeout` of 2d that became 1d is over a day after the question; one that would
have rung already rings at once. Timers that no longer count belong to an older serial.
"""

from __future__ import annotations

from datetime import datetime
from math import ceil

from smsflow.engine import policy
from smsflow.engine.model import AnyStep, Ask, Duration, Flow, Handoff, Otp, Wait
from smsflow.engine.signatures import plain
from smsflow.engine.state import Session, Waiting
from smsflow.engine.turn import Turn
from smsflow.engine.verbs.waiting import reckon, set_deadlines

Due = dict[str, datetime]


def retime(
    turn: Turn, session: Session, waiting: Waiting, *, old: AnyStep, new: AnyStep, before: Flow
) -> None:
    """Set the timers of a wait as the new step says. FlowFailed when a moment can't be told."""
    due = _due(turn, session, waiting, old=old, new=new, before=before)
    if due == waiting.due:
        return
    session.serial += 1
    waiting.serial, waiting.due = session.serial, {}
    for name, moment in due.items():
        turn.timer(session, waiting, name, moment)


def retime_deadlines(turn: Turn, session: Session, *, old: Flow, new: Flow) -> None:
    """Set the deadlines of `anytime` handlers anew, when the versions have not the same ones."""
    said = [[(each.name, plain(each.deadline)) for each in flow.anytime] for flow in (old, new)]
    if said[0] != said[1]:
        session.moves += 1
        set_deadlines(turn, session, new)


def _due(
    turn: Turn, session: Session, waiting: Waiting, *, old: AnyStep, new: AnyStep, before: Flow
) -> Due:
    kept = waiting.due
    since = waiting.since or turn.now
    ends = policy.end_of_life(turn.flow_of(session), session, turn.zone)

    def at_most(name: str, was: Duration | None, length: Duration | None) -> Due:
        """The end of the wait: that of the step, or of the session's life."""
        same = was == length and before.lifetime == turn.flow_of(session).lifetime
        found = {key: kept[key] for key in (name, "lifetime") if key in kept}
        if same and found:
            return found
        due = ends if length is None else turn.length(length, since)
        return {"lifetime" if length is None or due > ends else name: min(due, ends)}

    match old, new:
        case Ask(), Ask() if waiting.kind == "reply":
            released = {"release": kept["release"]} if "release" in kept else {}
            over = at_most("timeout", old.timeout, new.timeout)
            return {**released, **over, **_nudge(turn, waiting, old, new, since)}
        case Otp(), Otp() if waiting.kind == "code":
            alike = old.expires == new.expires and "expire" in kept
            return {"expire": kept["expire"] if alike else turn.length(new.expires, since)}
        case Wait(), Wait() if new.happening is not None:
            return at_most("timeout", old.timeout, new.timeout)
        case Wait(), Wait() if new.moment is not None:
            return _moment(turn, session, waiting, old, new)
        case Wait(), Wait():
            _slept(session, waiting, old, None)
            return at_most("wait", old.duration, new.duration)
        case Handoff(), Handoff():
            return _handoff(turn, waiting, old, new, at_most("lifetime", None, None))
        case _ if waiting.kind == "call":
            return kept  # its errand is out, and comes back to this very wait
        case _:
            return at_most("lifetime", None, None)


def _nudge(turn: Turn, waiting: Waiting, old: Ask, new: Ask, since: datetime) -> Due:
    if new.nudge is None or waiting.nudges >= new.nudge.times:
        return {}
    if old.nudge is not None and old.nudge.after == new.nudge.after:
        if "nudge" in waiting.due:
            return {"nudge": waiting.due["nudge"]}
        if old.nudge.times == new.nudge.times:
            return {}  # it was not set again while another question stood before this one
    last = since if waiting.nudges == 0 else turn.now
    return {"nudge": turn.length(new.nudge.after, last)}


def _handoff(turn: Turn, waiting: Waiting, old: Handoff, new: Handoff, lifetime: Due) -> Due:
    """The end of the life, and how long the contact may wait for an answer, if they do."""
    if new.timeout is None or waiting.since is None:
        return lifetime
    if old.timeout == new.timeout:
        return {name: due for name, due in waiting.due.items() if name == "timeout"} | lifetime
    due = turn.length(new.timeout, waiting.since)
    return {**lifetime, "timeout": due} if due <= min(lifetime.values()) else lifetime


def _moment(turn: Turn, session: Session, waiting: Waiting, old: Wait, new: Wait) -> Due:
    if new.moment is None:
        return {}
    if plain(old.moment) == plain(new.moment) and "wait" in waiting.due:
        return {"wait": waiting.due["wait"]}
    due = reckon(turn, session, new.moment, new.place)
    _slept(session, waiting, old, due)
    return {"wait": due}


def _slept(session: Session, waiting: Waiting, old: Wait, due: datetime | None) -> None:
    """The lifetime does not run while a session waits for a moment: mend what was counted."""

    def length(end: datetime | None) -> int:
        begun = waiting.since
        return 0 if end is None or begun is None else ceil((end - begun).total_seconds())

    counted = length(waiting.due.get("wait")) if old.moment is not None else 0
    session.asleep = max(0, session.asleep - counted + length(due))
