"""What a test writes of a handset for number lookups, read from the control API."""

from __future__ import annotations

from typing import Any

from smsflow.sandbox.codes import error_of, status_of
from smsflow.sandbox.directory import Operator, Profile

_KNOWN = {"imsi", "ported", "roaming", "servingMSC", "status", "error"}


def parse(told: object) -> Profile | None:
    """A profile, or None for what the sandbox makes up; ValueError says what is wrong.

    {imsi, servingMSC, status, error, ported, roaming}: codes by name or id, and for `ported` and
    `roaming` the other network as {mccMnc, networkPrefix, countryPrefix, networkName, countryName}.
    """
    if told is None:
        return None
    if not isinstance(told, dict) or set(told) - _KNOWN:
        raise ValueError(f"lookup has the fields {', '.join(sorted(_KNOWN))}")
    status, error = _code(told, "status"), _code(told, "error")
    return Profile(
        imsi=_text(told, "imsi"),
        ported=_operator(told, "ported"),
        roaming=_operator(told, "roaming"),
        serving_msc=_text(told, "servingMSC"),
        status=None if status is None else status_of(status),
        error=None if error is None else error_of(error),
    )


def _operator(told: dict[str, Any], name: str) -> Operator | None:
    network = told.get(name)
    if network is None or network is False:
        return None
    if not isinstance(network, dict):
        raise ValueError(f"{name} must be a network, such as {{mccMnc: 22802}}")
    return Operator(
        _text(network, "mccMnc") or "00101",
        _text(network, "networkPrefix") or "",
        _text(network, "countryPrefix") or "",
        _text(network, "networkName"),
        _text(network, "countryName"),
    )


def _text(told: dict[str, Any], name: str) -> str | None:
    value = told.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a string")
    return value


def _code(told: dict[str, Any], name: str) -> str | int | None:
    value = told.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
        raise ValueError(f"{name} must be the name or the id of a code")
    return value
