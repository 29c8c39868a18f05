"""Errands: what is done outside of a conversation, and what its end means. Pure.

The engine writes an order (plain JSON) and lets the session wait; a worker carries the order out,
outside of any transaction, and tells how it went as a result. Both, and the simulator of
transcripts, ask this page when to try again and what counts as a success, so that a transcript
shows what happens.

    order of a call     method, service, path, query, headers, json or form, statuses, tries, after,
                        timeout
    order of a lookup   provider, phone, tries, after, timeout
    order to withdraw   number, wire_id, after
    order of an action  name, arguments, timeout, tries, context
    result              ok, told (for the trace), and then status and body, or value; or kind, error
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

# A worker that was away for so long begins no errand any more: its session has gone on without.
GRACE = timedelta(hours=24)
LONGEST_PAUSE = 3600  # seconds between two tries
LONGEST_IN_HASTE = 60.0  # seconds, when it has to be done before a moment
_AGAIN = frozenset({408, 425, 429})  # beside 5xx: the service is well, or soon will be
_SHOWN = 200  # characters of an error

Order = Mapping[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer of a web service; `body` is the JSON that was read, or a text."""

    status: int
    body: Any = None
    seconds: float = 0.0  # how long it took
    retry_after: float | None = None  # as the service asked


@dataclass(frozen=True, slots=True)
class NoReply:
    """No whole answer came; `again` says whether another try may help."""

    reason: str
    again: bool = True


def result_of(order: Order, reply: Reply | NoReply, tries: int) -> Result | float:
    """The result of a call after so many tries, or the seconds until the next one."""
    if isinstance(reply, Reply) and _expected(order, reply.status):
        told = f"{reply.status} {round(reply.seconds * 1000)}ms"
        return {"ok": True, "status": reply.status, "body": reply.body, "told": told}
    if tries < order["tries"] and _may_help(reply):
        return _pause(order, reply, tries)
    if isinstance(reply, Reply):
        error = f"the service answered {reply.status}"
        return {**failed("http", error), "status": reply.status, "body": reply.body}
    return failed("http", reply.reason)


# What a provider may know of a number; null for what it does not tell.
KNOWN = (
    *("reachable", "status", "error", "network", "network_name"),
    *("ported", "roaming", "roaming_in"),
)


def known(order: Order, found: Mapping[str, Any]) -> Result:
    """The result of a lookup."""
    value = {"phone": order["phone"], **{name: found.get(name) for name in KNOWN}}
    return {"ok": True, "value": value, "told": str(value["status"] or "")}


def unknown(order: Order, reason: str, tries: int) -> Result | float:
    """The result of a lookup that nobody answered after so many tries, or the seconds until the
    next one."""
    if tries < order["tries"]:
        return _planned(order, tries)
    return failed("lookup", reason)


def pause(order: Order, tries: int, left: timedelta) -> float:
    """The seconds until the next try of what has to be done while there is time `left`: a minute at
    most, and never past the half of it, but for the last seconds."""
    half = max(left.total_seconds() / 2, float(order["after"]))
    return min(_planned(order, tries), LONGEST_IN_HASTE, half)


def failed(kind: str, error: str) -> Result:
    """The result of an errand that came to nothing; kinds are http, action, lookup, timeout."""
    error = error if len(error) <= _SHOWN else error[: _SHOWN - 1] + "…"
    return {"ok": False, "kind": kind, "error": error, "told": error}


def span(order: Order) -> timedelta:
    """How long all tries of an order can take, with the pauses between them."""
    pauses = sum(_planned(order, number) for number in range(1, order["tries"]))
    return timedelta(seconds=order["tries"] * order["timeout"] + pauses)


def _expected(order: Order, status: int) -> bool:
    return any(each == str(status) or each == f"{status // 100}xx" for each in order["statuses"])


def _may_help(reply: Reply | NoReply) -> bool:
    if isinstance(reply, NoReply):
        return reply.again
    return reply.status >= 500 or reply.status in _AGAIN


def _planned(order: Order, tries: int) -> float:
    """The pause after so many tries: doubled each time, an hour at most."""
    return float(min(order["after"] * 2 ** min(tries - 1, 20), LONGEST_PAUSE))


def _pause(order: Order, reply: Reply | NoReply, tries: int) -> float:
    wished = reply.retry_after if isinstance(reply, Reply) else None
    return min(max(_planned(order, tries), wished or 0.0), float(LONGEST_PAUSE))
