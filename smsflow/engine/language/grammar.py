"""The words of the flow language: every verb and key, what may stand there, and what it is for.

One table, because three things are made from it and must agree: the checker, the schema for
editors, and the reference in the documentation. A word that is not here does not exist; a word
under `LATER` is known, and its message says so instead of calling it a typo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What may stand in a slot."""

    TEXT = "text"  # a Jinja2 text, or one by language, or {text: name}, or {template: name}
    CONDITION = "condition"  # a bare Jinja2 expression
    VALUE = "value"  # a literal, or "{{ expression }}"
    LITERAL = "literal"  # a literal only
    PLAIN = "plain"  # a text that is no template
    NAME = "name"  # letters, digits, _ and -
    DURATION = "duration"  # 4h, 1h30m, 2d
    OFFSET = "offset"  # a duration that may begin with -
    TIME = "time"  # 08:00
    RATE = "rate"  # 5/1h
    WORDS = "words"  # one word or a list
    NAMES = "names"  # one name or a list
    INTEGER = "integer"
    BOOLEAN = "boolean"
    PAIR = "pair"  # [1, 5]
    ENUM = "enum"  # one of `values`
    ENUMS = "enums"  # one or a list of `values`
    NUMBER = "number"  # the name of a number of the project
    NUMBERS = "numbers"  # one or a list of them
    POLICY = "policy"  # the name under `deliver`
    TARGET = "target"  # a section or a step id
    HANDLER = "handler"  # one step or a list of steps
    HANDLERS = "handlers"  # handlers by name
    STEPS = "steps"  # a list of steps
    RECORD = "record"  # a mapping with the keys of `keys`
    MAP = "map"  # a mapping of free names to `item`
    LIST = "list"  # a list of `item`
    BY_VERB = "by verb"  # keys of steps under the names of verbs
    DURATION_OR_RECORD = "duration or record"
    TYPED = "typed"  # a type, or {type, default, fields, values}


