"""A client that was published for the real API drives the sandbox: only its address is another.

`infobip-api-python-client` 3.0.0 from PyPI: sending with all parameters, reports, logs, texts that
came in, previews and scheduled requests. It checks the types of what it is answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from smsflow.sandbox.server import Sandbox
from tests.servers import CI

if not CI:  # there a client that is missing is a failure
    pytest.importorskip("infobip_api_client", reason="pip install infobip-api-python-client==3.0.0")

from infobip_api_client import ApiClient, ApiException, Configuration
from infobip_api_client.api.receive_sms_api import ReceiveSmsApi
from infobip_api_client.api.scheduled_sms_api import ScheduledSmsApi
from infobip_api_client.api.send_sms_api import SendSmsApi
from infobip_api_client.model.sms_advanced_textual_request import (
    SmsAdvancedTextualRequest,
)
from infobip_api_client.model.sms_bulk_request import SmsBulkRequest
from infobip_api_client.model.sms_destination import SmsDestination
from infobip_api_client.model.sms_language import SmsLanguage
from infobip_api_client.model.sms_preview_request import SmsPreviewRequest
from infobip_api_client.model.sms_textual_message import SmsTextualMessage

PHONE = "447700900123"
OURS = "447700900000"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.moment = AT

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def world() -> Iterator[Any]:
    """A sandbox, and the published client with the sandbox's address and login."""
    clock = Clock()
    with Sandbox(user="user", password="password", clock=clock) as sandbox:
        # The manual's answers have `smsCount`, which this release's own tables lack.
        settings = Configuration(
            host=sandbox.url, username="user", password="password", discard_unknown_keys=True
        )
        with ApiClient(settings) as client:
            yield SimpleNamespace(
                sandbox=sandbox,
                clock=clock,
                sending=SendSmsApi(client),
                receiving=ReceiveSmsApi(client),
                scheduled=ScheduledSmsApi(client),
            )


def message(**more: Any) -> SmsTextualMessage:
    """A text to the phone."""
    to = more.pop("destinations", [SmsDestination(to=PHONE, message_id="m1")])
    return SmsTextualMessage(_from="InfoSMS", destinations=to, text="Hi", **more)


def send(world: Any, *messages: SmsTextualMessage, **more: Any) -> Any:
    request = SmsAdvancedTextualRequest(messages=list(messages), **more)
    return world.sending.send_sms_message(sms_advanced_textual_request=request)


def test_a_text_is_sent_reported_and_logged(world: Any) -> None:
    """With the ids that the client chose; a report is handed out once, a log always."""
    told = send(
        world,
        message(
            flash=True,
            validity_period=720,
            callback_data="data",
            language=SmsLanguage(language_code="TR"),
            transliteration="TURKISH",
        ),
        bulk_id="BULK",
    )
    assert told.bulk_id == "BULK"
    assert (told.messages[0].message_id, told.messages[0].to) == ("m1", PHONE)
    assert told.messages[0].status.group_name == "PENDING"

    world.clock.moment += timedelta(hours=1)
    world.sandbox.network.due(world.clock.now())
    reports = world.sending.get_outbound_sms_message_delivery_reports(bulk_id="BULK")
    assert [each.message_id for each in reports.results] == ["m1"]
    assert reports.results[0].status.name == "DELIVERED_TO_HANDSET"
    assert reports.results[0].callback_data == "data"
    assert world.sending.get_outbound_sms_message_delivery_reports().results == []
    for _ in range(2):
        logs = world.sending.get_outbound_sms_message_logs(message_id=["m1"], limit=10)
        assert [(each.message_id, each.text) for each in logs.results] == [("m1", "Hi")]


def test_texts_that_came_in_are_pulled(world: Any) -> None:
    """Once."""
    world.sandbox.network.receive(PHONE, OURS, "JOIN spring", AT)
    found = world.receiving.get_inbound_sms_messages(limit=5)
    assert [(each._from, each.to, each.text) for each in found.results] == [
        (PHONE, OURS, "JOIN spring")
    ]
    assert world.receiving.get_inbound_sms_messages().results == []


def test_a_scheduled_request_is_moved(world: Any) -> None:
    """By its bulk id."""
    later = AT + timedelta(hours=5)
    send(world, message(send_at=later), bulk_id="LATER")
    assert world.scheduled.get_scheduled_sms_messages("LATER").send_at == later
    moved = later + timedelta(hours=1)
    told = world.scheduled.reschedule_sms_messages(
        "LATER", sms_bulk_request=SmsBulkRequest(send_at=moved)
    )
    assert told.send_at == moved
    status = world.scheduled.get_scheduled_sms_messages_status("LATER")
    assert str(status.status.value) == "PENDING"


def test_a_preview_counts_parts(world: Any) -> None:
    """Without sending."""
    told = world.sending.preview_sms_message(
        sms_preview_request=SmsPreviewRequest(text="Artık", transliteration="TURKISH")
    )
    assert told.original_text == "Artık"
    assert told.previews[0].message_count == 1


def test_a_wrong_login_is_told_as_the_client_expects(world: Any) -> None:
    """401, with the provider's words in the body."""
    world.sending.api_client.configuration.password = "wrong"
    with pytest.raises(ApiException) as refused:
        send(world, message())
    assert refused.value.status == 401
    assert "UNAUTHORIZED" in str(refused.value.body)
