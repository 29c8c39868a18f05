"""The provider's API over HTTP, section by section of its manual."""

from __future__ import annotations

import pytest

from smsflow.sandbox import fates
from smsflow.sandbox.forms import push_body

PHONE = "41793026727"
OTHER = "41793026731"
ACCEPTED = {
    "groupId": 1,
    "groupName": "PENDING",
    "id": 7,
    "name": "PENDING_ENROUTE",
    "description": "Message sent to next instance",
}
ENDPOINTS = ("/sms/1/text/single", "/sms/1/text/multi", "/sms/1/text/advanced")


def to(*numbers: str, **message: object) -> dict[str, object]:
    """A message of an advanced request."""
    destinations = [{"to": number} for number in numbers]
    return {"from": "InfoSMS", "text": "Hello", "destinations": destinations} | message


def error(response):
    return response.status_code, response.json["requestError"]["serviceException"]["messageId"]


def test_send_sms_response_of_a_single_text(client):
    """One text, no bulkId, and the messageId that reports and logs know."""
    body = client.post(ENDPOINTS[0], {"from": "InfoSMS", "to": PHONE, "text": "My first SMS"}).json
    assert body == {
        "messages": [{"to": PHONE, "status": ACCEPTED, "smsCount": 1, "messageId": "id-2"}]
    }


def test_sms_to_multiple_destinations(client):
    """A list of numbers gives a bulkId."""
    body = client.post(
        ENDPOINTS[0], {"from": "WineShop", "to": [PHONE, OTHER], "text": "Grand opening"}
    ).json
    assert body["bulkId"] == "id-1"
    assert [message["to"] for message in body["messages"]] == [PHONE, OTHER]


def test_multiple_sms_to_multiple_destinations(client):
    """Specific texts in one request, `to` a string or a list."""
    messages = [
        {"from": "InfoSMS", "to": PHONE, "text": "one"},
        {"from": "InfoSMS", "to": [PHONE, OTHER], "text": "two"},
    ]
    body = client.post(ENDPOINTS[1], {"messages": messages}).json
    assert [message["to"] for message in body["messages"]] == [PHONE, PHONE, OTHER]
    assert body["bulkId"]


def test_fully_featured_textual_message(client, world):
    """Every documented field is taken, ids of the client's own come back."""
    body = client.advanced(
        {
            "from": "InfoSMS",
            "destinations": [{"to": PHONE, "messageId": "MESSAGE-ID-123-xyz"}, {"to": OTHER}],
            "text": "ж" * 71,
            "flash": True,
            "language": {"languageCode": "TR", "singleShift": True, "lockingShift": False},
            "transliteration": "TURKISH",
            "intermediateReport": True,
            "notifyUrl": "http://www.example.com/sms/advanced",
            "notifyContentType": "application/json",
            "callbackData": "DLR callback data",
            "validityPeriod": 720,
            "unknownField": [1],
        },
        to(PHONE, **{"from": "41793026700", "sendAt": "2015-07-07T17:00:00.000+01:00"}),
        bulkId="BULK-ID-123-xyz",
        tracking={"track": "SMS", "type": "MY CAMPAIGN"},
    )
    assert body["bulkId"] == "BULK-ID-123-xyz"
    assert [message["smsCount"] for message in body["messages"]] == [2, 2, 1]
    assert body["messages"][0]["messageId"] == "MESSAGE-ID-123-xyz"
    first, _, last = world.network.messages()
    assert first.order.flash
    assert first.order.validity.total_seconds() == 720 * 60
    assert last.sent_at.isoformat() == "2015-07-07T16:00:00+00:00"


def test_version_2_always_answers_with_a_bulk_id(client):
    """The same request, and a bulkId for one destination too."""
    assert "bulkId" not in client.advanced(to(PHONE))
    assert "bulkId" in client.post("/sms/2/text/advanced", {"messages": [to(PHONE)]}).json


