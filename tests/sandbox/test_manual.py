"""Every request and response of the manual, in JSON and in XML, by the names of its sections.

`recorded/` holds both sides as they go over the wire. Answers are compared as a whole, so that a
field that is misspelt, misplaced or missing shows; the JSON is compared as values, for the order of
fields means nothing there.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smsflow.sandbox import fates
from smsflow.sandbox.forms import push_body
from smsflow.sandbox.wire import write_json
from smsflow.sandbox.xml import write_xml

RECORDED = Path(__file__).parent / "recorded"
PHONE, OTHER, OURS = "41793026727", "41793026731", "385916242493"
FORMS = ("json", "xml")

pytestmark = pytest.mark.parametrize("form", FORMS)


def recorded(name: str, form: str) -> bytes:
    """One side of an exchange, without the indents between tags."""
    body = (RECORDED / f"{name}.{form}").read_bytes()
    if form == "json":
        return body
    return b"".join(line.strip() for line in body.splitlines())


def same(body: bytes, name: str, form: str) -> None:
    """The body is the recorded one."""
    expected = recorded(name, form)
    if form == "json":
        assert json.loads(body) == json.loads(expected)
    else:
        assert body.decode() == expected.decode()


def call(client, form: str, method: str, path: str, name: str | None = None, **query: object):
    """A request in this form; its answer has the same one."""
    kind = f"application/{form}"
    response = client.http.open(
        path,
        method=method,
        query_string=query,
        data=None if name is None else recorded(f"{name}.request", form),
        headers=client.auth | {"Accept": kind} | ({"Content-Type": kind} if name else {}),
    )
    assert response.mimetype == kind
    return response


def exchange(client, form: str, path: str, name: str) -> None:
    """The recorded request has the recorded answer."""
    response = call(client, form, "POST", path, name)
    assert response.status_code == 200, response.text
    same(response.data, f"{name}.response", form)


def test_send_sms_and_send_sms_response(client, form):
    """One text to one number: no bulkId."""
    exchange(client, form, "/sms/1/text/single", "send_sms")


def test_sms_to_multiple_destinations(client, form):
    """One text to a list of numbers: a bulkId."""
    exchange(client, form, "/sms/1/text/single", "several_destinations")


def test_multiple_sms_to_multiple_destinations(client, form):
    """Texts of their own, each to one number or to several."""
    exchange(client, form, "/sms/1/text/multi", "several_messages")


@pytest.mark.parametrize("version", [1, 2])
def test_fully_featured_textual_message(client, world, form, version):
    """All parameters of the table, with the client's own ids told back."""
    exchange(client, form, f"/sms/{version}/text/advanced", "fully_featured")
    first, _, last = world.network.messages()
    order = first.order
    assert (order.validity.total_seconds(), order.callback_data) == (43_200, "DLR callback data")
    assert (order.intermediate, order.flash) == (True, False)
    assert order.shifts.single.value == "TR"
    assert order.shifts.locking is None
    assert last.sent_at.isoformat() == "2015-07-07T16:00:00+00:00"


def test_schedule_sms(client, world, form):
    """Nothing goes out before its time."""
    exchange(client, form, "/sms/1/text/advanced", "schedule")
    world.after(days=145, hours=6, minutes=59)
    assert world.network.talk(PHONE) == []
    world.after(minutes=2)
    assert len(world.network.talk(PHONE)) == 1


def test_validity_period(client, world, form):
    """A day after it was sent, a text that did not arrive has expired."""
    world.network.script(OTHER, fates.absent())
    exchange(client, form, "/sms/1/text/advanced", "validity_period")
    world.after(hours=23, minutes=59)
    assert world.network.messages()[1].status.name == "PENDING_WAITING_DELIVERY"
    world.after(minutes=1)
    states = [message.status.name for message in world.network.messages()]
    assert states == ["DELIVERED_TO_HANDSET", "EXPIRED_EXPIRED"]


def test_flash_sms(client, world, form):
    """The handset shows it as flash."""
    exchange(client, form, "/sms/1/text/advanced", "flash_sms")
    world.after(seconds=1)
    (got,) = client.get(f"/sandbox/handsets/{PHONE}/messages").json["messages"]
    assert got["flash"] is True


