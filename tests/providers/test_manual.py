"""The client's side of every exchange of the manual, in JSON and in XML, by its sections.

The payloads are those that the sandbox is held to (`tests/sandbox/recorded`): what the client
writes is what the manual's requests say, and what it reads is what the manual's answers say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from defusedxml import ElementTree

from smsflow.providers import pigeonhost_push
from smsflow.providers.client import (
    Basic,
    Client,
    Destination,
    Format,
    FullText,
    LogFilter,
    PlainText,
    Refused,
    Tracking,
)
from smsflow.providers.transport import Response
from smsflow.sms.encoding import Language, Shifts
from smsflow.sms.states import State

RECORDED = Path(__file__).parents[1] / "sandbox" / "recorded"
FIRST, OTHER, THIRD = "+41793026727", "+41793026731", "+41793026785"
WINE_TO = "+41793026834"
HOOK = "http://www.example.com/sms/advanced"
NAMED = Destination(FIRST, "MESSAGE-ID-123-xyz")
BULK = "BULK-ID-123-xyz"
SEND_AT = datetime(2015, 7, 7, 16, 0, tzinfo=UTC)
AT = datetime(2015, 2, 12, 9, 0, tzinfo=UTC)


def recorded(name: str, form: Format) -> bytes:
    return (RECORDED / f"{name}.{form.value}").read_bytes()


def told(body: bytes, form: Format) -> object:
    """A request as plain values, whatever the order of its fields."""
    return (
        _plain(json.loads(body)) if form is Format.JSON else _element(ElementTree.fromstring(body))
    )


def _plain(value: object) -> object:
    """Without a flag that is off where it could be left out, and with one way to write a date."""
    if isinstance(value, dict):
        kept = {key: _plain(each) for key, each in value.items() if (key, each) != ("flash", False)}
        if "sendAt" in kept:
            kept["sendAt"] = datetime.fromisoformat(kept["sendAt"]).astimezone(UTC)
        return kept
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _element(element: Any) -> object:
    """The same of an element; those of one name stay in their order."""
    if not len(element):
        text = (element.text or "").strip()
        if element.tag == "sendAt":
            return element.tag, datetime.fromisoformat(text).astimezone(UTC)
        return element.tag, text
    inner = [_element(each) for each in element]
    kept = [each for each in inner if each != ("flash", "false")]
    return element.tag, sorted(kept, key=lambda each: each[0])


class Provider:
    """A transport that answers with what was recorded."""

    def __init__(self) -> None:
        self.answer = Response(200)
        self.requests: list[tuple[str, str, Mapping[str, str], bytes | None]] = []

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        self.requests.append((method, url, headers, body))
        return self.answer


@pytest.fixture(params=list(Format), ids=lambda each: each.value)
def form(request: pytest.FixtureRequest) -> Format:
    return request.param


@pytest.fixture
def provider() -> Provider:
    return Provider()


Ask = Callable[..., Any]


@pytest.fixture
def asks(provider: Provider, form: Format) -> Ask:
    """Make a call that the recorded answer is given to; the recorded request is what it wrote."""
    client = Client("https://api.example", Basic("Aladdin", "open sesame"), format=form,
                    transport=provider)  # fmt: skip

    def ask(name: str, call: Callable[[Client], Any], *, status: int = 200) -> Any:
        body = recorded(f"{name}.response", form)
        provider.answer = Response(status, {"content-type": f"application/{form.value}"}, body)
        try:
            return call(client)
        finally:
            method, _, headers, written = provider.requests[-1]
            assert headers["Authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
            assert headers["Accept"] == f"application/{form.value}"
            if method == "POST":
                assert headers["Content-Type"] == f"application/{form.value}"
                assert told(written or b"", form) == told(recorded(f"{name}.request", form), form)

    return ask


def asked(provider: Provider) -> tuple[str, dict[str, str]]:
    """Path and parameters of the last request."""
    parts = urlsplit(provider.requests[-1][1])
    return parts.path, dict(parse_qsl(parts.query))


def numbers(found: Any) -> list[str]:
    return [text.to for text in found.texts]


def test_send_sms_and_send_sms_response(asks):
    """One text: no bulkId, and the messageId that the provider gave it."""
    found = asks("send_sms", lambda c: c.send_single(PlainText("InfoSMS", [FIRST], "My first SMS")))
    (text,) = found.texts
    assert (found.bulk_id, text.parts, text.message_id) == (None, 1, "id-2")
    assert text.status.state is State.PENDING


def test_sms_to_multiple_destinations(asks):
    """A bulkId, and an entry for each."""
    text = json.loads(recorded("several_destinations.request", Format.JSON))["text"]
    found = asks(
        "several_destinations",
        lambda c: c.send_single(PlainText("WineShop", [FIRST, WINE_TO], text)),
    )
    assert found.bulk_id
    assert numbers(found) == [FIRST[1:], WINE_TO[1:]]


def test_multiple_sms_to_multiple_destinations(asks):
    """Texts of their own, each to one number or to several."""
    party = PlainText("InfoSMS", [FIRST, OTHER], "You are invited to a party at 8pm.")
    bring = PlainText("41793026700", [THIRD], "You are asked to bring a bottle & glasses.")
    found = asks("several_messages", lambda c: c.send_multi([party, bring]))
    assert numbers(found) == [FIRST[1:], OTHER[1:], THIRD[1:]]


def advanced(name: str, **more: Any) -> Callable[[Client], Any]:
    """The call of the recorded request with one message."""
    (message,) = json.loads(recorded(f"{name}.request", Format.JSON))["messages"]
    beside = {key: more.pop(key) for key in ("bulk_id", "tracking") if key in more}
    text = FullText(sender="InfoSMS", text=message["text"], **more)
    return lambda client: client.send_advanced([text], **beside)


def test_fully_featured_textual_message(asks):
    """All parameters of the table."""
    one, two = json.loads(recorded("fully_featured.request", Format.JSON))["messages"]
    first = FullText(
        sender="InfoSMS",
        destinations=[NAMED, Destination(OTHER)],
        text=one["text"],
        shifts=Shifts(single=Language.TR),
        intermediate_report=True,
        notify_url=HOOK,
        callback_data="DLR callback data",
        validity_minutes=720,
    )
    second = FullText(
        sender="41793026700", destinations=[Destination(THIRD)], text=two["text"], send_at=SEND_AT
    )
    found = asks(
        "fully_featured",
        lambda c: c.send_advanced(
            [first, second], bulk_id=BULK, tracking=Tracking("SMS", "MY_CAMPAIGN")
        ),
    )
    assert found.bulk_id == BULK
    assert found.texts[0].message_id == "MESSAGE-ID-123-xyz"
    assert [text.parts for text in found.texts] == [1, 1, 2]


BOTH = (Destination(FIRST), Destination(OTHER))


def test_schedule_sms(asks):
    """When it leaves."""
    found = asks("schedule", advanced("schedule", destinations=BOTH, send_at=SEND_AT))
    assert [text.status.name for text in found.texts] == ["PENDING_ENROUTE"] * 2


def test_validity_period(asks):
    """For how long it is tried."""
    call = advanced("validity_period", destinations=BOTH, validity_minutes=1440)
    assert numbers(asks("validity_period", call)) == [FIRST[1:], OTHER[1:]]


def test_flash_sms(asks):
    """The flag."""
    assert numbers(asks("flash_sms", advanced("flash_sms", destinations=BOTH[:1], flash=True)))


def test_url_shortening_and_tracking_solution(asks):
    """What is tracked stands beside the messages."""
    call = advanced(
        "short_links",
        destinations=(NAMED, Destination(OTHER)),
        bulk_id=BULK,
        tracking=Tracking("URL", "SOCIAL_INVITES"),
    )
    assert asks("short_links", call).bulk_id == BULK


def test_delivery_reports_on_notify_url(asks, form):
    """The request, and then what is pushed to the URL in the type that was asked for."""
    call = advanced(
        "notify_url",
        destinations=(NAMED, Destination(OTHER)),
        bulk_id=BULK,
        notify_url=HOOK,
        notify_format=form,
        callback_data="There's no place like home.",
    )
    assert asks("notify_url", call).bulk_id == BULK
    found = pigeonhost_push.read_dlr(recorded("notified.push", form), f"application/{form.value}")
    assert [report.state for report in found] == [State.DELIVERED] * 2
    assert found[0].wire_id == "MESSAGE-ID-123-xyz"
    assert (found[0].to, found[0].error) == (FIRST, None)


def test_intermediate_delivery_reports(asks, form):
    """The same form, and nothing in it is final."""
    call = advanced(
        "intermediate",
        destinations=(NAMED, Destination(OTHER)),
        bulk_id=BULK,
        intermediate_report=True,
        notify_url=HOOK,
        notify_format=form,
        callback_data="There's no place like home.",
    )
    assert asks("intermediate", call).bulk_id == BULK
    body = recorded("intermediate.push", form)
    found = pigeonhost_push.read_dlr(body, f"application/{form.value}")
    assert [report.state for report in found] == [State.PENDING] * 2
    assert {report.error for report in found} == {"EC_ABSENT_SUBSCRIBER"}


def test_getting_delivery_reports(asks, provider):
    """All that were not told yet, then none."""
    first, second = asks("reports", lambda c: c.reports())
    assert asked(provider) == ("/sms/1/reports", {})
    assert (first.bulk_id, first.message_id, first.to) == (BULK, "first", OTHER[1:])
    assert (first.sent_at, first.parts, first.callback_data) == (AT, 1, "User defined data.")
    assert (first.price.per_sms, first.price.currency) == (0.01, "EUR")
    assert (first.status.state, first.error) == (State.DELIVERED, None)
    assert second.callback_data == "reset_password"
    assert asks("reports_empty", lambda c: c.reports()) == ()


def test_getting_delivery_reports_of_one_message(asks, provider):
    """By a query parameter."""
    (one,) = asks("reports_one", lambda c: c.reports(message_id="second"))
    assert asked(provider) == ("/sms/1/reports", {"messageId": "second"})
    assert one.message_id == "second"


def test_getting_sms_logs(asks, provider):
    """With sender, text and network beside what a report has."""
    lines = asks("logs", lambda c: c.logs())
    assert asked(provider) == ("/sms/1/logs", {})
    assert {line.message_id for line in lines} == {"first", "second"}
    assert {(line.sender, line.text, line.network) for line in lines} == {
        ("InfoSMS", "Test SMS.", "22801")
    }


def test_getting_sms_logs_by_from_to_and_limit(asks, provider):
    """A refused text has the provider's advice, and cost nothing."""
    wanted = LogFilter(sender="InfoSMS", to=FIRST, limit=1)
    (line,) = asks("logs_refused", lambda c: c.logs(wanted))
    assert asked(provider) == ("/sms/1/logs", {"from": "InfoSMS", "to": FIRST[1:], "limit": "1"})
    assert (line.status.name, line.status.state) == ("REJECTED_NETWORK", State.REJECTED)
    assert line.price.per_sms == 0


