"""What later clients call: preview, balance, texts by URL, logs of what came in, keys."""

from __future__ import annotations

import pytest

from smsflow.sandbox import fates

PHONE, OTHER, OURS = "41793026727", "41793026731", "385916242493"


def test_preview_of_a_plain_text(client):
    """How much room is left."""
    body = client.post("/sms/1/preview", {"text": "x" * 65}).json
    assert body == {
        "originalText": "x" * 65,
        "previews": [
            {
                "textPreview": "x" * 65,
                "messageCount": 1,
                "charactersRemaining": 95,
                "configuration": {},
            }
        ],
    }


def test_preview_with_language_and_transliteration(client):
    """As it is, by the language's tables, in other letters, and with both."""
    told = {"text": "ğ" * 156, "languageCode": "TR", "transliteration": "TURKISH"}
    previews = client.post("/sms/1/preview", told).json["previews"]
    assert [each["messageCount"] for each in previews] == [3, 2, 1, 1]
    language = previews[1]["configuration"]["language"]
    assert language == {"languageCode": "TR", "singleShift": False, "lockingShift": True}
    assert previews[2]["configuration"] == {"transliteration": "TURKISH"}
    assert previews[2]["textPreview"] == "g" * 156
    assert set(previews[3]["configuration"]) == {"language", "transliteration"}


def test_a_preview_names_the_language_that_was_asked_for(client):
    """Also where its tables help nothing."""
    told = {"text": "hola", "languageCode": "ES"}
    configuration = client.post("/sms/1/preview", told).json["previews"][1]["configuration"]
    assert configuration["language"]["languageCode"] == "ES"


def test_a_preview_is_what_sending_with_its_configuration_costs(client):
    """The promise of the endpoint."""
    text = "Şimdi değil, ı" * 9
    for preview in client.post("/sms/1/preview", {"text": text, "languageCode": "TR"}).json[
        "previews"
    ]:
        message = {"from": "InfoSMS", "text": text, "destinations": [{"to": PHONE}]}
        answer = client.advanced(message | preview["configuration"])
        assert answer["messages"][0]["smsCount"] == preview["messageCount"]


@pytest.mark.parametrize(
    "told", [{}, {"text": ""}, {"text": "x", "languageCode": "DE"}, {"text": 1}, []]
)
def test_a_preview_of_nothing_is_a_bad_request(client, told):
    """400 in the documented shape."""
    assert client.post("/sms/1/preview", told).status_code == 400


def test_the_balance_falls_with_each_part(client, world):
    """A refused text is free."""
    client.put("/sandbox/account", {"balance": 1.5})
    assert client.get("/account/1/balance").json == {"balance": 1.5, "currency": "EUR"}
    world.network.script(OTHER, fates.refused("REJECTED_DND"))
    for number in (PHONE, OTHER):
        body = {"from": "InfoSMS", "to": number, "text": "x" * 161}
        client.post("/sms/1/text/single", body)
    assert client.get("/account/1/balance").json["balance"] == 1.48


def test_without_credit_texts_are_refused_one_by_one(client):
    """12 REJECTED_NOT_ENOUGH_CREDITS for what is not covered, the others stand."""
    client.put("/sandbox/account", {"balance": 0.02})
    body = {"from": "InfoSMS", "to": [PHONE, OTHER, "41793026799"], "text": "x"}
    answer = client.post("/sms/1/text/single", body).json
    assert [each["status"]["id"] for each in answer["messages"]] == [7, 7, 12]


@pytest.mark.parametrize("balance", [None, "much", -1, True])
def test_a_balance_that_is_none_is_a_mistake(client, balance):
    """400 with the reason."""
    assert client.put("/sandbox/account", {"balance": balance}).status_code == 400


