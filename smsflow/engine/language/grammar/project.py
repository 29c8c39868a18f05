"""The keys of smsflow.yaml."""

from __future__ import annotations

from collections.abc import Mapping

from smsflow.engine.language.grammar.flows import UPDATE
from smsflow.engine.language.grammar.providers import PROVIDER
from smsflow.engine.language.grammar.slots import Key, Kind, Slot, key, map_of, record
from smsflow.engine.language.grammar.steps import ANSWER_SET

STATUSES = ("undeliverable", "expired", "rejected", "no_report")

_POLICY: Mapping[str, Key] = {
    "via": key(Kind.NUMBERS, "our numbers to send from, in order", required=True),
    "report_within": key(Kind.DURATION, "no final report by then counts as no_report"),
    "failover_on": key(Kind.ENUMS, "try the next number after these", *STATUSES),
    "resend": record(
        "sending again from the same number",
        times=key(Kind.INTEGER, "how often; 1 when not given"),
        after=key(Kind.DURATION, "how long after; 30m when not given"),
        on=key(Kind.ENUMS, "after which outcomes", *STATUSES, required=True),
    ),
    "give_up": key(Kind.DURATION, "try nothing more after this time"),
    "fallback": key(Kind.TEXT, "other words, when a text is rejected or needs too many segments"),
}

_SERVICE: Mapping[str, Key] = {
    "url": key(Kind.PLAIN, "its address: what stands before the path of a call", required=True),
    "auth": record(
        "how a call proves who we are: bearer, header and value, or basic and password",
        bearer=key(Kind.PLAIN, "a token, as env.NAME"),
        header=key(Kind.PLAIN, "the name of a header"),
        value=key(Kind.PLAIN, "what stands in that header, as env.NAME"),
        basic=key(Kind.PLAIN, "a user"),
        password=key(Kind.PLAIN, "the user's password, as env.NAME"),
    ),
    "timeout": key(Kind.DURATION, "how long one try may take, up to 10s; 10s when not given"),
    "allow": key(
        Kind.WORDS, "private networks that it may lie in, such as 10.0.0.0/8; none if not given"
    ),
}

PROJECT: Mapping[str, Key] = {
    "smsflow-project": key(Kind.INTEGER, "version of the language: 1", required=True),
    "name": key(Kind.PLAIN, "the project's name"),
    "languages": key(Kind.NAMES, "languages of its texts; the first is the fallback"),
    "timezone": key(Kind.PLAIN, "IANA zone of contacts who have none; UTC when not given"),
    "numbers": map_of(
        Slot(
            Kind.RECORD,
            keys={
                "address": key(Kind.PLAIN, "+447..., a short code or a name", required=True),
                "provider": key(Kind.NAME, "which provider carries it", required=True),
            },
        ),
        "our numbers by name",
        required=True,
    ),
    "providers": map_of(Slot(Kind.RECORD, keys=PROVIDER), "who carries texts", required=True),
    "services": map_of(Slot(Kind.RECORD, keys=_SERVICE), "web services that flows may call"),
    "python": key(Kind.PLAIN, "our own Python: a module, or module:app"),
    "public_url": key(Kind.PLAIN, "where providers reach our webhooks"),
    "countries": key(Kind.WORDS, "who may be texted: ISO codes; default: of our numbers"),
    "contact": record("contacts", fields=map_of(Slot(Kind.TYPED), "their fields, with types")),
    "default_reply": key(Kind.TEXT, "the answer to a text that nothing takes"),
    "texts": record(
        "built-in texts in other words",
        did_you_mean=key(
            Kind.TEXT, "after a mistyped keyword that may be one of several; knows words and last"
        ),
    ),
    "commands": record(
        "words that are heard whatever flow asks, as the whole message",
        repeat=key(Kind.WORDS, "words that ask the open question again"),
        back=key(Kind.WORDS, "words that go back to the question before"),
        human=key(Kind.WORDS, "words that start the flow under `system: {human: ...}`"),
    ),
    "system": record(
        "flows that the project starts by itself",
        unknown_text=key(Kind.FLOW, "for a text that nothing takes"),
        new_contact=key(Kind.FLOW, "for a contact's first text, when nothing takes it"),
        failed_session=key(Kind.FLOW, "after a session of another flow has failed"),
        human=key(Kind.FLOW, "for the command `human`"),
    ),
    "update": UPDATE,
    "answers": map_of(
        Slot(Kind.RECORD, keys=ANSWER_SET), "sets of answers by name: `type: answers.<name>`"
    ),
    "limits": record(
        "how many texts may leave in how long",
        replies=key(
            Kind.RATE, "replies that no question of ours invited, such as 30/1h; 6/1h if not given"
        ),
        marketing=key(
            Kind.RATE,
            "texts to a contact that open a session of a marketing flow, and answer none; more of"
            " them wait; 1/1d if not given",
        ),
        texts=key(Kind.RATE, "all texts to a contact, such as 30/1d; more are refused"),
        prefix=key(
            Kind.RATE,
            "texts to numbers that differ in their last four digits only, such as 500/1d; more are"
            " refused",
        ),
        total=key(Kind.RATE, "texts to everybody, such as 20000/1d; more are refused"),
    ),
    "keep": record(
        "for how long what happened is kept; 3d at least",
        texts=key(Kind.DURATION, "texts that came in and went out; 90d if not given"),
        traces=key(Kind.DURATION, "lines of `smsflow trace`; 30d"),
        attempts=key(Kind.DURATION, "tries to send a text; 90d"),
        sessions=key(Kind.DURATION, "sessions after their end, with their answers; 400d"),
        dead_letters=key(Kind.DURATION, "dead letters that nobody replays; 400d"),
    ),
    "deliver": map_of(Slot(Kind.RECORD, keys=_POLICY), "delivery policies by name"),
    "quiet": Key(
        Slot(
            Kind.RECORD,
            keys={
                "from": key(Kind.TIME, "first quiet minute, local: 21:00", required=True),
                "to": key(Kind.TIME, "first minute that is not quiet", required=True),
                "kinds": key(Kind.ENUMS, "of which flows", "transactional", "marketing"),
            },
        ),
        "hours in which we begin no texts",
    ),
    "compliance": record(
        "words that are obeyed before any flow; they extend the built-in ones",
        stop=key(Kind.WORDS, "words that opt out"),
        start=key(Kind.WORDS, "words that opt in again"),
        help=key(Kind.WORDS, "words that ask for help"),
        texts=record(
            "the answers",
            stopped=key(Kind.TEXT, "after a stop word"),
            started=key(Kind.TEXT, "after a start word"),
            help=key(Kind.TEXT, "after a help word"),
        ),
    ),
}
