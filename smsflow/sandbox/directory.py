"""Whose a number is: country and network by its prefix, and what a lookup has to say of it.

Networks are made up but for their codes (ITU E.212): a handset of the sandbox belongs to the one
network that its country has here, unless its profile says that it was ported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from smsflow.sandbox.codes import GsmError, Status


@dataclass(frozen=True, slots=True)
class Operator:
    """A mobile network; its prefix is what follows the country's prefix in its numbers."""

    mcc_mnc: str
    network_prefix: str
    country_prefix: str
    network: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What a test writes of a handset for number lookups; None is what the sandbox makes up."""

    imsi: str | None = None
    ported: Operator | None = None
    roaming: Operator | None = None
    serving_msc: str | None = None
    status: Status | None = None
    error: GsmError | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a number lookup found; manual section "Number lookup". No `operator`: no number."""

    to: str
    status: Status
    error: GsmError
    operator: Operator | None = None
    profile: Profile = Profile()

    @property
    def mcc_mnc(self) -> str | None:
        """MCC and MNC of the network that the number is in now."""
        now = self.profile.ported or self.operator
        return now.mcc_mnc if now else None

    @property
    def imsi(self) -> str | None:
        """15 digits: those of the network, then the last of the number."""
        if self.profile.imsi or self.operator is None:
            return self.profile.imsi
        own = self.operator.mcc_mnc
        return own + self.to.zfill(15)[-(15 - len(own)) :]


# By country prefix: MCC and MNC, the country, and how many digits a network prefix has there.
_COUNTRIES = {
    "1": ("310260", "United States", 3),
    "33": ("20801", "France", 1),
    "34": ("21401", "Spain", 2),
    "385": ("21901", "Croatia", 2),
    "39": ("22201", "Italy", 3),
    "41": ("22801", "Switzerland", 2),
    "44": ("23410", "United Kingdom", 2),
    "49": ("26201", "Germany", 3),
    "90": ("28601", "Turkey", 3),
}
_TEST_NETWORK = "00101"  # the network for tests (ITU E.212)

# Country codes of one and two digits (ITU E.164 annex D); the others have three.
_COUNTRY = re.compile(
    "1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[0-9]{1,3}",
)


@lru_cache(maxsize=10_000)
def operator_of(number: str) -> Operator:
    """The network that numbers like this one begin in; `number` is digits without a plus."""
    found = _COUNTRY.match(number)
    prefix = found[0] if found else ""
    code, country, digits = _COUNTRIES.get(prefix, (_TEST_NETWORK, None, 2))
    network = f"Sandbox {country}" if country else None
    return Operator(code, number[len(prefix) :][:digits], prefix, network, country)
