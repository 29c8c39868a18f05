"""Providers of SMS: one contract (`base`), an adapter for each, and `connect` to choose one."""

from __future__ import annotations

from smsflow.errors import SettingsInvalid
from smsflow.providers.base import Provider
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
    transport: Transport | None = None,
) -> Provider:
    """Return the provider of that kind (pigeonhost, memory); no request is made yet.

    `transport` takes the place of HTTP. Raises SettingsInvalid for an unknown kind or a bad url.
    """
    match kind:
        case "pigeonhost":
            return PigeonHost(name, url, user, password, transport=transport or HttpTransport())
        case "memory":
            return MemoryProvider(name)
        case _:
            raise SettingsInvalid(
                f"provider {name!r} has the kind {kind!r}: write pigeonhost or memory"
            )
