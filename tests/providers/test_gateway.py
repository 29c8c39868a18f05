"""A declared gateway: what its requests hold, what answers mean, how pushes are read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from smsflow.engine.model.gateway import AnswerRule, Gateway
from smsflow.errors import SettingsInvalid, WebhookRejected
from smsflow.providers.base import Unreadable
from smsflow.providers.gateway import HttpGateway
from smsflow.providers.transport import MaybeSent, NotSent, Response
from smsflow.sms.answers import Verdict
from smsflow.sms.states import State
from tests.providers.conftest import GATEWAY, NOW, Gate


@pytest.fixture
def gate():
    return Gate()


def gateway(gate, declared=GATEWAY, url="https://gate.example/send"):
    return HttpGateway("gate", url, declared, "user", "s3cret", transport=gate, now=lambda: NOW)


def asked(gate):
    """The parameters of the last request's URL."""
    return dict(parse_qsl(urlsplit(gate.requests[-1][1]).query, keep_blank_values=True))


EVERYTHING = Gateway(
    method="GET",
    query={
        "id": "{wire_id}",
        "login": "{user}:{password}",
        "to": "{to}",
        "full": "{to_e164}",
        "from": "{sender}",
        "text": "{text}",
        "coding": "{coding}",
        "mclass": "{message_class}",
        "validity": "{validity_minutes}",
        "dlr-url": "{report_url}?id={wire_id}&type=%d",
        "data": "{callback_data}",
        "plain": "{not a placeholder}",
    },
)


def test_every_placeholder_is_filled(gate, text):
    """What a text has stands in the field that was declared, escaped for a URL."""
    gateway(gate, EVERYTHING).send(
        [
            text(
                sender="+447700900100",
                text="Grüße & 5€ 🥖",
                flash=True,
                validity_minutes=5,
                report_url="https://me.example/dlr",
                callback_data="x",
            )
        ]
    )
    assert asked(gate) == {
        "id": "m1-0",
        "login": "user:s3cret",
        "to": "447700900001",
        "full": "+447700900001",
        "from": "447700900100",
        "text": "Grüße & 5€ 🥖",
        "coding": "2",
        "mclass": "0",
        "validity": "5",
        "dlr-url": "https://me.example/dlr?id=m1-0&type=%d",
        "data": "x",
        "plain": "{not a placeholder}",
    }


def test_a_field_without_its_value_is_left_out(gate, text):
    """A plain text has neither validity nor class."""
    gateway(gate, EVERYTHING).send([text()])
    assert set(asked(gate)) == {"id", "login", "to", "full", "from", "text", "coding", "plain"}
    assert asked(gate)["coding"] == "0"


@pytest.mark.parametrize(
    ("content_type", "template", "written"),
    [
        (
            "application/json",
            '{"t": "{text}", "v": "{to}"}',
            '{"t": "a\\"<\\n", "v": "447700900001"}',
        ),
        ("text/xml", '<t a="{to}">{text}</t>', '<t a="447700900001">a&quot;&lt;\n</t>'),
        ("text/plain", "{text}", 'a"<\n'),
    ],
)
def test_values_are_escaped_by_the_type_of_the_body(gate, text, content_type, template, written):
    """So no text can break out of its place."""
    gate.then(Response(200))
    headers = {"content-type": content_type, "Authorization": "Bearer {password}"}
    gateway(gate, Gateway(headers=headers, body=template)).send([text(text='a"<\n')])
    method, url, sent, body = gate.requests[0]
    assert (method, url) == ("POST", "https://gate.example/send")
    assert sent["Authorization"] == "Bearer s3cret"
    assert body.decode() == written


def test_a_form_is_written_as_one(gate, text):
    """With its content type."""
    gate.then(Response(200))
    gateway(gate, Gateway(form={"to": "{to}", "text": "{text}"})).send([text(text="a&b=ü")])
    _, _, headers, body = gate.requests[0]
    assert headers == {"Content-Type": "application/x-www-form-urlencoded"}
    assert parse_qs(body.decode()) == {"to": ["447700900001"], "text": ["a&b=ü"]}


ANSWERS = {
    "as declared": (Response(202, {}, b"0: Accepted"), Verdict.ACCEPTED),
    "a 2xx with other words": (Response(202, {}, b"9: Strange"), Verdict.AMBIGUOUS),
    "another 2xx": (Response(200, {}, b"0: Accepted"), Verdict.AMBIGUOUS),
    "later": (Response(503, {"retry-after": "7"}, b""), Verdict.NOT_SENT),
    "never": (Response(400, {}, b"never"), Verdict.REJECTED),
    "a 400 of its own": (Response(400, {}, b"Bad number"), Verdict.REJECTED),
    "a wrong login": (Response(403, {}, b"Authorization failed"), Verdict.UNAUTHORIZED),
    "too many": (Response(429, {"retry-after": "7"}), Verdict.THROTTLED),
    "a redirect": (Response(302), Verdict.NOT_SENT),
    "a wrong path": (Response(404), Verdict.NOT_SENT),
    "an error": (Response(500), Verdict.AMBIGUOUS),
    "a time-out there": (Response(408), Verdict.AMBIGUOUS),
    "no connection": (NotSent("x"), Verdict.NOT_SENT),
    "a time-out here": (MaybeSent("x"), Verdict.AMBIGUOUS),
}


