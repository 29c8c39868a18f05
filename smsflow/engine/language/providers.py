"""Reading one entry under `providers`: which keys its kind has, and whether they make sense."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from smsflow.engine.language import slots
from smsflow.engine.language.reading import Context, Fields, listed, suggest
from smsflow.engine.language.source import Mapping as MappingNode
from smsflow.engine.language.source import Node, Scalar
from smsflow.engine.model import ProviderEntry
from smsflow.engine.model.gateway import (
    PLACEHOLDER,
    PLACEHOLDERS,
    AnswerRule,
    Gateway,
    ReportFields,
)

ENV = re.compile(r"env\.[A-Za-z_][A-Za-z0-9_]*")

_SECRETS = ("password", "key", "webhook_secret")
_OF_HTTP = ("request", "answer", "dlr", "mo_list")
_OF_PIGEONHOST = ("key", "format", "pull")
_STATUS = re.compile(r"[1-5]\d\d", re.ASCII)


def provider(ctx: Context, name: str, entry: Fields) -> ProviderEntry:
    """The entry; what is wrong with it is noted."""
    for secret in _SECRETS:
        value = entry.get(secret)
        if value is not None and not ENV.fullmatch(value):
            hint = f"write env.{name.upper()}_{secret.upper()} and set it in the environment"
            message = f"'{secret}' stands in the open here"
            ctx.issue(entry.nodes[secret].place, "F208", message, hint)
    kind = entry.get("kind", "")
    _check_keys(ctx, kind, entry)
    rate, pull = entry.get("rate"), entry.get("pull")
    return ProviderEntry(
        name=name,
        kind=kind,
        place=entry.place,
        url=url(ctx, entry, "url"),
        user=entry.get("user", ""),
        password=entry.get("password", ""),
        key=entry.get("key", ""),
        format=entry.get("format", "json"),
        pull=slots.seconds(pull) if pull else None,
        webhook_secret=entry.get("webhook_secret", ""),
        rate=rate[0] / slots.seconds(rate[1]) if rate else None,
        mo=entry.get("mo", {}),
        gateway=_gateway(ctx, entry) if kind == "http" else None,
    )


def url(ctx: Context, fields: Fields, key: str) -> str:
    """An address of a web service, or the variable that has it."""
    value = fields.get(key, "")
    if not value or ENV.fullmatch(value):
        return str(value)
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        message = f"{value!r} is no address of a web service"
        ctx.issue(fields.nodes[key].place, "F208", message, "such as https://sms.example")
    return str(value)


def _check_keys(ctx: Context, kind: str, entry: Fields) -> None:
    foreign = {"pigeonhost": _OF_HTTP, "http": _OF_PIGEONHOST}.get(kind, ())
    for name in foreign:
        if name in entry.places:
            message = f"'{name}' is no key of the kind {kind}"
            ctx.issue(entry.places[name], "F211", message, "leave it out")
    if "key" in entry.places and "password" in entry.places:
        message = "'key' takes the place of 'user' and 'password'"
        ctx.issue(entry.places["key"], "F211", message, "leave one of them out")


# --- kind: http -----------------------------------------------------------------------------------


def _gateway(ctx: Context, entry: Fields) -> Gateway | None:
    request, answer = entry.get("request"), entry.get("answer")
    if request is None:
        if "request" not in entry.places:
            message = "the key 'request' is missing: the kind http asks what is declared there"
            ctx.issue(entry.place, "F201", message, "such as request: {method: GET, query: {...}}")
        return None
    _check_request(ctx, entry, request)
    rules = {
        name: _rule(ctx, answer.get(name))
        for name in ("accepted", "later", "rejected")
        if answer and name in answer
    }
    plain = Gateway()
    return Gateway(
        method=request.get("method", plain.method),
        headers=request.get("headers", {}),
        query=request.get("query", {}),
        form=request.get("form", {}),
        body=request.get("body", ""),
        accepted=rules.get("accepted", plain.accepted),
        later=rules.get("later"),
        rejected=rules.get("rejected"),
        message_id=_pattern(ctx, answer, "id") if answer else "",
        report=_report(entry.get("dlr")),
        texts=entry.get("mo_list", ""),
    )


def _check_request(ctx: Context, entry: Fields, request: Fields) -> None:
    bodies = [name for name in ("form", "body") if name in request]
    if len(bodies) == 2:
        ctx.issue(request.places["body"], "F211", "a request has a form or a body, not both")
    if bodies and request.get("method") == "GET":
        message = f"a GET has no {bodies[0]}"
        ctx.issue(request.places[bodies[0]], "F211", message, "write method: POST, or `query`")
    filled = [
        scalar
        for name in ("headers", "query", "form", "body")
        if name in request
        for scalar in _scalars(request.nodes[name])
    ]
    wanted = set()
    for scalar in filled:
        for found in PLACEHOLDER.finditer(scalar.text):
            wanted.add(found[1])
            if found[1] not in PLACEHOLDERS:
                hint = suggest(found[1], PLACEHOLDERS, f"known: {listed(PLACEHOLDERS)}")
                place = scalar.place_at(found.start(1), len(found[1]))
                ctx.issue(place, "F208", f"nothing is called {{{found[1]}}}", hint)
    if not wanted & {"to", "to_e164"} or "text" not in wanted:
        message = "the request lacks {to} or {text}: no text could be sent with it"
        ctx.issue(entry.places["request"], "F201", message, "write both into its fields")
    if "dlr" in entry.places and "report_url" in wanted and "wire_id" not in wanted:
        message = "no field has {wire_id}: no report could be told from another"
        hint = 'such as "{report_url}?id={wire_id}"'
        ctx.issue(entry.places["dlr"], "F201", message, hint)


def _scalars(node: Node) -> list[Scalar]:
    """The values of a mapping of texts, or the text itself."""
    nodes = [value for _, value in node] if isinstance(node, MappingNode) else [node]
    return [each for each in nodes if isinstance(each, Scalar)]


def _rule(ctx: Context, rule: Fields) -> AnswerRule:
    statuses = []
    for word in rule.get("status", ()):
        if _STATUS.fullmatch(word.text):
            statuses.append(int(word.text))
        else:
            ctx.issue(word.place, "F208", f"{word.text!r} is no status of HTTP", "such as 202")
    return AnswerRule(tuple(statuses), _pattern(ctx, rule, "match"))


def _pattern(ctx: Context, fields: Fields, key: str) -> str:
    """A regular expression that can be read; "" with an issue for one that can't."""
    written = str(fields.get(key, ""))
    try:
        re.compile(written)
    except re.error as error:
        message = f"that is no regular expression: {error}"
        ctx.issue(fields.nodes[key].place, "F208", message, "write it between single quotes")
        return ""
    return written


def _report(report: Fields | None) -> ReportFields | None:
    if report is None or any(name not in report for name in ("id", "to", "status", "states")):
        return None
    return ReportFields(
        id=report.get("id"),
        to=report.get("to"),
        status=report.get("status"),
        states=report.get("states"),
        error=report.get("error", ""),
        list=report.get("list", ""),
    )
