"""What the provider refuses of a batch is judged text by text, and the others are taken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from smsflow.providers.codes import status_named
from smsflow.providers.content import Format
from smsflow.providers.pigeonhost import PigeonHost
from smsflow.sandbox.network import Network
from smsflow.sandbox.server import create_app
from smsflow.sms.answers import Verdict
from smsflow.sms.messages import Tracking
from smsflow.sms.states import State
from tests.providers.flaskwire import FlaskWire

NOW = datetime(2015, 3, 1, 8, 0, tzinfo=UTC)
GOOD_URL = "https://sms.example/dlr"


class Still:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


@pytest.fixture(params=list(Format), ids=lambda each: each.name.lower())
def pigeon(request: pytest.FixtureRequest) -> Iterator[PigeonHost]:
    """The adapter in both formats, on a sandbox."""
    ids = count(1)
    app = create_app(
        Network(ids=lambda: f"id-{next(ids)}"), user="user", password="password", clock=Still()
    )
    with app.test_client() as http:
        yield PigeonHost(
            "pigeon",
            "http://sandbox",
            "user",
            "password",
            transport=FlaskWire(http),
            format=request.param,
            now=lambda: NOW,
        )


# What is wrong, how the provider calls it, and the error that its logs have with it.
WRONG = {
    "no number": ({"to": ""}, "MISSING_TO", None),
    "a number that is none": ({"to": "+1234"}, "REJECTED_DESTINATION", None),
    "a sender that is too long": ({"sender": "AnAlphanumericSender"}, "REJECTED_SOURCE", None),
    "more parts than a text has": ({"text": "x" * 39_016}, "REJECTED_MESSAGE_TOO_LONG", None),
    "no text": ({"text": ""}, "REJECTED_NOT_SENT", "EC_DATA_MISSING"),
    "a report url that is none": (
        {"report_url": "sms.example"},
        "REJECTED_NOT_SENT",
        "EC_UNEXPECTED_DATA_VALUE",
    ),
    "callback data that are too long": (
        {"callback_data": "x" * 4001},
        "REJECTED_NOT_SENT",
        "EC_UNEXPECTED_DATA_VALUE",
    ),
    "no validity": ({"validity_minutes": 0}, "REJECTED_NOT_SENT", "EC_UNEXPECTED_DATA_VALUE"),
    "a time too far ahead": (
        {"send_at": NOW + timedelta(days=181)},
        "REJECTED_NOT_SENT",
        "EC_UNEXPECTED_DATA_VALUE",
    ),
    "an id that is too long": (
        {"wire_id": "x" * 201},
        "REJECTED_NOT_SENT",
        "EC_UNEXPECTED_DATA_VALUE",
    ),
}


@pytest.mark.parametrize(("field", "status", "error"), WRONG.values(), ids=WRONG)
def test_one_wrong_text_of_a_batch_is_refused_for_good(pigeon, text, field, status, error):
    """Never tried again, in words; the texts around it are accepted."""
    batch = [text(1, report_url=GOOD_URL), text(2, **field), text(3, report_url=GOOD_URL)]
    first, wrong, last = pigeon.send(batch)
    assert first.verdict is last.verdict is Verdict.ACCEPTED
    assert (wrong.verdict, wrong.state) == (Verdict.REJECTED, State.REJECTED)
    assert status_named(wrong.status).name == status
    assert len(wrong.detail) > 5
    lines = pigeon.client.logs()
    refused = [line for line in lines if line.status and line.status.state is State.REJECTED]
    if status == "MISSING_TO":
        assert refused == []
    else:
        (line,) = refused
        assert (line.status.name, line.error) == (status, error)


def test_a_wrong_request_is_refused_for_all_its_texts(pigeon, text):
    """Tracking holds for a request: texts that are tracked otherwise stand."""
    good = text(1)
    batch = [good, text(2, tracking=Tracking("SOUND")), text(3, tracking=Tracking("SOUND"))]
    verdicts = [answer.verdict for answer in pigeon.send(batch)]
    assert verdicts == [Verdict.ACCEPTED, Verdict.REJECTED, Verdict.REJECTED]
