"""Reading and writing the provider's form of values: JSON, dates, numbers.

One place, because each has a trap: JSON of Python takes NaN and lone surrogates, dates of the
manual come in three spellings, numbers with and without a plus.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import NoReturn

from smsflow.errors import SmsflowError

_DATE = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,6})?(Z|[+-]\d{2}:?\d{2})", re.ASCII
)


class ApiError(SmsflowError):
    """A request that the API turns down as a whole, in the documented shape.

    `code` is the messageId of requestError.serviceException; `fields` its validationErrors.
    """

    def __init__(
        self,
        status: int,
        code: str,
        text: str,
        fields: dict[str, list[str]] | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.text = text
        self.fields = fields
        self.retry_after = retry_after
        super().__init__(f"{status} {code}: {text}")


class WrongField(ApiError):
    """One wrong field: 400 where it turns a request down.

    `missing` and `mistyped` tell apart what a message with this field is refused for.
    """

    def __init__(
        self, field: str, complaint: str, *, missing: bool = False, mistyped: bool = False
    ) -> None:
        super().__init__(400, "BAD_REQUEST", "Bad request", {field: [complaint]})
        self.missing = missing
        self.mistyped = mistyped


def bad_request(field: str, complaint: str) -> ApiError:
    """The 400 for one wrong field."""
    return WrongField(field, complaint)


def read_json(body: bytes) -> object:
    """The value of a JSON text; anything that is not strict JSON of real characters is a 400."""
    try:
        value: object = json.loads(body, parse_constant=_no_constant)
        if b"\\ud" in body.lower():  # only an escape can smuggle in half of a surrogate pair
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ApiError(400, "BAD_REQUEST", "Invalid JSON") from None
    return value


def write_json(value: object) -> bytes:
    """The value as UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_date(told: str) -> datetime:
    """The instant of a date with Z, +01:00 or +0100; ValueError for anything else."""
    found = _DATE.fullmatch(told)
    if found is None:
        raise ValueError(f"{told!r} is no date of the form 2015-02-12T09:58:20.323+0100")
    seconds, fraction, zone = found.groups()
    try:
        return datetime.fromisoformat(f"{seconds}{fraction or ''}{zone}").astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{told!r} is outside of the calendar") from None


def write_date(instant: datetime) -> str:
    """The instant in UTC as the manual writes it, such as 2015-02-12T09:58:20.323+0000."""
    at = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "+0000"


def bare(number: str) -> str:
    """The number as the API writes it: without the leading plus."""
    return number.removeprefix("+")
