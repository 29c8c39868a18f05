"""Which slot of a flow a text was written in, for whoever wants to change its words."""

from __future__ import annotations

from smsflow.engine.effects import SendText
from smsflow.engine.model import Ask, End, Flow, Otp, Speaking, Step, Text


def origin(flow: Flow | None, text: SendText) -> str:
    """The place and the slot, such as flows/otp.yaml:28:11 (otp.wrong); a built-in text's name."""
    if flow is None or text.step is None:
        return text.name or ""
    step = flow.steps[text.step]
    for name, slot in _slots(step):
        if slot is not None and any(each.place == text.place for each in slot.variants.values()):
            return f"{text.place} ({name})"
    return f"{step.place} ({step.verb})"


def _slots(step: Step) -> list[tuple[str, Text | None]]:
    match step:
        case Ask():
            nudge = step.nudge.text if step.nudge else None
            own = [("retry", step.retry.text), ("invalid", step.invalid), ("nudge", nudge)]
        case Otp():
            own = [("wrong", step.wrong)]
        case End():
            own = [("text", step.text)]
        case _:
            own = []
    slots = [(f"{step.verb}.{name}", slot) for name, slot in own]
    return [(step.verb, step.text), *slots] if isinstance(step, Speaking) else slots
