"""People who hold conversations: the rows of what they say, and what such a row means.

The API and the command line put the rows in; the conversation works them off. Whoever put one in
can wait for its result by `request`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from smsflow.engine.events import AgentClosed, AgentSaid
from smsflow.sms.encoding import segments
from smsflow.store.rows import Handoff, Kind, NewRow

MAX_SEGMENTS = 10  # of a text that a person writes


def text_problem(text: str) -> str:
    """Why a person can't send this text; '' when they can."""
    if not text.strip():
        return "the text is empty"
    count = segments(text)
    if count > MAX_SEGMENTS:
        return f"the text needs {count} segments; at most {MAX_SEGMENTS} are sent"
    return ""


def text_row(
    handoff: Handoff, text: str, *, by: str, now: datetime, key: str | None = None
) -> NewRow:
    """A text of the person; one with the same `key` is sent once."""
    return _row(handoff, {"text": text, "by": by}, now, key)


def closing_row(handoff: Handoff, *, by: str, now: datetime, key: str | None = None) -> NewRow:
    """The person is done."""
    return _row(handoff, {"by": by}, now, key)


def _row(handoff: Handoff, said: dict[str, Any], now: datetime, key: str | None) -> NewRow:
    request, dedupe = secrets.token_hex(16), None
    if key is not None:
        what = "text" if "text" in said else "close"
        known = hashlib.sha256(f"{handoff.id}\0{what}\0{key}".encode())
        request = known.hexdigest()[:32]
        dedupe = f"agent:{request}"
    payload = {"handoff": handoff.id, "request": request, **said}
    return NewRow(Kind.AGENT, handoff.contact, payload, now, dedupe)


def event_of(payload: Mapping[str, Any]) -> AgentSaid | AgentClosed:
    """What such a row means."""
    handoff, by, request = payload["handoff"], payload["by"], payload["request"]
    if "text" in payload:
        return AgentSaid(handoff, payload["text"], by, request)
    return AgentClosed(handoff, by, request)