def query(client, method: str = "GET", **told: object):
    """A text by the parameters of a URL, without any header."""
    known = {"username": "Aladdin", "password": "open sesame"}
    return client.http.open("/sms/1/text/query", method=method, query_string=known | told)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_text_by_url(client, world, method):
    """With the parameters of the advanced form, all flat."""
    told = {
        "from": "InfoSMS",
        "to": f"{PHONE},{OTHER}",
        "text": "ğ a+b&c",
        "bulkId": "B",
        "flash": "true",
        "intermediateReport": "true",
        "languageCode": "TR",
        "transliteration": "NON_UNICODE",
        "notifyUrl": "http://c.example/dlr?a=b",
        "notifyContentType": "application/xml",
        "callbackData": "mine",
        "validityPeriod": "60",
        "sendAt": "2015-02-12T11:00:00.000+01:00",
        "track": "SMS",
        "trackingType": "PIN",
    }
    answer = query(client, method, **told).json
    assert answer["bulkId"] == "B"
    assert [each["to"] for each in answer["messages"]] == [PHONE, OTHER]
    order = world.network.messages()[0].order
    assert (order.flash, order.intermediate, order.callback_data) == (True, True, "mine")
    assert (order.notify_url, order.notify_type) == (
        "http://c.example/dlr?a=b",
        "application/xml",
    )
    assert (order.validity.total_seconds(), order.send_at.hour) == (3600, 10)
    assert order.tracking.type == "PIN"


def test_a_text_by_a_form(client):
    """As many programs post it."""
    told = {"username": "Aladdin", "password": "open sesame", "to": PHONE, "text": "x"}
    response = client.http.post("/sms/1/text/query", data=told | {"from": "InfoSMS"})
    assert response.json["messages"][0]["status"]["id"] == 7


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"password": "wrong"}, 401),
        ({"username": "eve"}, 401),
        ({"bulkId": "x" * 101}, 400),
        ({"track": "SOUND"}, 400),
    ],
)
def test_a_request_by_url_that_is_turned_down(client, told, status):
    """Its login, and what holds for a whole request."""
    response = query(client, **{"from": "InfoSMS", "to": PHONE, "text": "x"} | told)
    assert response.status_code == status


@pytest.mark.parametrize(
    ("told", "error"),
    [({"text": ""}, 35), ({"flash": "maybe"}, 507), ({"validityPeriod": "long"}, 507)],
)
def test_a_text_by_url_that_is_turned_down(client, told, error):
    """As in the advanced form."""
    answer = query(client, **{"from": "InfoSMS", "to": PHONE, "text": "x"} | told).json
    assert answer["messages"][0]["status"]["name"] == "REJECTED_NOT_SENT"
    (log,) = client.get("/sms/1/logs").json["results"]
    assert log["error"]["id"] == error


def test_a_text_by_url_without_a_number(client):
    """MISSING_TO, as everywhere."""
    answer = query(client, **{"from": "InfoSMS", "text": "x"}).json
    assert answer["messages"][0]["status"]["name"] == "MISSING_TO"


def test_credentials_in_the_url_open_nothing_else(client):
    """Only the path that is made for them."""
    path = "/sms/1/logs?username=Aladdin&password=open+sesame"
    assert client.http.get(path).status_code == 401


@pytest.mark.parametrize(("key", "status"), [("open sesame", 200), ("wrong", 401)])
def test_newer_clients_send_a_key(client, key, status):
    """`App KEY`; the key is the password."""
    response = client.http.get("/sms/1/reports", headers={"Authorization": f"App {key}"})
    assert response.status_code == status


@pytest.fixture
def received(client, world):
    """Three texts that came in, a minute apart; the first has been pulled."""
    client.put(f"/sandbox/numbers/{OURS}", {"keywords": ["Join", "Quiz"]})
    for name, to, text in (("a", OURS, "JOIN me"), ("b", OURS, "joined"), ("c", OTHER, "join")):
        world.network.receive(PHONE, to, text, world.clock.now(), message_id=name)
        world.after(minutes=1)
    world.network.inbox(limit=1)


