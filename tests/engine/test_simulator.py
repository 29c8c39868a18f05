"""The simulator keeps time, texts and gates; a random walk over the samples breaks no promise."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from smsflow.engine import world as worlds
from smsflow.engine.events import TextReceived
from smsflow.engine.language.parse import load
from smsflow.engine.machine import advance
from smsflow.engine.model import Duration
from smsflow.engine.state import Contact, Conversation
from smsflow.engine.transcripts.simulator import Simulator
from smsflow.engine.turn import MAX_TEXTS
from smsflow.engine.world import World
from smsflow.sms.states import State
from tests.engine.reading_helpers import sample

# --- time and texts -------------------------------------------------------------------------------


def test_what_is_due_on_the_way_happens_in_order(start, world, phone, clock):
    world("""
mode: parallel
inputs: {name: text, pause: integer}
triggers: [{api: true}]
steps:
  - wait: {until: now + minutes(pause)}
  - send: "{{ name }} at {{ now | time }}"
""")
    for name, pause in (("late", 90), ("early", 30), ("middle", 60)):
        start(inputs={"name": name, "pause": pause})
    clock.passes("2h")
    phone.heard("early at 12:30", "middle at 13:00", "late at 13:30")


def test_the_gate_stands_where_texts_leave(start, world, phone, clock):
    """A text that a bug makes for an opted-out contact is refused at the last moment."""
    simulator = world("triggers: [{api: true}]\nsteps: [{send: Hello}]")
    start()
    phone.says("stop")
    (hello, _) = simulator.sent
    bug = replace(hello, id="bug", root="bug", state=State.QUEUED, due=simulator.now)
    simulator._queue(bug)
    clock.passes("1h")
    assert bug.state is State.REFUSED
    assert bug not in simulator.sent


def test_a_report_that_is_no_news_is_not_told(start, world, dlr, trace):
    world("triggers: [{api: true}]\nsteps: [{ask: Well?, type: yesno}]")
    start()
    dlr("delivered")
    dlr("delivered")
    dlr("undeliverable")
    assert trace("report") == ["delivered"]


def test_the_engine_leaves_its_argument_as_it_was(world, phone, place):
    """Whatever an event changes, it changes a copy."""
    simulator = world("""
triggers: [{keyword: GO}]
steps:
  - {ask: How many?, type: integer, save: count, timeout: 1d}
  - set: {contact.score: "{{ count }}"}
