"""The web: where providers push texts and reports, and where other systems start flows.

    app = create_app(runtime)                # an application of its own
    SMSFlow(runtime).init_app(my_flask_app)  # or as part of yours

Nothing here runs a flow. A request becomes inbox rows, they are committed, and only then it is
answered.
"""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, jsonify, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from smsflow.errors import Conflict, WebhookRejected
from smsflow.jobs import Nudger
from smsflow.runtime import Runtime
from smsflow.store.database import words_of
from smsflow.web import api, events, handoffs, health, webhooks

EXTENSION = "smsflow"

# A push of 100 reports with the manual's fields has some 60 KB; callback data may add to that.
LARGEST_BODY = 1024 * 1024

log = structlog.get_logger(__name__)


class SMSFlow:
    """Adds smsflow's routes to a Flask application: /webhooks, /v1, and those of its health."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        # Requests that are committed together wake the workers together, after the commit.
        runtime.store.after_insert(Nudger(runtime).inbox)

    def init_app(self, app: Flask) -> None:
        """Register the blueprints, which find this object as `app.extensions["smsflow"]`."""
        app.extensions[EXTENSION] = self
        for room in (webhooks, api, events, handoffs, health):
            blueprint = room.blueprint(self)
            blueprint.register_error_handler(WebhookRejected, _rejected)
            blueprint.register_error_handler(DBAPIError, _unavailable)
            blueprint.register_error_handler(Conflict, _busy)
            app.register_blueprint(blueprint)


def create_app(runtime: Runtime) -> Flask:
    """smsflow as an application of its own."""
    app = Flask("smsflow.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    SMSFlow(runtime).init_app(app)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _crashed)

    return app


def error(status: int, code: str, message: str, **more: Any) -> tuple[Response, int]:
    """The one shape of errors: {"error": {"code", "message", ...}}."""
    return jsonify({"error": {"code": code, "message": message, **more}}), status


def _rejected(rejected: WebhookRejected) -> tuple[Response, int]:
    # The reason may quote a number or a value, which only its caller may read.
    log.info("request_rejected", status=rejected.status, route=request.endpoint)
    return error(rejected.status, "rejected", rejected.reason)


def _unavailable(failure: DBAPIError) -> tuple[Response, int]:
    """The database is away: a 5xx makes the provider push again later, so nothing is lost."""
    log.error("database_unreachable", reason=words_of(failure))
    return error(503, "unavailable", "the database is out of reach; try again")


def _busy(conflict: Conflict) -> tuple[Response, int]:
    """A lock could not be had in time: nothing was written, and the next try may well do."""
    log.warning("database_busy", reason=str(conflict))
    return error(503, "unavailable", "the database is busy; try again")


def _http_error(failure: HTTPException) -> tuple[Response, int]:
    response, status = error(
        failure.code or 500, failure.name.lower().replace(" ", "_"), failure.description or ""
    )
    if isinstance(failure, MethodNotAllowed) and failure.valid_methods:
        response.headers["Allow"] = ", ".join(failure.valid_methods)
    return response, status


def _crashed(failure: Exception) -> tuple[Response, int]:
    log.exception("request_failed", error=type(failure).__name__)
    return error(500, "internal", "something went wrong here; it was logged")
