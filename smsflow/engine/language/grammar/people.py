"""The verbs about people and other flows: groups, lists, a person who takes over, other flows."""

from __future__ import annotations

from collections.abc import Mapping

from smsflow.engine.language.grammar.slots import Key, Kind, Slot, Verb, key

_GROUP: Mapping[str, Key] = {
    "add": key(Kind.NAMES, "groups to be in from now on"),
    "remove": key(Kind.NAMES, "groups to be in no longer"),
}

_START: Mapping[str, Key] = {
    "with": key(Kind.DATA, "the inputs of the other flow, or a list of variables to hand on"),
    "contact": key(Kind.CONDITION, "whose phone it starts with; this contact when not given"),
    "group": key(Kind.NAME, "start it with everybody in this group"),
    "at": key(Kind.CONDITION, "the moment to start it at; now when not given"),
    "offset": key(Kind.OFFSET, "so long after that moment, or before it with a minus: -1d"),
}

_HANDOFF: Mapping[str, Key] = {
    "text": key(Kind.TEXT, "what the contact is told"),
    "note": key(Kind.TEXT, "what the person should know; the contact never sees it"),
    "timeout": key(Kind.DURATION, "how long the contact may wait for an answer"),
    "on_timeout": key(Kind.HANDLER, "when they waited that long in vain"),
    "on_closed": key(Kind.HANDLER, "when the person is done"),
}

PEOPLE: Mapping[str, Verb] = {
    "group": Verb(
        Slot(Kind.RECORD, keys=_GROUP), "Put the contact into groups, or take them out of some."
    ),
    "subscribe": Verb(
        Slot(Kind.NAME),
        "Put the contact on a list, with the proof that they wanted it.",
        {
            "source": key(Kind.PLAIN, "where they said so; the trigger when not given"),
            "proof": key(Kind.BOOLEAN, "keep the text by which they said so; true if not given"),
        },
    ),
    "unsubscribe": Verb(Slot(Kind.NAME), "Take the contact off a list."),
    "handoff": Verb(
        Slot(Kind.NAME),
        "Hand the conversation over to a person, and wait until they are done.",
        _HANDOFF,
    ),
    "start": Verb(Slot(Kind.FLOW), "Start another flow, and go on without it.", _START),
    "emit": Verb(
        Slot(Kind.EVENT),
        "Tell of an event, for other flows and for Python.",
        {"data": key(Kind.DATA, "what it tells: values by name, or a list of variables")},
    ),
}
