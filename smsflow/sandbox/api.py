"""The provider's endpoints over HTTP; manual sections "Send SMS" to "Pull received message"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, request

from smsflow.sandbox import forms, validation
from smsflow.sandbox.codes import STATUS_GROUPS
from smsflow.sandbox.exchange import asked, asked_limit, asked_list, read_body, respond, trouble
from smsflow.sandbox.logs import LogQuery
from smsflow.sandbox.network import Network
from smsflow.sandbox.pusher import Clock
from smsflow.sandbox.records import Push, Submission
from smsflow.sandbox.wire import bad_request, bare, read_date

LOST = "smsflow.sandbox.lost"  # set in the WSGI environment: the answer must not reach the client
MOST_ROWS = 1000


def provider_api(
    network: Network,
    clock: Clock,
    perform: Callable[[Push], None],
    wait: Callable[[float], object],
) -> Blueprint:
    """The endpoints that a client of the real API calls.

    `perform` makes one push, `wait` holds an answer back for so many seconds.
    """
    api = Blueprint("provider", __name__)

    def send(submission: Submission, *, bulk_always: bool = False) -> Response:
        """Submit; then suffer the faults that strike after a request was accepted."""
        answer = network.submit(submission, clock.now())
        for push in answer.first:
            perform(push)
        faults = network.faults
        if stalled := faults.take("stall"):
            wait(stalled.seconds)
        if faults.take("lose"):
            request.environ[LOST] = True
        if failed := faults.take("failAfter"):
            raise trouble(failed.status, failed.retry_after)
        return respond(forms.answer(answer, bulk_always=bulk_always))

    @api.before_request
    def fail() -> None:
        if failed := network.faults.take("fail"):
            raise trouble(failed.status, failed.retry_after)

    @api.post("/sms/1/text/single")
    def single() -> Response:
        return send(validation.single(read_body()))

    @api.post("/sms/1/text/multi")
    def multi() -> Response:
        return send(validation.multi(read_body()))

    @api.post("/sms/1/text/advanced")
    def advanced() -> Response:
        return send(validation.advanced(read_body(), clock.now()))

    @api.post("/sms/2/text/advanced")
    def advanced_2() -> Response:
        return send(validation.advanced(read_body(), clock.now()), bulk_always=True)

    @api.get("/sms/1/reports")
    def reports() -> Response:
        found = network.reports(asked("bulkId"), asked("messageId"), asked_limit(MOST_ROWS))
        return respond(forms.results(found))

    @api.get("/sms/1/logs")
    def logs() -> Response:
        return respond(forms.logs(network.logs(_log_query(), clock.now())))

    @api.get("/sms/1/inbox/reports")
    def inbox() -> Response:
        received, pending = network.inbox(asked_limit(MOST_ROWS))
        return respond(forms.inbox(received, pending))

    return api


def _log_query() -> LogQuery:
    """The ten filters of the logs, from the query of the request."""
    to = asked("to")
    group = (asked("generalStatus") or "").upper() or None
    if group not in (None, *STATUS_GROUPS.values()):
        raise bad_request("generalStatus", f"must be one of {', '.join(STATUS_GROUPS.values())}")
    return LogQuery(
        sender=asked("from"),
        to=bare(to) if to else None,
        bulk_ids=asked_list("bulkId"),
        message_ids=asked_list("messageId"),
        group=group,
        since=_asked_date("sentSince"),
        until=_asked_date("sentUntil"),
        mcc=asked("mcc"),
        mnc=asked("mnc"),
        limit=asked_limit(MOST_ROWS),
    )


def _asked_date(name: str) -> datetime | None:
    """A date of the query. A plus that was not escaped arrives as a space: it is taken as meant."""
    told = asked(name)
    if told is None:
        return None
    try:
        return read_date(told.replace(" ", "+"))
    except ValueError as error:
        raise bad_request(name, str(error)) from None