def test_a_validity_period_over_48_hours_is_set_to_48_hours(client, world):
    """Schedule SMS and validity period."""
    client.advanced(to(PHONE, validityPeriod=10**30))
    (message,) = world.network.messages()
    assert message.order.validity.total_seconds() == 48 * 3600


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (to("1234"), 52),
        (to("1234567890123456"), 52),
        (to("0041793026727"), 52),
        (to("my friend"), 52),
        (to(PHONE, **{"from": "ab"}), 11),
        (to(PHONE, **{"from": "abcdefghijkl"}), 11),
        (to(PHONE, **{"from": "123456789012345"}), 11),
        (to(PHONE, **{"from": None}), 11),
        (to(PHONE, text="x" * (153 * 255 + 1)), 25),
        (to(PHONE, destinations=[{"to": PHONE, "messageId": "seen"}]), 23),
    ],
)
def test_one_refused_destination_leaves_the_others_standing(client, message, status):
    """Group 5 for that message only, with HTTP 200."""
    client.advanced(to(PHONE, destinations=[{"to": PHONE, "messageId": "seen"}]))
    answers = client.advanced(to(OTHER), message, to(PHONE))["messages"]
    assert [answer["status"]["id"] for answer in answers] == [7, status, 7]
    assert answers[1]["status"]["groupName"] == "REJECTED"
    assert answers[1]["messageId"]


@pytest.mark.parametrize("destinations", [None, [], [{}], [{"to": ""}], [{"to": None}]])
def test_a_missing_destination_has_neither_message_id_nor_count(client, destinations):
    """51 MISSING_TO."""
    answers = client.advanced(to(PHONE), to(destinations=destinations))["messages"]
    assert answers[0]["status"]["id"] == 7
    assert answers[1]["status"]["name"] == "MISSING_TO"
    assert set(answers[1]) == {"to", "status"}


def test_getting_delivery_reports(client, world):
    """The documented fields; the second request finds nothing."""
    client.advanced(to(PHONE, callbackData="reset_password"))
    world.after(seconds=1)
    (report,) = client.get("/sms/1/reports").json["results"]
    assert report == {
        "bulkId": "id-1",
        "messageId": "id-2",
        "to": PHONE,
        "sentAt": "2015-02-12T09:00:00.000+0000",
        "doneAt": "2015-02-12T09:00:00.050+0000",
        "smsCount": 1,
        "mccMnc": "22801",
        "price": {"pricePerMessage": 0.01, "currency": "EUR"},
        "callbackData": "reset_password",
        "status": {
            "groupId": 3,
            "groupName": "DELIVERED",
            "id": 5,
            "name": "DELIVERED_TO_HANDSET",
            "description": "Message delivered to handset",
        },
        "error": {
            "groupId": 0,
            "groupName": "OK",
            "id": 0,
            "name": "NO_ERROR",
            "description": "No Error",
            "permanent": False,
        },
    }
    assert client.get("/sms/1/reports").json == {"results": []}


def test_an_intermediate_report_can_carry_the_mixed_up_codes_of_the_manual(world):
    """As in the example: groupId 3 beside PENDING, id 1 beside the name of id 3."""
    world.network.script(PHONE, fates.absent())
    world.send(PHONE, notify_url="http://client.example/dlr", intermediate=True)
    (push,) = world.after(seconds=1)
    shapes = [push_body(push, as_in_manual=odd)[1]["results"][0]["status"] for odd in (False, True)]
    codes = [(shape["groupId"], shape["groupName"], shape["id"]) for shape in shapes]
    assert codes == [(1, "PENDING", 3), (3, "PENDING", 1)]


def test_fifty_delivery_reports_are_told_unless_a_limit_says_otherwise(client, world):
    """The default limit."""
    client.advanced(to(*(f"4179{n:07d}" for n in range(60))))
    world.after(seconds=1)
    assert len(client.get("/sms/1/reports").json["results"]) == 50
    assert len(client.get("/sms/1/reports", limit=7).json["results"]) == 7
    assert len(client.get("/sms/1/reports", limit=7).json["results"]) == 3


