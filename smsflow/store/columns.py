"""Column types: instants, texts and JSON that both databases keep, order and compare alike.

They exist so that no statement elsewhere converts a value by hand, and so that no text that a
person or a provider sends can make a write fail.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# PostgreSQL has no NUL in a text, and neither database takes half of a surrogate pair. In dumped
# JSON a NUL stands as an escape.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_UNSTORABLE_JSON = re.compile("\\\\u0000|[\ud800-\udfff]")


def clean(text: str) -> str:
    """`text` with U+FFFD for each NUL and each lone surrogate, which the databases can't keep."""
    return _UNSTORABLE.sub("\ufffd", text)


def micros(instant: datetime) -> int:
    """An aware instant as whole microseconds since 1970; TypeError when it is naive."""
    return (instant - _EPOCH) // _MICROSECOND


def dump(value: Any) -> str:
    """Plain JSON as a text that both databases keep."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if _UNSTORABLE_JSON.search(text):
        text = json.dumps(_clean_all(value), ensure_ascii=False, separators=(",", ":"))
    return text


def _clean_all(value: Any) -> Any:
    """A copy of plain JSON with every text and key cleaned."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(str(key)): _clean_all(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean_all(item) for item in value]
        case _:
            return value


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC, kept as whole microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> int | None:
        """Microseconds; TypeError for a naive datetime."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, _: Dialect) -> datetime | None:
        """The datetime, in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Clean(TypeDecorator[str]):
    """A text; what the databases can't keep is written as U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _: Dialect) -> str | None:
        """The cleaned text."""
        return None if value is None else clean(value)


class Json(TypeDecorator[Any]):
    """Plain JSON in a text column: SQL never looks into it, so it need not be parsed there."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _: Dialect) -> str | None:
        """JSON text; None stays NULL."""
        return None if value is None else dump(value)

    def process_result_value(self, value: str | None, _: Dialect) -> Any:
        """The parsed JSON."""
        return None if value is None else json.loads(value)
