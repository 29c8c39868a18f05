"""Texts that the provider holds for later, over the sandbox: sent in time, withdrawn after STOP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from smsflow.delivery import Channel, Delivery
from smsflow.engine.policy import Rules
from smsflow.errands import Errands, Surroundings
from smsflow.providers.base import NotAnswered
from smsflow.providers.memory import MemoryProvider
from smsflow.providers.pigeonhost import PigeonHost
from smsflow.providers.transport import HttpTransport
from smsflow.sandbox.records import Message
from smsflow.sandbox.server import Sandbox
from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.messages import Outgoing
from smsflow.sms.states import State
from smsflow.store import Store
from smsflow.webclient import WebClient
from tests.conftest import FakeClock
from tests.test_other_recipients import ANN, Desk, at_noon

FLOW = b"""
smsflow: 1
triggers: [{keyword: GO}]
steps:
  - send: The doors are open.
    send_at: now + hours(22)
  - end: told
"""


class Fair(Desk):
    """A desk whose texts go to a sandbox, or to the provider that is given."""

    def __init__(self, store: Store, clock: FakeClock, box: Sandbox, provider: Any = None) -> None:
        super().__init__(store, clock, FLOW)
        self.network, self.url = box.network, box.url
        own = PigeonHost("primary", box.url, "u", "p", transport=HttpTransport(), now=clock.now)
        self.provider = provider or own
        numbers = {each.name: each.address for each in self.world.project.numbers.values()}
        self.delivery = Delivery(
            store,
            {"primary": Channel(self.provider, numbers, None, None)},
            clock=clock,
            rng=Random(1),
            rules=lambda: Rules(self.world.project),
        )
        around = Surroundings(
            dict,
            dict,
            lambda: {"primary": self.provider},
            lambda: self.world.project.numbers,
            str,
            WebClient(),
        )
        self.errands = Errands(store, around, clock=clock, heartbeat=lambda _: nullcontext())

    def hands_over(self) -> None:
        while self.delivery.send("primary"):
            pass

    def held(self) -> Message:
        """The one text that the provider has."""
        (message,) = self.network.messages()
        return message

    def passes(self, length: timedelta) -> None:
        """Time passes here and there."""
        self.clock.advance(length)
        self.network.due(self.clock.now())


@pytest.fixture
def fair(store: Store, clock: FakeClock) -> Iterator[Callable[..., Fair]]:
    """Monday, at noon, with a text handed over."""
    with Sandbox(user="u", password="p", clock=clock) as box:

        def begin(provider: Any = None) -> Fair:
            desk = Fair(store, clock, box, provider)
            at_noon(clock)
            desk.texts("go")
            return desk

        yield begin


def test_the_provider_has_it_at_once_and_sends_it_in_time(fair: Callable[..., Fair]) -> None:
    """The flow goes on meanwhile."""
    desk = fair()
    noon = desk.clock.now()
    desk.hands_over()
    assert desk.outcome() == "told"
    assert desk.held().sent_at == noon + timedelta(hours=22)
    assert desk.store.messages_of(ANN)[0].state is State.ACCEPTED
    desk.passes(timedelta(hours=21))
    assert desk.held().status.name == "PENDING_ENROUTE"
    desk.passes(timedelta(hours=2))
    assert desk.held().status.name == "DELIVERED_TO_HANDSET"


def test_stop_withdraws_what_is_held(fair: Callable[..., Fair]) -> None:
    """As an errand, which is done before anything is sent; nobody waits for its end."""
    desk = fair()
    desk.hands_over()
    desk.texts("STOP")
    assert desk.errands.work() == 1
    assert desk.errands.work() == 0
    desk.works()
    desk.passes(timedelta(days=2))
    assert desk.held().status.name == "UNDELIVERABLE_NOT_SENT"
    assert [line.what for line in desk.store.trace_of(ANN)].count("late") == 0


def test_a_withdrawal_is_tried_until_the_text_is_sent(fair: Callable[..., Fair]) -> None:
    """A provider that gives no answer is asked again, with pauses, and no longer than that."""

    class Deaf:
        asked = 0

        def withdraw(self, _wire_id: str) -> None:
            self.asked += 1
            raise NotAnswered("no connection")

    desk = fair()
    desk.hands_over()
    desk.texts("STOP")
    deaf = desk.provider = Deaf()
    for _ in range(4):
        desk.errands.work()
        desk.clock.advance(timedelta(seconds=25))
    assert deaf.asked == 4
    desk.clock.advance(timedelta(days=1))
    desk.errands.work()
    assert (deaf.asked, desk.store.errands_due(desk.clock.now())) == (4, False)


def test_stop_withdraws_what_may_be_held(fair: Callable[..., Fair]) -> None:
    """The provider has it, and its answer never came."""

    class Mute(MemoryProvider):
        def send(self, texts: Sequence[Outgoing]) -> list[Answer]:
            real.send(texts)
            return [Answer(Verdict.AMBIGUOUS, State.UNCERTAIN)] * len(texts)

        def withdraw(self, wire_id: str) -> None:
            real.withdraw(wire_id)

    desk = fair(Mute("primary"))
    real = PigeonHost("primary", desk.url, "u", "p", transport=HttpTransport(), now=desk.clock.now)
    desk.delivery.send("primary")
    desk.texts("STOP")
    assert desk.store.messages_of(ANN)[0].state is State.HELD
    assert desk.errands.work() == 1
    desk.passes(timedelta(days=2))
    assert desk.held().status.name == "UNDELIVERABLE_NOT_SENT"


def test_a_provider_that_comes_back_shortly_before_hears_of_it(fair: Callable[..., Fair]) -> None:
    """Also after something that nobody foresaw."""

    class Away:
        error: Exception = NotAnswered("no connection")

        def withdraw(self, _wire_id: str) -> None:
            raise self.error

    desk = fair()
    desk.hands_over()
    real, away = desk.provider, Away()
    desk.texts("STOP")
    desk.provider = away
    for minute in range(20):
        away.error = NotAnswered("no connection") if minute % 2 else RuntimeError("odd")
        assert desk.errands.work() == 1
        desk.clock.advance(timedelta(minutes=1))
    desk.clock.advance(timedelta(hours=21, minutes=39, seconds=30))
    desk.errands.work()
    desk.clock.advance(timedelta(seconds=20))
    desk.provider = real
    desk.errands.work()
    desk.passes(timedelta(days=1))
    assert desk.held().status.name == "UNDELIVERABLE_NOT_SENT"


@pytest.mark.parametrize("stopped", [False, True])
def test_erasing_withdraws_what_is_held(fair: Callable[..., Fair], stopped: bool) -> None:
    """And what is left tells of nobody."""
    desk = fair()
    desk.hands_over()
    if stopped:
        desk.texts("STOP")
    desk.store.erase(ANN, by="sam", now=desk.clock.now())
    (*_, errand) = desk.store.lease_errands(desk.clock.now(), 8, 0.0)
    assert ANN not in f"{errand}"
    while desk.errands.work():
        pass
    assert not desk.store.errands_due(desk.clock.now() + timedelta(days=1))
    desk.passes(timedelta(days=2))
    assert desk.held().status.name == "UNDELIVERABLE_NOT_SENT"


def test_what_has_not_left_is_erased_and_needs_no_errand(fair: Callable[..., Fair]) -> None:
    desk = fair()
    desk.store.erase(ANN, by="sam", now=desk.clock.now())
    assert desk.errands.work() == 0


def test_what_has_not_left_is_refused_and_needs_no_errand(fair: Callable[..., Fair]) -> None:
    desk = fair()
    desk.texts("STOP")
    assert desk.store.messages_of(ANN)[0].state is State.REFUSED
    assert desk.errands.work() == 0


def test_a_provider_that_can_not_hold_texts_gets_it_in_time(fair: Callable[..., Fair]) -> None:
    """As after a failover: it stays here until then."""
    memory = MemoryProvider("primary")
    desk = fair(memory)
    noon = desk.clock.now()
    desk.hands_over()
    assert memory.sent == []
    desk.clock.advance(timedelta(hours=22))
    desk.hands_over()
    (text,) = memory.sent
    assert (text.send_at, desk.clock.now() - noon) == (None, timedelta(hours=22))


def test_what_stays_here_holds_up_no_other_text(fair: Callable[..., Fair]) -> None:
    memory = MemoryProvider("primary")
    desk = fair(memory)
    desk.hands_over()
    desk.texts("HELP")
    desk.hands_over()
    assert len(memory.sent) == 1
    desk.clock.advance(timedelta(hours=22))
    desk.hands_over()
    assert [text.text for text in memory.sent[1:]] == ["The doors are open."]


def test_each_held_text_has_a_request_of_its_own(fair: Callable[..., Fair]) -> None:
    """Whose id is that of the text, for a bulk is withdrawn as a whole."""
    desk = fair()
    pigeon: PigeonHost = desk.provider

    def text(number: int, later: datetime | None) -> Outgoing:
        return Outgoing(f"m{number}-0", "Bakery", ANN, "Bread is ready.", send_at=later)

    later = desk.clock.now() + timedelta(hours=3)
    pigeon.send([text(1, later), text(2, later), text(3, None), text(4, None)])
    bulks = {each.message_id: each.bulk_id for each in desk.network.messages()}
    assert (bulks["m1-0"], bulks["m2-0"]) == ("m1-0", "m2-0")
    assert bulks["m3-0"] == bulks["m4-0"]
    pigeon.withdraw("m1-0")
    pigeon.withdraw("m1-0")  # as good as done
    with pytest.raises(NotAnswered):
        pigeon.withdraw("unknown-0")
