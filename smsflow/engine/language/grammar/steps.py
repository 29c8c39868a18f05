"""The verbs of steps, with their keys and the ways in which each can end."""

from __future__ import annotations

from collections.abc import Mapping

from smsflow.engine.language.grammar.calling import OUTSIDE
from smsflow.engine.language.grammar.people import PEOPLE
from smsflow.engine.language.grammar.slots import Key, Kind, Slot, Verb, key, map_of, record
from smsflow.engine.language.grammar.waiting import WAITING
from smsflow.engine.words.answers import ANSWER_TYPES
from smsflow.sms.encoding import Language
from smsflow.sms.encoding.transliteration import Transliteration

_DELIVERY_DOCS = {
    "on_delivered": "when the phone has it",
    "on_pending": "when the provider tells that the phone was not reached yet",
    "on_failed": "when no number could deliver it: undeliverable, expired or rejected",
    "on_undeliverable": "when the network can't deliver it",
    "on_expired": "when the network gave up",
    "on_rejected": "when the provider or network refused it",
    "on_no_report": "when no final report came in time",
}
_DELIVERY = {
    "deliver": key(Kind.POLICY, "the delivery policy of smsflow.yaml to use"),
    "via": key(Kind.NUMBERS, "our numbers to send from, in order; overrides the policy's"),
    "report_within": key(Kind.DURATION, "how long to wait for the final delivery report"),
}
_TRACK = {
    "by": key(
        Kind.ENUM,
        "url: clicks on its links; sms: what its reader does; url if not given",
        "url",
        "sms",
    ),
    "type": key(Kind.PLAIN, "what the text is, such as ONE_TIME_PIN; the flow's name if not given"),
    "key": key(Kind.PLAIN, "the process that the provider counts it for; its own if not given"),
}
_OPTIONS = {
    "flash": key(Kind.BOOLEAN, "true: shown at once, and kept only if the reader wants to"),
    "transliteration": key(
        Kind.ENUM,
        "letters that the provider writes in others",
        *(each.value for each in Transliteration),
    ),
    "shift": key(
        Kind.ENUM,
        "the language whose national table may write it, where that saves a segment",
        *(each.value for each in Language),
    ),
    "track": Key(
        Slot(Kind.YES_OR_RECORD, keys=_TRACK),
        "true: the provider shortens its links, and counts clicks; or what it measures",
    ),
    "callback": key(Kind.VALUE, "what the provider is to hand back with reports, as a text"),
}
_LEAVING = {
    "fallback": key(Kind.TEXT, "other words, when these are rejected or need too many segments"),
    "quiet": key(
        Kind.ENUM,
        "ignore: it leaves in quiet hours; hold: it waits, reply or not",
        "ignore",
        "hold",
    ),
    "validity": key(Kind.DURATION, "how long it may be delivered; then it is expired"),
    **_OPTIONS,
}
_ON_DELIVERY = {name: key(Kind.HANDLER, doc) for name, doc in _DELIVERY_DOCS.items()}

COMMON: Mapping[str, Key] = {
    "id": key(Kind.NAME, "the step's name, for goto and for sessions that wait at it"),
    "when": key(Kind.CONDITION, "skip the step when this is false"),
    "note": key(Kind.PLAIN, "for those who read the flow; it does nothing"),
    "on_error": key(Kind.HANDLER, "when the step fails; knows `error`"),
}

_ASK: Mapping[str, Key] = {
    "save": key(Kind.NAME, "the variable that keeps the answer"),
    "type": key(Kind.ENUM, "what kind of answer is expected", *ANSWER_TYPES),
    "choices": key(Kind.CHOICES, "the answers to choose from, each with the words for it"),
    "words": map_of(Slot(Kind.WORDS), "further words for a value, such as {1: [bad]}"),
    "range": key(Kind.PAIR, "smallest and largest number: [1, 5]"),
    "min": key(Kind.VALUE, "smallest number, first day or time, or fewest characters or choices"),
    "max": key(Kind.VALUE, "largest number, last day or time, or most characters or choices"),
    "pattern": key(Kind.PLAIN, "a regular expression that a whole text or code matches, any case"),
    "valid": key(Kind.CONDITION, "an expression over `value` that a good answer makes true"),
    "invalid": key(Kind.TEXT, "the text for an answer that `valid` refuses"),
    "retry": record(
        "asking again after an unclear answer; 2 times when not given",
        times=key(Kind.INTEGER, "how often"),
        text=key(Kind.TEXT, "with which words; the question when not given"),
    ),
    "skip": key(Kind.WORDS, "words that skip the question"),
    "default": key(Kind.VALUE, "what a skipped or invalid answer is taken for"),
    "nudge": record(
        "asking again when nothing comes",
        after=key(Kind.DURATION, "after how long", required=True),
        times=key(Kind.INTEGER, "how often; 1 when not given"),
        text=key(Kind.TEXT, "with which words; the question when not given"),
    ),
    "timeout": key(Kind.DURATION, "how long to wait for the answer"),
    "sensitive": key(
        Kind.BOOLEAN, "true: the answer is masked in traces, logs, pages and received texts"
    ),
    "keywords": key(Kind.ENUM, "block: no keyword starts a flow meanwhile", "block", "allow"),
    **_DELIVERY,
    **_LEAVING,
    "then": key(Kind.HANDLERS, "a handler for each answer: {yes: ..., no: ...}"),
    "on_invalid": key(Kind.HANDLER, "after the last unclear answer"),
    "on_timeout": key(Kind.HANDLER, "when no answer came in time"),
    "on_skip": key(Kind.HANDLER, "when the question was skipped"),
    # A question that arrived, or may still, is open: it has no `on_delivered` and no `on_pending`.
    **{
        name: key
        for name, key in _ON_DELIVERY.items()
        if name not in ("on_delivered", "on_pending")
    },
}

