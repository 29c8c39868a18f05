"""A wrong field turns down its message alone, with what the manual has for it."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import pytest

PHONE, OTHER = "41793026727", "41793026731"
MISSING, UNEXPECTED, MISTYPED = 35, 36, 507  # GSM errors of the manual


def text(**other: object) -> dict[str, object]:
    """A message of an advanced request."""
    return {"from": "InfoSMS", "text": "Hello", "destinations": [{"to": PHONE}]} | other


# Field, value, the status of the answer, and the error in the logs; None is no line in the logs.
WRONG: list[tuple[str, object, int, int | None]] = [
    ("destinations", None, 51, None),
    ("destinations", [], 51, None),
    ("destinations", {}, 51, None),
    ("destinations", "41793026727", 51, None),
    ("destinations", [1], 51, None),
    ("destinations", [{}], 51, None),
    ("destinations", [{"to": ""}], 51, None),
    ("destinations", [{"to": []}], 52, 0),
    ("destinations", [{"to": True}], 52, 0),
    ("destinations", [{"to": "0041793026727"}], 52, 0),
    ("destinations", [{"to": PHONE, "messageId": "x" * 201}], 28, UNEXPECTED),
    ("destinations", [{"to": PHONE, "messageId": 7}], 28, MISTYPED),
    ("from", None, 11, 0),
    ("from", 7, 11, 0),
    ("from", {}, 11, 0),
    ("from", "ab", 11, 0),
    ("from", "abcdefghijkl", 11, 0),
    ("from", "123456789012345", 11, 0),
    ("text", None, 28, MISSING),
    ("text", "", 28, MISSING),
    ("text", 7, 28, MISTYPED),
    ("text", "x" * (153 * 255 + 1), 25, 0),
    ("flash", "yes", 28, MISTYPED),
    ("intermediateReport", 1, 28, MISTYPED),
    ("language", "TR", 28, MISTYPED),
    ("language", {"languageCode": "DE"}, 28, UNEXPECTED),
    ("language", {"languageCode": "TR", "singleShift": "yes"}, 28, MISTYPED),
    ("transliteration", "KLINGON", 28, UNEXPECTED),
    ("notifyUrl", "ftp://example.com", 28, UNEXPECTED),
    ("notifyUrl", "http://a b", 28, UNEXPECTED),
    ("notifyUrl", "http://a/" + "x" * 2000, 28, UNEXPECTED),
    ("notifyContentType", "text/html", 28, UNEXPECTED),
    ("callbackData", "x" * 4001, 28, UNEXPECTED),
    ("validityPeriod", "long", 28, MISTYPED),
    ("validityPeriod", 0, 28, UNEXPECTED),
    ("validityPeriod", 1.5, 28, MISTYPED),
    ("sendAt", 7, 28, MISTYPED),
    ("sendAt", "tomorrow", 28, UNEXPECTED),
    ("sendAt", "2015-02-30T00:00:00.000Z", 28, UNEXPECTED),
    ("sendAt", "0001-01-01T00:00:00.000+0100", 28, UNEXPECTED),
    ("sendAt", "2015-08-12T09:00:00.000Z", 28, UNEXPECTED),  # 181 days ahead
    ("deliveryTimeWindow", {"days": ["SOMEDAY"]}, 28, UNEXPECTED),
    ("deliveryTimeWindow", {"days": "MONDAY"}, 28, MISTYPED),
]


def named(case: tuple[str, object, int, int | None]) -> str:
    return f"{case[0]}={case[1]!r:.24}"


def check(client: Any, answer: Any, status: int, error: int | None) -> None:
    """The second of three is refused so, the others are taken."""
    assert [each["status"]["id"] for each in answer["messages"]] == [7, status, 7]
    wrong = answer["messages"][1]
    assert wrong["status"]["groupName"] == "REJECTED"
    lines = client.get("/sms/1/logs").json["results"]
    if error is None:
        assert set(wrong) == {"to", "status"}
        assert len(lines) == 2
    else:
        (line,) = (each for each in lines if each["messageId"] == wrong["messageId"])
        assert (line["status"]["id"], line["error"]["id"]) == (status, error)
        assert line["price"]["pricePerMessage"] == 0


@pytest.mark.parametrize("case", WRONG, ids=named)
def test_a_wrong_field_of_a_message(client, world, case):
    """200; no report follows, and the others arrive."""
    field, value, status, error = case
    hook = {"notifyUrl": "http://c.example/"}
    wrong = text(**hook | {field: value})
    answer = client.advanced(text(**hook), wrong, text(**hook))
    check(client, answer, status, error)
    assert world.statuses(world.after(seconds=1)) == ["DELIVERED_TO_HANDSET"] * 2


def xml(name: str, value: object) -> str:
    """An element with what JSON would have in its place."""
    if isinstance(value, list):
        return f"<{name}>{''.join(xml('each', item) for item in value)}</{name}>"
    if isinstance(value, dict):
        return f"<{name}>{''.join(xml(*pair) for pair in value.items())}</{name}>"
    told = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{'' if value is None else escape(told)}</{name}>"


# What XML can't tell: there every value is text, and an element that is empty is there.
JSON_ALONE = [
    ("destinations", [{"to": []}]),
    ("destinations", [{"to": PHONE, "messageId": 7}]),
    ("text", 7),
]


@pytest.mark.parametrize("case", [each for each in WRONG if each[:2] not in JSON_ALONE], ids=named)
def test_a_wrong_field_of_a_message_in_xml(client, case):
    """The same status; the error where both forms can tell it apart."""
    field, value, status, _ = case
    messages = [text(), text(**{field: value}), text()]
    body = f"<request>{xml('messages', messages)}</request>".encode()
    headers = client.auth | {"Content-Type": "application/xml"}
    response = client.http.post("/sms/1/text/advanced", data=body, headers=headers)
    assert response.status_code == 200, response.text
    told = [each["status"]["id"] for each in response.json["messages"]]
    assert told == [7, status, 7]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/sms/1/text/multi", lambda message: {"messages": [PLAIN, message, PLAIN]}),
        ("/sms/1/text/single", lambda message: message),
    ],
)
@pytest.mark.parametrize(
    ("message", "statuses", "error"),
    [
        ({"to": PHONE}, [28], MISSING),
        ({"to": PHONE, "text": ["x"]}, [28], MISTYPED),
        ({"text": "x"}, [51], None),
        ({"text": "x", "to": []}, [51], None),
        ({"text": "x", "to": {}}, [52], 0),
        ({"text": "x", "to": [PHONE, {}, None, "1"]}, [7, 52, 51, 52], None),
        ({"text": "x", "to": PHONE, "from": 7}, [11], 0),
    ],
)
def test_a_wrong_field_of_a_plain_message(client, path, form, message, statuses, error):
    """One text to a list of numbers, and several texts."""
    response = client.post(path, form({"from": "InfoSMS"} | message))
    assert response.status_code == 200, response.text
    around = [7] if path.endswith("multi") else []
    told = [each["status"]["id"] for each in response.json["messages"]]
    assert told == around + statuses + around
    if error is not None:
        lines = client.get("/sms/1/logs", generalStatus="REJECTED").json["results"]
        assert [line["error"]["id"] for line in lines] == [error]


PLAIN = {"from": "InfoSMS", "to": OTHER, "text": "Hello"}


@pytest.mark.parametrize("message", [None, 1, "x", [], True])
def test_a_message_that_is_none_has_no_destination(client, message):
    """MISSING_TO, among messages that stand."""
    for path, good in (("/sms/1/text/multi", PLAIN), ("/sms/1/text/advanced", text())):
        response = client.post(path, {"messages": [good, message, good]})
        assert [each["status"]["id"] for each in response.json["messages"]] == [7, 51, 7]


def test_a_message_id_is_used_up_by_a_refusal(client):
    """The same id is a duplicate when the field is mended."""
    named = [{"to": PHONE, "messageId": "one"}]
    for wrong, status in (({"flash": "yes"}, 28), ({}, 23)):
        answer = client.advanced(text(destinations=named, **wrong))
        assert answer["messages"][0]["status"]["id"] == status