def test_url_shortening_and_tracking_solution(client, world, form):
    """Each text has a link of its own, of 25 characters."""
    exchange(client, form, "/sms/1/text/advanced", "short_links")
    texts = {message.order.text for message in world.network.messages()}
    links = {text.removeprefix("Can you beat my score: ") for text in texts}
    assert len(links) == 2
    assert {len(link) for link in links} == {25}


def test_number_lookup(client, form):
    """The network, whether ported or roaming, and whether the handset answers."""
    exchange(client, form, "/number/1/query", "number_lookup")


def send_two(client) -> None:
    """A text that is delivered and one with data of the client's, in one bulk."""
    client.advanced(
        {
            "from": "InfoSMS",
            "text": "Test SMS.",
            "destinations": [{"to": OTHER, "messageId": "first"}],
            "callbackData": "User defined data.",
        },
        {
            "from": "InfoSMS",
            "text": "Test SMS.",
            "destinations": [{"to": PHONE, "messageId": "second"}],
            "callbackData": "reset_password",
        },
        bulkId="BULK-ID-123-xyz",
    )


def test_getting_delivery_reports(client, world, form):
    """Each is told once; the second request finds an empty list."""
    send_two(client)
    world.after(seconds=1)
    same(call(client, form, "GET", "/sms/1/reports").data, "reports.response", form)
    same(call(client, form, "GET", "/sms/1/reports").data, "reports_empty.response", form)


def test_getting_delivery_reports_of_one_message(client, world, form):
    """The query parameters choose; the others stay unread."""
    send_two(client)
    world.after(seconds=1)
    response = call(client, form, "GET", "/sms/1/reports", messageId="second")
    same(response.data, "reports_one.response", form)
    assert len(world.network.reports(limit=9)) == 1


def test_getting_sms_logs(client, world, form):
    """As often as one likes, the newest first."""
    send_two(client)
    world.after(seconds=1)
    for _ in range(2):
        same(call(client, form, "GET", "/sms/1/logs").data, "logs.response", form)


def test_getting_sms_logs_by_from_to_and_limit(client, world, form):
    """A refused text is there too, with what to do about it and without a price."""
    send_two(client)
    world.network.script(PHONE, fates.refused("REJECTED_NETWORK"))
    body = {"from": "InfoSMS", "to": PHONE, "text": "Test SMS."}
    client.post("/sms/1/text/single", body)
    found = call(client, form, "GET", "/sms/1/logs", **{"from": "InfoSMS", "to": PHONE, "limit": 1})
    same(found.data, "logs_refused.response", form)


def test_pull_received_message(client, world, form):
    """With its keyword split off; each text is told once."""
    client.put(f"/sandbox/numbers/{OURS}", {"keywords": ["KEY"]})
    world.network.receive(PHONE, OURS, "Key test & more", world.clock.now(), message_id="MO-1")
    same(call(client, form, "GET", "/sms/1/inbox/reports").data, "received.response", form)
    empty = call(client, form, "GET", "/sms/1/inbox/reports").data
    same(empty, "received_empty.response", form)


def test_pulling_without_authorization(client, form):
    """401 in the type that was asked for."""
    client.auth = {}
    response = call(client, form, "GET", "/sms/1/inbox/reports")
    assert response.status_code == 401
    same(response.data, "unauthorized.response", form)


def test_content_type_and_accept_header(client, form):
    """A body without a type is a General error; the answer has the type of Accept all the same."""
    headers = client.auth | {"Accept": f"application/{form}"}
    response = client.http.post("/sms/1/text/single", data=b"{}", headers=headers)
    assert response.status_code == 400
    same(response.data, "general_error.response", form)


def test_a_wrong_field_of_a_request(client, form):
    """validationErrors names the field by its path."""
    response = call(client, form, "POST", "/sms/1/text/advanced", "wrong_field")
    assert response.status_code == 400
    same(response.data, "wrong_field.response", form)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/sms/1/text/single", "send_sms"),
        ("/sms/1/text/single", "several_destinations"),
        ("/sms/1/text/multi", "several_messages"),
        ("/sms/1/text/advanced", "fully_featured"),
    ],
)
def test_message_accepted_as_in_the_first_examples(client, form, path, name):
    """The same answers with the status of 2015, where a fate says so."""
    client.put("/sandbox/handsets/*", {"fate": {"submit": 0, "steps": [[1, 5]]}})
    body = call(client, form, "POST", path, name).data.decode()
    expected = recorded(f"{name}.response", form).decode()
    if form == "json":
        body, expected = (json.dumps(json.loads(each)) for each in (body, expected))
    for now, then in FIRST_STATUS[form]:
        expected = expected.replace(now, then)
    assert body == expected


