"""A step, a moment, a text in the few words that fit into a picture."""

from __future__ import annotations

from smsflow.engine.model import (
    WEEKDAYS,
    Action,
    AnyStep,
    Anytime,
    Ask,
    Call,
    Duration,
    Emit,
    End,
    Goto,
    Group,
    Handoff,
    Happening,
    If,
    Log,
    Lookup,
    Moment,
    Otp,
    Resume,
    Run,
    Send,
    Set,
    Start,
    Subscribe,
    Switch,
    Text,
    Unsubscribe,
    Wait,
)

_SHOWN = 40  # characters of a text


def head(step: AnyStep) -> tuple[str, str]:
    """The shape of a step, and what it does."""
    match step:
        case Send():
            return "box", "send"
        case Ask():
            return "round", f"ask {step.save or step.id}"
        case Otp():
            return "round", f"otp, {step.digits} digits"
        case Wait():
            return "box", f"wait {_awaited(step)}"
        case If():
            return "diamond", f"if {step.condition.source}"
        case Switch():
            return "diamond", f"switch {step.subject.source}"
        case Set():
            return "box", f"set {', '.join(name for name, _ in step.assignments)}"
        case End():
            return "circle", step.label
        case Run():
            return "box", f"run {step.flow}"
        case Log():
            return "box", f"log {step.level}"
        case Resume():
            return "stadium", "back to what was open"
        case Group():
            changes = [f"+{name}" for name in step.add] + [f"-{name}" for name in step.remove]
            return "box", f"group {', '.join(changes)}"
        case Subscribe() | Unsubscribe():
            return "box", f"{step.verb} {step.list}"
        case Handoff():
            return "round", f"handoff to {step.queue}"
        case Start():
            return "box", f"start {step.flow}"
        case Emit():
            return "box", f"emit {step.event}"
        case Call():
            return "box", step.request.written
        case Lookup():
            return "box", f"lookup {step.phone.source}"
        case Action():
            return "box", f"action {step.name}"
        case Goto():
            return "box", f"goto {step.target}"


def _awaited(step: Wait) -> str:
    if step.happening is not None:
        where = f" where {step.happening.where.source}" if step.happening.where else ""
        return f"for {step.happening.event}{where}"
    return moment_text(step.moment) if step.moment else length_text(step.duration or Duration())


def moment_text(moment: Moment) -> str:
    """A moment in a few words: `until appointment.at -1d at 10:00 on mon, fri`."""
    parts = [f"until {moment.until.source}"] if moment.until else []
    if moment.offset != Duration():
        parts.append(length_text(moment.offset, signed=True))
    if moment.at is not None:
        hours, minutes = divmod(moment.at, 60)
        parts.append(f"at {hours:02}:{minutes:02}")
    if moment.weekdays:
        parts.append(f"on {', '.join(WEEKDAYS[day] for day in moment.weekdays)}")
    return " ".join((*parts, moment.tz) if moment.tz else parts)


def snippet(text: Text, language: str) -> str:
    """The beginning of a text, in quotes."""
    words = " ".join(text.in_language(language).source.split())
    return f"“{words if len(words) <= _SHOWN else words[: _SHOWN - 1] + '…'}”"


def length_text(duration: Duration, *, signed: bool = False) -> str:
    """A duration as an author writes it."""
    negative = duration.days < 0 or duration.seconds < 0
    minutes, seconds = divmod(abs(duration.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = zip((abs(duration.days), hours, minutes, seconds), "dhms", strict=True)
    said = "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
    return f"{'-' if negative else '+'}{said}" if signed else said


def anytime_text(handler: Anytime) -> str:
    """What may happen at any time, in a few words."""
    match handler:
        case Anytime(happening=Happening(event=event)):
            return f"any time: {event}"
        case Anytime(deadline=Moment() as deadline):
            return f"any time: {moment_text(deadline)}"
        case _:
            return f"any time: {', '.join(handler.words)}"
