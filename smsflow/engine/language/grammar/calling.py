"""The verbs that reach outside: calls to web services, lookups of numbers, actions in Python."""

from __future__ import annotations

from collections.abc import Mapping

from smsflow.engine.language.grammar.slots import Key, Kind, Slot, Verb, key

_EXPECT: Mapping[str, Key] = {
    "status": Key(
        Slot(Kind.EXPECT), "statuses that are a success: 200, 2xx or a list; 2xx if not given"
    ),
    "where": key(Kind.CONDITION, "an expression over `body` and `status` that must be true"),
}
_RETRY: Mapping[str, Key] = {
    "times": key(Kind.INTEGER, "how often; 2 when not given"),
    "after": key(Kind.DURATION, "the first pause, 2s when not given; each later one is doubled"),
}

OUTSIDE: Mapping[str, Verb] = {
    "call": Verb(
        Slot(Kind.REQUEST),
        "Call a web service of smsflow.yaml and wait for its answer.",
        {
            "json": key(Kind.DATA, "the body: values by name, or a list of variables"),
            "form": key(Kind.DATA, "the body as a form: values by name, or a list of variables"),
            "query": key(Kind.DATA, "parameters behind the ?: values by name, or variables"),
            "headers": key(Kind.DATA, "further headers by name"),
            "expect": Key(
                Slot(Kind.EXPECT, keys=_EXPECT),
                "what counts as a success: statuses, or {status, where}; 2xx when not given",
            ),
            "retry": Key(
                Slot(Kind.TIMES_OR_RECORD, keys=_RETRY),
                "how often it is tried again, or {times, after}; 2 when not given",
            ),
            "timeout": key(Kind.DURATION, "how long one try may take, up to 10s"),
            "save": key(Kind.NAME, "the variable that keeps the answer"),
        },
    ),
    "lookup": Verb(
        Slot(Kind.CONDITION),
        "Ask a provider what it knows of a number, and wait for that.",
        {
            "via": key(Kind.NUMBER, "the number of ours whose provider is asked"),
            "save": key(Kind.NAME, "the variable that keeps what it knows"),
        },
    ),
    "action": Verb(
        Slot(Kind.ACTION),
        "Run a function of the project's Python module and wait for its result.",
        {
            "with": key(Kind.DATA, "its arguments: values by name, or a list of variables"),
            "save": key(Kind.NAME, "the variable that keeps the result"),
            "timeout": key(Kind.DURATION, "how long it may take; 10s when not given"),
        },
    ),
}