def test_getting_sms_logs(client, world):
    """Logs carry sender and text, spell mccmnc so, and can be asked for again."""
    world.network.script(PHONE, fates.refused("REJECTED_NETWORK"))
    client.advanced(to(PHONE))
    for _ in range(2):
        (log,) = client.get("/sms/1/logs").json["results"]
        assert (log["from"], log["text"], log["mccmnc"]) == ("InfoSMS", "Hello", "22801")
        assert log["status"]["action"] == "Contact account manager"
        assert log["price"]["pricePerMessage"] == 0


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["c", "b", "a"]),
        ({"from": "WineShop"}, ["b"]),
        ({"to": "+4915112345678"}, ["c"]),
        ({"bulkId": "one"}, ["a"]),
        ({"bulkId": ["one", "two"]}, ["a", "b"]),
        ({"bulkId": "two,three"}, ["b", "c"]),
        ({"messageId": "c,a"}, ["c", "a"]),
        ({"messageId": ["a", "nobody"]}, ["a"]),
        ({"generalStatus": "delivered"}, ["b", "a"]),
        ({"generalStatus": "PENDING"}, ["c"]),
        ({"sentSince": "2015-02-12T09:01:00.000Z"}, ["c", "b"]),
        ({"sentUntil": "2015-02-12T10:01:00.000+01:00"}, ["b", "a"]),
        ({"mcc": "262"}, ["c"]),
        ({"mcc": "228", "mnc": "01", "limit": 1}, ["b"]),
        ({"mnc": "99"}, []),
    ],
)
def test_the_ten_filters_of_the_logs(client, world, query, found):
    """Alone and together, newest first."""
    for name, bulk, number, sender in (
        ("a", "one", PHONE, "InfoSMS"),
        ("b", "two", PHONE, "WineShop"),
        ("c", "three", "4915112345678", "InfoSMS"),
    ):
        destinations = [{"to": number, "messageId": name}]
        client.advanced(to(**{"from": sender, "destinations": destinations}), bulkId=bulk)
        world.after(minutes=1) if name != "c" else None
    results = client.get("/sms/1/logs", **query).json["results"]
    assert [result["messageId"] for result in results] == found


def test_a_date_whose_plus_was_not_escaped_is_taken_as_meant(client):
    """A plus in a query arrives as a space."""
    client.advanced(to(PHONE))
    for since, found in (("2015-02-12T10:00:00.000+0100", 1), ("2015-02-12T10:00:00.001+0100", 0)):
        response = client.http.get(f"/sms/1/logs?sentSince={since}", headers=client.auth)
        assert len(response.json["results"]) == found


def test_a_limit_over_1000_is_cut(client):
    """The logs give at most 1000 texts at once."""
    client.advanced(to(*(f"4179{n:07d}" for n in range(1001))))
    for limit in (2000, 10**12):
        assert len(client.get("/sms/1/logs", limit=limit).json["results"]) == 1000


def test_pull_received_message(client, world):
    """The documented fields, and what is left."""
    for text in ("hello", "again"):
        world.network.receive(PHONE, "385916242493", text, world.clock.now())
    body = client.get("/sms/1/inbox/reports", limit=1).json
    assert body == {
        "results": [
            {
                "messageId": "id-1",
                "from": PHONE,
                "to": "385916242493",
                "text": "hello",
                "cleanText": "hello",
                "keyword": "",
                "receivedAt": "2015-02-12T09:00:00.000+0000",
                "smsCount": 1,
            }
        ],
        "messageCount": 1,
        "pendingMessageCount": 1,
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic QWxhZGRpbjp3cm9uZw=="},
        {"Authorization": "Basic ZXZlOm9wZW4gc2VzYW1l"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
    ],
)
@pytest.mark.parametrize("path", ["/sms/1/reports", "/sandbox/pending", "/nowhere"])
def test_without_authorization_nothing_is_told(client, headers, path):
    """401 in the documented shape, on every path."""
    response = client.http.get(path, headers=headers)
    assert error(response) == (401, "UNAUTHORIZED")
    assert response.headers["WWW-Authenticate"].startswith("Basic ")
    assert "Invalid login details" in response.text


