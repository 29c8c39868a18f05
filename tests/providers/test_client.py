"""The typed client: what each call writes and reads, in JSON and in XML."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime, time
from urllib.parse import parse_qsl, urlsplit

import pytest

from smsflow.providers import content
from smsflow.providers.client import (
    AnswerUnreadable,
    AppKey,
    Balance,
    Basic,
    Bulk,
    Client,
    Day,
    DeliveryWindow,
    Destination,
    Format,
    FullText,
    LogFilter,
    Network,
    PlainText,
    Preview,
    Price,
    Refused,
    SpeedLimit,
    Tracking,
)
from smsflow.providers.transport import Response
from smsflow.sms.encoding import Language, Shifts
from smsflow.sms.encoding.transliteration import Transliteration
from smsflow.sms.states import State

AT = datetime(2015, 7, 7, 16, 0, tzinfo=UTC)
ENROUTE = {"groupId": 1, "groupName": "PENDING", "id": 7, "name": "PENDING_ENROUTE"}
ARRIVED = {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"}


class Line:
    """A transport that answers with trees, in the format it is asked for."""

    def __init__(self):
        self.requests = []
        self.answers = deque()

    def request(self, method, url, headers, body):
        self.requests.append((method, url, headers, body))
        answer = self.answers.popleft()
        return answer if isinstance(answer, Response) else Response(200, {}, answer)

    @property
    def asked(self):
        """Path and parameters of the last request."""
        parts = urlsplit(self.requests[-1][1])
        return self.requests[-1][0], parts.path, parse_qsl(parts.query)

    def body(self):
        return json.loads(self.requests[-1][3])


@pytest.fixture
def line():
    return Line()


@pytest.fixture
def client(line):
    return Client("https://pigeon.example/", Basic("user", "s3cret"), transport=line)


def answers(line, tree):
    line.answers.append(json.dumps(tree).encode())


SENT = {"bulkId": "b", "messages": [{"to": "1", "status": ENROUTE, "smsCount": 2}]}


def test_one_text_to_one_number_or_several(client, line):
    """`to` is a text for one, and a list for more."""
    answers(line, SENT)
    told = client.send_single(PlainText("InfoSMS", ["+41793026727"], "Hi"))
    assert line.asked[:2] == ("POST", "/sms/1/text/single")
    assert line.body() == {"from": "InfoSMS", "to": "41793026727", "text": "Hi"}
    assert (told.bulk_id, told.texts[0].parts, told.texts[0].message_id) == ("b", 2, "")
    assert told.texts[0].status.state is State.PENDING
    answers(line, SENT)
    client.send_single(PlainText("InfoSMS", ["+41793026727", "+41793026834"], "Hi"))
    assert line.body()["to"] == ["41793026727", "41793026834"]


def test_several_texts_at_once(client, line):
    """Each with its own receivers."""
    answers(line, SENT)
    client.send_multi([PlainText("A", ["+417"], "Hi"), PlainText("+418", ["+419"], "Ho")])
    assert line.asked[:2] == ("POST", "/sms/1/text/multi")
    assert line.body() == {
        "messages": [
            {"from": "A", "to": "417", "text": "Hi"},
            {"from": "418", "to": "419", "text": "Ho"},
        ]
    }


FULL = FullText(
    sender="InfoSMS",
    destinations=[Destination("+41793026727", "m1"), Destination("+41793026731")],
    text="Artık",
    flash=True,
    transliteration=Transliteration.TURKISH,
    shifts=Shifts(single=Language.TR),
    intermediate_report=True,
    notify_url="https://me.example/dlr",
    notify_format=Format.XML,
    callback_data="data",
    validity_minutes=720,
    send_at=AT,
    window=DeliveryWindow((Day.MONDAY, Day.FRIDAY), time(8, 30), time(21)),
)
FULL_TREE = {
    "bulkId": "BULK",
    "messages": [
        {
            "from": "InfoSMS",
            "destinations": [{"to": "41793026727", "messageId": "m1"}, {"to": "41793026731"}],
            "text": "Artık",
            "notifyUrl": "https://me.example/dlr",
            "notifyContentType": "application/xml",
            "flash": True,
            "intermediateReport": True,
            "transliteration": "TURKISH",
            "language": {"languageCode": "TR", "singleShift": True, "lockingShift": False},
            "callbackData": "data",
            "validityPeriod": 720,
            "sendAt": "2015-07-07T16:00:00.000+0000",
            "deliveryTimeWindow": {
                "from": {"hour": 8, "minute": 30},
                "to": {"hour": 21, "minute": 0},
                "days": ["MONDAY", "FRIDAY"],
            },
        }
    ],
    "tracking": {"track": "URL", "processKey": "key", "type": "SOCIAL_INVITES"},
    "sendingSpeedLimit": {"amount": 10, "timeUnit": "HOUR"},
}


def send_full(client):
    return client.send_advanced(
        [FULL],
        bulk_id="BULK",
        tracking=Tracking("URL", "SOCIAL_INVITES", "key"),
        speed=SpeedLimit(10, "HOUR"),
    )


def test_a_full_text_has_every_parameter_of_the_manual(client, line):
    """In the nested form, which is the real one."""
    answers(line, SENT)
    send_full(client)
    assert line.asked[:2] == ("POST", "/sms/1/text/advanced")
    assert line.body() == FULL_TREE


def test_what_is_off_is_left_out(client, line):
    """A plain text has three parameters."""
    answers(line, SENT)
    client.send_advanced([FullText(sender="A", destinations=[Destination("+417")], text="Hi")])
    assert line.body() == {
        "messages": [{"from": "A", "destinations": [{"to": "417"}], "text": "Hi"}]
    }


def test_tables_of_two_languages_are_refused():
    """The API names one."""
    both = FullText(sender="A", destinations=[], text="", shifts=Shifts(Language.ES, Language.PT))
    with pytest.raises(ValueError, match="one language"):
        both.tree()


def test_xml_says_the_same_as_json(line):
    """What is written reads back as the tree, and an answer in XML as the one in JSON."""
    client = Client("https://pigeon.example", AppKey("k3y"), format=Format.XML, transport=line)
    line.answers.append(
        b"<smsResponse><bulkId>b</bulkId><messages><message><to>1</to><status><groupId>1</groupId>"
        b"<groupName>PENDING</groupName><id>7</id><name>PENDING_ENROUTE</name></status>"
        b"<smsCount>2</smsCount></message></messages></smsResponse>"
    )
    told = send_full(client)
    _, _, headers, body = line.requests[0]
    assert headers == {
        "Authorization": "App k3y",
        "Accept": "application/xml",
        "Content-Type": "application/xml",
    }
    assert body.startswith(b"<?xml")
    assert content.read(body, Format.XML) == FULL_TREE
    answers(line, SENT)
    line.answers[-1] = Response(200, {"content-type": "application/json"}, line.answers[-1])
    assert send_full(client) == told


REPORT = {
    "bulkId": "b",
    "messageId": 17,
    "to": "41793026731",
    "sentAt": "2015-02-12T09:51:43.123+0100",
    "doneAt": "nonsense",
    "smsCount": 1,
    "mccMnc": "22801",
    "price": {"pricePerMessage": 0.01, "currency": "EUR"},
    "callbackData": "data",
    "status": ARRIVED,
    "error": {"id": 0, "name": "NO_ERROR"},
}


def test_reports_are_pulled(client, line):
    """By bulk, message and limit; a field that can't be read is None."""
    answers(line, {"results": [REPORT, {}, "odd"]})
    found, empty, odd = client.reports(bulk_id="b", message_id="m", limit=3)
    assert line.asked == (
        "GET",
        "/sms/1/reports",
        [("bulkId", "b"), ("messageId", "m"), ("limit", "3")],
    )
    assert (found.message_id, found.to, found.network) == ("17", "41793026731", "22801")
    assert found.price == Price(0.01, "EUR")
    assert (found.callback_data, found.error, found.done_at) == ("data", None, None)
    assert found.sent_at == datetime(2015, 2, 12, 8, 51, 43, 123_000, tzinfo=UTC)
    assert found.status.state is State.DELIVERED
    assert empty == odd
    assert empty.status is None


