"""The races, one test or more for each.

| race | rule |
|---|---|
| a report before the answer to the send | the id is ours, so the report finds its text |
| reports doubled, reordered, intermediate after final | states go forward only |
| a text pushed again, twice at once, days later | one event for each id |
| two texts of one contact | one at a time, in their order |
| a reply and a timer at one moment | a timer of a wait that is over does nothing |
| a flow changed under live sessions | each keeps its version |
| STOP while texts are queued | the gate is in the claim |
| two machines that answer each other | replies are counted, whatever they say |
| clocks that jump | instants in UTC, hours by the contact's wall |
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from smsflow.engine.effects import SendText
from smsflow.engine.model import QuietHours
from smsflow.engine.policy import window
from smsflow.engine.state import Plan
from smsflow.providers.memory import MemoryProvider
from smsflow.sms.states import State
from smsflow.store.rows import Changes
from tests.races.conftest import ANN, Stage
from tests.security.test_reply_loops import talk

HELLO = "smsflow: 1\ntriggers: [{keyword: GO}]\nsteps: [{send: Hello}]\n"
TWO = "smsflow: 1\ntriggers: [{keyword: GO}]\nsteps: [{send: One}, {send: Two}]\n"
ASKS = """
smsflow: 1
triggers: [{keyword: GO}]
steps:
  - ask: Which colour?
    save: colour
    timeout: 1h
    on_timeout: [{send: Too late.}, {end: late}]
  - send: "So {{ colour }} it is."
