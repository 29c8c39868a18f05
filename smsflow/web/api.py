"""The API for other systems: start a flow, see how it went, post a one-time code.

    POST /v1/flows/<flow>/sessions   {"contact": "+44...", "inputs": {...}}   -> 202
    GET  /v1/sessions/<session>
    POST /v1/sessions/<session>/verify   {"code": "482913"}   -> 200, or 202 when it takes longer
    GET  /v1/requests/<request>

Every call carries `Authorization: Bearer <SMSFLOW_API_TOKEN>`. With an `Idempotency-Key`, a start
that is repeated for the same contact starts nothing and is answered like the first.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Blueprint, request

from smsflow.engine.inputs import read_inputs, read_value
from smsflow.engine.language.literals import NAME
from smsflow.engine.model import Flow, Project
from smsflow.engine.state import encode
from smsflow.engine.triggering import unstartable
from smsflow.errors import WebhookRejected
from smsflow.sms.numbers import is_phone, normalise
from smsflow.store.rows import Kind, NewRow

if TYPE_CHECKING:
    from smsflow.runtime import Runtime
    from smsflow.web import SMSFlow

Answer = tuple[dict[str, Any], int]

WAIT_FOR_RESULT = 2.0  # seconds
LOOK_EVERY = 0.02  # seconds

_LONGEST_KEY = 255  # characters


def blueprint(flow: SMSFlow) -> Blueprint:
    """The routes of the API."""
    pages = Blueprint("smsflow_api", __name__, url_prefix="/v1")
    desk = Desk(flow)
    pages.before_request(desk.check_token)

    @pages.post("/flows/<name>/sessions")
    def start(name: str) -> Answer:
        return desk.start(name, body_of_request(), idempotency_key())

    @pages.get("/sessions/<session_id>")
    def session(session_id: str) -> Answer:
        return desk.session(session_id)

    @pages.post("/sessions/<session_id>/verify")
    def verify(session_id: str) -> Answer:
        return desk.verify(session_id, body_of_request())

    @pages.get("/requests/<request_id>")
    def result(request_id: str) -> Answer:
        return desk.result(request_id)

    return pages


def body_of_request() -> Mapping[str, Any]:
    """The JSON object that was sent; all that is in it can be kept."""
    try:
        body = request.get_json(silent=True)
        encode(body)
    except RecursionError:  # which Flask doesn't count among the mistakes of callers
        body = None
    except TypeError as error:
        raise WebhookRejected(400, f"what was sent can't be kept: {error}") from None
    if not isinstance(body, dict):
        raise WebhookRejected(400, "send a JSON object, with Content-Type: application/json")
    return body


def idempotency_key() -> str | None:
    """The header of that name; None for none, and for an empty one."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > _LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise WebhookRejected(
            400, f"an Idempotency-Key has at most {_LONGEST_KEY} printable ASCII characters"
        )
    return key or None