def test_the_logs_take_all_ten_filters(client, line):
    """And tell sender and text."""
    line_of_log = REPORT | {"from": "InfoSMS", "text": "Hi", "mccmnc": "22802", "mccMnc": None}
    del line_of_log["mccMnc"]
    answers(line, {"results": [line_of_log]})
    (found,) = client.logs(
        LogFilter(
            sender="InfoSMS",
            to="+41793026727",
            bulk_ids=["b1", "b2"],
            message_ids=["m1", "m2"],
            general_status="REJECTED",
            sent_since=AT,
            sent_until=AT,
            limit=1,
            mcc="228",
            mnc="01",
        )
    )
    at = "2015-07-07T16:00:00.000+0000"
    assert line.asked == (
        "GET",
        "/sms/1/logs",
        [
            ("from", "InfoSMS"),
            ("to", "41793026727"),
            ("bulkId", "b1"),
            ("bulkId", "b2"),
            ("messageId", "m1"),
            ("messageId", "m2"),
            ("generalStatus", "REJECTED"),
            ("sentSince", at),
            ("sentUntil", at),
            ("limit", "1"),
            ("mcc", "228"),
            ("mnc", "01"),
        ],
    )
    assert (found.sender, found.text, found.network) == ("InfoSMS", "Hi", "22802")
    answers(line, {"results": []})
    assert client.logs() == ()
    assert line.asked[2] == []


