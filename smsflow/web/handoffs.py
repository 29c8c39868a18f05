"""The API for those who answer people: the queues, one conversation, a text, the end.

    GET  /v1/handoffs?queue=reception&state=open
    GET  /v1/handoffs/<handoff>          the conversation, with the texts of both sides
    POST /v1/handoffs/<handoff>/texts    {"text": "...", "by": "..."}   -> 200, or 202
    POST /v1/handoffs/<handoff>/close    {"by": "..."}                  -> 200, or 202

Every call carries the API's token. With an `Idempotency-Key`, a text that is posted twice goes out
once, and is answered like the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request

from smsflow import desk
from smsflow.errors import WebhookRejected
from smsflow.store.rows import Handoff, NewRow
from smsflow.web.api import Answer, Desk, body_of_request, idempotency_key

if TYPE_CHECKING:
    from smsflow.web import SMSFlow

MOST = 1000  # handoffs in one answer
_STATES = ("open", "closed")
_BY = 100  # characters of a name


def blueprint(flow: SMSFlow) -> Blueprint:
    """The routes of the queues."""
    pages = Blueprint("smsflow_handoffs", __name__, url_prefix="/v1/handoffs")
    pages.before_request(Desk(flow).check_token)
    counter = Counter(flow)

    @pages.get("")
    def queue() -> Answer:
        return counter.queue(request.args)

    @pages.get("/<handoff>")
    def conversation(handoff: str) -> Answer:
        return counter.conversation(handoff)

    @pages.post("/<handoff>/texts")
    def text(handoff: str) -> Answer:
        return counter.text(handoff, body_of_request())

    @pages.post("/<handoff>/close")
    def close(handoff: str) -> Answer:
        return counter.close(handoff, body_of_request())

    return pages


class Counter:
    """Where a person sits who answers."""

    def __init__(self, flow: SMSFlow) -> None:
        self._runtime = flow.runtime
        self._desk = Desk(flow)

    def queue(self, given: Mapping[str, str]) -> Answer:
        """The handoffs of a queue, or of all."""
        unknown = sorted(set(given) - {"queue", "state"})
        if unknown:
            raise WebhookRejected(400, f"unknown parameter '{unknown[0]}'; there are queue, state")
        state = given.get("state", "open")
        if state not in _STATES:
            raise WebhookRejected(400, f"'state' must be one of: {', '.join(_STATES)}")
        found = self._runtime.store.handoffs(given.get("queue"), state=state, limit=MOST)
        return {"handoffs": [each.to_json() for each in found]}, 200

    def conversation(self, handoff: str) -> Answer:
        """One handoff, with what was said."""
        found = self._found(handoff)
        texts = [each.to_json() for each in self._runtime.store.said_in(found)]
        return {**found.to_json(), "texts": texts}, 200

    def text(self, handoff: str, body: Mapping[str, Any]) -> Answer:
        """Send what the person wrote."""
        found = self._open(handoff)
        text = body.get("text")
        if not isinstance(text, str):
            raise WebhookRejected(400, 'send the text: {"text": "Hello", "by": "your name"}')
        problem = desk.text_problem(text)
        if problem:
            raise WebhookRejected(400, problem)
        by, now = _who(body, {"text", "by"}), self._runtime.clock.now()
        return self._done(desk.text_row(found, text, by=by, now=now, key=idempotency_key()))

    def close(self, handoff: str, body: Mapping[str, Any]) -> Answer:
        """The person is done; the flow goes on."""
        found = self._open(handoff)
        by, now = _who(body, {"by"}), self._runtime.clock.now()
        return self._done(desk.closing_row(found, by=by, now=now, key=idempotency_key()))

    def _found(self, handoff: str) -> Handoff:
        found = self._runtime.store.handoff(handoff)
        if found is None:
            raise WebhookRejected(404, "no such handoff")
        return found

    def _open(self, handoff: str) -> Handoff:
        """The handoff, if it is open, or if this is a call that is repeated."""
        found = self._found(handoff)
        if found.state != "open" and idempotency_key() is None:
            raise WebhookRejected(409, f"this handoff is closed: {found.reason}")
        return found

    def _done(self, row: NewRow) -> Answer:
        self._runtime.store.insert([row])
        answer, status = self._desk.result_of(row.payload["request"])
        if answer.get("result") == "closed" and "text" in row.payload:
            raise WebhookRejected(409, "this handoff is closed")
        return answer, status


def _who(body: Mapping[str, Any], known: set[str]) -> str:
    unknown = sorted(set(body) - known)
    if unknown:
        names = " and ".join(sorted(known))
        raise WebhookRejected(400, f"unknown key '{unknown[0]}'; send {names}")
    by = body.get("by", "api")
    if not isinstance(by, str) or not 0 < len(by.strip()) <= _BY:
        raise WebhookRejected(400, f"'by' must be a name of {_BY} characters at most")
    return by.strip()
