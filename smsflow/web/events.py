"""Events of other systems, and flows for many at once.

    POST /v1/events/<name>               {"phone": "+44...", "id": "T1"}   -> 202
    POST /v1/flows/<flow>/broadcasts     {"group": "patients", "inputs": {...}}   -> 202

Both take the API's bearer token. A system that can sign and keep no token sends an event with
`X-Smsflow-Signature: t=<seconds since 1970>,v1=<hex>`, the HMAC-SHA256 of `<t>.<name>.<body>` under
SMSFLOW_EVENTS_SECRET, within five minutes.

With an `Idempotency-Key` a repetition does nothing. That of a signed event is signed too, as
`<t>.<name>:<key>.<body>`; without one the signature itself is the key, so what somebody caught on
the way tells nothing again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request

from smsflow.audience import event_row, start_row
from smsflow.engine.effects import StartFlow
from smsflow.engine.inputs import read_inputs
from smsflow.engine.language.literals import EVENT
from smsflow.engine.state import encode
from smsflow.engine.templating.errors import TemplateError
from smsflow.engine.templating.templates import compile_expression
from smsflow.engine.triggering import unstartable
from smsflow.errors import WebhookRejected
from smsflow.web.api import Answer, Desk, body_of_request, idempotency_key

if TYPE_CHECKING:
    from smsflow.runtime import Runtime
    from smsflow.web import SMSFlow

SIGNATURE = "X-Smsflow-Signature"
FRESH = 300.0  # seconds


def blueprint(flow: SMSFlow) -> Blueprint:
    """The routes of events and broadcasts."""
    pages = Blueprint("smsflow_events", __name__, url_prefix="/v1")
    gate, runtime = Desk(flow), flow.runtime

    @pages.post("/events/<name>")
    def event(name: str) -> Answer:
        signature = request.headers.get(SIGNATURE)
        key = idempotency_key()
        if signature is None:
            gate.check_token()
        else:
            about = name if key is None else f"{name}:{key}"
            signed = about.encode() + b"." + request.get_data()
            secret = runtime.settings.events_secret
            own = check_signature(signature, signed, secret, runtime.clock.now())
            key = own if key is None else key
        if not EVENT.fullmatch(name):
            raise WebhookRejected(400, f"{name!r} can't be the name of an event")
        dedupe = None if key is None else f"event:{name}:{_digest(key)}"
        row = event_row(name, encode(body_of_request()), runtime.clock.now(), dedupe=dedupe)
        (fresh,) = runtime.store.insert([row])
        heard = name in runtime.world.listeners
        return {"event": name, "heard": heard, "known": not fresh}, 202

    @pages.post("/flows/<name>/broadcasts")
    def broadcast(name: str) -> Answer:
        gate.check_token()
        key = idempotency_key()
        start, rate = broadcast_of(runtime, name, body_of_request())
        dedupe = None if key is None else f"broadcast:{name}:{_digest(key)}"
        (fresh,) = runtime.store.insert([start_row(start, rate=rate, dedupe=dedupe)])
        id_ = start.session if fresh else None  # that of the first time is not kept
        return {"broadcast": id_, "flow": name, "known": not fresh}, 202

    return pages


def check_signature(header: str, signed: bytes, secret: str, now: datetime) -> str:
    """The signature; refuses what is not signed with our secret, or was so too long ago."""
    if not secret:
        raise WebhookRejected(403, "signatures are off; set SMSFLOW_EVENTS_SECRET to turn them on")
    parts = dict(part.strip().partition("=")[::2] for part in header.split(","))
    stamp, given = parts.get("t", ""), parts.get("v1", "")
    wanted = hmac.new(secret.encode(), stamp.encode() + b"." + signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise WebhookRejected(401, f"{SIGNATURE} does not fit the event")
    if not stamp.isdigit() or abs(now.timestamp() - int(stamp[:12])) > FRESH:
        raise WebhookRejected(401, f"{SIGNATURE} is older than five minutes, or from the future")
    return given


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def broadcast_of(
    runtime: Runtime,
    name: str,
    body: Mapping[str, Any],
    *,
    whole: bool = True,
) -> tuple[StartFlow, float | None]:
    """What a body asks for, and how many to start in a second.

    `whole` is False where each contact brings inputs of their own, which are checked with them.
    """
    found = runtime.world.flows.get(name)
    if found is None:
        raise WebhookRejected(404, f"there is no flow '{name}'")
    if reason := unstartable(found, "broadcast"):
        raise WebhookRejected(409, reason)
    unknown = sorted(set(body) - {"group", "where", "inputs", "rate"})
    if unknown:
        raise WebhookRejected(
            400, f"unknown key '{unknown[0]}'; send group, where, inputs and rate"
        )
    group, inputs, rate = body.get("group"), body.get("inputs", {}), body.get("rate")
    if group is not None and not isinstance(group, str):
        raise WebhookRejected(400, "'group' must be the name of a group")
    if not isinstance(inputs, dict):
        raise WebhookRejected(400, "'inputs' must be an object")
    _, mistakes = read_inputs(found.inputs, inputs, zone=runtime.project.timezone)
    if mistakes and whole:
        raise WebhookRejected(400, "; ".join(mistakes))
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, int | float)):
        raise WebhookRejected(400, "'rate' must be a number of starts in a second")
    if rate is not None and not 0 < rate <= 1000:
        raise WebhookRejected(400, "'rate' must be more than 0 and at most 1000")
    start = StartFlow(
        flow=name,
        session=secrets.token_hex(8),
        due=runtime.clock.now(),
        kind="broadcast",
        group=group,
        where=_where(body.get("where")),
        inputs=encode(inputs),
    )
    return start, rate


def _where(given: object) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str):
        raise WebhookRejected(400, "'where' must be an expression such as contact.city == 'Leeds'")
    try:
        compile_expression(given)
    except TemplateError as error:
        raise WebhookRejected(400, f"'where': {error}") from None
    return given