def test_texts_that_came_in_are_pulled(client, line):
    """With keyword and clean text; an empty keyword is none."""
    text = {"messageId": "1", "from": "417", "to": "418", "text": "JOIN me", "cleanText": "me"}
    rows = [text | {"keyword": "JOIN", "smsCount": 1}, text | {"keyword": ""}]
    answers(line, {"results": rows, "messageCount": 2, "pendingMessageCount": 5})
    found = client.received(limit=2)
    assert line.asked == ("GET", "/sms/1/inbox/reports", [("limit", "2")])
    assert found.pending == 5
    first, second = found.texts
    assert (first.sender, first.receiver, first.clean_text) == ("417", "418", "me")
    assert (first.keyword, second.keyword) == ("JOIN", None)


def test_numbers_are_looked_up(client, line):
    """What the package does not tell is None."""
    told = {
        "to": "41793026727",
        "mccMnc": "22801",
        "imsi": "228012120181810",
        "originalNetwork": {"networkPrefix": "79", "countryPrefix": "41"},
        "ported": False,
        "roaming": True,
        "roamingNetwork": {"networkName": "TIM", "countryName": "Italy"},
        "servingMSC": "4179",
        "status": ARRIVED,
        "error": {"id": 0},
    }
    answers(line, {"results": [told, {"to": "417"}]})
    found, bare = client.lookup(["+41793026727", "+417"])
    assert line.asked[:2] == ("POST", "/number/1/query")
    assert line.body() == {"to": ["41793026727", "417"]}
    assert found.original == Network(None, "79", None, "41")
    assert (found.ported, found.roaming, found.ported_to) == (False, True, None)
    assert found.roaming_in == Network("TIM", None, "Italy", None)
    assert (found.imsi, found.serving_msc, found.network) == ("228012120181810", "4179", "22801")
    assert (bare.ported, bare.status, bare.original) == (None, None, None)
    with pytest.raises(ValueError, match="a lookup has 1000"):
        client.lookup(["+417"] * 1001)


