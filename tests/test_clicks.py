"""Clicks that a provider tells of: kept once, traced, and heard by whom they concern."""

from __future__ import annotations

from datetime import datetime

import pytest

from smsflow.sms.states import State
from smsflow.store import Store
from smsflow.store.rows import Kind, NewRow
from tests.conftest import FakeClock
from tests.test_other_recipients import ANN, STAFF, Desk, at_noon

OFFER = b"""
smsflow: 1
triggers: [{keyword: GO}]
steps:
  - send: See https://shop.example/spring
    deliver: careful
    track: true
    save: offer
  - wait: {event: link.clicked, where: event.message == offer.id}
  - end: warm
"""
TO_STAFF = b"""
smsflow: 1
triggers: [{keyword: GO}]
steps:
  - send: See https://crm.example/7
    to: "'+447700900200'"
    track: true
  - wait: {event: link.clicked, contact: event.contact}
  - end: seen
"""
URL = "https://shop.example/spring"


def click(desk: Desk, wire_id: str, phone: str = ANN, url: str = URL) -> datetime:
    """A click now, as reception puts it into the inbox."""
    at = desk.clock.now()
    payload = {"wire_id": wire_id, "url": url, "at": at.isoformat()}
    desk.store.insert([NewRow(Kind.CLICK, phone, payload, at)])
    desk.works()
    return at


def test_a_click_is_kept_traced_and_heard(store: Store, clock: FakeClock) -> None:
    """With the text, the step and the session that it belongs to."""
    desk = Desk(store, clock, OFFER)
    at_noon(clock)
    desk.texts("go")
    desk.sends()
    at = click(desk, desk.provider.sent[-1].wire_id)
    assert desk.outcome() == "warm"
    (found,) = store.clicks_of(ANN)
    (message,) = store.messages_of(ANN)
    assert (found.message, found.flow, found.step) == (message.id, "talk", "main/send-1")
    assert (found.url, found.at) == (URL, at)
    assert store.clicks_in(message.session or "") == [found]
    traced = [(line.step, line.detail) for line in store.trace_of(ANN) if line.what == "click"]
    assert traced == [("main/send-1", URL)]


def test_a_click_on_a_resend_is_one_on_the_text(store: Store, clock: FakeClock) -> None:
    """`event.message` is the id that `save` keeps, whichever try was read."""
    desk = Desk(store, clock, OFFER)
    at_noon(clock)
    desk.texts("go")
    desk.sends()
    desk.reports(State.UNDELIVERABLE)
    desk.sends()
    first, second = desk.provider.sent
    click(desk, second.wire_id)
    assert desk.outcome() == "warm"
    assert store.clicks_of(ANN)[0].message == first.wire_id.rpartition("-")[0]


def test_a_click_of_a_colleague_is_news_to_the_session_that_told_them(
    store: Store, clock: FakeClock
) -> None:
    """It is kept with whose phone it was, and stands in the trace of who sent the text."""
    desk = Desk(store, clock, TO_STAFF)
    at_noon(clock)
    desk.texts("go")
    desk.sends()
    click(desk, desk.provider.sent[-1].wire_id, STAFF)
    assert desk.outcome() == "seen"
    assert store.clicks_of(ANN) == []
    assert len(store.clicks_of(STAFF)) == 1
    assert [line.what for line in store.trace_of(ANN)].count("click") == 1


@pytest.mark.parametrize(("wire_id", "phone"), [("nobodys-0", ANN), (None, STAFF)])
def test_a_click_on_a_text_that_is_not_ours_changes_nothing(
    store: Store, clock: FakeClock, wire_id: str | None, phone: str
) -> None:
    """An unknown id, and a phone that the text was not sent to."""
    desk = Desk(store, clock, OFFER)
    at_noon(clock)
    desk.texts("go")
    desk.sends()
    click(desk, wire_id or desk.provider.sent[-1].wire_id, phone)
    assert desk.outcome() is None
    assert store.clicks_of(ANN) == store.clicks_of(STAFF) == []
    assert store.counts()["unplaced"] == 1


SECRET = b"""
smsflow: 1
kind: otp
triggers: [{keyword: GO}]
anytime:
  - {event: link.clicked, then: {set: {seen: "{{ event.url }}"}}}
steps:
  - otp: Log in at https://shop.example/login/{{ code }} or see https://shop.example/help
    track: true
"""


def test_a_link_with_a_code_in_it_is_kept_nowhere(store: Store, clock: FakeClock) -> None:
    """What the mask of a text hides stays hidden; its other links do not."""
    desk = Desk(store, clock, SECRET)
    at_noon(clock)
    desk.texts("go")
    desk.sends()
    sent = desk.provider.sent[-1]
    link, help_ = (each for each in sent.text.split() if each.startswith("https:"))
    click(desk, sent.wire_id, url=link)
    ((_, session),) = store.sessions_of(ANN, 1)
    click(desk, sent.wire_id, url=help_)
    assert session.variables["seen"] == "••••"
    assert [each.url for each in store.clicks_of(ANN)] == ["••••", help_]
    code = link.rpartition("/")[2]
    assert not [line for line in store.trace_of(ANN) if code in line.detail]
