"""How a session begins: the checks before it, and what becomes of one that is already there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from smsflow.engine import filling, running
from smsflow.engine.effects import Traced
from smsflow.engine.inputs import read_inputs
from smsflow.engine.model import Duration, Flow, StartLimit
from smsflow.engine.state import Session, kept
from smsflow.engine.turn import FlowFailed, Turn

# Starts of one flow for one contact, unless the flow says otherwise (flow-language section 1.9).
START_LIMIT = StartLimit(20, Duration(seconds=3600))
# Replies to one contact that no question of ours invited, unless smsflow.yaml says otherwise:
# enough for a person, too few for two machines to talk on.
REPLIES = StartLimit(6, Duration(seconds=3600))
# Who texts a keyword asks for what comes; everybody else has to be on the list of the flow.
_ASKED_FOR = frozenset({"keyword", "pattern", "catch_all"})
UNINVITED = "*"  # what replies are counted under, beside the names of flows


def begin(
    turn: Turn,
    flow: Flow,
    *,
    session_id: str,
    trigger: Mapping[str, Any],
    inputs: Mapping[str, Any],
    message: Mapping[str, Any] | None = None,
    number: str | None = None,
    language: str | None = None,
    fills: tuple[str, ...] = (),
) -> str:
    """Start the flow with this contact; the reason why not, or ''.

    `fills` names the questions that the words after the keyword may answer.
    """
    refusal = _refusal(turn, flow, str(trigger["kind"]))
    if refusal:
        return refusal
    values, mistakes = read_inputs(flow.inputs, inputs, zone=turn.zone)
    if mistakes:
        return "; ".join(mistakes)
    session = Session(
        id=session_id,
        flow=flow.name,
        version=flow.version,
        key="",
        started_at=turn.now,
        language=language or _language(turn, flow),
        trigger=dict(trigger),
        variables={**flow.variables, **kept(values), **trigger.get("groups", {})},
        message=dict(message or {}),
        number=number,
    )
    filling.share(turn, session, flow, fills)
    try:
        session.key = "" if flow.key is None else str(turn.evaluate(session, flow.key))
    except FlowFailed as failure:  # there is no session yet that could handle it
        detail = f"{failure.kind}: {failure.message}"
        turn.effects.append(Traced(session.id, None, "error", detail, failure.place))
        return "the flow's key can't be worked out"
    return _admit(turn, flow, session)


def _refusal(turn: Turn, flow: Flow, kind: str) -> str:
    contact, world = turn.contact, turn.world
    if contact.opted_out:
        return "the contact has opted out"
    if not world.may_text(contact.phone):
        return f"{contact.phone} is not in a country that may be texted"
    if flow.kind == "marketing" and kind not in _ASKED_FOR and flow.list not in contact.lists:
        return f"the contact has not subscribed to '{flow.list}'"
    locked = contact.locked.get(flow.name)
    if locked is not None:
        if turn.now < locked:
            return "locked after too many wrong codes"
        del contact.locked[flow.name]
    return ""


def count_start(turn: Turn, name: str, limit: StartLimit) -> bool:
    """Count one more start under `name`; False when the limit is reached."""
    recent = _recent(turn, name, limit)
    if len(recent) >= limit.times:
        return False
    turn.contact.starts[name] = [*recent, turn.now]
    return True


def may_reply(turn: Turn) -> bool:
    """True while the contact has replies left that no question of ours invited.

    Two machines that answer each other would talk for ever, whatever they say. An answer to a
    question is no such reply: how many of those there are, the flow bounds.
    """
    limit = turn.world.project.replies or REPLIES
    if len(_recent(turn, UNINVITED, limit)) < limit.times:
        return True
    turn.trace(None, None, "silence", "this contact has had too many replies lately")
    return False


def count_reply(turn: Turn) -> None:
    """Count one such reply."""
    count_start(turn, UNINVITED, turn.world.project.replies or REPLIES)


def _recent(turn: Turn, name: str, limit: StartLimit) -> list[datetime]:
    since = turn.length(-limit.per, turn.now)
    return [at for at in turn.contact.starts.get(name, []) if at > since]


def _language(turn: Turn, flow: Flow) -> str:
    languages = flow.languages or turn.world.project.languages
    known = turn.contact.language
    return known if known in languages and known is not None else languages[0]


def _admit(turn: Turn, flow: Flow, session: Session) -> str:
    """Let the session in beside, instead of, behind or not at all (`mode`), and run it."""
    others = [
        each
        for each in turn.conversation.sessions
        if each.live and each.parent is None and (each.flow, each.key) == (flow.name, session.key)
    ]
    if others and flow.mode == "ignore":
        return "a session of this flow is open already"
    if not count_start(turn, flow.name, flow.starts or START_LIMIT):
        return "started too often"
    turn.conversation.sessions.append(session)
    turn.trace(session, None, "start", session.trigger["kind"])
    if others and flow.mode == "queue":
        session.queued = True
        return ""
    if flow.mode == "restart":
        for each in others:
            running.finish(turn, each, "restarted")
    running.begin(turn, session)
    return ""


def begin_for_failure(turn: Turn, failed: Session) -> None:
    """Start the project's flow for a session that failed; never for a failure of that flow."""
    flow = turn.world.flows.get(turn.world.project.system.get("failed_session", ""))
    if flow is None or failed.flow == flow.name:
        return
    data = {"flow": failed.flow, "session": failed.id, "error": dict(failed.error)}
    begin_for_system(turn, flow, data, message=failed.message, number=failed.number)


def begin_for_system(
    turn: Turn,
    flow: Flow,
    data: Mapping[str, Any],
    *,
    message: Mapping[str, Any] | None = None,
    number: str | None = None,
) -> str:
    """Start one of the project's own flows; the reason why not, or ''."""
    refusal = begin(
        turn,
        flow,
        session_id=turn.new_id(),
        trigger={"kind": "system", "keyword": None, "args": [], "data": dict(data)},
        inputs={},
        message=message,
        number=number,
    )
    if refusal:
        turn.trace(None, None, "refused", f"{flow.name}: {refusal}")
    return refusal
