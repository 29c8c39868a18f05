"""The provider's endpoints over HTTP; manual sections "Send SMS" to "Pull received message".

What later versions of the API added is in `smsflow.sandbox.additions`.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as Answer

from smsflow.sandbox import forms, validation
from smsflow.sandbox.clock import Clock
from smsflow.sandbox.codes import STATUS_GROUPS
from smsflow.sandbox.exchange import (
    asked,
    asked_date,
    asked_limit,
    asked_list,
    read_body,
    respond,
    trouble,
)
from smsflow.sandbox.links import HALF
from smsflow.sandbox.logs import LogQuery
from smsflow.sandbox.network import Network
from smsflow.sandbox.records import Push, Submission
from smsflow.sandbox.wire import ApiError, bad_request, bare

LOST = "smsflow.sandbox.lost"  # set in the WSGI environment: the answer must not reach the client
MOST_ROWS = 1000


class Counter:
    """Where texts are handed in, and the faults that strike there.

    `perform` makes one push, `wait` holds an answer back for so many seconds.
    """

    def __init__(
        self,
        network: Network,
        clock: Clock,
        perform: Callable[[Push], None],
        wait: Callable[[float], object],
    ) -> None:
        self.network = network
        self.clock = clock
        self._perform = perform
        self._wait = wait

    def fail(self) -> None:
        """Suffer the fault that strikes before a request is read."""
        if failed := self.network.faults.take("fail"):
            raise trouble(failed.status, failed.retry_after)

    def send(self, submission: Submission, *, bulk_always: bool = False) -> Response:
        """Submit; then suffer the faults that strike after a request was accepted."""
        answer = self.network.submit(submission, self.clock.now())
        for push in answer.first:
            self._perform(push)
        faults = self.network.faults
        if stalled := faults.take("stall"):
            self._wait(stalled.seconds)
        if faults.take("lose"):
            request.environ[LOST] = True
        if failed := faults.take("failAfter"):
            raise trouble(failed.status, failed.retry_after)
        return respond(forms.answer(answer, bulk_always=bulk_always), "smsResponse")


def provider_api(counter: Counter) -> Blueprint:
    """The endpoints of the manual."""
    api = Blueprint("provider", __name__)
    network, clock, send = counter.network, counter.clock, counter.send
    api.before_request(counter.fail)

    @api.post("/sms/1/text/single")
    def single() -> Response:
        return send(validation.single(read_body()))

    @api.post("/sms/1/text/multi")
    def multi() -> Response:
        return send(validation.multi(read_body()))

    @api.post("/sms/1/text/advanced")
    def advanced() -> Response:
        return send(validation.advanced(read_body(), clock.now()))

    @api.get("/sms/1/reports")
    def reports() -> Response:
        found = network.reports(asked("bulkId"), asked("messageId"), asked_limit(MOST_ROWS))
        return respond(forms.results(found), "reportResponse")

    @api.get("/sms/1/logs")
    def logs() -> Response:
        return respond(forms.logs(network.logs(_log_query(), clock.now())), "smsLogsResponse")

    @api.get("/sms/1/inbox/reports")
    def inbox() -> Response:
        received, pending = network.inbox(asked_limit(MOST_ROWS))
        return respond(forms.inbox(received, pending), "reportResponse")

    @api.post("/number/1/query")
    def lookup() -> Response:
        found = network.look_up(validation.lookup(read_body()))
        return respond(forms.lookups(found), "ncResponse")

    return api


def links(network: Network, clock: Clock) -> Blueprint:
    """What a reader's browser asks for: a short link, without a password."""
    reader = Blueprint("links", __name__)

    @reader.get(f"/<string(length={HALF}):first>/<string(length={HALF}):second>")
    def follow(first: str, second: str) -> Answer:
        agent = request.headers.get("User-Agent", "")
        click = network.click(f"{first}/{second}", agent, clock.now())
        if click is None:
            raise ApiError(404, "NOT_FOUND", "No such link")
        return redirect(click.link.url)

    return reader


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
        since=asked_date("sentSince"),
        until=asked_date("sentUntil"),
        mcc=asked("mcc"),
        mnc=asked("mnc"),
        limit=asked_limit(MOST_ROWS),
    )
