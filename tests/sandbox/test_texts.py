"""What a text becomes on the sandbox's air: `language` and `transliteration` of a full message."""

from __future__ import annotations

import pytest

PHONE = "41793026727"


def count(client, text: str, **options: object) -> int:
    """The smsCount of one text."""
    message = {"from": "InfoSMS", "destinations": [{"to": PHONE}], "text": text} | options
    return client.advanced(message)["messages"][0]["smsCount"]


def language(code: str, single: bool | None = None, locking: bool | None = None) -> dict:
    """`language` as the manual's example nests it; None leaves a flag out."""
    told = {"languageCode": code, "singleShift": single, "lockingShift": locking}
    return {"language": {name: value for name, value in told.items() if value is not None}}


@pytest.mark.parametrize(
    ("text", "options", "parts"),
    [
        ("ğ" * 71, {}, 2),
        ("ğ" * 77, language("TR", True, False), 1),
        ("ğ" * 78, language("TR", True, False), 2),
        ("ğ" * 155, language("TR", False, True), 1),
        ("ğ" * 153, language("TR", True, True), 2),
        ("a" * 156, language("TR", True, False), 2),
        ("ğ" * 71, language("TR", False, False), 2),
        ("ğ" * 155, language("TR"), 1),
        ("ú" * 77, language("ES", True, True), 1),
        ("ú" * 77, language("ES", False, True), 2),
        ("ã" * 152, language("PT", True, True), 1),
        ("ж" * 71, language("PT", True, True), 2),
        ("ğ" * 160, {"transliteration": "TURKISH"}, 1),
        ("ğ" * 160, {"transliteration": "CYRILLIC"}, 3),
        ("ğ" * 156, {"transliteration": "TURKISH", **language("TR", True, False)}, 2),
    ],
)
def test_parts_are_counted_as_they_are_written(client, text, options, parts):
    """Headers of national tables take their room, and a transliterated text is the shorter one."""
    assert count(client, text, **options) == parts


def test_the_handset_gets_the_transliterated_text(client, world):
    """So do the logs: it is what was sent."""
    count(client, "Καλημέρα", transliteration="GREEK")
    (message,) = world.network.messages()
    assert message.order.text == "KAΛHMEPA"
    assert client.get("/sms/1/logs").json["results"][0]["text"] == "KAΛHMEPA"
