"""Providers of SMS: one contract (`base`), an adapter for each, and `connect` to choose one."""

from __future__ import annotations

from smsflow.engine.model.gateway import Gateway
from smsflow.errors import SettingsInvalid
from smsflow.providers.base import Provider
from smsflow.providers.content import Format
from smsflow.providers.gateway import HttpGateway
from smsflow.providers.memory import MemoryProvider
from smsflow.providers.pigeonhost import PigeonHost
from smsflow.providers.transport import HttpTransport, Transport


def connect(
    kind: str,
    name: str,
    *,
    url: str = "",
    user: str = "",
    password: str = "",
    key: str = "",
    format: str = Format.JSON,  # noqa: A002 - the word that smsflow.yaml has for it
    gateway: Gateway | None = None,
    transport: Transport | None = None,
) -> Provider:
    """Return the provider of that kind (pigeonhost, http, memory); no request is made yet.

    `gateway` declares one of the kind http; `transport` takes the place of HTTP. Raises
    SettingsInvalid for an unknown kind or a bad url.
    """
    transport = transport or HttpTransport()
    match kind:
        case "pigeonhost":
            return PigeonHost(
                name, url, user, password, key=key, format=Format(format), transport=transport
            )
        case "http" if gateway is not None:
            return HttpGateway(name, url, gateway, user, password, transport=transport)
        case "memory":
            return MemoryProvider(name)
        case _:
            raise SettingsInvalid(
                f"provider {name!r} has the kind {kind!r}: write pigeonhost, http or memory"
            )
