"""A provider of the kind `http`, as smsflow.yaml declares it: its request and its answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# What stands in braces in a field of the request, and what takes its place. One without a value,
# such as the validity of a text that has none, takes its whole field with it.
PLACEHOLDERS = {
    "wire_id": "the id that reports have to bring back",
    "to": "the receiver, digits without +",
    "to_e164": "the receiver, with +",
    "sender": "the sender, without +",
    "sender_e164": "the sender, with + if it is a phone",
    "text": "the text",
    "user": "`user` of the provider",
    "password": "`password` of the provider",
    "report_url": "where reports are to be pushed",
    "validity_minutes": "for how long the text may be tried",
    "coding": "0 for the GSM alphabet, 2 for UCS-2, as Kannel counts",
    "message_class": "0 for a flash text",
    "callback_data": "data that reports bring back",
}
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """Which answers mean one thing: those with one of these statuses, and with this in the body."""

    status: tuple[int, ...] = ()  # () for any
    match: str = ""  # a regular expression that is searched for; "" for any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFields:
    """How a delivery report names what we have to know; of JSON and XML, with dots for depth."""

    id: str
    to: str
    status: str
    states: Mapping[str, str]  # the provider's word -> our state
    error: str = ""
    list: str = ""  # where several stand


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The request that hands over one text, what its answer means, and how reports look."""

    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    accepted: AnswerRule = AnswerRule(tuple(range(200, 300)))
    later: AnswerRule | None = None
    rejected: AnswerRule | None = None
    message_id: str = ""  # a regular expression whose group is the provider's own id
    report: ReportFields | None = None
    texts: str = ""  # where several texts stand in a push of texts that came in
