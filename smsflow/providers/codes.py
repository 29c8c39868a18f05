"""The provider's statuses: the manual's table "Response codes", and what each means to us.

One table, so that what a code means is decided in one place: a submit answer, a pushed report and
a line of the logs all carry the same status object. Ids, groups and names are the manual's; the
descriptions are ours. The errors that go with them are in `gsm_errors`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache

from smsflow.sms.answers import Verdict
from smsflow.sms.states import State


class Retry(StrEnum):
    """What may help a text that failed. Delivery goes by a submit's verdict and by the flow's own
    policy; this is for people who read what became of a text."""

    NOT_NEEDED = "not needed"  # it arrived, or may still
    LATER = "later"  # the same way again, after a while
    ELSEWHERE = "elsewhere"  # by another number or provider
    MENDED = "once mended"  # again when somebody has mended what is wrong with the account
    NEVER = "never"  # nothing helps this text


class Group(IntEnum):
    """The manual's "Statuses groups"."""

    ACCEPTED = 0
    PENDING = 1
    UNDELIVERABLE = 2
    DELIVERED = 3
    EXPIRED = 4
    REJECTED = 5

    @property
    def state(self) -> State:
        """What a text is when nothing but its group is known."""
        return State(self.name.lower())

    @property
    def description(self) -> str:
        """What it says of a text."""
        return _GROUPS_SAY[self]


_GROUPS_SAY = {
    Group.ACCEPTED: "the provider has it",
    Group.PENDING: "it is on its way",
    Group.UNDELIVERABLE: "it could not be delivered",
    Group.DELIVERED: "it arrived",
    Group.EXPIRED: "it did not arrive in time",
    Group.REJECTED: "it was refused",
}


# A submit answer with one of these means that the provider has the text: the first status of an
# accepted text was in ACCEPTED, later in PENDING, and a quick report can be there already.
TAKEN = frozenset({Group.ACCEPTED, Group.PENDING, Group.DELIVERED})


@dataclass(frozen=True, slots=True)
class Status:
    """One row of the manual's "Statuses"."""

    id: int
    group: Group
    name: str
    description: str
    action: str | None = None  # what the provider advises

    @property
    def key(self) -> str:
        """Its name, with the id where two share one: what `status_named` knows it by."""
        return f"{self.name} {self.id}" if self.id in _NAMESAKES else self.name

    @property
    def state(self) -> State:
        """What a text with this status is."""
        # The operator has it, the handset's own report can still follow: not final.
        return State.SENT if self.id == 2 else self.group.state

    @property
    def verdict(self) -> Verdict:
        """What this status proves when it answers a submit."""
        if self.group in TAKEN:
            return Verdict.ACCEPTED
        return _REFUSALS_THAT_PASS.get(self.id, Verdict.REJECTED)

    @property
    def retry(self) -> Retry:
        """What may help a text that ended with it."""
        return Retry.NOT_NEEDED if self.group in TAKEN else _HELPS[self.id]

    @property
    def permanent(self) -> bool:
        """True when a text that has it can never arrive."""
        return self.retry is Retry.NEVER


_REFUSALS_THAT_PASS = {
    12: Verdict.FOR_NOW,  # somebody tops up
    19: Verdict.FOR_NOW,  # a route comes back
    20: Verdict.FOR_NOW,  # the flood is over
    21: Verdict.FOR_NOW,  # the provider is mended
    23: Verdict.DUPLICATE,
}

_HELPS = {
    **dict.fromkeys((9, 15, 20, 21, 22, 29), Retry.LATER),
    **dict.fromkeys((4, 6, 16, 19, 31), Retry.ELSEWHERE),
    **dict.fromkeys((11, 12, 13, 14, 17, 18), Retry.MENDED),
    **dict.fromkeys((8, 10, 23, 24, 25, 28, 51, 52), Retry.NEVER),
}

_NAMESAKES = frozenset({52})  # 14 has the same name