FIRST_STATUS = {
    "json": [
        (
            (
                '"groupId": 1, "groupName": "PENDING", "id": 7, "name": "PENDING_ENROUTE", '
                '"description": "Message sent to next instance"'
            ),
            (
                '"groupId": 0, "groupName": "ACCEPTED", "id": 0, "name": "MESSAGE_ACCEPTED", '
                '"description": "Message accepted"'
            ),
        )
    ],
    "xml": [
        (
            (
                "<groupId>1</groupId><groupName>PENDING</groupName><id>7</id>"
                "<name>PENDING_ENROUTE</name>"
                "<description>Message sent to next instance</description>"
            ),
            (
                "<groupId>0</groupId><groupName>ACCEPTED</groupName><id>0</id>"
                "<name>MESSAGE_ACCEPTED</name><description>Message accepted</description>"
            ),
        )
    ],
}


def test_statuses_of_wrong_fields_of_messages(client, form):
    """Each message is refused for what is wrong with it, and the last one stands."""
    exchange(client, form, "/sms/1/text/advanced", "wrong_messages")


def pushed(push, form: str) -> bytes:
    """The body that the pusher makes of a push in this form."""
    root, tree = push_body(push)
    return write_json(tree) if form == "json" else write_xml(root, tree)


def notified(client, world, form: str, name: str):
    """The push that follows the recorded request, a second after it."""
    exchange(client, form, "/sms/1/text/advanced", name)
    (push,) = world.after(seconds=1)
    assert push.url == "http://www.example.com/sms/advanced"
    assert push.content_type == f"application/{form}"
    return push


def test_delivery_reports_on_notify_url(client, world, form):
    """As pulled; the root in XML is reportResponse."""
    same(pushed(notified(client, world, form, "notify_url"), form), "notified.push", form)


def test_delivery_report_push_retry_cycle(client, world, form):
    """1 min + 1 min x n x n, 20 times; then only the logs have them."""
    push = notified(client, world, form, "notify_url")
    waits = []
    while push is not None:
        before = world.clock.now()
        world.network.pushed(push, False, before)
        due, push = world.network.next_due(), None
        if due is not None:
            waits.append((due - before).total_seconds() / 60)
            (push,) = world.after(seconds=(due - before).total_seconds())
    assert waits[:7] == [1, 2, 5, 10, 17, 26, 37]
    assert (len(waits), sum(waits)) == (20, 41 * 60 + 30)
    assert call(client, form, "GET", "/sms/1/reports").status_code == 200
    assert world.network.reports() == []


def test_intermediate_delivery_reports(client, world, form):
    """The same form, told while the handset can't be reached."""
    world.network.script_all(fates.absent())
    same(pushed(notified(client, world, form, "intermediate"), form), "intermediate.push", form)


def test_push_received_messages_by_get(client, world, form):
    """The manual's URLs with text and with bin; `output` asks for what a GET doesn't have."""
    page = "https://some.server.com/incoming_sms.php"
    urls = {
        f"{page}?who=%sender%&what=%text%&output={form}": f"{page}?who=38598123123&what=ABC",
        f"{page}?who=%sender%&what=%bin%": f"{page}?who=38598123123&what=414243",
    }
    for template, url in urls.items():
        client.put(f"/sandbox/numbers/{OURS}", {"mo": {"url": template}})
        world.network.receive("+38598123123", OURS, "ABC", world.clock.now())
        (push,) = world.after()
        assert (push.method, push.url) == ("GET", url)


def test_push_received_messages_by_post(client, world, form):
    """The form of a pull, in the type that the number was set to."""
    mo = {"url": "http://c.example/mo", "method": "POST", "contentType": f"application/{form}"}
    client.put(f"/sandbox/numbers/{OURS}", {"mo": mo, "keywords": ["KEY"]})
    world.network.receive(PHONE, OURS, "Key test & more", world.clock.now(), message_id="MO-1")
    (push,) = world.after()
    assert push.content_type == f"application/{form}"
    same(pushed(push, form), "received.response", form)
