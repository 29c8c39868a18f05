"""Writing a line into the trace and the log."""

from __future__ import annotations

from smsflow.engine.effects import Logged
from smsflow.engine.model import Log
from smsflow.engine.state import Session
from smsflow.engine.turn import Turn


def write(turn: Turn, session: Session, step: Log) -> None:
    """The trace has the line with its values; the log has it as the author wrote it."""
    turn.trace(session, step, "log", turn.render(session, step.text))
    written = step.text.in_language(session.language).source
    turn.effects.append(Logged(session.id, session.flow, step.id, step.level, written))
