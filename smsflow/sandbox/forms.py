"""Answers and pushes as trees of plain values, spelt as the manual's examples spell them.

Trees, because the same answer can be written as JSON or as XML.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from smsflow.sandbox.codes import GsmError, Status, status_of
from smsflow.sandbox.records import Answer, Entry, Inbound, Message, Push, Report
from smsflow.sandbox.wire import ApiError, write_date

Tree = dict[str, Any]

PRICE = 0.01  # EUR for each text; a refused one is free
_WAITING = status_of("PENDING_WAITING_DELIVERY")


def answer(told: Answer, *, bulk_always: bool = False) -> Tree:
    """The answer to a request that sends; manual section "Send SMS response"."""
    tree: Tree = {"bulkId": told.bulk_id} if told.bulk_wanted or bulk_always else {}
    tree["messages"] = [_entry(entry) for entry in told.entries]
    return tree


def results(reports: Iterable[Report], *, as_in_manual: bool = False) -> Tree:
    """Delivery reports, pulled or pushed; manual section "Getting delivery reports"."""
    return {"results": [_report(report, as_in_manual) for report in reports]}


def logs(messages: Iterable[Message]) -> Tree:
    """The history of texts; manual section "Getting SMS logs"."""
    return {"results": [_log(message) for message in messages]}


def inbox(received: Iterable[Inbound], pending: int = 0) -> Tree:
    """Texts that came in; manual section "Pull received message"."""
    rows = [_inbound(inbound) for inbound in received]
    return {"results": rows, "messageCount": len(rows), "pendingMessageCount": pending}


def push_body(push: Push, *, as_in_manual: bool = False) -> Tree | None:
    """The body of a push: the form of a pull; None for a GET, whose URL tells it all."""
    if push.method == "GET":
        return None
    if push.inbound is not None:
        return inbox([push.inbound])
    return results(push.reports, as_in_manual=as_in_manual)


def refusal(error: ApiError) -> Tree:
    """The documented shape of a request turned down."""
    exception: Tree = {"messageId": error.code, "text": error.text}
    if error.fields:
        exception["validationErrors"] = error.fields
    return {"requestError": {"serviceException": exception}}


def _entry(entry: Entry) -> Tree:
    tree: Tree = {"to": entry.to, "status": _status(entry.status)}
    if entry.parts is not None:
        tree["smsCount"] = entry.parts
    if entry.message_id is not None:
        tree["messageId"] = entry.message_id
    return tree


def _status(status: Status) -> Tree:
    tree: Tree = {
        "groupId": status.group,
        "groupName": status.group_name,
        "id": status.id,
        "name": status.name,
        "description": status.description,
    }
    if status.action is not None:
        tree["action"] = status.action
    return tree


def _error(error: GsmError) -> Tree:
    return {
        "groupId": error.group,
        "groupName": error.group_name,
        "id": error.id,
        "name": error.name,
        "description": error.description,
        "permanent": error.permanent,
    }


def _report(report: Report, as_in_manual: bool) -> Tree:
    message = report.message
    tree = _common(message, report.status, report.error)
    tree["doneAt"] = write_date(report.done_at)
    tree["mccMnc"] = message.mcc_mnc
    if as_in_manual and report.status is _WAITING:
        tree["status"] |= {"groupId": 3, "id": 1}
    if message.order.callback_data is not None:
        tree["callbackData"] = message.order.callback_data
    return tree


def _log(message: Message) -> Tree:
    tree = _common(message, message.status, message.error)
    return (
        tree
        | {"from": message.order.sender, "text": message.order.text}
        | {
            "doneAt": write_date(message.done_at),
            "mccmnc": message.mcc_mnc,
        }
    )


def _common(message: Message, status: Status, error: GsmError) -> Tree:
    """What a report and a log say alike."""
    return {
        "bulkId": message.bulk_id,
        "messageId": message.message_id,
        "to": message.to,
        "sentAt": write_date(message.sent_at),
        "smsCount": message.order.parts,
        "price": {"pricePerMessage": 0 if status.refused else PRICE, "currency": "EUR"},
        "status": _status(status),
        "error": _error(error),
    }


def _inbound(inbound: Inbound) -> Tree:
    return {
        "messageId": inbound.message_id,
        "from": inbound.sender,
        "to": inbound.receiver,
        "text": inbound.text,
        "cleanText": inbound.text,
        "keyword": "",
        "receivedAt": write_date(inbound.received_at),
        "smsCount": inbound.parts,
    }