@pytest.mark.usefixtures("received")
@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({}, "cba"),
        ({"limit": 2}, "cb"),
        ({"to": f"+{OURS}"}, "ba"),
        ({"keyword": "join"}, "a"),
        ({"receivedSince": "2015-02-12T09:01:00.000Z"}, "cb"),
        ({"receivedUntil": "2015-02-12T10:01:00.000+01:00"}, "ba"),
    ],
)
def test_logs_of_received_messages(client, told, found):
    """Pulled or not, as often as one likes, newest first."""
    for _ in range(2):
        results = client.get("/sms/1/inbox/logs", **told).json["results"]
        assert "".join(result["messageId"] for result in results) == found


@pytest.mark.usefixtures("received")
def test_logs_of_received_messages_reach_back_48_hours(client, world):
    """As those of sent ones."""
    world.after(hours=48, minutes=-2)
    results = client.get("/sms/1/inbox/logs").json["results"]
    assert [result["messageId"] for result in results] == ["c", "b"]


@pytest.mark.parametrize(
    ("text", "keyword", "clean"),
    [
        ("JOIN me now", "JOIN", "me now"),
        ("  join", "join", ""),
        ("joined us", "", "joined us"),
        ("please join", "", "please join"),
        ("", "", ""),
    ],
)
def test_a_keyword_is_split_off(client, world, text, keyword, clean):
    """The first word, in any case and as it was typed."""
    client.put(f"/sandbox/numbers/{OURS}", {"keywords": ["Join"]})
    world.network.receive(PHONE, OURS, text, world.clock.now())
    (result,) = client.get("/sms/1/inbox/reports").json["results"]
    assert (result["text"], result["keyword"], result["cleanText"]) == (text, keyword, clean)


def test_keywords_and_route_of_a_number_leave_each_other_alone(client, world):
    """Each is changed by its own field."""
    client.put(f"/sandbox/numbers/{OURS}", {"mo": {"url": "http://c/?%text%"}})
    client.put(f"/sandbox/numbers/{OURS}", {"keywords": ["Join"]})
    world.network.receive(PHONE, OURS, "join", world.clock.now())
    assert len(world.after()) == 1
    assert client.put(f"/sandbox/numbers/{OURS}", {"keywords": "Join"}).status_code == 400


@pytest.mark.parametrize("form", ["single", "multi", "advanced"])
def test_a_request_has_a_bound_on_its_destinations(client, form):
    """10,000; beyond, the whole request is turned down."""
    numbers = ["1"] * 10_001
    body = {
        "single": {"to": numbers, "text": "x"},
        "multi": {"messages": [{"to": numbers, "text": "x"}]},
        "advanced": {
            "messages": [{"destinations": [{"to": to} for to in numbers], "text": "x"}],
        },
    }[form]
    response = client.post(f"/sms/1/text/{form}", body)
    assert response.status_code == 400
    assert "10000" in response.json["requestError"]["serviceException"]["text"]


def test_a_number_may_be_written_as_one(client):
    """Some clients do."""
    body = {"from": "InfoSMS", "to": [int(PHONE), OTHER], "text": "x"}
    answer = client.post("/sms/1/text/single", body).json
    assert [each["to"] for each in answer["messages"]] == [PHONE, OTHER]


def test_a_handset_shows_how_a_text_came(client, world):
    """Parts, flash, tables and transliteration."""
    message = {
        "from": "InfoSMS",
        "text": "ş" * 100,
        "destinations": [{"to": PHONE}],
        "flash": True,
        "language": {"languageCode": "TR", "singleShift": True, "lockingShift": True},
    }
    client.advanced(message, message | {"transliteration": "TURKISH", "language": None})
    world.after(seconds=1)
    first, second = client.get(f"/sandbox/handsets/{PHONE}/messages").json["messages"]
    assert (first["parts"], first["flash"]) == (1, True)
    assert (first["singleShift"], first["lockingShift"]) == ("TR", "TR")
    assert (second["text"], second["transliteration"]) == ("s" * 100, "TURKISH")
    assert second["lockingShift"] is None
