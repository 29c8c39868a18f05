"""Texts that cost us and earn somebody else: nobody makes us send them."""

from __future__ import annotations

import pytest

from smsflow.engine import world as worlds
from smsflow.engine.language.parse import load
from smsflow.engine.world import World

PROJECT = b"""\
smsflow-project: 1
name: Acme
numbers: {main: {address: "+447700900000", provider: one}}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
countries: [GB, FR, US]
"""

REFUSED = {
    "a premium number": "+449098790000",
    "a French premium number": "+33899123456",
    "an American premium number": "+19002345678",
    "a personal number, which looks like a mobile": "+447012345678",
    "a pager": "+447640123456",
    "a shared cost number": "+448431234567",
    "a satellite phone": "+881612345678",
    "an international premium number": "+979123456789",
    "another country": "+79161234567",
    "an island with the same prefix": "+447797712345",
    "a short code": "12345",
    "a name": "Bank",
    "a name of digits": "0000",
}


@pytest.fixture(scope="module")
def world() -> World:
    loaded = load({"smsflow.yaml": PROJECT}).sound()
    assert loaded.project is not None
    return worlds.build(loaded.project, loaded.flows, secret=b"a secret of tests")


@pytest.mark.parametrize("phone", REFUSED.values(), ids=REFUSED)
def test_it_is_not_texted(world: World, phone: str) -> None:
    """Neither as an answer nor by the API."""
    assert not world.may_text(phone)


@pytest.mark.parametrize(
    "phone", ["+447700900123", "+447400123456", "+33639981023", "+12025550123", "+442079460123"]
)
def test_people_are(world: World, phone: str) -> None:
    """Mobiles, landlines that take texts, and numbers that are set aside for tests."""
    assert world.may_text(phone)
