"""The phone at /phone: a developer picks numbers, texts, and sees what smsflow does. `dev` only.

    GET  /phone             the page
    GET  /phone/state       what it shows; 204 when it is what `seen` names
    GET  /phone/number      a phone number as typed -> in E.164
    POST /phone/texts       a handset texts one of our numbers
    POST /phone/clicks      a handset follows a short link
    POST /phone/handsets    what becomes of the texts to a handset
    POST /phone/sessions    start a flow that has the trigger `api`
    POST /phone/clock       let time pass

Whoever reaches it texts as anybody, so `smsflow web` has no such page. It answers to loopback
names alone (another name that resolves to us is an attack, DNS rebinding), and changes something
only with the token of the page, which no other site can read.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, render_template, request

from smsflow.clock import Clock
from smsflow.errors import Conflict, WebhookRejected
from smsflow.runtime import Runtime
from smsflow.sandbox.network import Network
from smsflow.sms.numbers import bare, is_phone, normalise
from smsflow.web.api import Answer, Desk
from smsflow.web.phone_view import HANDSETS, Json, Sight

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
TOKEN = "X-Smsflow-Token"  # noqa: S105 - the name of a header
MOST_PHONES = 12
LONGEST_TEXT = 1600  # characters
LONGEST_WAY = timedelta(days=31)

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(slots=True)
class Notices:
    """What `smsflow dev` has to say: what is wrong with the files, and what changed last."""

    problem: str = ""  # as `smsflow check` prints it; "" when all is well
    change: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """What the page plays with. `forward` lets time pass; Conflict when it passes already."""

    runtime: Runtime
    networks: Mapping[str, Network]
    clock: Clock
    skipped: Callable[[], timedelta]  # how far the clock is ahead of the machine's
    forward: Callable[[timedelta], None]
    notices: Notices = field(default_factory=Notices)


def blueprint(lab: Lab) -> Blueprint:
    """The page and its endpoints."""
    pages = Blueprint(
        "smsflow_phone",
        __name__,
        url_prefix="/phone",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    booth = _Booth(lab)
    pages.before_request(booth.guard)
    pages.after_request(_harden)
    pages.register_error_handler(WebhookRejected, _refused)
    pages.register_error_handler(Conflict, _busy)

    @pages.get("")
    def page() -> str:
        return render_template("phone.html", token=booth.token, project=lab.runtime.project.name)

    @pages.get("/state")
    def state() -> Response:
        return booth.state(request.args.getlist("phone"), request.args.get("seen", ""))

    @pages.get("/number")
    def number() -> Json:
        return {"phone": _phone(request.args.get("typed"))}

    @pages.post("/texts")
    def texts() -> Json:
        return booth.text(_body())

    @pages.post("/clicks")
    def clicks() -> Json:
        return booth.click(_body())

    @pages.post("/handsets")
    def handsets() -> Json:
        return booth.handset(_body())

    @pages.post("/sessions")
    def sessions() -> Answer:
        return booth.start(_body())

    @pages.post("/clock")
    def clock() -> Json:
        return booth.let_pass(_body())

    return pages


class _Booth:
    """Does what the page asks for, and says how things stand."""

    def __init__(self, lab: Lab) -> None:
        self.token = secrets.token_urlsafe()
        self._run = secrets.token_hex(4)  # tells a page that the process is another one
        self._lab = lab
        self._runtime = lab.runtime
        self._sight = Sight(lab.runtime, lab.networks)
        self._fates: dict[str, dict[str, str]] = {}  # phone -> provider -> what its handset does

    def guard(self) -> None:
        """Refuse other names, other sites, and changes without the page's token."""
        if (urlsplit(f"//{request.host}").hostname or "") not in LOOPBACK:
            raise WebhookRejected(403, "the phone answers to 127.0.0.1 and localhost alone")
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{request.host}":
            raise WebhookRejected(403, "the phone takes nothing from other sites")
        given = request.headers.get(TOKEN, "")
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            raise WebhookRejected(403, "this page is of an earlier run; load it again")

    def state(self, phones: list[str], seen: str) -> Response:
        """How the project and these phones stand; nothing when `seen` is how they stand."""
        notices = self._lab.notices
        known = [phone for phone in phones[:MOST_PHONES] if is_phone(phone)]
        content = {
            "run": self._run,
            "ahead": round(self._lab.skipped().total_seconds() * 1000),
            "problem": notices.problem,
            "change": notices.change,
            "project": self._sight.project(),
            "phones": {
                phone: {**self._sight.phone(phone), "handset": self._fates.get(phone, {})}
                for phone in known
            },
        }
        body = json.dumps(content, ensure_ascii=False)
        digest = hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()[:16]
        if digest == seen:
            return Response(status=204)
        return Response(body, mimetype="application/json", headers={"X-Seen": digest})

    def text(self, body: Mapping[str, Any]) -> Json:
        """Let a handset text one of our numbers."""
        phone, text = _phone(body.get("phone")), body.get("text")
        if not isinstance(text, str) or not text.strip():
            raise WebhookRejected(400, "write a text first")
        if len(text) > LONGEST_TEXT:
            raise WebhookRejected(400, f"a text has {LONGEST_TEXT} characters at most here")
        found = self._runtime.project.numbers.get(str(body.get("number")))
        if found is None:
            raise WebhookRejected(400, f"there is no number {body.get('number')!r}")
        network = self._lab.networks[found.provider]
        text = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
        inbound = network.receive(bare(phone), bare(found.address), text, self._lab.clock.now())
        return {"id": inbound.message_id}

    def click(self, body: Mapping[str, Any]) -> Json:
        """Follow a short link, as a browser would; the answer is where it leads."""
        path, agent = str(body.get("path")).lstrip("/"), request.user_agent.string
        for network in self._lab.networks.values():
            click = network.click(path, agent, self._lab.clock.now())
            if click is not None:
                return {"url": click.link.url}
        raise WebhookRejected(404, "there is no such link")

    def handset(self, body: Mapping[str, Any]) -> Json:
        """Decide what becomes of the texts to a handset, through one provider or through all."""
        phone, name = _phone(body.get("phone")), body.get("does")
        if not isinstance(name, str) or name not in HANDSETS:
            raise WebhookRejected(400, f"a handset does one of: {', '.join(HANDSETS)}")
        networks, provider = self._lab.networks, body.get("provider")
        if provider is not None and provider not in networks:
            raise WebhookRejected(400, f"there is no provider {provider!r}")
        does = dict(self._fates.get(phone, {}))
        for each in networks if provider is None else [provider]:
            networks[each].script(bare(phone), HANDSETS[name][1])
            does[each] = name
        self._fates[phone] = does
        return {"handset": does}

    def start(self, body: Mapping[str, Any]) -> Answer:
        """Start a flow for a phone, as a program would through the API."""
        contact = {"phone": _phone(body.get("phone"))}
        if body.get("language"):
            contact["language"] = str(body["language"])
        desk = Desk(current_app.extensions["smsflow"])
        given = {"contact": contact, "inputs": body.get("inputs", {})}
        return desk.start(str(body.get("flow")), given, None)

    def let_pass(self, body: Mapping[str, Any]) -> Json:
        """Let time pass, with all that is due on the way."""
        seconds = body.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds <= 0:
            raise WebhookRejected(400, "the clock goes forward, by whole seconds")
        way = timedelta(seconds=min(seconds, LONGEST_WAY.total_seconds() + 1))
        if way > LONGEST_WAY:
            raise WebhookRejected(400, f"at most {LONGEST_WAY.days} days in one go")
        self._lab.forward(way)
        return {"now": self._lab.clock.now().isoformat()}


def _phone(typed: object) -> str:
    """A phone number as people write it, in E.164."""
    try:
        phone = normalise(typed) if isinstance(typed, str) else ""
    except ValueError as error:
        raise WebhookRejected(400, str(error)) from None
    if not is_phone(phone):
        raise WebhookRejected(400, "write a phone number with + and its country code")
    return phone


def _body() -> Mapping[str, Any]:
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # which Flask doesn't count among the mistakes of callers
        body = None
    if not isinstance(body, dict):
        raise WebhookRejected(400, "send a JSON object")
    return body


def _refused(error: WebhookRejected) -> Answer:
    return {"error": error.reason}, error.status


def _busy(conflict: Conflict) -> Answer:
    return {"error": str(conflict)}, 409


def _harden(response: Response) -> Response:
    """Headers on every answer: nothing from elsewhere, nothing inline, nothing kept."""
    response.headers.update(_HEADERS)
    return response
