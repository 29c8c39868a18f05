"""Endpoints that the manual doesn't have and that clients of later versions of its API call.

Their forms are those of public clients and of later documents of the same API.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from smsflow.sandbox import forms, options, validation
from smsflow.sandbox.api import MOST_ROWS, Counter
from smsflow.sandbox.bulks import SETTABLE, Bulk, BulkStatus
from smsflow.sandbox.codes import status_of
from smsflow.sandbox.exchange import (
    asked,
    asked_date,
    asked_limit,
    read_body,
    respond,
    respond_error,
)
from smsflow.sandbox.fields import Fields
from smsflow.sandbox.preview import preview
from smsflow.sandbox.records import Route
from smsflow.sandbox.switchboard import InboxQuery
from smsflow.sandbox.wire import ApiError, bad_request, bare

_WAITING = status_of("PENDING_WAITING_DELIVERY")


def additions(counter: Counter) -> Blueprint:
    """The endpoints of later versions, on the same network."""
    api = Blueprint("additions", __name__)
    network, clock = counter.network, counter.clock
    api.before_request(counter.fail)

    @api.post("/sms/2/text/advanced")
    def advanced() -> Response:
        submission = validation.advanced(read_body(), clock.now())
        return counter.send(submission, bulk_always=True)

    @api.route("/sms/1/text/query", methods=["GET", "POST"])
    def query() -> Response:
        told = request.values.to_dict()
        told["to"] = ",".join(request.values.getlist("to"))
        return counter.send(validation.query(told, clock.now()))

    @api.get("/sms/1/inbox/logs")
    def inbox_logs() -> Response:
        found = network.inbox_logs(_inbox_query(), clock.now())
        return respond(forms.inbox_logs(found), "moLogsResponse")

    @api.post("/sms/1/preview")
    def previewed() -> Response:
        return respond(preview(read_body()), "previewResponse")

    @api.get("/account/1/balance")
    def balance() -> Response:
        return respond(forms.balance(network.balance()), "accountBalance")

    @api.post("/ct/1/log/end/<message_id>")
    def converted(message_id: str) -> Response:
        try:
            message = network.convert(message_id, clock.now())
        except LookupError:
            raise ApiError(404, "NOT_FOUND", "Message is not tracked") from None
        return respond({"processKey": forms.tracking(message)["processKey"]}, "endTagResponse")

    @api.post("/number/1/notify")
    def lookup_later() -> Response:
        body = read_body()
        fields = Fields(body)
        url = options.url(fields, "notifyUrl")
        if url is None:
            raise fields.missing("notifyUrl")
        route = Route(url, "POST", options.content_type(fields))
        found = network.look_up_later(validation.lookup(body), route, clock.now())
        rows = [forms.waiting(name, each, _WAITING) for name, each in found]
        return respond({"results": rows}, "ncResponseAsync")

    return api


def bulk_api(counter: Counter) -> Blueprint:
    """Scheduled requests as a whole."""
    api = Blueprint("bulks", __name__, url_prefix="/sms/1/bulks")
    network, clock = counter.network, counter.clock
    api.before_request(counter.fail)

    @api.errorhandler(LookupError)
    def unknown(_: LookupError) -> Response:
        return respond_error(ApiError(404, "NOT_FOUND", "No bulk with this bulkId"))

    @api.errorhandler(ValueError)
    def too_late(error: ValueError) -> Response:
        return respond_error(ApiError(400, "BAD_REQUEST", str(error)))

    @api.get("")
    def schedule() -> Response:
        return _schedule(network.bulk(_asked_bulk(), clock.now()))

    @api.put("")
    def reschedule() -> Response:
        bulk_id, fields, now = _asked_bulk(), Fields(read_body()), clock.now()
        moment = options.send_at(fields, now)
        if moment is None:
            raise fields.missing("sendAt")
        return _schedule(network.reschedule(bulk_id, max(moment, now), now))

    @api.get("/status")
    def status() -> Response:
        return _status(network.bulk(_asked_bulk(), clock.now()))

    @api.put("/status")
    def put_status() -> Response:
        bulk_id, fields = _asked_bulk(), Fields(read_body())
        told = fields.one_of("status", tuple(SETTABLE))
        if told is None:
            raise fields.missing("status")
        return _status(network.put_bulk(bulk_id, BulkStatus(told), clock.now()))

    return api


def _schedule(bulk: Bulk) -> Response:
    return respond(forms.bulk(bulk), "bulkResponse")


def _status(bulk: Bulk) -> Response:
    return respond(forms.bulk_status(bulk), "bulkStatusResponse")


def _asked_bulk() -> str:
    bulk_id = asked("bulkId")
    if bulk_id is None:
        raise bad_request("bulkId", "may not be null")
    return bulk_id


def _inbox_query() -> InboxQuery:
    to, keyword = asked("to"), asked("keyword")
    return InboxQuery(
        to=bare(to) if to else None,
        keyword=keyword.casefold() if keyword else None,
        since=asked_date("receivedSince"),
        until=asked_date("receivedUntil"),
        limit=asked_limit(MOST_ROWS),
    )
