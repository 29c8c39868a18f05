"""What will become of a text on its way to one handset: a script that a test writes.

The real network is slow, late and contradictory, and a client has to live with all of it. A fate
is a list of steps in time, so any story that the manual's tables can tell can be played.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from smsflow.sandbox.codes import NO_ERROR, GsmError, Status, error_of, status_of

PROMPT = 0.05  # seconds that a text takes when nobody says otherwise


@dataclass(frozen=True, slots=True)
class Step:
    """`after` this long since the text went out, it has this status and this error."""

    after: timedelta
    status: Status
    error: GsmError = NO_ERROR


@dataclass(frozen=True, slots=True)
class Fate:
    """One text's story: the status that the request is answered with, then the steps.

    A text whose steps leave it pending expires at the end of its validity period. Without steps
    nothing is ever heard of it again. `error` is what the logs have beside a refusal.
    """

    steps: tuple[Step, ...] = ()
    submit: Status | None = None  # None is the network's usual first status
    error: GsmError = NO_ERROR


def coming(
    steps: tuple[Step, ...], validity: timedelta, *, still_open: bool
) -> tuple[Step | None, tuple[Step, ...]]:
    """The next step and the rest: the script's, or expiry where a text is still open by then."""
    if still_open and (not steps or steps[0].after >= validity):
        return Step(validity, status_of("EXPIRED_EXPIRED"), error_of("EC_VALIDITYEXPIRED")), ()
    return (steps[0], steps[1:]) if steps else (None, ())


def script(
    steps: Iterable[tuple[float, str | int, str | int]], submit: str | int | None = None
) -> Fate:
    """A fate from (seconds since it went out, status, error), each code by name or by id."""
    ordered = sorted(
        (
            Step(timedelta(seconds=after), status_of(status), error_of(error))
            for after, status, error in steps
        ),
        key=lambda step: step.after,
    )
    return Fate(tuple(ordered), None if submit is None else status_of(submit))


def delivered(delay: float = PROMPT) -> Fate:
    """The handset gets the text after `delay` seconds."""
    return script([(delay, "DELIVERED_TO_HANDSET", "NO_ERROR")])


def undeliverable(delay: float = PROMPT) -> Fate:
    """The number belongs to nobody: a permanent error."""
    return script([(delay, "UNDELIVERABLE_NOT_DELIVERED", "EC_UNKNOWN_SUBSCRIBER")])


def absent(seconds: float | None = None, delay: float = PROMPT) -> Fate:
    """The handset is off: for `seconds` since the text went out, or until the text expires."""
    steps = [(delay, "PENDING_WAITING_DELIVERY", "EC_ABSENT_SUBSCRIBER")]
    if seconds is not None:
        steps.append((seconds, "DELIVERED_TO_HANDSET", "NO_ERROR"))
    return script(steps)


def rejected(delay: float = PROMPT) -> Fate:
    """The operator turns the text down after it was accepted."""
    return script([(delay, "UNDELIVERABLE_REJECTED_OPERATOR", "EC_CALL_BARRED")])


def expired(delay: float = PROMPT) -> Fate:
    """The text is given up as expired, whatever its validity period."""
    return script([(delay, "EXPIRED_EXPIRED", "EC_VALIDITYEXPIRED")])


def silent() -> Fate:
    """No report is ever heard."""
    return Fate()


def operator(seconds: float | None = None, delay: float = PROMPT) -> Fate:
    """The operator reports it got the text; the handset's own report follows after `seconds`."""
    steps = [(delay, "DELIVERED_TO_OPERATOR", "NO_ERROR")]
    if seconds is not None:
        steps.append((seconds, "DELIVERED_TO_HANDSET", "NO_ERROR"))
    return script(steps)


def refused(status: str | int) -> Fate:
    """The request itself is answered with this status, and no report follows."""
    return script([], submit=status)


_CODED = re.compile("999([12])([0-9]{3})([0-9]{4})")


@lru_cache(maxsize=10_000)
def fate_of_number(number: str) -> Fate | None:
    """The fate that a number of the country code 999, which nobody has, tells by itself.

    9991 SSS EEEE is accepted and then reported with the status SSS and the GSM error EEEE; the
    request for 9992 SSS 0000 is answered with the status SSS. None for every other number, and for
    a code that is not in the manual's tables.
    """
    found = _CODED.fullmatch(number)
    if found is None:
        return None
    kind, status, error = found[1], int(found[2]), int(found[3])
    try:
        return refused(status) if kind == "2" else script([(PROMPT, status, error)])
    except ValueError:
        return None


_NAMED = {
    "delivered": delivered,
    "undeliverable": undeliverable,
    "rejected": rejected,
    "expired": expired,
}


def parse(told: object) -> Fate:
    """A fate as the control API tells it; ValueError says what is wrong.

    A name, or {name, delay, seconds, status}, or {steps, submit} with steps of [seconds, status,
    error].
    """
    if isinstance(told, str):
        told = {"name": told}
    if not isinstance(told, dict):
        raise ValueError("a fate is a name or an object")
    if "steps" in told:
        return script(
            [_step(step) for step in _list(told["steps"], "steps")], _code(told.get("submit"))
        )
    name = told.get("name")
    if not isinstance(name, str):
        raise ValueError("a fate has a name or steps")
    delay = _seconds(told.get("delay", PROMPT))
    if name in _NAMED:
        return _NAMED[name](delay)
    later = told.get("seconds")
    if name == "absent":
        return absent(None if later is None else _seconds(later), delay)
    if name == "operator":
        return operator(None if later is None else _seconds(later), delay)
    if name == "silent":
        return silent()
    if name == "refused":
        status = _code(told.get("status"))
        return refused("REJECTED_DESTINATION" if status is None else status)
    raise ValueError(f"no fate is called {name!r}")


def parse_all(told: object) -> list[Fate]:
    """Fates for the queue of one number; null is none."""
    return [parse(each) for each in _list(told, "fates")] if told is not None else []


def _list(told: object, what: str) -> list[object]:
    if not isinstance(told, list):
        raise ValueError(f"{what} must be a list")
    return told


def _step(told: object) -> tuple[float, str | int, str | int]:
    """One [seconds, status] or [seconds, status, error] of a scripted fate."""
    match told:
        case [after, str() | int() as status]:
            return _seconds(after), status, "NO_ERROR"
        case [after, str() | int() as status, str() | int() as error]:
            return _seconds(after), status, error
    raise ValueError("a step is [seconds, status, error]")


def _code(told: object) -> str | int | None:
    """A status by name or by id, or None."""
    if told is not None and (isinstance(told, bool) or not isinstance(told, str | int)):
        raise ValueError(f"{told!r} is neither the name nor the id of a status")
    return told


def _seconds(told: object) -> float:
    """Seconds from 0 to 180 days."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told <= 15_552_000:
        raise ValueError(f"{told!r} is no number of seconds")
    return float(told)
