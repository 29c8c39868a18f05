"""A short link in a text of ours was followed: the event that flows hear of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

EVENT = "link.clicked"


def data_of(
    phone: str,
    contact: str,
    root: str,
    *,
    flow: str | None,
    step: str | None,
    url: str,
    at: datetime,
) -> dict[str, Any]:
    """What the event tells.

    `phone` got the text and `contact` is whose session sent it: one and the same but for a `send`
    with `to`. `message` is the id that `save` of a `send` keeps.
    """
    return {
        "phone": phone,
        "contact": contact,
        "message": root,
        "flow": flow,
        "step": step,
        "url": url,
        "at": at,
    }