""")
    phone.says("go")
    before = Conversation(simulator.contact, list(simulator.sessions.values()))
    shown = json.dumps(before.to_json())
    event = TextReceived("5", "main", simulator.now)
    after, _ = advance(simulator.world, before, event, now=simulator.now, rng=place.rng)
    assert json.dumps(before.to_json()) == shown
    assert after.contact.fields == {"score": 5}


def test_the_same_seed_plays_the_same_conversation(place, world):
    flow = "kind: otp\ntriggers: [{keyword: GO}]\nsteps: [{otp: '{{ code }}'}]"
    seen = []
    for _ in range(2):
        place.rng.seed(3)
        simulator = world(flow)
        simulator.text("go")
        seen.append([(each.id, each.effect.text) for each in simulator.sent])
    assert seen[0] == seen[1]


# --- a random walk --------------------------------------------------------------------------------

STEPS = 120
TEXTS = (
    *("feedback", "avis", "login", "code", "hours", "horaires", "1", "2", "five", "7", "b", "rude"),
    *("yes", "no", "non", "skip", "resend", "c", "m", "x", "maybe", "", "???", "🙂", "{{ code }}"),
    *("123456", "000000", "12 34 56", "stop", "start", "start", "start", "help", "lovely team"),
)
REPORTS = [state for state in State if state.final and state is not State.REFUSED]
REPORTS += [State.PENDING, State.SENT, State.DELIVERED, State.DELIVERED]


@pytest.fixture(scope="module")
def samples() -> World:
    """The sample flows, each twice: once as it is and once as a newer version."""
    loaded = load(sample()).sound()
    assert loaded.project is not None
    return worlds.build(loaded.project, loaded.flows, secret=b"a secret of tests")


class Walk:
    """Random things happen to one contact; after each of them the promises are checked."""

    def __init__(self, world: World, seed: int) -> None:
        self.dice = Random(seed)
        now = datetime(2025, 3, 28, 18, 0, tzinfo=UTC) + timedelta(hours=self.dice.randrange(48))
        contact = Contact("+447700900123", language=self.dice.choice(["en", "fr", None]))
        self.sim = Simulator(world, contact, now, Random(seed))
        self.checked = 0

    def step(self) -> None:
        """Something happens."""
        sim, dice = self.sim, self.dice
        match dice.randrange(10):
            case 0 | 1 | 2 | 3:
                sim.text(dice.choice(TEXTS), dice.choice([None, None, "main", "backup"]))
            case 4 | 5:
                sim.move(Duration(seconds=dice.choice([1, 20, 45, 400, 3600, 20_000, 90_000])))
            case 6 | 7 if sim.sent:
                sim.report(dice.choice(sim.sent[-4:]), dice.choice(REPORTS))
            case 8:
                self._start()
            case _:
                self._trouble()

    def _start(self) -> None:
        at = self.sim.now + timedelta(hours=self.dice.choice([-5, 1, 26, 50, 2000]))
        appointment = {"id": self.dice.choice("AB"), "at": at.isoformat(), "place": "Elm Road"}
        flow, inputs = self.dice.choice(
            [
                ("appointment-reminder", {"appointment": appointment}),
                ("csat-survey", {"ticket": "T1"}),
                ("otp", {}),
                ("otp", {"purpose": 5, "unknown": 1}),
            ]
        )
        self.sim.start(flow, inputs)

    def _trouble(self) -> None:
        match self.dice.randrange(4):
            case 0:
                self.sim.restart()
            case 1:
                self.sim.verify(self.dice.choice(["123456", self._code()]))
            case 2:
                self.sim.text(self._code())
            case _:
                flows = self.sim.world.flows
                newer = {
                    name: replace(flow, version=f"{self.dice.randrange(9)}")
                    for name, flow in flows.items()
                }
                self.sim.deploy(replace(self.sim.world, flows=newer))

    def _code(self) -> str:
        codes = [each for each in self.sim.sent if each.effect.kind == "otp"]
        return codes[-1].effect.text[:6] if codes else "482913"

    def check(self) -> None:
        """The promises."""
        sim = self.sim
        live = [each for each in sim.sessions.values() if each.live]
        self._nobody_hangs(live)
        self._one_open_question(live)
        conversation = Conversation(sim.contact, list(sim.sessions.values()))
        plain = json.loads(json.dumps(conversation.to_json(), allow_nan=False))
        assert Conversation.from_json(plain) == conversation
        assert all(each.sent <= MAX_TEXTS for each in sim.sessions.values())
        assert not [each for each in sim.sessions.values() if each.outcome == "failed"]
        for text in sim.sent[self.checked :]:
            assert not sim.contact.opted_out or text.effect.name == "compliance.stopped"
        self.checked = len(sim.sent)
        self._chains()

    def _nobody_hangs(self, live) -> None:
        """A session that waits has a timer of that very wait, or stands in a queue."""
        timers = {
            (alarm.event.session, alarm.event.serial)
            for alarm in self.sim._alarms
            if hasattr(alarm.event, "serial")
        }
        for session in live:
            assert session.queued or session.waiting is not None
            if session.waiting is not None:
                assert (session.id, session.waiting.serial) in timers

    def _one_open_question(self, live) -> None:
        waits = [each.waiting for each in live if each.waiting is not None]
        opened = [waiting for waiting in waits if waiting.open_at(self.sim.now)]
        on = Counter(number for waiting in opened for number in waiting.numbers)
        assert not on or max(on.values()) == 1
        busy = opened or [waiting for waiting in waits if waiting.kind == "report"]
        assert busy or not any(waiting.paused for waiting in waits)

    def _chains(self) -> None:
        """Of one chain at most the planned number of texts goes out, and none after it arrived."""
        chains: dict[str, list] = {}
        for text in self.sim.sent:
            chains.setdefault(text.root, []).append(text)
        for texts in chains.values():
            plan = texts[0].plan
            assert len(texts) <= len(plan.via) + plan.resend_times


@pytest.mark.parametrize("seed", range(25))
def test_whatever_happens_no_promise_is_broken(samples, seed):
    """Texts, reports, time, starts, codes, restarts and deployments in random order."""
    walk = Walk(samples, seed)
    for _ in range(STEPS):
        walk.step()
        walk.check()
