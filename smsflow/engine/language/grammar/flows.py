"""The keys of a flow file, its triggers and its inputs."""

from __future__ import annotations

from collections.abc import Mapping

from smsflow.engine.language.grammar.slots import Key, Kind, Slot, key, map_of, record
from smsflow.engine.language.grammar.waiting import ANYTIME

TYPES = ("text", "integer", "decimal", "boolean", "date", "datetime", "object")

TYPED: Mapping[str, Key] = {
    "type": key(Kind.ENUM, "its type", *TYPES, required=True),
    "default": key(Kind.LITERAL, "its value when none is given"),
    "fields": map_of(Slot(Kind.TYPED), "the fields of an object"),
    "values": Key(Slot(Kind.LIST, item=Slot(Kind.LITERAL)), "the values that are allowed"),
}

_OUTCOME: Mapping[str, Key] = {
    "flow": key(Kind.FLOW, "the flow", required=True),
    "is": key(Kind.NAMES, "the labels it ended with", required=True),
}

UPDATE = key(
    Kind.ENUM,
    "follow: open sessions go on in the newest version where they can; pin when not given",
    *("pin", "follow"),
)

MIGRATION: Mapping[str, Key] = {
    "from": key(Kind.PLAIN, "the older version, or its first four digits or more", required=True),
    "steps": map_of(Slot(Kind.PLAIN), "step ids of that version, each with its id here"),
    "values": map_of(
        Slot(Kind.MAP, item=Slot(Kind.PLAIN)),
        "values of variables there, each with its value here: {answer: {decline: cancel}}",
    ),
    "set": map_of(Slot(Kind.VALUE), "variables that a moved session needs here"),
}

TRIGGER: Mapping[str, Key] = {
    "keyword": key(Kind.WORDS, "words that start the flow"),
    "pattern": key(Kind.PLAIN, "a regular expression; named groups become variables"),
    "catch_all": key(Kind.BOOLEAN, "true: any text that nothing else takes"),
    "api": key(Kind.BOOLEAN, "true: the API may start it"),
    "event": key(Kind.EVENT, "an event that starts it: of the API, of Python or of `emit`"),
    "schedule": key(Kind.PLAIN, 'a line of cron: "0 9 * * mon"'),
    "broadcast": key(Kind.BOOLEAN, "true: it may be started with many by `smsflow broadcast`"),
    "delivery": key(
        Kind.ENUMS,
        "a text that no session waits for had this fate",
        *("delivered", "undeliverable", "expired", "rejected", "no_report"),
    ),
    "outcome": Key(Slot(Kind.RECORD, keys=_OUTCOME), "a session of another flow ended so"),
    "match": key(Kind.ENUM, "where the keyword stands", "first", "whole", "anywhere"),
    "fuzzy": key(
        Kind.ENUM,
        "typing mistakes that a keyword may have; auto: 1 from 4 letters, 2 from 8; off when not"
        " given",
        *("off", "auto", "1", "2"),
    ),
    "fills": key(Kind.NAMES, "questions, by their `save`, that the words after it answer"),
    "to": key(Kind.NUMBER, "only on this number of ours"),
    "lang": key(Kind.NAME, "the language of the session that it starts"),
    "from_group": key(Kind.NAME, "only for contacts in this group"),
    "contact": key(Kind.CONDITION, "whose phone an event is about; event.phone when not given"),
    "where": key(Kind.CONDITION, "only for events, or texts, for which this is true"),
    "inputs": key(
        Kind.DATA, "the inputs of the flow, from what started it; a list takes them from the event"
    ),
    "after": key(Kind.DURATION, "how long after the end of the other session"),
    "tz": key(Kind.PLAIN, "the zone of the schedule, or contact; the project's when not given"),
    "audience": record(
        "whom a schedule is for",
        required=False,
        group=key(Kind.NAME, "only contacts in this group"),
        where=key(Kind.CONDITION, "only contacts for whom this is true"),
    ),
    "rate": key(Kind.RATE, "how many a schedule starts in how long: 10/s"),
    "when": key(Kind.CONDITION, "only when this is true"),
}
TRIGGER_KINDS = (
    *("keyword", "pattern", "catch_all", "api"),
    *("event", "schedule", "broadcast", "delivery", "outcome"),
)

FLOW: Mapping[str, Key] = {
    "smsflow": key(Kind.INTEGER, "version of the language: 1", required=True),
    "flow": key(Kind.NAME, "the flow's name; the file's name when not given"),
    "description": key(Kind.PLAIN, "what it is for"),
    "owner": key(Kind.PLAIN, "who looks after it"),
    "tags": key(Kind.WORDS, "for filters"),
    "kind": key(Kind.ENUM, "which rules apply to it", "transactional", "marketing", "otp"),
    "languages": key(Kind.NAMES, "languages of its texts; the first is the fallback"),
    "inputs": map_of(Slot(Kind.TYPED), "typed data that a session starts with"),
    "triggers": Key(Slot(Kind.LIST, item=Slot(Kind.RECORD, keys=TRIGGER)), "what starts it"),
    "key": key(Kind.CONDITION, "one live session of a contact for each value of this"),
    "mode": key(Kind.ENUM, "when it starts again", "restart", "ignore", "queue", "parallel"),
    "interrupt": key(
        Kind.ENUM, "what its questions do to another flow's that is open", "pause", "wait", "end"
    ),
    "quiet": Key(
        Slot(
            Kind.OFF_OR_RECORD,
            keys={
                "from": key(Kind.TIME, "first quiet minute, local: 21:00", required=True),
                "to": key(Kind.TIME, "first minute that is not quiet", required=True),
            },
        ),
        "quiet hours of this flow instead of the project's, or off",
    ),
    "list": key(Kind.NAME, "the list that a marketing flow needs; marketing when not given"),
    "limits": record("limits for each contact", starts=key(Kind.RATE, "starts, such as 5/1h")),
    "vars": map_of(Slot(Kind.LITERAL), "constants and first values"),
    "defaults": key(Kind.BY_VERB, "keys for every step of a verb: {ask: {timeout: 2d}}"),
    "texts": map_of(Slot(Kind.TEXT), "texts of this file by name"),
    "lifetime": key(Kind.DURATION, "how long a session may live; 30d when not given"),
    "anytime": Key(
        Slot(Kind.LIST, item=Slot(Kind.RECORD, keys=ANYTIME)), "what may happen while it lives"
    ),
    "update": UPDATE,
    "migrate": Key(
        Slot(Kind.LIST, item=Slot(Kind.RECORD, keys=MIGRATION)),
        "how sessions of older versions go on in this one",
    ),
    "on_error": key(Kind.HANDLER, "when a step fails that has no `on_error`; knows `error`"),
    "on_expire": key(Kind.HANDLER, "when the session's lifetime is over"),
    "steps": key(Kind.STEPS, "what happens, in order", required=True),
    "sections": map_of(Slot(Kind.STEPS), "side paths by name, for goto"),
}
