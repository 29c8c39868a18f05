"""Reading a request and writing an answer: content types, errors, query parameters.

One place, because every endpoint takes JSON and XML, answers in the type that Accept asks for, and
turns down what is wrong in the same documented shape; manual, "Content-Type & Accept header".
"""

from __future__ import annotations

from datetime import datetime

from flask import Response, request
from werkzeug.exceptions import HTTPException

from smsflow.sandbox import forms
from smsflow.sandbox.wire import ApiError, bad_request, read_date, read_json, write_json
from smsflow.sandbox.xml import read_xml, write_xml

JSON, XML = "application/json", "application/xml"

_CODES = {
    400: "BAD_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "REQUEST_ENTITY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
_TROUBLES = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 429: "TOO_MANY_REQUESTS"}


def read_body() -> object:
    """The value of the request's body, or the ApiError that its type or its text deserves."""
    if request.mimetype == XML:
        try:
            return read_xml(request.get_data())
        except ValueError:
            raise ApiError(400, "BAD_REQUEST", "Invalid XML") from None
    return read_json_body()


def read_json_body() -> object:
    """The same where nothing but JSON is read."""
    if request.mimetype == XML:
        raise ApiError(415, _CODES[415], "This path reads JSON")
    if request.mimetype != JSON:
        raise ApiError(400, "GENERAL_ERROR", "General error: Content-Type is not specified")
    return read_json(request.get_data())


def respond(tree: forms.Tree, root: str) -> Response:
    """An answer with this tree as its body: JSON, or XML under `root` where Accept prefers it."""
    return _answer(tree, root, 200)


def respond_json(tree: forms.Tree) -> Response:
    """An answer that is JSON whatever is accepted."""
    return Response(write_json(tree), 200, mimetype=JSON)


def _answer(tree: forms.Tree, root: str, status: int) -> Response:
    if _prefers_xml():
        return Response(write_xml(root, tree), status, mimetype=XML)
    return Response(write_json(tree), status, mimetype=JSON)


def _prefers_xml() -> bool:
    told = request.headers.get("Accept", "")
    if told in ("", "*/*", JSON):  # what nearly everybody sends; the rest needs a parser
        return False
    for kind, quality in request.accept_mimetypes:  # the best first
        name = kind.partition(";")[0]
        if quality > 0 and name in (JSON, XML, "application/*", "*/*"):
            return name == XML
    return False


def respond_error(error: ApiError) -> Response:
    """The documented shape of a request turned down."""
    response = _answer(forms.refusal(error), "ApiException", error.status)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="sms"'
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def respond_http_error(error: HTTPException) -> Response | HTTPException:
    """The documented shape of what the web framework turns down, such as an unknown path."""
    status = error.code or 500
    if status < 400:
        return error  # a redirect
    text = error.description or error.name
    response = respond_error(ApiError(status, _CODES.get(status, "GENERAL_ERROR"), text))
    for name, value in error.get_headers(request.environ):
        if name == "Allow":
            response.headers[name] = value
    return response


def trouble(status: int, retry_after: int | None = None) -> ApiError:
    """The error that a fault with this HTTP status is told as."""
    code = _CODES.get(status) or _TROUBLES.get(status) or "GENERAL_ERROR"
    return ApiError(status, code, "Trouble on purpose", retry_after=retry_after)


def asked(name: str) -> str | None:
    """A query parameter, or None when it is absent or empty."""
    return request.args.get(name) or None


def asked_list(name: str) -> tuple[str, ...]:
    """The values of a query parameter that is repeated, or holds several with commas between."""
    return tuple(value for told in request.args.getlist(name) for value in told.split(",") if value)


def asked_date(name: str) -> datetime | None:
    """A date of the query. A plus that was not escaped arrives as a space: it is taken as meant."""
    told = asked(name)
    if told is None:
        return None
    try:
        return read_date(told.replace(" ", "+"))
    except ValueError as error:
        raise bad_request(name, str(error)) from None


def asked_limit(most: int) -> int:
    """The query parameter `limit`: 50 when absent, cut to `most`."""
    told = asked("limit")
    if told is None:
        return 50
    if told.isascii() and told.isdigit() and len(told) > 9:
        return most
    if not (told.isascii() and told.isdigit() and int(told)):
        raise bad_request("limit", "must be a number greater than 0")
    return min(int(told), most)