def test_pull_received_message(asks, provider):
    """With its keyword split off; none the second time."""
    found = asks("received", lambda c: c.received(limit=2))
    assert asked(provider) == ("/sms/1/inbox/reports", {"limit": "2"})
    (text,) = found.texts
    assert (text.message_id, text.sender, text.receiver) == ("MO-1", FIRST[1:], "385916242493")
    assert (text.text, text.clean_text, text.keyword) == ("Key test & more", "test & more", "Key")
    assert text.received_at == AT
    assert asks("received_empty", lambda c: c.received()).texts == ()


def test_push_received_messages_by_post(form):
    """As it is pulled."""
    body = recorded("received.response", form)
    (text,) = pigeonhost_push.read_mo_post(body, f"application/{form.value}")
    assert (text.sender, text.receiver, text.text) == (FIRST, "+385916242493", "Key test & more")
    assert (text.message_id, text.received_at) == ("MO-1", AT)


def test_number_lookup(asks, provider):
    """Network, country, ported and roaming."""
    (found,) = asks("number_lookup", lambda c: c.lookup([FIRST]))
    assert asked(provider) == ("/number/1/query", {})
    assert (found.to, found.network, found.imsi) == (FIRST[1:], "22801", "228011793026727")
    assert (found.original.prefix, found.original.country_prefix) == ("79", "41")
    assert (found.ported, found.roaming, found.error) == (False, False, None)
    assert found.status.name == "DELIVERED_TO_HANDSET"


@pytest.mark.parametrize(
    ("name", "status", "word"),
    [("unauthorized", 401, "UNAUTHORIZED"), ("general_error", 400, "GENERAL_ERROR")],
)
def test_a_request_that_is_refused(asks, name, status, word):
    """Authorization, and "Content-Type & Accept header"."""
    with pytest.raises(Refused) as refused:
        asks(name, lambda c: c.logs(), status=status)
    assert (refused.value.status, refused.value.name) == (status, word)
