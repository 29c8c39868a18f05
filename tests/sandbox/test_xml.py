"""XML of requests read as JSON would be, and written without losing a character."""

from __future__ import annotations

import json
import time

import pytest
from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st

from smsflow.sandbox.xml import read_xml, write_xml

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "haha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    + b"]><request><text>&a11;</text></request>"
)
HOSTILE = {
    "entities": BOMB.replace(b"&a0;", b"&a;"),
    "quadratic": b'<!DOCTYPE r [<!ENTITY a "%s">]><request><text>%s</text></request>'
    % (b"x" * 100_000, b"&a;" * 10_000),
    "outside": b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b"<request><text>&a;</text></request>",
    "document type": b'<!DOCTYPE r SYSTEM "http://example.com/r.dtd"><request/>',
    "parameter entity": b'<!DOCTYPE r [<!ENTITY % a SYSTEM "http://example.com/a"> %a;]><request/>',
    "deep": b"<request>" + b"<a>" * 100_000,
    "broken": b"<request><text>",
    "another root": b"<SMSRequest><text>x</text></SMSRequest>",
    "unknown coding": b'<?xml version="1.0" encoding="klingon"?><request/>',
    "not xml": b'{"text": "x"}',
    "nothing": b"",
    "two roots": b"<request/><request/>",
    "bad octets": b"<request><text>\xff\xfe</text></request>",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_xml_is_refused_at_once(client, body):
    """400 in the documented shape within 100 ms."""
    headers = client.auth | {"Content-Type": "application/xml"}
    start = time.process_time()
    response = client.http.post("/sms/1/text/advanced", data=body, headers=headers)
    took = time.process_time() - start
    assert response.status_code == 400
    assert response.json == {
        "requestError": {"serviceException": {"messageId": "BAD_REQUEST", "text": "Invalid XML"}}
    }
    assert took < 0.1


def test_more_elements_than_any_request_has_are_refused():
    """What 4 MiB could hold is not built."""
    with pytest.raises(ValueError, match="too many elements"):
        read_xml(b"<request>" + b"<a/>" * 100 + b"</request>", most_elements=100)
    assert read_xml(b"<request>" + b"<a/>" * 99 + b"</request>", most_elements=100) == {"a": ""}


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        ("<to>41</to>", {"to": "41"}),
        ("<to>41</to><to>42</to>", {"to": ["41", "42"]}),
        ("<to><to>41</to></to>", {"to": ["41"]}),
        ("<to/>", {"to": ""}),
        ("<text> a &lt;b&gt; &#13;</text>", {"text": " a <b> \r"}),
        ("<text><![CDATA[<b>]]></text>", {"text": "<b>"}),
        ("<flash>true</flash><flash2/>", {"flash": True, "flash2": ""}),
        ("<flash>yes</flash>", {"flash": "yes"}),
        ("<validityPeriod> 720 </validityPeriod>", {"validityPeriod": 720}),
        ("<validityPeriod>long</validityPeriod>", {"validityPeriod": "long"}),
        ("<messages/>", {"messages": []}),
        (
            "<messages><message><text>x</text></message><message/></messages>",
            {"messages": [{"text": "x"}, {}]},
        ),
        (
            "<messages><messages><destinations><destinations/></destinations></messages></messages>",
            {"messages": [{"destinations": [{}]}]},
        ),
        ("<days><day>MONDAY</day></days>", {"days": ["MONDAY"]}),
        ("<x xmlns='urn:a' y='1'><text>z</text></x>", {"x": {"text": "z"}}),
    ],
)
def test_xml_is_read_as_json_would_be(inner, value):
    """Lists in wrappers, also with the plural repeated; flags and numbers by their names."""
    assert read_xml(f"<request>\n {inner} </request>".encode()) == value


def test_another_encoding_is_read():
    """As the declaration says."""
    body = '<?xml version="1.0" encoding="iso-8859-1"?><request><text>é</text></request>'
    assert read_xml(body.encode("latin-1")) == {"text": "é"}


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_every_text_comes_out_as_it_went_in(text):
    """But for the few characters that XML can't hold at all."""
    (element,) = ElementTree.fromstring(write_xml("r", {"text": text}))
    expected = "".join(
        each if each in "\t\n\r" or " " <= each <= "\ud7ff" or "\ue000" <= each <= "\ufffd"
        or each >= "\U00010000" else "\ufffd"
        for each in text
    )  # fmt: skip
    assert (element.text or "") == expected


def test_wrong_fields_are_elements_not_names():
    """A path such as messages[0].text can be no element's name."""
    told = {"validationErrors": {"messages[0].text": ["may not be empty"]}}
    (errors,) = ElementTree.fromstring(write_xml("r", told))
    assert [(each.tag, [part.text for part in each]) for each in errors] == [
        ("validationError", ["messages[0].text", "may not be empty"])
    ]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/html", "json"),
        ("application/xml", "xml"),
        ("application/xml; charset=utf-8", "xml"),
        ("application/xml;q=0.5, application/json", "json"),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", "xml"),
        ("application/xml;q=0", "json"),
    ],
)
def test_the_answer_has_the_type_that_accept_prefers(client, accept, kind):
    """Whatever type the request has."""
    headers = client.auth | {"Accept": accept}
    body = {"from": "InfoSMS", "to": "41793026727", "text": "x"}
    response = client.http.post("/sms/1/text/single", json=body, headers=headers)
    assert response.mimetype == f"application/{kind}"


@pytest.mark.parametrize("path", ["/nowhere", "/sms/1/text/single", "/sms/1/logs?limit=x"])
def test_errors_are_xml_where_xml_is_asked_for(client, path):
    """404, 405 and 400 alike."""
    response = client.http.get(path, headers=client.auth | {"Accept": "application/xml"})
    root = ElementTree.fromstring(response.data)
    assert root.tag == "ApiException"
    assert root.find("requestError/serviceException/messageId") is not None


def test_the_control_api_is_json_alone(client):
    """It is no part of the provider's."""
    headers = client.auth | {"Content-Type": "application/xml", "Accept": "application/xml"}
    assert (
        client.http.put("/sandbox/faults", data=b"<request/>", headers=headers).status_code == 415
    )
    response = client.http.get("/sandbox/pending", headers=headers)
    assert json.loads(response.data)["pushes"] == 0