def test_a_scheduled_request_is_asked_moved_and_stopped(client, line):
    """By its bulk id."""
    answers(line, {"bulkId": "b", "sendAt": "2015-07-07T17:00:00.000+01:00"})
    assert client.bulk("b") == Bulk("b", AT)
    assert line.asked == ("GET", "/sms/1/bulks", [("bulkId", "b")])
    answers(line, {"bulkId": "b", "sendAt": "2015-07-07T17:00:00.000+01:00"})
    assert client.reschedule("b", AT).send_at == AT
    assert line.asked == ("PUT", "/sms/1/bulks", [("bulkId", "b")])
    assert line.body() == {"sendAt": "2015-07-07T16:00:00.000+0000"}
    answers(line, {"bulkId": "b", "status": "PENDING"})
    assert client.bulk_status("b") == "PENDING"
    assert line.asked == ("GET", "/sms/1/bulks/status", [("bulkId", "b")])
    answers(line, {"bulkId": "b", "status": "CANCELED"})
    assert client.set_bulk_status("b", "CANCELED") == "CANCELED"
    assert line.asked == ("PUT", "/sms/1/bulks/status", [("bulkId", "b")])
    assert line.body() == {"status": "CANCELED"}


def test_a_preview_and_the_balance(client, line):
    """What a text would take, and what is left."""
    way = {
        "textPreview": "Artik",
        "messageCount": 1,
        "charactersRemaining": 155,
        "configuration": {"transliteration": "TURKISH", "language": {"languageCode": "TR"}},
    }
    answers(line, {"originalText": "Artık", "previews": [way, {"messageCount": True}]})
    found = client.preview("Artık", language=Language.TR, transliteration=Transliteration.TURKISH)
    assert line.asked[:2] == ("POST", "/sms/1/preview")
    assert line.body() == {"text": "Artık", "languageCode": "TR", "transliteration": "TURKISH"}
    assert found == (Preview("Artik", 1, 155, "TURKISH", "TR"), Preview("", None, None, None, None))
    answers(line, {"balance": 12.5, "currency": "EUR"})
    assert client.balance() == Balance(12.5, "EUR")
    assert line.asked == ("GET", "/account/1/balance", [])


def test_a_refusal_tells_the_providers_words_in_both_formats(client, line):
    """And what to wait, without query and login."""
    said = {"messageId": "UNAUTHORIZED", "text": "Wrong login"}
    line.answers.append(
        Response(
            401,
            {"retry-after": "5"},
            json.dumps({"requestError": {"serviceException": said}}).encode(),
        )
    )
    xml = (
        "<ApiException><requestError><serviceException><messageId>UNAUTHORIZED</messageId>"
        "<text>Wrong login</text></serviceException></requestError></ApiException>"
    )
    headers = {"content-type": "application/xml", "retry-after": "5"}
    line.answers.append(Response(401, headers, xml.encode()))
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            client.reports(limit=1)
        error = refused.value
        assert (error.status, error.name, error.said) == (401, "UNAUTHORIZED", "Wrong login")
        assert error.url == "https://pigeon.example/sms/1/reports"
        assert error.retry_after == 5
        assert str(error) == "HTTP 401: Wrong login"


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"results": 5}', b"[]", b""])
def test_an_answer_that_is_none_is_told_with_its_bytes(client, line, body):
    """Whoever pulled something may want to see them."""
    line.answers.append(body)
    with pytest.raises(AnswerUnreadable) as unreadable:
        client.received()
    assert unreadable.value.body == body
    line.answers.append(body)
    with pytest.raises(AnswerUnreadable):
        client.balance()


def test_no_secret_shows(client):
    """Neither in the client nor in the login."""
    for shown in (client, Basic("user", "s3cret"), AppKey("s3cret")):
        assert "s3cret" not in repr(shown)


def test_what_xml_cannot_carry_is_replaced():
    """A control character would make the whole request unreadable."""
    body = content.write({"text": "a\x07b\rc\ud83e\n"}, Format.XML)
    assert content.read(body, Format.XML) == {"text": "a\ufffdb\ufffdc\ufffd\n"}
