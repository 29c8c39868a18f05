"""The control API: tests and demos decide what becomes of texts, and see what became of them."""

from __future__ import annotations

import pytest

PHONE = "41793026727"
OURS = "385916242493"
SINGLE = "/sms/1/text/single"
TEXT = {"from": "InfoSMS", "to": PHONE, "text": "Hello"}


def test_a_handset_texts_and_shows_what_it_got_and_sent(client, world):
    """In order, with text, parts, sender and state."""
    client.post(SINGLE, TEXT)
    world.after(seconds=1)
    reply = {"from": "+" + PHONE, "to": OURS, "text": "yes", "messageId": "mine"}
    assert client.post("/sandbox/mo", reply).json == {"messageIds": ["mine"]}
    got, sent = client.get(f"/sandbox/handsets/{PHONE}/messages").json["messages"]
    assert (got["direction"], got["text"], got["from"]) == ("got", "Hello", "InfoSMS")
    assert (got["parts"], got["state"]) == (1, "DELIVERED_TO_HANDSET")
    assert (sent["direction"], sent["text"], sent["to"]) == ("sent", "yes", OURS)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_number_tells_its_texts_by_the_method_it_was_set_to(client, world, method):
    """The same text several times when `times` says so, each with the same id."""
    mo = {"url": "http://client.example/mo?what=%text%", "method": method}
    assert client.put(f"/sandbox/numbers/+{OURS}", {"mo": mo}).status_code == 200
    client.post("/sandbox/mo", {"from": PHONE, "to": OURS, "text": "hi", "times": 2})
    pushes = world.after()
    assert [push.method for push in pushes] == [method] * 2
    assert len({push.inbound.message_id for push in pushes}) == 1
    client.put(f"/sandbox/numbers/{OURS}", {"mo": None})
    client.post("/sandbox/mo", {"from": PHONE, "to": OURS, "text": "hi"})
    assert client.get("/sms/1/inbox/reports").json["messageCount"] == 1


def test_several_handsets_text_in_one_request(client):
    """A list of texts; octets as hex for what no keyboard makes."""
    texts = [
        {"from": PHONE, "to": OURS, "text": "one"},
        {"from": PHONE, "to": OURS, "bin": "0416", "datacoding": 8},
    ]
    assert len(client.post("/sandbox/mo", texts).json["messageIds"]) == 2
    results = client.get("/sms/1/inbox/reports").json["results"]
    assert [result["text"] for result in results] == ["one", "Ж"]


@pytest.mark.parametrize(
    ("fate", "status"),
    [
        ("undeliverable", "UNDELIVERABLE_NOT_DELIVERED"),
        ({"name": "expired", "delay": 0.5}, "EXPIRED_EXPIRED"),
        ({"name": "operator", "seconds": 0.5}, "DELIVERED_TO_HANDSET"),
        ({"name": "absent", "seconds": 0.5}, "DELIVERED_TO_HANDSET"),
        ({"name": "absent"}, "PENDING_WAITING_DELIVERY"),
        ({"name": "refused", "status": 52}, "REJECTED_DESTINATION"),
        ("silent", "PENDING_ENROUTE"),
        ({"steps": [[0.1, "EXPIRED_UNKNOWN", "EC_NO_RESPONSE"]], "submit": 0}, "EXPIRED_UNKNOWN"),
        ({"steps": [[0.1, 5]]}, "DELIVERED_TO_HANDSET"),
    ],
)
def test_a_fate_is_set_over_http(client, world, fate, status):
    """By name with its delays, or as a script of steps."""
    assert client.put(f"/sandbox/handsets/{PHONE}", {"fate": fate}).status_code == 200
    client.post(SINGLE, TEXT)
    world.after(seconds=1)
    (message,) = client.get("/sandbox/messages").json["messages"]
    assert message["state"] == status


