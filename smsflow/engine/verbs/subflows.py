"""Running another flow inside this one."""

from __future__ import annotations

from smsflow.engine.inputs import read_inputs
from smsflow.engine.model import Flow, Run
from smsflow.engine.policy import end_of_life
from smsflow.engine.state import Session, kept
from smsflow.engine.turn import FlowFailed, Turn

MAX_DEPTH = 5  # of flows that run flows (flow-language section 1.9)


def child_of(turn: Turn, session: Session, flow: Flow, step: Run) -> Session:
    """A session of the newest version of the other flow; `session` now waits for its end."""
    other = turn.world.flows.get(step.flow)
    if other is None:
        raise FlowFailed("flow", f"there is no flow '{step.flow}'", step.place)
    if session.depth >= MAX_DEPTH:
        raise FlowFailed("limit", f"flows run flows {MAX_DEPTH} deep at most", step.place)
    given = turn.data(session, step.inputs)
    values, mistakes = read_inputs(other.inputs, given, zone=turn.zone)
    if mistakes:
        raise FlowFailed("flow", f"'{step.flow}': {'; '.join(mistakes)}", step.place)
    spoken = other.languages or turn.world.project.languages
    child = Session(
        id=turn.new_id(),
        flow=other.name,
        version=other.version,
        key="",
        started_at=turn.now,
        language=session.language if session.language in spoken else spoken[0],
        trigger={"kind": "run", "keyword": None, "args": [], "data": kept(given)},
        variables={**other.variables, **kept(values)},
        message=dict(session.message),
        number=session.number,
        parent=session.id,
        depth=session.depth + 1,
    )
    waiting = turn.wait(session, step, "run")
    waiting.child = child.id
    turn.timer(session, waiting, "lifetime", end_of_life(flow, session, turn.zone))
    turn.conversation.sessions.append(child)
    turn.trace(session, step, "run", other.name)
    turn.trace(child, None, "start", "run")
    return child
