"""The verbs about people and other flows: groups, lists, starting a flow, telling of an event."""

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
    "start": Verb(Slot(Kind.FLOW), "Start another flow, and go on without it.", _START),
    "emit": Verb(
        Slot(Kind.EVENT),
        "Tell of an event, for other flows and for Python.",
        {"data": key(Kind.DATA, "what it tells: values by name, or a list of variables")},
    ),
}
