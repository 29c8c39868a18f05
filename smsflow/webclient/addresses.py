"""Which addresses a call may reach: public ones, and those that a service lists under `allow`.

A name is looked up once, every address that it has is judged, and the connection is made to one
that was judged: a name that changes between two look-ups changes nothing. What a machine inside
would answer to (loopback, private networks, link-local, the metadata services of clouds) is
refused, also when it is written as IPv6 around IPv4 (RFC 4291, 3056, 4380, 6052).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
# Public by their number, and the host's own agent all the same: Azure's, Oracle's.
_METADATA = frozenset({ip_address("168.63.129.16"), ip_address("192.0.0.192")})


class Refused(Exception):
    """No connection is made there; the message says why, and how to allow it."""


class Unknown(Exception):
    """The name can't be looked up now."""


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host by the system's resolver; Unknown when it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unknown(f"the name {host!r} can't be looked up") from error
    return list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))


def judged(host: str, port: int, allow: Sequence[str], resolve: Resolve) -> list[Address]:
    """The addresses to connect to; Refused when one of them is not to be reached."""
    networks = [ip_network(each) for each in allow]
    found = [ip_address(each) for each in resolve(host, port)]
    if not found:
        raise Unknown(f"the name {host!r} has no address")
    for address in found:
        problem = refusal(address, networks)
        if problem:
            raise Refused(f"{host} is {address}, {problem}; list it under `allow` of the service")
    return found


def refusal(address: Address, allowed: Sequence[Network]) -> str:
    """Why this address is not to be reached; '' when it may be."""
    faces = [address, *_inside(address)]
    for face in faces:
        if any(face.version == each.version and face in each for each in allowed):
            continue
        problem = _kind(face)
        if problem:
            return problem
    return ""


def _inside(address: Address) -> list[Address]:
    """The IPv4 address that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return []
    teredo = address.teredo
    found = [address.ipv4_mapped, address.sixtofour, *(teredo or ())]
    if any(address in each for each in _NAT64):
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in found if each is not None]


def _kind(address: Address) -> str:
    if address in _METADATA:
        return "the metadata service of a cloud"
    if address.is_loopback:
        return "this machine itself"
    if address.is_unspecified:
        return "no address"
    if address.is_link_local:
        return "a link-local address, as metadata services have"
    if address.is_multicast:
        return "a multicast address"
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address.sixtofour):
        return ""  # judged by the address inside
    if any(address.version == each.version and address in each for each in _NAT64):
        return ""
    return "" if address.is_global else "an address of a private network"
