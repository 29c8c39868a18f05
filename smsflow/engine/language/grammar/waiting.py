"""Moments, events and other flows: what a session can wait for, and what can happen meanwhile."""

from __future__ import annotations

from collections.abc import Mapping

from smsflow.engine.language.grammar.slots import Key, Kind, Slot, Verb, key
from smsflow.engine.model import WEEKDAYS

MOMENT: Mapping[str, Key] = {
    "until": key(Kind.CONDITION, "the moment to wait for"),
    "offset": key(Kind.OFFSET, "so long after it, or before it with a minus: -1d"),
    "at": key(Kind.TIME, "the time of that day, or the next such time without `until`: 10:00"),
    "weekday": key(Kind.ENUMS, "only on these days", *WEEKDAYS),
    "tz": key(Kind.PLAIN, "the zone of the day and time; the contact's when not given"),
}
HAPPENING: Mapping[str, Key] = {
    "event": key(Kind.EVENT, "the event's name, such as ticket.closed"),
    "where": key(Kind.CONDITION, "only when this is true; knows `event`"),
    "contact": key(Kind.CONDITION, "whom it concerns: a phone; event.phone when not given"),
}

ANYTIME: Mapping[str, Key] = {
    **HAPPENING,
    "keyword": key(Kind.WORDS, "words that are heard whatever is asked, as the whole message"),
    "deadline": Key(Slot(Kind.RECORD, keys=MOMENT), "a moment, reckoned when the session begins"),
    "then": key(Kind.HANDLER, "what to do", required=True),
    "resume": key(Kind.ENUM, "whether the open question comes again", "repeat", "silent"),
}
ANYTIME_KINDS = ("event", "keyword", "deadline")

WAITING: Mapping[str, Verb] = {
    "wait": Verb(
        Slot(Kind.DURATION_OR_RECORD, keys={**MOMENT, **HAPPENING}),
        "Wait for a length of time, until a moment, or for an event.",
        {
            "late_after": key(Kind.DURATION, "how late counts as late, when we were down"),
            "timeout": key(Kind.DURATION, "how long to wait for the event"),
            "save": key(Kind.NAME, "the variable that keeps the event's data"),
            "on_past": key(Kind.HANDLER, "when the moment is already over"),
            "on_late": key(Kind.HANDLER, "when it is more than `late_after` ago"),
            "on_timeout": key(Kind.HANDLER, "when the event did not come in time"),
        },
    ),
    "run": Verb(
        Slot(Kind.FLOW),
        "Run another flow and wait for its end.",
        {
            "with": key(Kind.DATA, "its inputs: values by name, or a list of variables"),
            "save": key(Kind.NAME, "the variable that keeps its variables, as an object"),
        },
        by_label=True,
    ),
    "log": Verb(
        Slot(Kind.TEXT),
        "Write a line into the trace and the log.",
        {"level": key(Kind.ENUM, "info when not given", "debug", "info", "warning", "error")},
    ),
}
