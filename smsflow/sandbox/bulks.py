"""Scheduled requests: when they go out, moved, held and called off as a whole.

A later addition to the API that clients call: `/sms/1/bulks` and `/sms/1/bulks/status`. Only a
request with one message in it can be changed, and only what has not gone out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from smsflow.sandbox.codes import error_of, status_of
from smsflow.sandbox.records import Hold, Message

_NOT_SENT = status_of("UNDELIVERABLE_NOT_SENT")
_CANCELED = error_of("EC_MESSAGE_CANCELED")


class BulkStatus(StrEnum):
    """What becomes of a request as a whole."""

    PENDING = "PENDING"
    PAUSED = "PAUSED"
    PROCESSING = "PROCESSING"
    CANCELED = "CANCELED"
    FINISHED = "FINISHED"


SETTABLE = (BulkStatus.PENDING, BulkStatus.PAUSED, BulkStatus.CANCELED)


@dataclass(frozen=True, slots=True)
class Bulk:
    """What is known of a request."""

    bulk_id: str
    send_at: datetime
    status: BulkStatus


def state(messages: Sequence[Message], now: datetime) -> Bulk:
    """The state of a request with these texts, one at least."""
    send_at = min(message.sent_at for message in messages)
    return Bulk(messages[0].bulk_id, send_at, _status(messages, now))


def _status(messages: Sequence[Message], now: datetime) -> BulkStatus:
    holds = {message.hold for message in messages}
    if Hold.CANCELED in holds:
        return BulkStatus.CANCELED
    if Hold.PAUSED in holds:
        return BulkStatus.PAUSED
    waiting = [message.sent_at > now for message in messages]
    if all(waiting):
        return BulkStatus.PENDING
    return BulkStatus.PROCESSING if any(waiting) else BulkStatus.FINISHED


def reschedule(
    messages: Sequence[Message], send_at: datetime, now: datetime, replan: Callable[[Message], None]
) -> None:
    """Have the texts that wait go out from `send_at` on; ValueError when none can."""
    waiting = _changeable(messages, now)
    shift = send_at - min(message.sent_at for message in waiting)
    for message in waiting:
        message.sent_at = message.done_at = message.sent_at + shift
        replan(message)


def put(
    messages: Sequence[Message],
    status: BulkStatus,
    now: datetime,
    replan: Callable[[Message], None],
) -> list[Message]:
    """Hold, free or call off the texts that wait; those called off. ValueError when none can."""
    waiting = _changeable(messages, now)
    for message in waiting:
        match status:
            case BulkStatus.PAUSED:
                message.hold = Hold.PAUSED
            case BulkStatus.CANCELED:
                message.hold = Hold.CANCELED
                message.status, message.error, message.done_at = _NOT_SENT, _CANCELED, now
            case _:
                message.hold = None
                message.sent_at = message.done_at = max(message.sent_at, now)
        replan(message)
    return waiting if status is BulkStatus.CANCELED else []


def _changeable(messages: Sequence[Message], now: datetime) -> list[Message]:
    if len({message.order.place for message in messages}) > 1:
        raise ValueError("a request with several messages can't be changed")
    waiting = [
        message
        for message in messages
        if not message.status.refused
        and message.hold is not Hold.CANCELED
        and (message.hold is Hold.PAUSED or message.sent_at > now)
    ]
    if not waiting:
        raise ValueError("nothing of it is still to be sent")
    return waiting