class Desk:
    """Checks what callers ask for, and answers them."""

    def __init__(self, flow: SMSFlow) -> None:
        self._runtime = flow.runtime

    def check_token(self) -> None:
        """Refuse callers without the token; without a token there is no API."""
        token = self._runtime.settings.api_token
        if not token:
            raise WebhookRejected(403, "the API is off; set SMSFLOW_API_TOKEN to turn it on")
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode(), token.encode())
        if scheme.lower() != "bearer" or not right:
            raise WebhookRejected(401, "send Authorization: Bearer with the API's token")

    def start(self, name: str, body: Mapping[str, Any], key: str | None) -> Answer:
        """Start a session of a flow that has the trigger `api`."""
        flow = self._startable(name)
        unknown = sorted(set(body) - {"contact", "inputs"})
        if unknown:
            raise WebhookRejected(400, f"unknown key '{unknown[0]}'; send contact and inputs")
        phone, known = contact_of(self._runtime, body.get("contact"))
        inputs = body.get("inputs", {})
        if not isinstance(inputs, dict):
            raise WebhookRejected(400, "'inputs' must be an object")
        zone = known.get("timezone") or self._runtime.project.timezone
        _, mistakes = read_inputs(flow.inputs, inputs, zone=zone)
        if mistakes:
            raise WebhookRejected(400, "; ".join(mistakes))
        session = _session_id(name, phone, key)
        row = NewRow(
            Kind.START,
            phone,
            {
                "flow": name,
                "session": session,
                # As they came: the engine reads them in the contact's own zone.
                "inputs": encode(inputs),
                "contact": encode(known),
            },
            self._runtime.clock.now(),
            dedupe=f"start:{session}",
        )
        self._runtime.store.insert([row])
        return {"session": session, "contact": phone, "url": f"/v1/sessions/{session}"}, 202

    def session(self, session_id: str) -> Answer:
        """How a session stands."""
        found = self._runtime.store.session(session_id)
        if found is None:
            refused = self._runtime.store.request_result(session_id)
            if refused is None:
                raise WebhookRejected(404, "no such session, or it is not started yet")
            return {"session": session_id, **refused}, 200
        phone, session = found
        return {
            "session": session.id,
            "flow": session.flow,
            "version": session.version,
            "contact": phone,
            "started_at": session.started_at.isoformat(),
            "live": session.live,
            "outcome": session.outcome,
            "waiting_at": session.waiting.step if session.waiting else None,
            "clicks": [
                {"step": each.step, "url": each.url, "at": each.at.isoformat()}
                for each in self._runtime.store.clicks_in(session.id)
            ],
        }, 200

    def verify(self, session_id: str, body: Mapping[str, Any]) -> Answer:
        """Compare a code that a person typed into the caller's own page."""
        code = body.get("code")
        if not isinstance(code, str) or not code.strip():
            raise WebhookRejected(400, 'send the code as a text: {"code": "482913"}')
        found = self._runtime.store.session(session_id)
        if found is None:
            raise WebhookRejected(404, "no such session, or it is not started yet")
        ticket = secrets.token_hex(16)
        payload = {"session": session_id, "code": code.strip()[:64], "request": ticket}
        now = self._runtime.clock.now()
        self._runtime.store.insert([NewRow(Kind.CODE, found[0], payload, now)])
        return self.result_of(ticket)

    def result_of(self, ticket: str) -> Answer:
        """The result of what was asked for, or where to ask for it when that takes longer."""
        deadline = time.monotonic() + WAIT_FOR_RESULT
        while time.monotonic() < deadline:
            result = self._runtime.store.request_result(ticket)
            if result is not None:
                return result, 200
            time.sleep(LOOK_EVERY)
        return {"request": ticket, "url": f"/v1/requests/{ticket}"}, 202

    def result(self, request_id: str) -> Answer:
        """The result of a request that took longer."""
        result = self._runtime.store.request_result(request_id)
        if result is None:
            return {"request": request_id, "pending": True}, 202
        return result, 200

    # --- reading what callers send ---------------------------------------------------------------

    def _startable(self, name: str) -> Flow:
        flow = self._runtime.world.flows.get(name)
        if flow is None:
            raise WebhookRejected(404, f"there is no flow '{name}'")
        if reason := unstartable(flow, "api"):
            raise WebhookRejected(409, reason)
        return flow


def contact_of(runtime: Runtime, given: Any) -> tuple[str, dict[str, Any]]:
    """The phone number, and what the caller knows of the contact, or WebhookRejected."""
    known = dict(given) if isinstance(given, dict) else {"phone": given}
    raw = known.pop("phone", None)
    if not isinstance(raw, str):
        raise WebhookRejected(400, "'contact' must be a phone number, or an object with phone")
    try:
        phone = normalise(raw)
    except ValueError as error:
        raise WebhookRejected(400, f"contact: {error}") from None
    if not is_phone(phone):
        raise WebhookRejected(400, f"contact: {raw!r} is no phone number in E.164")
    if not runtime.world.may_text(phone):
        raise WebhookRejected(
            422, f"contact: {phone} is not in a country that may be texted (see `countries`)"
        )
    project = runtime.project
    return phone, {name: _contact_value(project, name, known[name]) for name in known}


def _session_id(flow: str, phone: str, key: str | None) -> str:
    """A new id, or the very one that this Idempotency-Key got before for this contact."""
    if key is None:
        return secrets.token_hex(16)
    return hashlib.sha256(f"{flow}\0{phone}\0{key}".encode()).hexdigest()[:32]


def _names(name: str, value: Any) -> list[str]:
    """Names of groups or lists; in one text they stand with commas between."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise WebhookRejected(400, f"contact.{name} must be a list of names")
    names = [each.strip() for each in names if each.strip()]
    for each in names:
        if not NAME.fullmatch(each):
            raise WebhookRejected(400, f"contact.{name}: {each!r} can't be a name")
    return names


def _contact_value(project: Project, name: str, value: Any) -> Any:
    if name == "language":
        if value not in project.languages:
            languages = ", ".join(project.languages)
            raise WebhookRejected(400, f"contact.language must be one of: {languages}")
        return value
    if name == "timezone":
        try:
            return ZoneInfo(str(value)).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise WebhookRejected(400, f"contact.timezone: {value!r} is no time zone") from None
    if name in ("groups", "subscribed"):
        return _names(name, value)
    declared = project.fields.get(name)
    if declared is None:
        raise WebhookRejected(400, f"contact.{name} is not declared in smsflow.yaml")
    try:
        return read_value(declared.type, value, zone=project.timezone)
    except ValueError as error:
        raise WebhookRejected(400, f"contact.{name} {error}") from None
