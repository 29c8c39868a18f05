"""Whatever JSON is sent, the answer is one that the manual documents."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import uuid4
from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from smsflow.sandbox.network import Network
from smsflow.sandbox.server import create_app

WORDS = [
    "messages",
    "from",
    "to",
    "text",
    "destinations",
    "messageId",
    "bulkId",
    "language",
    "tracking",
    "track",
    "flash",
    "sendAt",
    "validityPeriod",
    "notifyUrl",
    "callbackData",
    "mo",
    "url",
    "method",
    "fate",
    "fates",
    "name",
    "steps",
    "submit",
    "status",
    "seconds",
    "delay",
    "bin",
    "datacoding",
    "esmclass",
    "times",
    "fail",
    "lose",
    "double",
    "reorder",
    "manualIntermediates",
    "deliveryTimeWindow",
    "days",
    "hour",
    "minute",
    "sendingSpeedLimit",
    "amount",
    "timeUnit",
    "type",
    "processKey",
    "baseUrl",
    "languageCode",
    "singleShift",
    "notifyContentType",
    "transliteration",
    "keywords",
    "balance",
    "lookup",
    "ported",
    "contentType",
]
VALUES = st.sampled_from(
    [
        "InfoSMS",
        "41793026727",
        "absent",
        "refused",
        "http://c/%text%",
        "0a",
        "4001-01-01T00:00Z",
        "URL",
        "TR",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | VALUES
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6)
        | st.lists(st.dictionaries(st.sampled_from(WORDS), inner, max_size=4), max_size=2)
    ),
    max_leaves=20,
)
API = [
    ("POST", "/sms/1/text/single"),
    ("POST", "/sms/1/text/multi"),
    ("POST", "/sms/1/text/advanced"),
    ("POST", "/sms/2/text/advanced"),
    ("POST", "/sms/1/preview"),
    ("POST", "/number/1/query"),
    ("POST", "/number/1/notify"),
    ("PUT", "/sms/1/bulks?bulkId=b"),
    ("PUT", "/sms/1/bulks/status?bulkId=b"),
]
CONTROL = [
    ("PUT", "/sandbox/clicks"),
    ("PUT", "/sandbox/account"),
    ("POST", "/sandbox/mo"),
    ("PUT", "/sandbox/faults"),
    ("PUT", "/sandbox/handsets/41793026727"),
    ("PUT", "/sandbox/numbers/385916242493"),
]
PATHS, XML_PATHS = st.sampled_from(API + CONTROL), st.sampled_from(API)


class Still:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2015, 2, 12, tzinfo=UTC)


NETWORK = Network(ids=lambda: str(uuid4()))
CLIENT = create_app(
    NETWORK, user="u", password="p", clock=Still(), perform=lambda _: None
).test_client()


@settings(max_examples=150, deadline=None)
@given(PATHS, TREES)
def test_no_json_breaks_the_server(path, body):
    """200, or 400 in the documented shape; never a 500."""
    NETWORK.reset()
    method, url = path
    response = CLIENT.open(
        url, method=method, data=json.dumps(body), content_type="application/json", auth=("u", "p")
    )
    assert response.status_code in (200, 400, 404), response.text
    if response.status_code != 200:
        told = response.json["requestError"]["serviceException"]["messageId"]
        assert told in ("BAD_REQUEST", "NOT_FOUND")


ELEMENTS = st.recursive(
    st.text(alphabet="ab <&7") | VALUES,
    lambda inner: st.lists(st.tuples(st.sampled_from(WORDS), inner), max_size=5),
    max_leaves=15,
)


def element(name: str, content: object) -> str:
    """An element with text, or with elements inside."""
    if isinstance(content, str):
        return f"<{name}>{escape(content)}</{name}>"
    return f"<{name}>{''.join(element(*inner) for inner in content)}</{name}>"


@settings(max_examples=150, deadline=None)
@given(XML_PATHS, ELEMENTS)
def test_no_xml_breaks_the_server(path, content):
    """200, or 400 in the documented shape; never a 500."""
    NETWORK.reset()
    method, url = path
    response = CLIENT.open(
        url,
        method=method,
        data=element("request", content),
        content_type="application/xml",
        auth=("u", "p"),
    )
    assert response.status_code in (200, 400, 404), response.text
