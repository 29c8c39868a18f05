"""Answers and pushes as trees of plain values, spelt as the manual's examples spell them.

Trees, because the same answer can be written as JSON or as XML.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from smsflow.sandbox.account import CURRENCY, PRICE
from smsflow.sandbox.bulks import Bulk
from smsflow.sandbox.codes import GsmError, Status, status_of
from smsflow.sandbox.directory import Lookup, Operator, operator_of
from smsflow.sandbox.links import Click
from smsflow.sandbox.records import Answer, Entry, Inbound, Message, Push, Report
from smsflow.sandbox.wire import ApiError, write_date

Tree = dict[str, Any]

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


def inbox_logs(received: Iterable[Inbound]) -> Tree:
    """The history of texts that came in."""
    return {"results": [_inbound(inbound) for inbound in received]}


def lookups(found: Iterable[Lookup]) -> Tree:
    """What number lookups found; manual section "Number lookup"."""
    return {"results": [_lookup(each) for each in found]}


def waiting(message_id: str, found: Lookup, status: Status) -> Tree:
    """The first answer to a lookup whose result is pushed."""
    return {"to": found.to, "status": _status(status), "messageId": message_id}


def bulk(told: Bulk) -> Tree:
    """When a request goes out."""
    return {"bulkId": told.bulk_id, "sendAt": write_date(told.send_at)}


def bulk_status(told: Bulk) -> Tree:
    """What becomes of a request as a whole."""
    return {"bulkId": told.bulk_id, "status": told.status.value}


def balance(amount: float) -> Tree:
    """What the account has left."""
    return {"balance": amount, "currency": CURRENCY}


def push_body(push: Push, *, as_in_manual: bool = False) -> tuple[str, Tree] | None:
    """The root and the body of a push: the form of a pull; None for a GET, whose URL tells all."""
    if push.method == "GET":
        return None
    if push.inbound is not None:
        return "reportResponse", inbox([push.inbound])
    if push.clicked is not None:
        return "clickResponse", {"results": [click(*push.clicked)]}
    if push.lookups:
        rows = [{"messageId": name} | _lookup(found) for name, found in push.lookups]
        return "ncResponse", {"results": rows}
    return "reportResponse", results(push.reports, as_in_manual=as_in_manual)


def click(told: Click, message: Message) -> Tree:
    """One click on a short link; manual section "URL shortening & tracking solution"."""
    operator = operator_of(message.to)
    tree: Tree = {
        "messageId": message.message_id,
        "bulkId": message.bulk_id,
        "to": message.to,
        "networkPrefix": operator.network_prefix,
        "countryPrefix": operator.country_prefix,
        "url": told.link.url,
        "shortUrl": told.link.short,
        "clickedAt": write_date(told.at),
        "userAgent": told.user_agent,
    }
    if told.system is not None:
        tree["osType"] = told.system
    return tree | tracking(message)


def tracking(message: Message) -> Tree:
    """What is measured of a text, and whether it had its effect; empty when nothing is."""
    told = message.order.tracking
    if told is None:
        return {}
    tree: Tree = {"track": told.track, "processKey": told.process_key}
    if told.type is not None:
        tree["type"] = told.type
    if message.converted_at is not None:
        tree["convertedAt"] = write_date(message.converted_at)
    return tree


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


@cache  # one tree for each code, which nobody changes
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


@cache
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
    tree = {
        "bulkId": message.bulk_id,
        "messageId": message.message_id,
        "to": message.to,
        "sentAt": write_date(message.sent_at),
        "doneAt": write_date(report.done_at),
        "smsCount": message.order.parts,
        "mccMnc": message.mcc_mnc,
        "price": _price(report.status),
        "callbackData": message.order.callback_data,
        "status": _status(report.status),
        "error": _error(report.error),
    }
    if message.order.callback_data is None:
        del tree["callbackData"]
    if as_in_manual and report.status is _WAITING:
        tree["status"] = _status(report.status) | {"groupId": 3, "id": 1}
    return tree


def _log(message: Message) -> Tree:
    return {
        "bulkId": message.bulk_id,
        "messageId": message.message_id,
        "to": message.to,
        "from": message.order.sender,
        "text": message.order.text,
        "sentAt": write_date(message.sent_at),
        "doneAt": write_date(message.done_at),
        "smsCount": message.order.parts,
        "mccmnc": message.mcc_mnc,
        "price": _price(message.status),
        "status": _status(message.status),
        "error": _error(message.error),
    }


def _price(status: Status) -> Tree:
    return {"pricePerMessage": 0 if status.refused else PRICE, "currency": CURRENCY}


def _inbound(inbound: Inbound) -> Tree:
    return {
        "messageId": inbound.message_id,
        "from": inbound.sender,
        "to": inbound.receiver,
        "text": inbound.text,
        "cleanText": inbound.clean_text,
        "keyword": inbound.keyword,
        "receivedAt": write_date(inbound.received_at),
        "smsCount": inbound.parts,
    }


def _lookup(found: Lookup) -> Tree:
    tree: Tree = {"to": found.to}
    if found.operator is not None:
        profile = found.profile
        tree |= {
            "mccMnc": found.mcc_mnc,
            "imsi": found.imsi,
            "originalNetwork": _operator(found.operator),
            "ported": profile.ported is not None,
            "roaming": profile.roaming is not None,
        }
        if profile.ported is not None:
            tree["portedNetwork"] = _operator(profile.ported)
        if profile.roaming is not None:
            tree["roamingNetwork"] = _operator(profile.roaming)
        if profile.serving_msc is not None:
            tree["servingMSC"] = profile.serving_msc
    return tree | {"status": _status(found.status), "error": _error(found.error)}


def _operator(operator: Operator) -> Tree:
    tree: Tree = {}
    if operator.network is not None:
        tree["networkName"] = operator.network
    tree["networkPrefix"] = operator.network_prefix
    if operator.country is not None:
        tree["countryName"] = operator.country
    tree["countryPrefix"] = operator.country_prefix
    return tree
