"""When texts go out: windows of the week, the pace of a request, and bulks that are changed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from smsflow.sandbox import fates
from smsflow.sandbox.schedule import Window

PHONE, OTHER = "41793026727", "41793026731"
HOUR = timedelta(hours=1)
LATER = "2015-02-12T11:00:00.000+0100"  # an hour after the clock of these tests


def message(*numbers: str, **fields: object) -> dict[str, object]:
    """A message of an advanced request."""
    destinations = [{"to": number} for number in numbers or (PHONE,)]
    return {"from": "InfoSMS", "text": "Hello", "destinations": destinations} | fields


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of February 2015, whose 12th is a Thursday."""
    return datetime(2015, 2, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        (at(12, 9), at(12, 9)),
        (at(12, 7, 59), at(12, 8)),
        (at(12, 17, 59), at(12, 17, 59)),
        (at(12, 18), at(16, 8)),
        (at(13, 12), at(16, 8)),
    ],
)
def test_a_window_opens_on_its_days_at_its_hours(moment, opens):
    """Mondays and Thursdays from 8 to 18."""
    assert Window(frozenset({0, 3}), time(8), time(18)).next(moment) == opens


def test_a_window_without_hours_is_open_all_day():
    """From midnight to midnight."""
    assert Window(frozenset({4})).next(at(12, 23)) == at(13, 0)
    assert Window(frozenset({4})).next(at(13, 23, 59)) == at(13, 23, 59)
    assert Window(frozenset({4})).next(at(14, 0)) == at(20, 0)


def test_delivery_time_window(client, world):
    """A text outside of it is PENDING_TIME_VIOLATION until the window opens."""
    window = {"days": ["FRIDAY"], "from": {"hour": 8}, "to": {"hour": 18, "minute": 30}}
    answer = client.advanced(message(deliveryTimeWindow=window))
    assert answer["messages"][0]["status"]["name"] == "PENDING_ENROUTE"
    (log,) = client.get("/sms/1/logs").json["results"]
    assert log["status"]["name"] == "PENDING_TIME_VIOLATION"
    assert log["sentAt"] == "2015-02-13T08:00:00.000+0000"
    world.after(hours=22, minutes=59)
    assert world.network.talk(PHONE) == []
    world.network.script(PHONE, fates.delivered(60))
    client.advanced(message(deliveryTimeWindow=window))
    world.after(minutes=1, seconds=1)
    assert len(world.network.talk(PHONE)) == 1
    (waiting, _) = client.get("/sms/1/logs").json["results"]
    assert waiting["status"]["name"] == "PENDING_ENROUTE"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("days", []),
        ("days", ["SOMEDAY"]),
        ("from", {"hour": 24}),
        ("to", {"hour": 8, "minute": 59}),
        ("to", None),
        ("from", None),
    ],
)
def test_a_window_that_is_none_is_refused(client, field, value):
    """Days by name, hours as a pair and an hour apart."""
    window = {"days": ["FRIDAY"], "from": {"hour": 8}, "to": {"hour": 18}} | {field: value}
    answer = client.advanced(message(deliveryTimeWindow=window))
    assert answer["messages"][0]["status"]["name"] == "REJECTED_NOT_SENT"


def test_sending_speed_limit(client):
    """Texts of one request are spread evenly; those refused take no room."""
    numbers = ["41793026700", "1", "41793026701", "41793026702"]
    client.advanced(message(*numbers), sendingSpeedLimit={"amount": 2, "timeUnit": "MINUTE"})
    logs = {log["to"]: log["sentAt"] for log in client.get("/sms/1/logs").json["results"]}
    assert [logs[number][14:19] for number in numbers] == ["00:00", "00:30", "00:30", "01:00"]


@pytest.mark.parametrize("limit", [{}, {"amount": 0}, {"amount": 1, "timeUnit": "YEAR"}])
def test_a_speed_limit_that_is_none_is_a_bad_request(client, limit):
    """An amount of at least 1, and a unit."""
    body = {"messages": [message()], "sendingSpeedLimit": limit}
    assert client.post("/sms/1/text/advanced", body).status_code == 400


def bulk(client, method: str = "GET", body: object = None, path: str = "", name: str = "b"):
    """A request about a bulk."""
    return client.http.open(
        f"/sms/1/bulks{path}?bulkId={name}", method=method, json=body, headers=client.auth
    )


def put_status(client, status: str):
    """A request that holds, frees or calls off the bulk."""
    return bulk(client, "PUT", {"status": status}, "/status")