def test_an_unknown_path_and_a_wrong_method_have_the_documented_shape(client):
    """404 and 405, the latter with Allow."""
    assert error(client.get("/sms/9/nothing")) == (404, "NOT_FOUND")
    response = client.get("/sms/1/text/single")
    assert error(response) == (405, "METHOD_NOT_ALLOWED")
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/sms/1/reports", "/sms/1/inbox/reports"])
def test_a_head_takes_nothing_away(client, world, path):
    """What is handed out once is there for the GET that follows."""
    client.advanced(to(PHONE))
    world.network.receive(PHONE, "385916242493", "hello", world.clock.now())
    world.after(seconds=1)
    assert client.http.head(path, headers=client.auth).status_code == 405
    assert len(client.get(path).json["results"]) == 1


def test_a_body_without_a_content_type_is_a_general_error(client):
    """Content-Type & Accept header."""
    response = client.http.post(ENDPOINTS[0], data=b"{}", headers=client.auth)
    assert error(response) == (400, "GENERAL_ERROR")


def test_a_body_that_is_too_large_is_refused(client):
    """413 beyond 4 MiB."""
    response = client.post(ENDPOINTS[0], {"text": "x" * (4 * 1024 * 1024)})
    assert error(response)[0] == 413


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"17",
        b'"text"',
        b"\xff\xfe\xfa",
        b'{"text": NaN}',
        b'{"from":"InfoSMS","to":"41793026727","text":"x","other":NaN}',
        b"[" * 100_000,
        b'{"from":"InfoSMS","to":"41793026727","text":"\\ud83d"}',
    ],
)
def test_a_malformed_body_is_a_bad_request(client, path, body):
    """400 in the documented shape, whatever the bytes."""
    headers = {**client.auth, "Content-Type": "application/json"}
    response = client.http.post(path, data=body, headers=headers)
    assert error(response) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("path", ENDPOINTS[1:])
@pytest.mark.parametrize("messages", [None, 1, "x", {}, []])
def test_a_request_without_messages_is_a_bad_request(client, path, messages):
    """There is nothing in it that could be refused by itself."""
    response = client.post(path, {"messages": messages})
    assert error(response) == (400, "BAD_REQUEST")
    named = response.json["requestError"]["serviceException"]["validationErrors"]
    assert list(named) == ["messages"]


def test_a_bulk_id_is_at_most_100_characters(client):
    """A request as a whole is refused for it."""
    ok = client.post(ENDPOINTS[2], {"bulkId": "x" * 100, "messages": [to(PHONE)]})
    assert ok.json["bulkId"] == "x" * 100
    response = client.post(ENDPOINTS[2], {"bulkId": "x" * 101, "messages": [to(PHONE)]})
    assert error(response) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "many"},
        {"limit": 0},
        {"limit": -1},
        {"limit": "²"},
        {"generalStatus": "LOST"},
        {"sentSince": "yesterday"},
    ],
)
def test_a_wrong_filter_is_a_bad_request(client, query):
    """Filters of the logs."""
    assert error(client.get("/sms/1/logs", **query)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("first", [0, 26])
def test_the_first_status_can_be_that_of_other_years(world, first):
    """MESSAGE_ACCEPTED and PENDING_ACCEPTED, by a scripted fate."""
    world.network.script_all(fates.script([], submit=first))
    assert world.send(PHONE).entries[0].status.id == first
