"""Reading the data that a session starts with, as the flow's `inputs` declare it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from smsflow.engine.model import Input
from smsflow.engine.templating.values import MAX_NUMBER


def read_inputs(
    declared: Sequence[Input], given: Mapping[str, Any], *, zone: str
) -> tuple[dict[str, Any], list[str]]:
    """The values by name, and a sentence for each mistake; a naive time is one of `zone`."""
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    _read_fields(declared, given, zone, "", values, mistakes)
    return values, mistakes


def _read_fields(
    declared: Sequence[Input],
    given: Mapping[str, Any],
    zone: str,
    path: str,
    values: dict[str, Any],
    mistakes: list[str],
) -> None:
    known = {each.name for each in declared}
    mistakes.extend(f"unknown input '{path}{name}'" for name in given if name not in known)
    for each in declared:
        name = path + each.name
        raw = given.get(each.name)
        if raw is None:
            if each.required:
                mistakes.append(f"input '{name}' is missing")
            else:
                values[each.name] = each.default
        elif each.type == "object":
            if not isinstance(raw, Mapping):
                mistakes.append(f"input '{name}' must be an object")
                continue
            inner: dict[str, Any] = {}
            values[each.name] = inner
            _read_fields(each.fields, raw, zone, name + ".", inner, mistakes)
        else:
            try:
                values[each.name] = read_value(each.type, raw, zone=zone)
            except ValueError as error:
                mistakes.append(f"input '{name}' {error}")
                continue
            if each.values and values[each.name] not in each.values:
                allowed = ", ".join(str(value) for value in each.values)
                mistakes.append(f"input '{name}' must be one of: {allowed}")


def read_value(type_name: str, raw: Any, *, zone: str) -> Any:
    """`raw` as a value of that type; ValueError says what it must be."""
    match type_name:
        case "text":
            return _text(raw)
        case "integer":
            return _integer(raw)
        case "decimal":
            return _decimal(raw)
        case "boolean":
            if isinstance(raw, bool):
                return raw
            raise ValueError("must be true or false")
        case "date":
            return _date(raw)
        case "datetime":
            return _datetime(raw, zone)
        case _:
            if isinstance(raw, Mapping):
                return raw
            raise ValueError("must be an object")


def _text(raw: Any) -> str:
    if isinstance(raw, str) or (isinstance(raw, int | float | Decimal) and _bounded(raw)):
        return str(raw)
    if isinstance(raw, date | time):
        return raw.isoformat()
    raise ValueError("must be a text")


def _integer(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise ValueError("must be a whole number")
    try:
        number = int(raw)
    except ValueError:
        raise ValueError("must be a whole number") from None
    if not _bounded(number):
        raise ValueError(f"must be a whole number of at most {MAX_NUMBER}")
    return number


def _decimal(raw: Any) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        raise ValueError("must be a number")
    try:
        number = Decimal(str(raw))
    except InvalidOperation:
        raise ValueError("must be a number") from None
    if not (number.is_finite() and _bounded(number)):
        raise ValueError(f"must be a number of at most {MAX_NUMBER}")
    return number


def _bounded(number: int | float | Decimal) -> bool:
    """True for a number that templates can work with; not for true, infinity and the like."""
    return not isinstance(number, bool) and -MAX_NUMBER <= number <= MAX_NUMBER


def _date(raw: Any) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    try:
        return date.fromisoformat(raw)
    except (TypeError, ValueError):
        raise ValueError("must be a date such as 2025-03-30") from None


def _datetime(raw: Any, zone: str) -> datetime:
    """ISO 8601, or a local time with an IANA zone behind it: 2025-03-30 10:30 Europe/London."""
    problem = "must be a time such as 2025-03-30T10:30+00:00 or 2025-03-30 10:30 Europe/London"
    if isinstance(raw, datetime):
        moment = raw
    elif isinstance(raw, str):
        text, _, named = raw.strip().partition(" ")
        clock, _, zone_name = named.partition(" ")
        try:
            moment = datetime.fromisoformat(f"{text} {clock}" if clock else text)
            zone = zone_name.strip() or zone
            local = ZoneInfo(zone)
        except (ValueError, ZoneInfoNotFoundError, OSError):
            raise ValueError(problem) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=local)
    elif isinstance(raw, date):
        moment = datetime.combine(raw, time())
    else:
        raise ValueError(problem)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))