def test_a_bulk_is_rescheduled(client, world):
    """It goes out at the new time and not at the old one."""
    client.advanced(message(PHONE, OTHER, sendAt=LATER), bulkId="b")
    assert bulk(client).json == {"bulkId": "b", "sendAt": "2015-02-12T10:00:00.000+0000"}
    told = bulk(client, "PUT", {"sendAt": "2015-02-12T15:00:00.000+0100"}).json
    assert told == {"bulkId": "b", "sendAt": "2015-02-12T14:00:00.000+0000"}
    world.after(hours=4, minutes=59)
    assert world.network.talk(PHONE) == []
    assert world.network.pending().deliveries == 2
    world.after(minutes=2)
    assert len(world.network.talk(PHONE)) == len(world.network.talk(OTHER)) == 1
    assert world.network.pending().deliveries == 0
    assert bulk(client, path="/status").json == {"bulkId": "b", "status": "FINISHED"}


def test_a_bulk_keeps_its_pace_when_it_is_rescheduled(client, world):
    """Each text is put off by as much."""
    pace = {"amount": 1, "timeUnit": "HOUR"}
    client.advanced(message(PHONE, OTHER, sendAt=LATER), bulkId="b", sendingSpeedLimit=pace)
    bulk(client, "PUT", {"sendAt": "2015-02-12T12:00:00Z"})
    first, second = world.network.messages()
    assert (first.sent_at.hour, second.sent_at.hour) == (12, 13)
    world.after(hours=3, minutes=30)
    assert bulk(client, path="/status").json["status"] == "PROCESSING"


def test_a_bulk_is_held_and_freed(client, world):
    """What is held past its time goes out as soon as it is freed."""
    client.advanced(message(sendAt=LATER), bulkId="b")
    assert put_status(client, "PAUSED").json == {"bulkId": "b", "status": "PAUSED"}
    world.after(hours=2)
    assert world.network.talk(PHONE) == []
    assert put_status(client, "PENDING").json["status"] == "FINISHED"
    world.after(seconds=1)
    assert len(world.network.talk(PHONE)) == 1
    (log,) = client.get("/sms/1/logs").json["results"]
    assert log["sentAt"] == "2015-02-12T11:00:00.000+0000"


def test_a_bulk_is_called_off(client, world):
    """Each text is reported as canceled, and nothing goes out."""
    client.advanced(message(sendAt=LATER), bulkId="b")
    assert put_status(client, "CANCELED").json["status"] == "CANCELED"
    (report,) = client.get("/sms/1/reports").json["results"]
    assert report["status"]["name"] == "UNDELIVERABLE_NOT_SENT"
    assert report["error"]["name"] == "EC_MESSAGE_CANCELED"
    world.after(hours=2)
    assert world.network.talk(PHONE) == []
    assert put_status(client, "PENDING").status_code == 400


def test_texts_that_were_put_off_are_kept_for_48_hours_from_then(client, world):
    """The logs and the messageId live on."""
    client.advanced(message(sendAt=LATER), bulkId="b")
    bulk(client, "PUT", {"sendAt": "2015-02-20T09:00:00Z"})
    world.after(days=9)
    assert len(client.get("/sms/1/logs").json["results"]) == 1
    world.after(days=2)
    assert client.get("/sms/1/logs").json["results"] == []


@pytest.mark.parametrize(
    ("messages", "method", "path", "body", "status"),
    [
        ([message()], "PUT", "", {"sendAt": LATER}, 400),
        ([message(sendAt=LATER)] * 2, "PUT", "", {"sendAt": LATER}, 400),
        ([message(sendAt=LATER)], "PUT", "", {}, 400),
        ([message(sendAt=LATER)], "PUT", "", {"sendAt": "soon"}, 400),
        ([message(sendAt=LATER)], "PUT", "", {"sendAt": "2015-12-12T00:00:00Z"}, 400),
        ([message(sendAt=LATER)], "PUT", "/status", {"status": "FINISHED"}, 400),
        ([message(sendAt=LATER)], "PUT", "/status", {}, 400),
        ([message()], "PUT", "/status", {"status": "CANCELED"}, 400),
    ],
)
def test_a_bulk_that_can_not_be_changed_so(client, messages, method, path, body, status):
    """Out already, several messages, or no such time or status."""
    client.advanced(*messages, bulkId="b")
    response = bulk(client, method, body, path)
    assert response.status_code == status
    assert response.json["requestError"]["serviceException"]["messageId"] == "BAD_REQUEST"


@pytest.mark.parametrize("path", ["", "/status"])
def test_a_bulk_that_nobody_knows(client, path):
    """404 in the documented shape, 400 without a bulkId."""
    assert bulk(client, path=path).status_code == 404
    assert bulk(client, path=path, name="").status_code == 400