@pytest.mark.parametrize(("happens", "verdict"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_means_what_is_declared_else_what_http_says(gate, text, happens, verdict):
    """Only what was declared proves that the text was taken; the login never shows."""
    gate.then(happens)
    (answer,) = gateway(gate).send([text()])
    assert answer.verdict is verdict
    assert "s3cret" not in answer.detail
    wait = 7 if getattr(happens, "headers", {}) else None
    assert answer.retry_after == wait


def test_the_providers_own_id_is_shown(gate, text):
    """By a regular expression, with or without a group."""
    for pattern in (r"id=(\w+)", r"(?<=id=)\w+"):
        gate.then(Response(202, {}, b"0: id=abc7"))
        (answer,) = gateway(gate, replace(GATEWAY, message_id=pattern)).send([text()])
        assert answer.detail == "its id there is abc7"


@pytest.mark.parametrize(
    ("outcome", "rest"),
    [
        (Response(403), Verdict.UNAUTHORIZED),
        (Response(429), Verdict.THROTTLED),
        (MaybeSent("x"), Verdict.NOT_SENT),
        (Response(503), Verdict.NOT_SENT),
    ],
)
def test_after_a_failure_of_the_whole_the_rest_is_not_tried(gate, text, outcome, rest):
    """Nobody waits for twenty time-outs in a row."""
    gate.then(outcome)
    answers = gateway(gate).send([text(n) for n in range(1, 4)])
    assert [answer.verdict for answer in answers[1:]] == [rest, rest]
    assert len(gate.requests) == 1


@pytest.mark.parametrize("url", ["", "gate.example", "ftp://gate.example", "https://g/x?user=u"])
def test_a_url_with_a_query_is_refused(gate, url):
    """What stands there would show in messages."""
    with pytest.raises(SettingsInvalid, match="under `query`"):
        gateway(gate, url=url)


REPORT = {"messageId": "m1-0", "to": "447700900001", "status.name": "buffered", "reason": "off"}


def test_a_report_by_get_has_the_declared_names(gate):
    """The case of a word does not matter; one that nobody declared is not final."""
    provider = gateway(gate)
    (found,) = provider.parse_dlr_get(REPORT)
    assert (found.wire_id, found.to, found.error) == ("m1-0", "+447700900001", "off")
    assert (found.state, found.status) == (State.PENDING, "buffered")
    (strange,) = provider.parse_dlr_get(REPORT | {"status.name": "EXPLODED"})
    assert strange.state is State.PENDING


@pytest.mark.parametrize("missing", ["messageId", "to", "status.name"])
def test_a_report_that_lacks_something_is_kept(gate, missing):
    """The reason names the parameter."""
    (found,) = gateway(gate).parse_dlr_get({**REPORT, missing: " "})
    assert isinstance(found, Unreadable)
    assert repr(missing) in found.reason


def test_reports_and_texts_come_as_forms_and_xml_too(gate):
    """With the same names."""
    provider = gateway(gate)
    form = "application/x-www-form-urlencoded; charset=utf-8"
    body = b"messageId=m1-0&to=447700900001&status.name=DELIVERED_TO_HANDSET"
    (found,) = provider.parse_dlr(body, form)
    assert found.state is State.DELIVERED
    (text,) = provider.parse_mo_post(
        b"msisdn=447700900001&text=Hi+there&datetime=1425196800", form, {"sender": "msisdn"}
    )
    assert text.text == "Hi there"
    assert text.received_at == datetime(2015, 3, 1, 8, tzinfo=UTC)
    xml = b"<r><results><result><from>447700900001</from><text>Hi</text></result></results></r>"
    (text,) = provider.parse_mo_post(xml, "text/xml", {"sender": "from"})
    assert text.text == "Hi"


@pytest.mark.parametrize("told", ["nonsense", "99999999999", "9" * 12, "", "2015-03-01T08:00"])
def test_a_date_that_cannot_be_read_is_left_out(gate, told):
    """A text is worth more than its date."""
    query = {"sender": "447700900001", "text": "Hi", "datetime": told}
    (found,) = gateway(gate).parse_mo_get(query)
    assert found.received_at is None or found.received_at.year > 2015


def test_a_gateway_without_reports_refuses_them(gate):
    """And a push that is far too long."""
    provider = gateway(gate, replace(GATEWAY, report=None))
    with pytest.raises(WebhookRejected) as rejected:
        provider.parse_dlr_get(REPORT)
    assert rejected.value.status == 404
    with pytest.raises(WebhookRejected) as rejected:
        provider.parse_mo_post(b'{"results": [' + b"1," * 1000 + b"1]}", "")
    assert rejected.value.status == 413


def test_rules_need_what_they_name(gate, text):
    """A status alone, words alone, or both."""
    for rule, taken in [
        (AnswerRule((), "OK"), True),
        (AnswerRule((200,)), True),
        (AnswerRule((200,), "^K"), False),
        (AnswerRule((201,), "OK"), False),
    ]:
        gate.then(Response(200, {}, b"OK"))
        (answer,) = gateway(gate, replace(GATEWAY, accepted=rule)).send([text()])
        assert (answer.verdict is Verdict.ACCEPTED) is taken
