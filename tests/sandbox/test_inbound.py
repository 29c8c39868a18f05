"""Push received messages: what the URL of a GET says, and what goes over the air."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from smsflow.sandbox.inbound import fill, typed

AT = datetime(2015, 2, 23, 17, 41, 11, 833000, tzinfo=UTC)
BASE = "https://some.server.com/incoming_sms.php?"


def inbound(text="ABC", **options):
    return typed("mo-1", "+38598123123", "+385916242493", text, AT, **options)


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("who=%sender%&what=%text%&output=xml", "who=38598123123&what=ABC"),
        ("output=json&who=%sender%", "who=38598123123"),
        ("who=%sender%&what=%bin%", "who=38598123123&what=414243"),
        ("r=%receiver%&i=%messageid%", "r=385916242493&i=mo-1"),
        ("d=%datacoding%&e=%esmclass%", "d=0&e=0"),
        ("at=%datetime%", "at=2015-02-23T17%3A41%3A11.833%2B0000"),
        ("WHO=%SENDER%&what=%Text%", "WHO=38598123123&what=ABC"),
        ("t=%text%&b=%bin%", "t=ABC&b="),
        ("other=%nothing%&done=100%", "other=%nothing%&done=100%"),
    ],
)
def test_the_url_template_is_filled_as_the_manual_shows(template, url):
    """Placeholders in any case, no leading plus, `output` left out."""
    assert fill(BASE + template, inbound()) == BASE + url


@pytest.mark.parametrize(
    ("template", "query"),
    [
        ("t=%text%&b=%bin%", "t=&b=04160438"),
        ("t=%text%", "t=%D0%96%D0%B8"),
        ("b=%bin%&d=%datacoding%", "b=04160438&d=8"),
    ],
)
def test_unicode_is_told_as_octets_when_the_url_has_room_for_both(template, query):
    """Data coding 8 is UTF-16BE in hex; a URL with text alone gets the text all the same."""
    assert fill(BASE + template, inbound("Жи")) == BASE + query


def test_gsm_octets_are_told_as_hex():
    """@ is 00 in the GSM alphabet, and the euro sign two octets."""
    assert fill("http://c/?%bin%", inbound("@€")) == "http://c/?001B65"


def test_what_a_person_texts_is_data():
    """A text that holds a placeholder or an ampersand stays a value."""
    assert fill("http://c/?t=%text%&b=1", inbound("%bin%&x=/1")) == (
        "http://c/?t=%25bin%25%26x%3D%2F1&b=1"
    )


def test_latin_1_and_binary_are_told_as_they_are():
    """Data codings 3 and 4."""
    assert inbound("é", datacoding=3).octets == b"\xe9"
    binary = inbound("", datacoding=4, octets=b"\x00\xff")
    assert fill("http://c/?t=%text%&b=%bin%", binary) == "http://c/?t=&b=00FF"


def test_a_user_data_header_leads_the_octets():
    """esmclass with the UDH bit: the octets are told untouched, and as text without the header."""
    part = inbound("", datacoding=8, octets=bytes.fromhex("0500030102010416"), esmclass=0x40)
    assert fill("http://c/?b=%bin%&e=%esmclass%", part) == "http://c/?b=0500030102010416&e=64"
    assert fill("http://c/?t=%text%", part) == "http://c/?t=%D0%96"


@pytest.mark.parametrize("octets", ["", "05000301020104", "ff00"])
def test_a_header_with_nothing_to_read_behind_it(octets):
    """Told as octets alone."""
    assert inbound("", datacoding=8, octets=bytes.fromhex(octets), esmclass=0x40).text == ""


@pytest.mark.parametrize("datacoding", [0, 3])
def test_a_text_that_its_coding_has_no_room_for_is_a_mistake(datacoding):
    """Cyrillic is in neither the GSM alphabet nor Latin-1."""
    with pytest.raises(ValueError, match=r"GSM alphabet|latin-1"):
        inbound("Ж", datacoding=datacoding)
