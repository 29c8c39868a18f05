"""What goes wrong at the provider on purpose, so that a client can be seen to survive it.

`fail` answers before anything was accepted, `failAfter`, `lose` and `stall` after: to the client
they look alike, and telling them apart by retrying with the same messageId is its task.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

_COUNTED = ("fail", "failAfter", "lose", "stall", "reportFirst")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of fault that strikes the next `times` requests."""

    times: int = 1
    status: int = 500
    retry_after: int | None = None  # seconds, for a Retry-After header
    seconds: float = 0.0  # how long an answer is held back


class Faults:
    """The faults now set; counted ones use themselves up.

    `double`: every report is told twice. `reorder`: every second report is pushed that many
    seconds late. `manual_intermediates`: intermediate reports carry the mixed-up codes of the
    manual's example (groupId 3 beside PENDING, id 1 beside the name of id 3).
    """

    def __init__(
        self,
        counted: dict[str, Trouble] | None = None,
        *,
        double: bool = False,
        reorder: float = 0.0,
        manual_intermediates: bool = False,
    ) -> None:
        self._lock = threading.Lock()
        self._left = {kind: [trouble] * trouble.times for kind, trouble in (counted or {}).items()}
        self.double = double
        self.reorder = reorder
        self.manual_intermediates = manual_intermediates

    def take(self, kind: str) -> Trouble | None:
        """The fault of this kind that strikes now, if one is left."""
        with self._lock:
            left = self._left.get(kind)
            return left.pop() if left else None


def parse(told: object) -> Faults:
    """Faults as the control API tells them; ValueError says what is wrong."""
    if not isinstance(told, dict):
        raise ValueError("faults are an object")
    unknown = set(told) - {*_COUNTED, "double", "reorder", "manualIntermediates"}
    if unknown:
        raise ValueError(f"no fault is called {', '.join(sorted(unknown))}")
    return Faults(
        {kind: _trouble(told[kind]) for kind in _COUNTED if kind in told},
        double=_flag(told, "double"),
        reorder=_number(told.get("reorder", 0)),
        manual_intermediates=_flag(told, "manualIntermediates"),
    )


def _trouble(told: object) -> Trouble:
    """{times, status, retryAfter, seconds}, or just the number of times."""
    if not isinstance(told, dict):
        told = {"times": told}
    status = int(_number(told.get("status", 500)))
    if not 400 <= status <= 599:
        raise ValueError(f"{status} is no status of an error")
    after = told.get("retryAfter")
    return Trouble(
        times=int(_number(told.get("times", 1))),
        status=status,
        retry_after=None if after is None else int(_number(after)),
        seconds=_number(told.get("seconds", 0)),
    )


def _flag(told: dict[str, object], name: str) -> bool:
    value = told.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false")
    return value


def _number(told: object) -> float:
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told <= 1_000_000:
        raise ValueError(f"{told!r} is no number from 0 to 1,000,000")
    return told
