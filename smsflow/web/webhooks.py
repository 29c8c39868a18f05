"""Where providers push: texts that came in (MO), delivery reports (DLR), and clicks.

    GET, POST  /webhooks/<provider>/<secret>/mo
    GET, POST  /webhooks/<provider>/<secret>/dlr
    POST       /webhooks/<provider>/<secret>/clicks

The secret in the path is what proves the caller, for the provider signs nothing. A wrong one is
404, like any page that isn't there. The 200 is given after the commit: what was answered is kept.
"""

from __future__ import annotations

import hmac
from dataclasses import asdict
from typing import TYPE_CHECKING

from flask import Blueprint, abort, request
from werkzeug.exceptions import MethodNotAllowed

from smsflow.providers.base import Provider, TellsClicks
from smsflow.reception import Pushed, Reception
from smsflow.runtime import Runtime

if TYPE_CHECKING:
    from smsflow.web import SMSFlow


def blueprint(flow: SMSFlow) -> Blueprint:
    """The routes that providers push to."""
    pages = Blueprint("smsflow_webhooks", __name__, url_prefix="/webhooks/<provider>/<secret>")
    runtime = flow.runtime
    pages.before_request(_refuse_head)
    reception = Reception(runtime)

    @pages.get("/mo")
    def mo_by_get(provider: str, secret: str) -> dict[str, int]:
        adapter = _admitted(runtime, provider, secret)
        names = runtime.project.providers[provider].mo
        found = adapter.parse_mo_get(request.args.to_dict(), names)
        return asdict(reception.texts(Pushed.BY_GET, provider, found))

    @pages.post("/mo")
    def mo_by_post(provider: str, secret: str) -> dict[str, int]:
        adapter = _admitted(runtime, provider, secret)
        names = runtime.project.providers[provider].mo
        found = adapter.parse_mo_post(request.get_data(), request.content_type or "", names)
        return asdict(reception.texts(Pushed.BY_POST, provider, found))

    @pages.get("/dlr")
    def dlr_by_get(provider: str, secret: str) -> dict[str, int]:
        adapter = _admitted(runtime, provider, secret)
        found = adapter.parse_dlr_get(request.args.to_dict())
        return asdict(reception.reports(provider, found))

    @pages.post("/dlr")
    def dlr(provider: str, secret: str) -> dict[str, int]:
        adapter = _admitted(runtime, provider, secret)
        found = adapter.parse_dlr(request.get_data(), request.content_type or "")
        return asdict(reception.reports(provider, found))

    @pages.post("/clicks")
    def clicks(provider: str, secret: str) -> dict[str, int]:
        adapter = _admitted(runtime, provider, secret)
        if not isinstance(adapter, TellsClicks):
            abort(404)
        found = adapter.parse_clicks(request.get_data(), request.content_type or "")
        return asdict(reception.clicks(provider, found))

    return pages


def _refuse_head() -> None:
    """A GET here is a push, so a HEAD, which is to change nothing, would store it."""
    if request.method == "HEAD":
        raise MethodNotAllowed(["GET", "POST"])


def _admitted(runtime: Runtime, provider: str, secret: str) -> Provider:
    """The adapter of a provider whose secret is right; 404 otherwise."""
    expected = runtime.secrets.get(provider, ())
    matches = [hmac.compare_digest(secret.encode(), each.encode()) for each in expected]
    if not any(matches):
        abort(404)
    return runtime.providers[provider]
