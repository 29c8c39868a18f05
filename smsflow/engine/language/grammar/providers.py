"""The keys of one entry under `providers`, of whichever kind."""

from __future__ import annotations

from collections.abc import Mapping

from smsflow.engine.language.grammar.slots import Key, Kind, Slot, key, map_of, record

KINDS = ("pigeonhost", "http")

# States that a delivery report can bring, by the words of `smsflow.sms.states`.
REPORTED = (
    *("delivered", "undeliverable", "expired", "rejected", "deleted", "unknown"),
    *("sent", "pending", "accepted"),
)


def _rule(doc: str) -> Key:
    return record(
        doc,
        status=key(Kind.WORDS, "statuses of HTTP, such as [200, 202]; any if not given"),
        match=key(Kind.PLAIN, "a regular expression that the body holds; any if not given"),
    )


_REQUEST = record(
    "of the kind http: the request that hands over one text; {to}, {text} and others are filled in",
    method=key(Kind.ENUM, "POST if not given", "GET", "POST", "PUT"),
    headers=map_of(Slot(Kind.PLAIN), "headers by name"),
    query=map_of(Slot(Kind.PLAIN), "parameters of the URL"),
    form=map_of(Slot(Kind.PLAIN), "fields of a form"),
    body=key(Kind.PLAIN, "the body; values are escaped by the Content-Type among the headers"),
)
_ANSWER = record(
    "of the kind http: what its answers mean; the first rule that fits counts",
    accepted=_rule("it has the text; status 200 to 299 if not given"),
    later=_rule("it surely does not have it, and may take it later"),
    rejected=_rule("it will never take it"),
    id=key(Kind.PLAIN, "a regular expression whose group is its own id, shown to operators"),
)
_REPORT = record(
    "of the kind http: how delivery reports look, pushed to {report_url}",
    id=key(Kind.PLAIN, "the parameter that brings {wire_id} back", required=True),
    to=key(Kind.PLAIN, "the parameter with the receiver", required=True),
    status=key(Kind.PLAIN, "the parameter with the status", required=True),
    error=key(Kind.PLAIN, "the parameter with a reason"),
    states=map_of(Slot(Kind.ENUM, REPORTED), "its word for a status: ours", required=True),
    list=key(Kind.PLAIN, "in JSON and XML: where several stand, such as results"),
)

PROVIDER: Mapping[str, Key] = {
    "kind": key(Kind.PROVIDER, "the kind of provider", *KINDS, required=True),
    "url": key(Kind.PLAIN, "its address", required=True),
    "user": key(Kind.PLAIN, "the user there"),
    "password": key(Kind.PLAIN, "the password, as env.NAME"),
    "key": key(Kind.PLAIN, "a key in the place of user and password, as env.NAME"),
    "format": key(Kind.ENUM, "how bodies are written; json if not given", "json", "xml"),
    "pull": key(Kind.DURATION, "ask so often for what it can't push to us: 10s"),
    "rate": key(Kind.RATE, "segments that may leave: 50/s"),
    "webhook_secret": key(Kind.PLAIN, "the secret in the path of our webhooks, as env.NAME"),
    "mo": map_of(Slot(Kind.PLAIN), "parameter of the manual: its name in this account"),
    "mo_list": key(Kind.PLAIN, "of the kind http, in JSON and XML: where several texts stand"),
    "request": _REQUEST,
    "answer": _ANSWER,
    "dlr": _REPORT,
}
