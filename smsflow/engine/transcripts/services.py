"""The world outside in a simulation: services, actions, and what is known of numbers.

`given.http` has replies by `METHOD service:/path`, in which `*` stands for anything; a list has one
for each call, the last one for all that follow. What is not given is answered 200 with {}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from smsflow.engine.effects import Errand
from smsflow.engine.errands import KNOWN, Reply, Result, failed, known
from smsflow.engine.extension import RegisteredAction, run_action
from smsflow.engine.state import encode

_REQUEST = re.compile(r"(?:GET|POST|PUT|PATCH|DELETE) \S+:/\S*")
AT_HOME = {"reachable": True, "status": "DELIVERED_TO_HANDSET", "ported": False, "roaming": False}
FAILS = "fails"  # given.actions: {charge: {fails: no money}}


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call that a flow made; tries of one call are one."""

    at: datetime
    session: str
    words: str  # POST crm:/csat
    data: Any  # what it sent: its JSON, its form, else its query
    status: int  # of the first answer

    @property
    def shown(self) -> str:
        """In one line."""
        return f"{self.words} {self.data}" if self.data else self.words


@dataclass(slots=True)
class Outside:
    """Replies by pattern, results of actions by name, and the registered functions."""

    http: Mapping[str, Any] = field(default_factory=dict)
    actions: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, RegisteredAction] = field(default_factory=dict)
    lookup: Mapping[str, Any] = field(default_factory=dict)
    _used: dict[str, int] = field(default_factory=dict)

    def reply(self, order: Mapping[str, Any]) -> Reply:
        """What the service answers to this try."""
        pattern = self._pattern(words_of(order))
        if pattern is None:
            return Reply(200, {})
        found = self.http[pattern]
        if isinstance(found, list):
            number = self._used.get(pattern, 0)
            self._used[pattern] = number + 1
            found = found[min(number, len(found) - 1)]
        if isinstance(found, Mapping):
            return Reply(found.get("status", 200), found.get("body"))
        return Reply(found)

    def _pattern(self, words: str) -> str | None:
        """The pattern that fits: the one without a star, else the longest."""
        fits = [each for each in self.http if _fits(each, words)]
        return max(fits, key=lambda each: ("*" not in each, len(each)), default=None)

    def result(self, errand: Errand) -> Result:
        """What an action gives: as the test says, else as the registered function does."""
        name = errand.order["name"]
        if name in self.actions:
            given = self.actions[name]
            if isinstance(given, Mapping) and FAILS in given:
                return failed("action", str(given[FAILS]))
            return {"ok": True, "value": encode(given), "told": "given"}
        if name not in self.functions:
            return failed("action", f"there is no action '{name}'")
        return run_action(self.functions[name], errand.order, errand.errand)

    def known(self, order: Mapping[str, Any]) -> Result:
        """What the provider knows of a number; one that is not given is in use at home."""
        given = self.lookup.get(order["phone"], self.lookup.get("*", {}))
        if FAILS in given:
            return failed("lookup", str(given[FAILS]))
        return known(order, {**AT_HOME, **given})


def words_of(order: Mapping[str, Any]) -> str:
    """A call as tests write it: POST crm:/csat."""
    return f"{order['method']} {order['service']}:{order['path']}"


def data_of(order: Mapping[str, Any]) -> Any:
    """What a call sends: its JSON, its form, else its query."""
    if "json" in order:
        return order["json"]
    return dict(order["form"]) if "form" in order else dict(order["query"])


def _fits(pattern: str, words: str) -> bool:
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(".*".join(parts), words, re.DOTALL) is not None


def reply_problem(given: Any) -> str:
    """Why this can't be a reply in `given.http`; '' when it can."""
    if isinstance(given, list):
        problems = [reply_problem(each) for each in given if not isinstance(each, list)]
        return next(filter(None, problems), "" if given and problems else "a list has a reply each")
    status = given.get("status", 200) if isinstance(given, Mapping) else given
    if isinstance(given, Mapping) and set(given) - {"status", "body"}:
        return "a reply is a status, or {status, body}"
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        return "a status is a number such as 200 or 503"
    return ""


def lookup_problem(given: Any) -> str:
    """Why this can't be what `given.lookup` knows of a number; '' when it can."""
    if not isinstance(given, Mapping):
        return "what is known is a mapping"
    odd = sorted(set(given) - {FAILS, *KNOWN})
    return f"nobody knows {odd[0]!r} of a number" if odd else ""


def is_request(words: str) -> bool:
    """True for METHOD service:/path, stars or not."""
    return _REQUEST.fullmatch(words) is not None


def holds(wanted: Any, got: Any) -> bool:
    """True when `got` has everything that `wanted` names."""
    if isinstance(wanted, Mapping):
        return isinstance(got, Mapping) and all(
            name in got and holds(value, got[name]) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        alike = isinstance(got, list) and len(got) == len(wanted)
        return alike and all(map(holds, wanted, got))
    if isinstance(wanted, bool) or isinstance(got, bool) or wanted is None or got is None:
        return wanted is got
    return bool(wanted == got) or str(wanted) == str(got)
