"""Reading `services` of smsflow.yaml: the web services that flows may call, and nobody else."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from smsflow.engine.language import slots
from smsflow.engine.language.reading import Context, Fields
from smsflow.engine.model import Service

LONGEST = 10  # seconds of one try (flow-language section 1.9)

_ENV = re.compile(r"env\.[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WAYS = {"bearer": None, "header": "value", "basic": "password"}  # with what belongs to each
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")

# Headers that are ours to write.
OURS = frozenset(
    {
        *("host", "content-length", "content-type", "transfer-encoding", "connection"),
        *("idempotency-key", "user-agent", "accept-encoding"),
    }
)


def services(ctx: Context, fields: Fields) -> dict[str, Service]:
    """The services by name; what is wrong with them is noted."""
    found: dict[str, Service] = {}
    for name, entry in fields.get("services", {}).items():
        if not _NAME.fullmatch(name):
            hint = "use letters, digits, _ and -"
            ctx.issue(entry.place, "F310", f"{name!r} can't be the name of a service", hint)
        auth = _auth(ctx, name, entry.get("auth"))
        found[name] = Service(
            name=name,
            place=entry.place,
            url=_url(ctx, entry),
            bearer=auth.get("bearer", ""),
            header=auth.get("header", ""),
            value=auth.get("value", ""),
            user=auth.get("basic", ""),
            password=auth.get("password", ""),
            timeout=seconds_of_a_try(ctx, entry) or LONGEST,
            allow=_allow(ctx, entry),
        )
    return found


def seconds_of_a_try(ctx: Context, fields: Fields) -> int | None:
    """`timeout` in seconds; None when it is not given."""
    length = fields.get("timeout")
    if length is None:
        return None
    if slots.seconds(length) > LONGEST:
        message = f"'timeout' of one try is {LONGEST}s at most"
        hint = "a call that takes longer should answer at once, and tell its end by an event"
        ctx.issue(fields.nodes["timeout"].place, "F208", message, hint)
    return min(slots.seconds(length), LONGEST)


def _url(ctx: Context, entry: Fields) -> str:
    url = str(entry.get("url", ""))
    if not url or _ENV.fullmatch(url):
        return url
    problem = url_problem(url)
    if problem:
        message = f"{url!r} is no address of a service: {problem}"
        ctx.issue(entry.nodes["url"].place, "F208", message, "such as https://crm.example/v2")
    return url


def url_problem(url: str) -> str:
    """Why a URL can't be that of a service; '' when it can."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it can't be read"
    if parts.scheme not in ("http", "https"):
        return "it begins with neither https:// nor http://"
    if not host or any(char.isspace() or not char.isprintable() for char in url):
        return "it names no host"
    if parts.username is not None or parts.password is not None:
        return "a user and a password belong under `auth`"
    if parts.query or parts.fragment:
        return "it has a ? or a #"
    return ""


def _auth(ctx: Context, name: str, auth: Fields | None) -> Mapping[str, str]:
    if auth is None:
        return {}
    ways = [way for way in _WAYS if way in auth]
    if len(ways) != 1:
        hint = "write bearer, or header and value, or basic and password"
        ctx.issue(auth.place, "F211", "'auth' takes one way to prove who we are", hint)
        return auth.values
    second = _WAYS[ways[0]]
    for key in auth.places:
        if key not in (ways[0], second):
            message = f"'{key}' does not go with '{ways[0]}'"
            ctx.issue(auth.places[key], "F211", message, "leave it out")
    if second is not None and second not in auth.places:
        message = f"'{second}' is missing beside '{ways[0]}'"
        ctx.issue(auth.place, "F201", message, f"write {second}: env.{name.upper()}_KEY")
    if "header" in auth and not _HEADER.fullmatch(auth.get("header")):
        message = f"{auth.get('header')!r} is no name of a header"
        ctx.issue(auth.nodes["header"].place, "F208", message, "such as X-Api-Key")
    for secret in ("bearer", "value", "password"):
        if secret in auth and not _ENV.fullmatch(auth.get(secret)):
            hint = f"write env.{name.upper()}_KEY and set it in the environment"
            ctx.issue(auth.nodes[secret].place, "F208", f"'{secret}' stands in the open here", hint)
    return auth.values


def _allow(ctx: Context, entry: Fields) -> tuple[str, ...]:
    networks = []
    for node in entry.get("allow", ()):
        try:
            networks.append(str(ipaddress.ip_network(node.text.strip())))
        except ValueError:
            message = f"{node.text!r} is no network"
            ctx.issue(node.place, "F208", message, "such as 10.0.0.0/8 or 192.168.1.7")
    return tuple(networks)