# What a set of answers under `answers` in smsflow.yaml can say of a question.
ANSWER_SET: Mapping[str, Key] = {
    name: _ASK[name]
    for name in (
        *("type", "choices", "words", "range", "min", "max"),
        *("valid", "invalid", "retry", "skip"),
    )
}

_OTP: Mapping[str, Key] = {
    "digits": key(Kind.INTEGER, "length of the code, 4 to 10; 6 when not given"),
    "letters": key(Kind.BOOLEAN, "true: a code of capital letters and digits"),
    "expires": key(Kind.DURATION, "how long the code works; 10m when not given"),
    "attempts": key(Kind.INTEGER, "how many wrong codes lock it; 3 when not given"),
    "accept": key(Kind.ENUMS, "how the code may come back", "reply", "api"),
    "wrong": key(Kind.TEXT, "the answer to a wrong code; knows attempts_left"),
    "resend": record(
        "asking for a new code",
        words=key(Kind.WORDS, "the words that ask for it", required=True),
        times=key(Kind.INTEGER, "how often; 2 when not given"),
        every=key(Kind.DURATION, "how soon after the last; 30s when not given"),
    ),
    "lock": key(Kind.DURATION, "how long a locked contact must wait; 1h when not given"),
    **_DELIVERY,
    **_OPTIONS,
    "on_expired": key(Kind.HANDLER, "when the code has expired"),
    "on_locked": key(Kind.HANDLER, "after too many wrong codes"),
    "on_failed": key(Kind.HANDLER, "when the text could not be delivered"),
}

_SEND: Mapping[str, Key] = {
    "to": key(
        Kind.CONDITION, "whose phone it goes to, an expression; the contact's when not given"
    ),
    "save": key(Kind.NAME, "the variable that keeps its id and its status"),
    "send_at": key(
        Kind.CONDITION, "when the provider is to send it: it has the text a day before at most"
    ),
    "ordered": key(Kind.BOOLEAN, "true: the session goes on when its fate is known"),
    **_DELIVERY,
    **_LEAVING,
    **_ON_DELIVERY,
}

VERBS: Mapping[str, Verb] = {
    "send": Verb(Slot(Kind.TEXT), "Send a text.", _SEND),
    "ask": Verb(Slot(Kind.TEXT), "Send a question and wait for the answer.", _ASK),
    "wait": WAITING["wait"],
    "if": Verb(
        Slot(Kind.CONDITION),
        "Branch on a condition.",
        {
            "then": key(Kind.HANDLER, "when it is true"),
            "else": key(Kind.HANDLER, "when it is false"),
        },
    ),
    "switch": Verb(
        Slot(Kind.CONDITION),
        "Branch on a value.",
        {
            "cases": key(Kind.HANDLERS, "a handler for each value", required=True),
            "else": key(Kind.HANDLER, "for any other value"),
        },
    ),
    "set": Verb(Slot(Kind.MAP, item=Slot(Kind.VALUE)), "Set variables, or fields of the contact."),
    "run": WAITING["run"],
    "otp": Verb(Slot(Kind.TEXT), "Send a one-time code and wait until it comes back.", _OTP),
    **PEOPLE,
    **OUTSIDE,
    "goto": Verb(Slot(Kind.TARGET), "Go on at a section or a step."),
    "end": Verb(
        Slot(Kind.NAME),
        "End the session with a label.",
        {"text": key(Kind.TEXT, "a last text")},
    ),
    "log": WAITING["log"],
}
