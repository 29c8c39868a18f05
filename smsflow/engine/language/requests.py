"""Reading what a `call` calls: `POST crm:/tickets/{{ ticket }}`, or a whole URL of a service.

What stands in braces is a value inside the path, and is written there with every sign escaped; so
what somebody texted can't lead a call to another path, and never to another host.
"""

from __future__ import annotations

import re

from smsflow.engine.language import texts
from smsflow.engine.language.reading import Context, listed, scalar, suggest
from smsflow.engine.language.source import Node, Scalar
from smsflow.engine.model import Expression, Request, service_of

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SERVICE = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*):(/.*)", re.DOTALL)
_URL = re.compile(r"https?://", re.IGNORECASE)
_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_SUCH_AS = "such as POST crm:/tickets, with `crm` under `services` in smsflow.yaml"


def request(ctx: Context, node: Node) -> Request:
    """The method, the service and the path."""
    found = scalar(ctx, node, "a method and an address")
    texts.note_cut(ctx, found)
    method, _, target = found.text.strip().partition(" ")
    target = target.strip()
    if method not in METHODS:
        hint = suggest(method, METHODS, f"write one of {listed(METHODS)} before the address")
        if method.upper() in METHODS:
            hint = f"in capitals: {method.upper()}"
        raise ctx.refuse(found.place, "F208", f"{method!r} is no method of HTTP", hint)
    service: str | None = None
    path = target
    if _URL.match(target):
        _of_a_service(ctx, found, target)
    else:
        match = _SERVICE.fullmatch(target)
        if match is None:
            message = f"{target!r} is neither service:/path nor a URL"
            raise ctx.refuse(found.place, "F208", message, _SUCH_AS)
        service, path = match[1], match[2]
        _known(ctx, found, service)
    return Request(method, service, _parts(ctx, found, path), found.place)


def _known(ctx: Context, node: Scalar, service: str) -> None:
    if ctx.services is not None and service not in ctx.services:
        there = f"smsflow.yaml has under `services`: {listed(sorted(ctx.services)) or 'nothing'}"
        hint = suggest(service, ctx.services, there)
        at = node.place_at(node.text.find(f"{service}:"), len(service))
        raise ctx.refuse(at, "F309", f"smsflow.yaml has no service {service!r}", hint)


def _of_a_service(ctx: Context, node: Scalar, url: str) -> None:
    """Note a URL that belongs to no service."""
    if ctx.services is not None and service_of(url, ctx.services.values()) is None:
        host = url.split("/")[2]
        hint = "calls go to services of smsflow.yaml only; add it there with its url"
        message = f"no service of smsflow.yaml has the url of {host}"
        raise ctx.refuse(node.place, "F309", message, hint)


def _parts(ctx: Context, node: Scalar, path: str) -> tuple[str | Expression, ...]:
    """The path, its plain pieces and the expressions between them."""
    parts: list[str | Expression] = []
    for number, piece in enumerate(_BRACES.split(path)):
        if number % 2:
            parts.append(texts.expression(ctx, node, piece.strip()))
        elif not _PATH.fullmatch(piece):
            _no_path(ctx, node, piece)
        elif piece:
            parts.append(piece)
    return tuple(parts)


def _no_path(ctx: Context, node: Scalar, piece: str) -> None:
    if "?" in piece or "#" in piece:
        message, hint = "no ? and no # belong into the path", "write parameters under `query`"
    elif "{" in piece or "}" in piece:
        message, hint = "only {{ expressions }} can stand in a path", "such as /tickets/{{ id }}"
    else:
        odd = next(char for char in piece if not _PATH.fullmatch(char))
        message, hint = f"{odd!r} can't stand in a path", "write it as %XX, or leave it out"
    raise ctx.refuse(node.place, "F208", message, hint)