_TO_ADVICE = "check the parameter `to`"

STATUSES = (
    Status(0, Group.ACCEPTED, "MESSAGE_ACCEPTED", "the provider took the text"),
    Status(1, Group.PENDING, "PENDING_TIME_VIOLATION", "waits for the allowed time of day"),
    Status(2, Group.DELIVERED, "DELIVERED_TO_OPERATOR", "the operator has it"),
    Status(3, Group.PENDING, "PENDING_WAITING_DELIVERY", "on its way, no report yet"),
    Status(4, Group.UNDELIVERABLE, "UNDELIVERABLE_REJECTED_OPERATOR", "the operator refused it"),
    Status(5, Group.DELIVERED, "DELIVERED_TO_HANDSET", "the phone has it"),
    Status(
        6,
        Group.REJECTED,
        "REJECTED_NETWORK",
        "this account may not send to that network",
        "ask the account manager",
    ),
    Status(7, Group.PENDING, "PENDING_ENROUTE", "handed on towards the operator"),
    Status(8, Group.REJECTED, "REJECTED_PREFIX_MISSING", "the number has no known prefix"),
    Status(9, Group.UNDELIVERABLE, "UNDELIVERABLE_NOT_DELIVERED", "sent and not delivered"),
    Status(10, Group.REJECTED, "REJECTED_DND", "the number is on a do-not-disturb list"),
    Status(11, Group.REJECTED, "REJECTED_SOURCE", "the sender is not allowed"),
    Status(12, Group.REJECTED, "REJECTED_NOT_ENOUGH_CREDITS", "the account is out of credit"),
    Status(
        13,
        Group.REJECTED,
        "REJECTED_SENDER",
        "the sender is blocked",
        "take the sender off the block list",
    ),
    Status(
        14,
        Group.REJECTED,
        "REJECTED_DESTINATION",
        "the number is blocked",
        "take the number off the block list",
    ),
    Status(15, Group.EXPIRED, "EXPIRED_EXPIRED", "its validity ran out"),
    Status(16, Group.REJECTED, "REJECTED_NOT_REACHABLE", "the network cannot be reached"),
    Status(
        17,
        Group.REJECTED,
        "REJECTED_PREPAID_PACKAGE_EXPIRED",
        "the prepaid package ran out",
        "top up the account",
    ),
    Status(
        18,
        Group.REJECTED,
        "REJECTED_DESTINATION_NOT_REGISTERED",
        "a trial account texts registered numbers only",
    ),
    Status(
        19,
        Group.REJECTED,
        "REJECTED_ROUTE_NOT_AVAILABLE",
        "no route to that network",
        "ask the account manager",
    ),
    Status(
        20, Group.REJECTED, "REJECTED_FLOODING_FILTER", "too many alike at once", "send fewer alike"
    ),
    Status(21, Group.REJECTED, "REJECTED_SYSTEM_ERROR", "the provider failed", "try again"),
    Status(22, Group.EXPIRED, "EXPIRED_UNKNOWN", "ended for a reason nobody told"),
    Status(23, Group.REJECTED, "REJECTED_DUPLICATE_MESSAGE_ID", "the messageId was seen before"),
    Status(24, Group.REJECTED, "REJECTED_INVALID_UDH", "the user data header is broken"),
    Status(25, Group.REJECTED, "REJECTED_MESSAGE_TOO_LONG", "more parts than allowed"),
    Status(26, Group.PENDING, "PENDING_ACCEPTED", "taken, and waits to be sent"),
    Status(27, Group.PENDING, "PENDING_APPROVAL", "taken, and waits for an approval"),
    Status(28, Group.REJECTED, "REJECTED_NOT_SENT", "a field of it is wrong, or it was taken back"),
    Status(29, Group.EXPIRED, "EXPIRED_DLR_UNKNOWN", "the operator sent no report in time"),
    Status(30, Group.DELIVERED, "DELIVERED", "a text that came in was forwarded"),
    Status(31, Group.UNDELIVERABLE, "UNDELIVERABLE_NOT_SENT", "it could not be sent"),
    Status(51, Group.REJECTED, "MISSING_TO", "the request names no number", _TO_ADVICE),
    Status(52, Group.REJECTED, "REJECTED_DESTINATION", "that is no number", _TO_ADVICE),
)


