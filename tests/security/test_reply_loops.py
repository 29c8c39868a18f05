"""Two instances that text each other: whatever they say, they fall silent after a few texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from smsflow.engine import world as worlds
from smsflow.engine.language.parse import load
from smsflow.engine.state import Contact
from smsflow.engine.transcripts.simulator import Simulator

A, B = "+447700900001", "+447700900002"
MOST = 6  # texts each way
LONGEST = 200  # passes after which a test gives up

LOOPS = {
    "a default reply": ("default_reply: Pardon me?", ""),
    "a default reply that asks for help": ("default_reply: HELP", ""),
    "help that asks for help": ("compliance: {texts: {help: INFO}}\ndefault_reply: INFO", ""),
    "a catch-all": ("", "triggers: [{catch_all: true}]\nsteps: [send: Thank you]"),
    "a catch-all with other words each time": (
        "",
        "triggers: [{catch_all: true}]\nsteps: [send: 'We got: {{ message.text }} x'] ",
    ),
    "a keyword anywhere": (
        "",
        "triggers: [{keyword: hours, match: anywhere}]\nsteps: [send: 'Hours {{ now | time }}']",
    ),
    "a pattern": ("", "triggers: [{pattern: '\\d'}]\nsteps: [send: 'Ticket {{ now | time }}']"),
    "two words in turn": (
        "default_reply: ping",
        (
            "triggers: [{keyword: [ping, pong]}]\n"
            "steps: [send: \"{{ 'pong' if 'ping' in message.text else 'ping' }} {{ now | time }}\"]"
        ),
    ),
}


class Party:
    """One instance, which knows the other one as its contact."""

    def __init__(self, own: str, other: str, project: str, flow: str) -> None:
        head = (
            "smsflow-project: 1\nname: Acme\nproviders: {one: {kind: pigeonhost, url: https://x}}\n"
        )
        numbers = f'numbers: {{main: {{address: "{own}", provider: one}}}}\n'
        files = {"smsflow.yaml": (head + numbers + project).encode()}
        if flow:
            files["flows/talk.yaml"] = f"smsflow: 1\n{flow}".encode()
        loaded = load(files).sound()
        assert loaded.project is not None
        world = worlds.build(loaded.project, loaded.flows, secret=b"a secret of tests")
        start = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)
        self.sim = Simulator(world, Contact(other), start, Random(7))
        self._passed_on = 0

    def says(self) -> list[str]:
        """What it has sent since the last look."""
        new = self.sim.sent[self._passed_on :]
        self._passed_on += len(new)
        return [each.effect.text for each in new]


def talk(project: str, flow: str, *, every: timedelta) -> tuple[int, int]:
    """How many texts each sends after a person's first text, with that time between two."""
    parties = (Party(A, B, project, flow), Party(B, A, project, flow))
    parties[0].sim.text("hours 1 ping", "main")
    for turn in range(LONGEST):
        speaker, hearer = parties[turn % 2], parties[1 - turn % 2]
        said = speaker.says()
        if not said:
            return len(parties[0].sim.sent), len(parties[1].sim.sent)
        moment = speaker.sim.now + every
        for party in parties:
            party.sim.move_to(moment)
        for text in said:
            hearer.sim.text(text, "main")
    raise AssertionError("they still talk")


@pytest.mark.parametrize("seconds", [0, 2, 60])
@pytest.mark.parametrize(("project", "flow"), LOOPS.values(), ids=LOOPS)
def test_two_instances_fall_silent(project: str, flow: str, seconds: int) -> None:
    """At most six texts each way."""
    sent = talk(project, flow, every=timedelta(seconds=seconds))
    assert 0 < max(sent) <= MOST


def test_questions_end_too() -> None:
    """An answer is no reply that counts, so each start may bring all texts of its flow."""
    flow = "triggers: [{catch_all: true}]\nsteps: [{ask: 'Your name?', type: text}, send: Thanks]"
    assert max(talk("", flow, every=timedelta(seconds=1))) <= MOST * 2


def test_a_person_is_heard_again_after_the_hour() -> None:
    """The limit is of the last hour; STOP and START are obeyed at any time."""
    party = Party(
        A, B, "default_reply: Pardon?", "triggers: [{keyword: hours}]\nsteps: [send: 9-6]"
    )
    for _ in range(8):
        party.sim.text("hours", "main")
    assert party.says() == ["9-6"] * 6
    party.sim.text("STOP", "main")
    assert len(party.says()) == 1
    party.sim.text("START", "main")
    assert (party.says(), party.sim.contact.opted_out) == ([], False)
    party.sim.move_to(party.sim.now + timedelta(hours=1))
    party.sim.text("hours", "main")
    assert party.says() == ["9-6"]


def test_a_project_may_allow_more() -> None:
    """`limits: {replies: 30/1h}` is for services that people ask all day."""
    flow = "triggers: [{keyword: hours}]\nsteps: [send: 9-6]"
    party = Party(A, B, "limits: {replies: 10/1h}", flow)
    for _ in range(12):
        party.sim.text("hours", "main")
    assert party.says() == ["9-6"] * 10


def test_a_survey_may_have_more_questions_than_that() -> None:
    """Answers to our questions don't count."""
    asks = "".join(f"  - {{ask: 'Question {n}?', type: text}}\n" for n in range(12))
    party = Party(A, B, "", f"triggers: [{{keyword: survey}}]\nsteps:\n{asks}  - send: Thanks\n")
    party.sim.text("survey", "main")
    for _ in range(12):
        party.sim.text("fine", "main")
    assert party.says()[-1] == "Thanks"
