"""Number lookup: what is found of numbers with scripted handsets, and what is turned down."""

from __future__ import annotations

import pytest

PHONE = "41793026727"
NETWORK = {
    "mccMnc": "22802",
    "networkPrefix": "78",
    "countryPrefix": "41",
    "networkName": "Other",
    "countryName": "Switzerland",
}


def look_up(client, *numbers: str):
    """The results for these numbers."""
    response = client.post("/number/1/query", {"to": list(numbers)})
    assert response.status_code == 200, response.text
    return response.json["results"]


@pytest.mark.parametrize(
    ("number", "network", "country", "mcc_mnc"),
    [
        (PHONE, "79", "41", "22801"),
        ("+447700900123", "77", "44", "23410"),
        ("12025550123", "202", "1", "310260"),
        ("385916242493", "91", "385", "21901"),
        ("358401234567", "40", "358", "00101"),
        ("81901234567", "90", "81", "00101"),
    ],
)
def test_a_number_has_a_country_and_a_network(client, number, network, country, mcc_mnc):
    """By its prefixes; countries without a network here have the one for tests."""
    (found,) = look_up(client, number)
    assert found["to"] == number.removeprefix("+")
    assert found["originalNetwork"]["networkPrefix"] == network
    assert found["originalNetwork"]["countryPrefix"] == country
    assert found["mccMnc"] == mcc_mnc
    assert (len(found["imsi"]), found["imsi"][: len(mcc_mnc)]) == (15, mcc_mnc)


@pytest.mark.parametrize(
    ("fate", "status", "error"),
    [
        ("delivered", 5, 0),
        ("absent", 9, 27),
        ("undeliverable", 9, 1),
        ("rejected", 9, 13),
        ("silent", 5, 0),
        ({"name": "refused", "status": "REJECTED_DND"}, 10, 0),
    ],
)
def test_the_status_of_a_lookup_is_that_of_the_lasting_fate(client, fate, status, error):
    """A handset that texts don't reach is not found either."""
    client.put(f"/sandbox/handsets/{PHONE}", {"fate": fate})
    (found,) = look_up(client, PHONE)
    assert (found["status"]["id"], found["error"]["id"]) == (status, error)


def test_a_handset_can_be_ported_and_roaming(client):
    """With the networks it is in; texts to it are logged with the network it was ported to."""
    told = {
        "ported": NETWORK,
        "roaming": NETWORK | {"mccMnc": "20801", "countryPrefix": "33"},
        "servingMSC": "41780000000",
        "imsi": "228021234567890",
        "status": "UNDELIVERABLE_NOT_DELIVERED",
        "error": 6,
    }
    client.put(f"/sandbox/handsets/{PHONE}", {"lookup": told})
    (found,) = look_up(client, PHONE)
    network = {name: value for name, value in NETWORK.items() if name != "mccMnc"}
    assert (found["ported"], found["portedNetwork"]) == (True, network)
    assert found["roaming"] is True
    assert found["roamingNetwork"]["countryPrefix"] == "33"
    assert (found["mccMnc"], found["imsi"]) == ("22802", "228021234567890")
    assert found["servingMSC"] == "41780000000"
    assert (found["status"]["id"], found["error"]["id"]) == (9, 6)
    client.post("/sms/1/text/single", {"from": "InfoSMS", "to": PHONE, "text": "x"})
    assert client.get("/sms/1/logs", mcc="228", mnc="02").json["results"]
    client.put(f"/sandbox/handsets/{PHONE}", {"lookup": None})
    assert look_up(client, PHONE)[0]["ported"] is False


def test_a_profile_and_a_fate_leave_each_other_alone(client):
    """A profile alone doesn't touch the fate of texts."""
    client.put(f"/sandbox/handsets/{PHONE}", {"fate": {"name": "refused", "status": 20}})
    client.put(f"/sandbox/handsets/{PHONE}", {"lookup": {"ported": NETWORK}})
    body = {"from": "InfoSMS", "to": PHONE, "text": "x"}
    answer = client.post("/sms/1/text/single", body).json
    assert answer["messages"][0]["status"]["id"] == 20


def test_what_is_no_number_is_told_among_the_others(client):
    """The status of an invalid address, and nothing of a network."""
    bad, good = look_up(client, "my friend", PHONE)
    assert (bad["status"]["id"], good["status"]["id"]) == (52, 5)
    assert set(bad) == {"to", "status", "error"}


def test_one_number_needs_no_list(client):
    """A string does."""
    response = client.post("/number/1/query", {"to": PHONE})
    assert response.json["results"][0]["to"] == PHONE


@pytest.mark.parametrize("path", ["/number/1/query", "/number/1/notify"])
def test_a_thousand_numbers_are_looked_up_and_no_more(client, path):
    """400 beyond, with the reason as text."""
    numbers = [str(41790000000 + number) for number in range(1001)]
    body = {"to": numbers[:1000], "notifyUrl": "http://c.example/nc"}
    assert len(client.post(path, body).json["results"]) == 1000
    response = client.post(path, body | {"to": numbers})
    assert response.status_code == 400
    assert "limited to 1000" in response.json["requestError"]["serviceException"]["text"]


@pytest.mark.parametrize("wrong", [[], {}, True, "x"])
def test_a_number_of_another_kind_is_told_among_the_others(client, wrong):
    """As one that is wrong."""
    response = client.post("/number/1/query", {"to": [wrong, PHONE]})
    assert [found["status"]["id"] for found in response.json["results"]] == [52, 5]


@pytest.mark.parametrize("to", [None, "", []])
def test_a_lookup_of_nothing_is_a_bad_request(client, to):
    """`to` is named."""
    response = client.post("/number/1/query", {"to": to})
    assert list(response.json["requestError"]["serviceException"]["validationErrors"]) == ["to"]


def test_lookups_can_be_pushed(client, world):
    """`/number/1/notify`, of public clients: pending at first, then the results."""
    body = {
        "to": [PHONE],
        "notifyUrl": "http://c.example/nc",
        "notifyContentType": "application/xml",
    }
    (row,) = client.post("/number/1/notify", body).json["results"]
    assert row["status"]["name"] == "PENDING_WAITING_DELIVERY"
    (push,) = world.after()
    assert (push.url, push.content_type) == ("http://c.example/nc", "application/xml")
    ((message_id, found),) = push.lookups
    assert (message_id, found.to) == (row["messageId"], PHONE)
    assert client.post("/number/1/notify", {"to": [PHONE]}).status_code == 400


@pytest.mark.parametrize(
    "told", [1, {"color": "red"}, {"ported": 1}, {"imsi": 1}, {"status": True}, {"error": "NONE"}]
)
def test_a_profile_that_is_none_is_a_mistake(client, told):
    """400 with the reason."""
    assert client.put(f"/sandbox/handsets/{PHONE}", {"lookup": told}).status_code == 400
