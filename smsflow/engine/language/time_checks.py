"""Lengths of time that are never over, since the session or the question is over before."""

from __future__ import annotations

from smsflow.engine.captions import length_text
from smsflow.engine.language.flows import FlowReading
from smsflow.engine.language.slots import seconds
from smsflow.engine.model import AnyStep, Ask, Duration, Flow, Handoff, Wait
from smsflow.errors import Place


def check_times(reading: FlowReading, flow: Flow) -> None:
    """Note waits and timeouts longer than a session lives, and reminders behind the timeout."""
    for step in flow.steps.values():
        for length in _lengths(step):
            if seconds(length) > seconds(flow.lifetime):
                hint = "make it shorter, or write a longer `lifetime` above the steps"
                _tell(reading, step.place, length, "a session lives", flow.lifetime, hint)
        nudge, timeout = (step.nudge, step.timeout) if isinstance(step, Ask) else (None, None)
        if nudge and timeout and seconds(nudge.after) >= seconds(timeout):
            hint = "remind sooner, or wait longer for an answer"
            _tell(reading, step.place, nudge.after, "`timeout` is", timeout, hint)


def _lengths(step: AnyStep) -> list[Duration]:
    match step:
        case Ask() | Handoff():
            found = [step.timeout]
        case Wait():
            found = [step.duration, step.timeout]
        case _:
            found = []
    return [each for each in found if each is not None]


def _tell(
    reading: FlowReading, place: Place, length: Duration, what: str, end: Duration, hint: str
) -> None:
    message = f"{length_text(length)} is never reached: {what} {length_text(end)}"
    reading.ctx.issue(place, "F506", message, hint, "warning")