"""
ECHO = """
smsflow: 1
mode: parallel
limits: {starts: 1000/1h}
triggers: [{pattern: '^n(?P<n>[0-9]+)$'}]
steps: [{send: "{{ n }}"}]
"""


def states(stage: Stage) -> list[State]:
    return [message.state for message in stage.store.messages_of(ANN)]


# --- a report before the answer to the send -------------------------------------------------------


class Hasty(MemoryProvider):
    """Pushes the report, and has it worked off, before it answers the request."""

    stage: Stage

    def send(self, texts):
        answers = super().send(texts)
        for text in texts:
            self.stage.reports(text.wire_id, State.DELIVERED, text.to)
        self.stage.works()
        return answers


def test_report_before_the_answer(stage: Stage) -> None:
    """The text is delivered, the late answer changes nothing, and it goes out once."""
    stage.play(HELLO)
    stage.provider = Hasty("primary", now=stage.clock.now)
    stage.provider.stage = stage
    stage.texts("go")
    stage.works()
    stage.sends()
    stage.works()
    assert (states(stage), stage.sent()) == ([State.DELIVERED], ["Hello"])


def test_report_before_an_answer_that_never_comes(stage: Stage) -> None:
    """It proves that the text is out, so the next try is not made."""
    stage.play(HELLO)
    stage.provider = Hasty("primary", now=stage.clock.now)
    stage.provider.stage = stage
    stage.provider.lose_next()
    stage.texts("go")
    stage.works()
    stage.sends()
    stage.clock.advance(timedelta(hours=1))
    stage.sends()
    assert (states(stage), len(stage.provider.tried)) == ([State.DELIVERED], 1)


# --- reports doubled, reordered, intermediate after final -----------------------------------------


def test_reports_in_any_order(stage: Stage) -> None:
    """Every permutation of five reports, two of them doubles, ends alike."""
    stage.play("smsflow: 1\nmode: parallel\n" + HELLO.partition("\n")[2])
    told = (State.PENDING, State.SENT, State.SENT, State.DELIVERED, State.DELIVERED)
    orders = sorted(set(permutations(told)))
    phones = [f"+4477009{n:05}" for n in range(len(orders))]
    for phone in phones:
        stage.texts("go", phone)
    stage.works()
    stage.sends()
    wire_ids = {text.to: text.wire_id for text in stage.provider.sent}
    for phone, order in zip(phones, orders, strict=True):
        for state in order:
            stage.reports(wire_ids[phone], state, phone)
    stage.works()
    found = Counter(m.state for phone in phones for m in stage.store.messages_of(phone))
    assert found == {State.DELIVERED: len(orders)}


# --- a text pushed again, twice at once, days later -----------------------------------------------


def test_text_pushed_again(stage: Stage) -> None:
    """Sixteen at once, and one more three days later, when all is long worked off: one answer."""
    stage.play(HELLO)
    stage.at_once(*[lambda: stage.texts("go", dedupe="mo:primary:1")] * 16)
    stage.works()
    stage.clock.advance(timedelta(days=3))
    assert not stage.texts("go", dedupe="mo:primary:1")
    stage.works()
    stage.sends()
    assert stage.sent() == ["Hello"]


# --- two texts of one contact ---------------------------------------------------------------------


def test_texts_of_one_contact(stage: Stage) -> None:
    """Fifty of them, four workers and four senders at once: answered in order, each once."""
    stage.play(ECHO)
    for n in range(50):
        stage.texts(f"n{n}")

    stage.at_once(*[stage.works] * 4, *[stage.sends] * 4)
    stage.works()
    stage.sends()
    assert stage.sent() == [str(n) for n in range(50)]


# --- a reply and a timer at one moment ------------------------------------------------------------


@pytest.mark.parametrize("first", ["reply", "timer"])
def test_reply_and_timer(stage: Stage, first: str) -> None:
    """Whichever is first wins, and the other does nothing."""
    stage.play(ASKS)
    stage.texts("go")
    stage.works()
    stage.sends()
    stage.clock.advance(timedelta(hours=1) - timedelta(microseconds=first == "reply"))
    stage.texts("blue")
    stage.clock.advance(timedelta(microseconds=1))
    stage.works()
    stage.sends()
    answer = "So blue it is." if first == "reply" else "Too late."
    assert stage.sent() == ["Which colour?", answer]


# --- a flow changed under live sessions -----------------------------------------------------------


def test_flow_changed_under_sessions(stage: Stage) -> None:
    """A hundred wait at a step that the new version does not have: they finish on the old one."""
    stage.play(ASKS)
    phones = [f"+4477009{n:05}" for n in range(100)]
    for phone in phones:
        stage.texts("go", phone)
    stage.works()
    stage.sends()
    stage.play(HELLO)
    for phone in phones:
        stage.texts("blue", phone)
    stage.works()
    stage.sends()
    assert {tuple(stage.sent(phone)) for phone in phones} == {("Which colour?", "So blue it is.")}


# --- STOP while texts are queued ------------------------------------------------------------------


def test_stop_while_texts_are_queued(stage: Stage) -> None:
    """A thousand wait and senders are at it: after the commit of the STOP none starts but its
    confirmation."""
    stage.play(HELLO)
    texts = [_queued(f"m{n}", stage.clock.now()) for n in range(1000)]
    with stage.store.work(stage.clock.now(), 1) as batch:
        batch.save(Changes(texts=[(ANN, text) for text in texts]))
    stopped_after: list[int] = []

    def stops() -> None:
        stage.texts("STOP")
        stage.works()
        stopped_after.append(len(stage.provider.tried))

    stage.at_once(stage.sends, stage.sends, stops)
    stage.sends()
    late = stage.provider.tried[stopped_after[0] :]
    # What had its lease before the STOP may be under way; the texts of a contact go one by one.
    others = [text for text in late if text.text == "Hello"]
    assert len(others) <= 1
    assert len(stage.sent()) < 1000
    found = Counter(states(stage))
    assert found[State.REFUSED] >= 1000 - stopped_after[0] - 1
    assert found[State.QUEUED] == 0


def _queued(message: str, due: datetime) -> SendText:
    return SendText(
        message=message,
        session=None,
        flow=None,
        step=None,
        text="Hello",
        masked=None,
        kind="transactional",
        plan=Plan(via=("main",)),
        due=due,
    )


# --- two machines that answer each other ----------------------------------------------------------


def test_two_machines_that_answer_each_other() -> None:
    """Six texts each way at the most, though every one is another."""
    flow = "triggers: [{catch_all: true}]\nsteps: [send: '{{ message.text }} {{ now | time }}']"
    assert 0 < max(talk("", flow, every=timedelta(seconds=60))) <= 6


# --- clocks that jump -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("night", "leaves"),
    [
        ("2025-03-30T00:30:00", "2025-03-30T01:30:00"),  # 01:30 does not exist: 02:30 stands for it
        ("2025-10-25T23:45:00", "2025-10-26T00:30:00"),  # 01:30 comes twice: the first
    ],
)
def test_clocks_that_jump(night: str, leaves: str) -> None:
    """A text that is held until half past one leaves at a moment that exists, once."""
    made = datetime.fromisoformat(night).replace(tzinfo=UTC)
    quiet = QuietHours(21 * 60, 90, frozenset({"marketing"}))
    found = window(made, kind="marketing", zone="Europe/London", quiet=quiet, last_inbound=None)
    assert found.opens == datetime.fromisoformat(leaves).replace(tzinfo=UTC)