@dataclass(frozen=True, slots=True)
class Slot:
    """What may stand in one place."""

    kind: Kind
    values: tuple[str, ...] = ()
    keys: Mapping[str, Key] = field(default_factory=dict)
    item: Slot | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its slot, what it is for, and whether it has to be there."""

    slot: Slot
    doc: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: its own slot, its keys (handlers included), and what it does."""

    slot: Slot
    doc: str
    keys: Mapping[str, Key] = field(default_factory=dict)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The keys that are handlers: the ways in which a step of this verb can end."""
        kinds = (Kind.HANDLER, Kind.HANDLERS)
        return tuple(name for name, key in self.keys.items() if key.slot.kind in kinds)


def _key(kind: Kind, doc: str, *values: str, required: bool = False) -> Key:
    return Key(Slot(kind, values), doc, required)


def _record(doc: str, *, required: bool = False, **keys: Key) -> Key:
    return Key(Slot(Kind.RECORD, keys=keys), doc, required)


def _map(item: Slot, doc: str, *, required: bool = False) -> Key:
    return Key(Slot(Kind.MAP, item=item), doc, required)


# --- steps ----------------------------------------------------------------------------------------

_DELIVERY_DOCS = {
    "on_delivered": "when the phone has it",
    "on_failed": "when no number could deliver it: undeliverable, expired or rejected",
    "on_undeliverable": "when the network can't deliver it",
    "on_expired": "when the network gave up",
    "on_rejected": "when the provider or network refused it",
    "on_no_report": "when no final report came in time",
}
_DELIVERY = {
    "deliver": _key(Kind.POLICY, "the delivery policy of smsflow.yaml to use"),
    "via": _key(Kind.NUMBERS, "our numbers to send from, in order; overrides the policy's"),
    "report_within": _key(Kind.DURATION, "how long to wait for the final delivery report"),
}
_ON_DELIVERY = {name: _key(Kind.HANDLER, doc) for name, doc in _DELIVERY_DOCS.items()}

COMMON: Mapping[str, Key] = {
    "id": _key(Kind.NAME, "the step's name, for goto and for sessions that wait at it"),
    "when": _key(Kind.CONDITION, "skip the step when this is false"),
}

ANSWER_TYPES = ("text", "integer", "decimal", "yesno", "choice")

_ASK: Mapping[str, Key] = {
    "save": _key(Kind.NAME, "the variable that keeps the answer"),
    "type": _key(Kind.ENUM, "what kind of answer is expected", *ANSWER_TYPES),
    "choices": _map(Slot(Kind.WORDS), "the answers to choose from, each with the words for it"),
    "words": _map(Slot(Kind.WORDS), "further words for a value, such as {1: [bad]}"),
    "range": _key(Kind.PAIR, "smallest and largest number: [1, 5]"),
    "min": _key(Kind.VALUE, "smallest number, or fewest characters"),
    "max": _key(Kind.VALUE, "largest number, or most characters"),
    "valid": _key(Kind.CONDITION, "an expression over `value` that a good answer makes true"),
    "invalid": _key(Kind.TEXT, "the text for an answer that `valid` refuses"),
    "retry": _record(
        "asking again after an unclear answer; 2 times when not given",
        times=_key(Kind.INTEGER, "how often"),
        text=_key(Kind.TEXT, "with which words; the question when not given"),
    ),
    "skip": _key(Kind.WORDS, "words that skip the question"),
    "default": _key(Kind.VALUE, "what a skipped or invalid answer is taken for"),
    "nudge": _record(
        "asking again when nothing comes",
        after=_key(Kind.DURATION, "after how long", required=True),
        times=_key(Kind.INTEGER, "how often; 1 when not given"),
        text=_key(Kind.TEXT, "with which words; the question when not given"),
    ),
    "timeout": _key(Kind.DURATION, "how long to wait for the answer"),
    **_DELIVERY,
    "then": _key(Kind.HANDLERS, "a handler for each answer: {yes: ..., no: ...}"),
    "on_invalid": _key(Kind.HANDLER, "after the last unclear answer"),
    "on_timeout": _key(Kind.HANDLER, "when no answer came in time"),
    "on_skip": _key(Kind.HANDLER, "when the question was skipped"),
    # A question that arrived is still open, so it has no `on_delivered`.
    **{name: key for name, key in _ON_DELIVERY.items() if name != "on_delivered"},
}

_OTP: Mapping[str, Key] = {
    "digits": _key(Kind.INTEGER, "length of the code, 4 to 10; 6 when not given"),
    "expires": _key(Kind.DURATION, "how long the code works; 10m when not given"),
    "attempts": _key(Kind.INTEGER, "how many wrong codes lock it; 3 when not given"),
    "accept": _key(Kind.ENUMS, "how the code may come back", "reply", "api"),
    "wrong": _key(Kind.TEXT, "the answer to a wrong code; knows attempts_left"),
    "resend": _record(
        "asking for a new code",
        words=_key(Kind.WORDS, "the words that ask for it", required=True),
        times=_key(Kind.INTEGER, "how often; 2 when not given"),
        every=_key(Kind.DURATION, "how soon after the last; 30s when not given"),
    ),
    "lock": _key(Kind.DURATION, "how long a locked contact must wait; 1h when not given"),
    **_DELIVERY,
    "on_expired": _key(Kind.HANDLER, "when the code has expired"),
    "on_locked": _key(Kind.HANDLER, "after too many wrong codes"),
    "on_failed": _key(Kind.HANDLER, "when the text could not be delivered"),
}

_UNTIL = {
    "until": _key(Kind.CONDITION, "the moment to wait for", required=True),
    "offset": _key(Kind.OFFSET, "so long after it, or before it with a minus: -1d"),
}

VERBS: Mapping[str, Verb] = {
    "send": Verb(Slot(Kind.TEXT), "Send a text.", {**_DELIVERY, **_ON_DELIVERY}),
    "ask": Verb(Slot(Kind.TEXT), "Send a question and wait for the answer.", _ASK),
    "wait": Verb(
        Slot(Kind.DURATION_OR_RECORD, keys=_UNTIL),
        "Wait for a length of time, or until a moment.",
        {"on_past": _key(Kind.HANDLER, "when the moment is already over")},
    ),
    "if": Verb(
        Slot(Kind.CONDITION),
        "Branch on a condition.",
        {
            "then": _key(Kind.HANDLER, "when it is true"),
            "else": _key(Kind.HANDLER, "when it is false"),
        },
    ),
    "switch": Verb(
        Slot(Kind.CONDITION),
        "Branch on a value.",
        {
            "cases": _key(Kind.HANDLERS, "a handler for each value", required=True),
            "else": _key(Kind.HANDLER, "for any other value"),
        },
    ),
    "set": Verb(Slot(Kind.MAP, item=Slot(Kind.VALUE)), "Set variables, or fields of the contact."),
    "otp": Verb(Slot(Kind.TEXT), "Send a one-time code and wait until it comes back.", _OTP),
    "goto": Verb(Slot(Kind.TARGET), "Go on at a section or a step."),
    "end": Verb(
        Slot(Kind.NAME),
        "End the session with a label.",
        {"text": _key(Kind.TEXT, "a last text")},
    ),
}

# --- flows ----------------------------------------------------------------------------------------

TYPES = ("text", "integer", "decimal", "boolean", "date", "datetime", "object")

TYPED: Mapping[str, Key] = {
    "type": _key(Kind.ENUM, "its type", *TYPES, required=True),
    "default": _key(Kind.LITERAL, "its value when none is given"),
    "fields": _map(Slot(Kind.TYPED), "the fields of an object"),
    "values": Key(Slot(Kind.LIST, item=Slot(Kind.LITERAL)), "the values that are allowed"),
}

TRIGGER: Mapping[str, Key] = {
    "keyword": _key(Kind.WORDS, "words that start the flow"),
    "pattern": _key(Kind.PLAIN, "a regular expression; named groups become variables"),
    "catch_all": _key(Kind.BOOLEAN, "true: any text that nothing else takes"),
    "api": _key(Kind.BOOLEAN, "true: the API may start it"),
    "match": _key(Kind.ENUM, "where the keyword stands", "first", "whole", "anywhere"),
    "to": _key(Kind.NUMBER, "only on this number of ours"),
    "lang": _key(Kind.NAME, "the language of the session that it starts"),
    "when": _key(Kind.CONDITION, "only when this is true"),
}
TRIGGER_KINDS = ("keyword", "pattern", "catch_all", "api")

FLOW: Mapping[str, Key] = {
    "smsflow": _key(Kind.INTEGER, "version of the language: 1", required=True),
    "flow": _key(Kind.NAME, "the flow's name; the file's name when not given"),
    "description": _key(Kind.PLAIN, "what it is for"),
    "owner": _key(Kind.PLAIN, "who looks after it"),
    "tags": _key(Kind.WORDS, "for filters"),
    "kind": _key(Kind.ENUM, "which rules apply to it", "transactional", "marketing", "otp"),
    "languages": _key(Kind.NAMES, "languages of its texts; the first is the fallback"),
    "inputs": _map(Slot(Kind.TYPED), "typed data that a session starts with"),
    "triggers": Key(Slot(Kind.LIST, item=Slot(Kind.RECORD, keys=TRIGGER)), "what starts it"),
    "key": _key(Kind.CONDITION, "one live session of a contact for each value of this"),
    "mode": _key(Kind.ENUM, "when it starts again", "restart", "ignore", "queue", "parallel"),
    "limits": _record("limits for each contact", starts=_key(Kind.RATE, "starts, such as 5/1h")),
    "vars": _map(Slot(Kind.LITERAL), "constants and first values"),
    "defaults": _key(Kind.BY_VERB, "keys for every step of a verb: {ask: {timeout: 2d}}"),
    "texts": _map(Slot(Kind.TEXT), "texts of this file by name"),
    "lifetime": _key(Kind.DURATION, "how long a session may live; 30d when not given"),
    "steps": _key(Kind.STEPS, "what happens, in order", required=True),
    "sections": _map(Slot(Kind.STEPS), "side paths by name, for goto"),
}

# --- the project ----------------------------------------------------------------------------------

STATUSES = ("undeliverable", "expired", "rejected", "no_report")

_PROVIDER: Mapping[str, Key] = {
    "kind": _key(Kind.ENUM, "the kind of provider", "pigeonhost", required=True),
    "url": _key(Kind.PLAIN, "its address", required=True),
    "user": _key(Kind.PLAIN, "the user there"),
    "password": _key(Kind.PLAIN, "the password, as env.NAME"),
    "rate": _key(Kind.RATE, "segments that may leave: 50/s"),
    "webhook_secret": _key(Kind.PLAIN, "the secret in the path of our webhooks, as env.NAME"),
    "mo": _map(Slot(Kind.PLAIN), "parameter of the manual: its name in this account"),
}
_POLICY: Mapping[str, Key] = {
    "via": _key(Kind.NUMBERS, "our numbers to send from, in order", required=True),
    "report_within": _key(Kind.DURATION, "no final report by then counts as no_report"),
    "failover_on": _key(Kind.ENUMS, "try the next number after these", *STATUSES),
    "resend": _record(
        "sending again from the same number",
        times=_key(Kind.INTEGER, "how often; 1 when not given"),
        after=_key(Kind.DURATION, "how long after; 30m when not given"),
        on=_key(Kind.ENUMS, "after which outcomes", *STATUSES, required=True),
    ),
    "give_up": _key(Kind.DURATION, "try nothing more after this time"),
}

PROJECT: Mapping[str, Key] = {
    "smsflow-project": _key(Kind.INTEGER, "version of the language: 1", required=True),
    "name": _key(Kind.PLAIN, "the project's name"),
    "languages": _key(Kind.NAMES, "languages of its texts; the first is the fallback"),
    "timezone": _key(Kind.PLAIN, "IANA zone of contacts who have none; UTC when not given"),
    "numbers": _map(
        Slot(
            Kind.RECORD,
            keys={
                "address": _key(Kind.PLAIN, "+447..., a short code or a name", required=True),
                "provider": _key(Kind.NAME, "which provider carries it", required=True),
            },
        ),
        "our numbers by name",
        required=True,
    ),
    "providers": _map(Slot(Kind.RECORD, keys=_PROVIDER), "who carries texts", required=True),
    "public_url": _key(Kind.PLAIN, "where providers reach our webhooks"),
    "countries": _key(Kind.WORDS, "who may be texted: ISO codes; default: of our numbers"),
    "contact": _record("contacts", fields=_map(Slot(Kind.TYPED), "their fields, with types")),
    "default_reply": _key(Kind.TEXT, "the answer to a text that nothing takes"),
    "limits": _record(
        "limits for each contact",
        replies=_key(
            Kind.RATE, "replies that no question of ours invited, such as 30/1h; 6/1h if not given"
        ),
    ),
    "deliver": _map(Slot(Kind.RECORD, keys=_POLICY), "delivery policies by name"),
    "quiet": Key(
        Slot(
            Kind.RECORD,
            keys={
                "from": _key(Kind.TIME, "first quiet minute, local: 21:00", required=True),
                "to": _key(Kind.TIME, "first minute that is not quiet", required=True),
                "kinds": _key(Kind.ENUMS, "of which flows", "transactional", "marketing"),
            },
        ),
        "hours in which we begin no texts",
    ),
    "compliance": _record(
        "words that are obeyed before any flow; they extend the built-in ones",
        stop=_key(Kind.WORDS, "words that opt out"),
        start=_key(Kind.WORDS, "words that opt in again"),
        help=_key(Kind.WORDS, "words that ask for help"),
        texts=_record(
            "the answers",
            stopped=_key(Kind.TEXT, "after a stop word"),
            started=_key(Kind.TEXT, "after a start word"),
            help=_key(Kind.TEXT, "after a help word"),
        ),
    ),
}

# --- words of the language that this version does not have ----------------------------------------


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LATER: Mapping[str, frozenset[str]] = {
    "verb": _words("call action run start emit group subscribe unsubscribe handoff log"),
    "step": _words("note on_error"),
    "send": _words("to media fallback quiet ordered save"),
    "ask": _words("to media fallback quiet ordered keywords sensitive pattern"),
    "type": _words("multi date time datetime phone email code"),
    "wait": _words("at weekday tz event where timeout save late_after on_late"),
    "otp": _words("letters"),
    "flow": _words("interrupt quiet update anytime on_error on_expire migrate"),
    "trigger": _words(
        "fuzzy fills schedule tz audience rate broadcast event contact where inputs delivery "
        "outcome after from_group"
    ),
    "project": _words("services commands answers system"),
    "policy": _words("fallback"),
}
