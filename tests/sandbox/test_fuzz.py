"""Whatever JSON is sent, the answer is one that the manual documents."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import uuid4

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
]
VALUES = st.sampled_from(
    ["InfoSMS", "41793026727", "absent", "refused", "http://c/%text%", "0a", "4001-01-01T00:00Z"]
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
PATHS = st.sampled_from(
    [
        ("POST", "/sms/1/text/single"),
        ("POST", "/sms/1/text/multi"),
        ("POST", "/sms/1/text/advanced"),
        ("POST", "/sandbox/mo"),
        ("PUT", "/sandbox/faults"),
        ("PUT", "/sandbox/handsets/41793026727"),
        ("PUT", "/sandbox/numbers/385916242493"),
    ]
)


class Still:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2015, 2, 12, tzinfo=UTC)


@settings(max_examples=300, deadline=None)
@given(PATHS, TREES)
def test_no_json_breaks_the_server(path, body):
    """200, or 400 in the documented shape; never a 500."""
    network = Network(ids=lambda: str(uuid4()))
    app = create_app(network, user="u", password="p", clock=Still(), perform=lambda _: None)
    method, url = path
    response = app.test_client().open(
        url, method=method, data=json.dumps(body), content_type="application/json", auth=("u", "p")
    )
    assert response.status_code in (200, 400), response.text
    if response.status_code == 400:
        assert response.json["requestError"]["serviceException"]["messageId"] == "BAD_REQUEST"