def test_fates_are_queued_over_http_and_every_number_has_one_under_a_star(client):
    """The queue of one number goes before the fate of all."""
    client.put("/sandbox/handsets/*", {"fate": {"name": "refused", "status": "REJECTED_DND"}})
    client.put(f"/sandbox/handsets/{PHONE}", {"fates": ["delivered"]})
    ids = [client.post(SINGLE, TEXT).json["messages"][0]["status"]["id"] for _ in range(2)]
    assert ids == [7, 10]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sandbox/handsets/1", {"fate": "eaten by a dog"}),
        ("/sandbox/handsets/1", {"fate": {"name": "delivered", "delay": -1}}),
        ("/sandbox/handsets/1", {"fate": {"steps": [[1, "NO_SUCH_STATUS"]]}}),
        ("/sandbox/handsets/1", {"fate": {"steps": 1}}),
        ("/sandbox/handsets/1", {"fate": {"steps": [], "submit": []}}),
        ("/sandbox/handsets/1", {"fate": {"name": []}}),
        ("/sandbox/handsets/1", {"fates": 1}),
        ("/sandbox/faults", {"double": "yes"}),
        ("/sandbox/handsets/1", {"fate": {"steps": [[]]}}),
        ("/sandbox/handsets/1", []),
        ("/sandbox/numbers/1", {"mo": {"url": "nowhere"}}),
        ("/sandbox/numbers/1", {"mo": {"url": "http://c", "method": "PUT"}}),
        ("/sandbox/numbers/1", {"mo": 1}),
        ("/sandbox/faults", {"plague": 1}),
        ("/sandbox/faults", {"fail": {"status": 200}}),
        ("/sandbox/faults", {"fail": {"times": "often"}}),
    ],
)
def test_a_mistake_in_a_script_is_told(client, path, body):
    """400 in the documented shape."""
    response = client.put(path, body)
    assert response.status_code == 400
    assert response.json["requestError"]["serviceException"]["text"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"from": 1, "to": OURS},
        {"from": PHONE, "to": OURS, "bin": "0"},
        {"from": PHONE, "to": OURS, "text": "x", "esmclass": 256},
        {"from": PHONE, "to": OURS, "text": "x", "datacoding": -1},
        [1],
    ],
)
def test_a_text_that_no_handset_could_send_is_refused(client, body):
    """400 in the documented shape."""
    assert client.post("/sandbox/mo", body).status_code == 400


@pytest.mark.parametrize(("status", "code"), [(500, "GENERAL_ERROR"), (429, "TOO_MANY_REQUESTS")])
def test_the_next_requests_are_answered_with_trouble(client, status, code):
    """`fail` accepts nothing; Retry-After where it is asked for."""
    client.put("/sandbox/faults", {"fail": {"times": 2, "status": status, "retryAfter": 3}})
    for _ in range(2):
        response = client.post(SINGLE, TEXT)
        assert response.status_code == status
        assert response.json["requestError"]["serviceException"]["messageId"] == code
        assert response.headers["Retry-After"] == "3"
    assert client.get("/sandbox/messages").json == {"messages": []}
    assert client.post(SINGLE, TEXT).status_code == 200


def test_trouble_can_strike_after_a_text_was_accepted(client):
    """`failAfter` answers 500, and the text is out."""
    client.put("/sandbox/faults", {"failAfter": 1})
    assert client.post(SINGLE, TEXT).status_code == 500
    assert len(client.get("/sandbox/messages").json["messages"]) == 1


def test_an_answer_is_lost_after_the_text_was_accepted(client):
    """`lose` breaks the connection once, and the text is out."""
    client.put("/sandbox/faults", {"lose": 1})
    with pytest.raises(ConnectionResetError):
        client.post(SINGLE, TEXT)
    assert len(client.get("/sandbox/messages").json["messages"]) == 1
    assert client.post(SINGLE, TEXT).status_code == 200


def test_an_answer_is_held_back(client, waits):
    """`stall` waits before answering, once."""
    client.put("/sandbox/faults", {"stall": {"seconds": 12}})
    client.post(SINGLE, TEXT)
    client.post(SINGLE, TEXT)
    assert waits.seconds == [12]


def test_pending_says_when_all_is_quiet_and_delete_forgets_everything(client, world):
    """A demo waits for zeros; a test begins anew."""
    client.post(SINGLE, TEXT)
    body = client.get("/sandbox/pending").json
    assert body == {"deliveries": 1, "pushes": 0, "nextDue": "2015-02-12T09:00:00.050+0000"}
    world.after(seconds=1)
    body = client.get("/sandbox/pending").json
    assert body == {"deliveries": 0, "pushes": 0, "nextDue": None}
    assert client.delete("/sandbox").status_code == 200
    assert client.get("/sandbox/messages").json == {"messages": []}