@dataclass(frozen=True, slots=True)
class Classified:
    """What a status object says, read with the trap in mind."""

    state: State
    name: str  # the manual's spelling when it is known, else the provider's, cut at 100 characters
    status: Status | None  # the row of the table; None when only a group or nothing was known
    groups: frozenset[Group]  # all groups that were named; more than one contradict each other
    conflict: bool

    @property
    def key(self) -> str:
        """The name by which `status_named` finds its row again."""
        return self.status.key if self.status and self.status.name == self.name else self.name


def classify(status: Mapping[str, object]) -> Classified:
    """Read a status by name, then groupName, id and groupId; a conflict takes the less final one.

    Live answers contradict themselves: an intermediate report in the manual carries DELIVERED's
    groupId and PENDING's name. A status nobody knows is PENDING, which a later report overrules.
    """
    return _classify(
        _word(status.get("name")),
        _word(status.get("groupName")),
        _number(status.get("id")),
        _number(status.get("groupId")),
    )


@lru_cache(maxsize=1024)
def _classify(name: str, group_name: str, id_: int | None, group_id: int | None) -> Classified:
    by_name = _named(name, id_)
    signals = (
        by_name,
        _GROUPS_BY_KEY.get(_key(group_name)),
        _BY_ID.get(id_),
        _GROUPS.get(group_id),
    )
    told = [signal for signal in signals if signal is not None]
    of_rows = {signal.group for signal in told if isinstance(signal, Status)}
    # A group adds nothing to a row that belongs to it: the row's own state is the finer one.
    readings = [signal for signal in told if isinstance(signal, Status) or signal not in of_rows]
    best = min(readings, key=_finality, default=None)
    row = best if isinstance(best, Status) else None
    return Classified(
        state=best.state if best is not None else State.PENDING,
        name=by_name.name if by_name else name or (row.name if row else group_name),
        status=row,
        groups=frozenset(s.group if isinstance(s, Status) else s for s in told),
        conflict=len({reading.state for reading in readings}) > 1,
    )


def status_named(key: str) -> Status | None:
    """The row of a name, in any spelling of its underscores, or of a `Status.key`; else None."""
    return next(iter(_BY_KEY.get(_key(key), [])), None)


def _finality(reading: Status | Group) -> int:
    """How much would be settled by this reading; `min` keeps the first of equals."""
    order = (State.ACCEPTED, State.PENDING, State.SENT)
    return order.index(reading.state) if reading.state in order else len(order)


def _named(name: str, id_: int | None) -> Status | None:
    """The row of that name; the id chooses where two rows share one (14 and 52)."""
    rows = _BY_KEY.get(_key(name), [])
    return next((row for row in rows if row.id == id_), rows[0] if rows else None)


def _key(name: str) -> str:
    """A name without what differs between its spellings: DELIVERED TO HANDSET, CREDIT S."""
    return re.sub(r"[\W_]+", "", name).upper()


def _word(value: object) -> str:
    return value.strip()[:100] if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# None is looked up for an id that is missing, and found in neither.
_BY_ID: dict[int | None, Status] = {row.id: row for row in STATUSES}
_GROUPS: dict[int | None, Group] = {int(group): group for group in Group}
_BY_KEY: dict[str, list[Status]] = {}
for _row in STATUSES:
    _BY_KEY.setdefault(_key(_row.name), []).append(_row)
    if _row.key != _row.name:
        _BY_KEY[_key(_row.key)] = [_row]
_GROUPS_BY_KEY = {group.name: group for group in Group}
