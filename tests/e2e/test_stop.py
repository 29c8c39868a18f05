"""STOP while a thousand texts to that contact wait to leave."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from smsflow.engine.effects import SendText
from smsflow.engine.state import Plan
from smsflow.engine.words.compliance import TEXTS
from smsflow.sandbox.faults import Faults, Trouble
from smsflow.sms.states import State
from smsflow.store.rows import Changes
from tests.e2e.conftest import Phone, Town, until

TEXTS_WAITING = 1000
ALWAYS = 1_000_000


def _queue(town: Town, phone: Phone, count: int) -> None:
    """Put texts into the outbox that are due now, as flows would have."""
    now = town.clock.now()
    texts = [
        SendText(
            message=f"m{number:04}",
            session=None,
            flow=None,
            step=None,
            text=f"news {number}",
            masked=None,
            kind="marketing",
            plan=Plan(via=("main",)),
            due=now,
        )
        for number in range(count)
    ]
    with town.store.work(now, 1) as batch:
        batch.save(Changes(texts=[(phone.number, text) for text in texts]))


def test_after_stop_only_its_confirmation_goes_out(town: Town) -> None:
    """The provider takes nothing while they pile up; when it does again, none of them leaves."""
    phone = town.phone()
    phone.says("hours")
    phone.hears()
    phone.hears_nothing()
    network = town.service.sandboxes["primary"].network
    network.faults = Faults({"fail": Trouble(ALWAYS, 429, 1)})
    _queue(town, phone, TEXTS_WAITING)
    until(lambda: _tried(town, phone), "a first try")
    phone.says("STOP")
    until(lambda: town.store.conversation(phone.number).contact.opted_out, "the opt-out")
    before = len(network.messages())
    network.faults = Faults()
    confirmation = TEXTS["compliance.stopped"]["en"]
    assert phone.hears() == (confirmation, "main")
    town.clock.jump_to(town.clock.now() + timedelta(days=2))
    phone.hears_nothing()
    assert [each.order.text for each in network.messages()[before:]] == [confirmation]
    states = Counter(
        message.state
        for message in town.store.messages_of(phone.number)
        if message.text.startswith("news")
    )
    assert states == {State.REFUSED: TEXTS_WAITING}


def _tried(town: Town, phone: Phone) -> bool:
    return any(message.error for message in town.store.messages_of(phone.number))
