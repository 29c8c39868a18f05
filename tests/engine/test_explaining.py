"""Why a text goes where it goes: told by the rules that route it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from smsflow.engine import routing
from smsflow.engine.events import TextReceived
from smsflow.engine.explaining import Explanation, explain
from smsflow.engine.language.parse import load
from smsflow.engine.machine import advance
from smsflow.engine.state import Contact, Conversation
from smsflow.engine.world import World, build
from tests.engine.conftest import DEFAULT_REPLY, PROJECT

NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)
FLOWS = {
    "survey": """
triggers: [{keyword: FEEDBACK}, {keyword: RATE, when: contact.score > 5}]
steps:
  - ask: Marks?
    save: marks
    type: integer
    range: [1, 5]
    skip: [SKIP]
""",
    "talk": "triggers: [{keyword: TALK}]\nsteps: [{ask: Say it., save: said, type: text}]",
    "hours": "triggers: [{keyword: HOURS, match: whole}]\nsteps: [{send: Nine to five.}]",
    "login": "kind: otp\ntriggers: [{keyword: LOGIN}]\n"
    "steps: [{otp: '{{ code }}', wrong: Not that., resend: {words: AGAIN}}]",
}


@pytest.fixture
def world() -> World:
    """A small project with a question of each kind."""
    files = {f"flows/{name}.yaml": f"smsflow: 1\n{text}" for name, text in FLOWS.items()}
    files["smsflow.yaml"] = PROJECT + DEFAULT_REPLY
    loaded = load({path: text.encode() for path, text in files.items()}).sound()
    assert loaded.project is not None
    return build(loaded.project, loaded.flows, secret=b"sixteen bytes ok")


def after(world: World, *texts: str) -> Conversation:
    """The conversation in which these came in."""
    conversation = Conversation(Contact("+447700900123"))
    for number, text in enumerate(texts):
        at = NOW - timedelta(minutes=len(texts) - number)
        event = TextReceived(text, "main", at)
        conversation, _ = advance(world, conversation, event, now=at, rng=Random(7))
    return conversation


def why(world: World, text: str, *before: str) -> Explanation:
    """The explanation of a text that comes after others."""
    event = TextReceived(text, "main", NOW)
    return explain(world, after(world, *before), event, now=NOW, rng=Random(0))


def reason(found: Explanation, rule: str) -> str:
    """What one rule said."""
    return next(each.reason for each in found.rules if each.name == rule)


@pytest.mark.parametrize(
    ("before", "text", "rule", "said"),
    [
        ((), "stop", "compliance", "stop, stop"),
        (("stop",), "hours", "block", "silence, the contact has opted out"),
        (("feedback",), "skip", "skip or resend", "survey at 'marks': skip, a skip word"),
        (("talk",), "hours", "whole message", "HOURS (flows/hours.yaml:2:13) starts hours"),
        (
            ("talk",),
            "hours are long",
            "answer",
            "talk at 'said': reply, hours are long (as written)",
        ),
        (("feedback",), "4", "answer", "survey at 'marks': reply, 4 (number '4', exact)"),
        (("feedback",), "hours", "keyword", "HOURS (flows/hours.yaml:2:13) starts hours"),
        (("feedback",), "9", "not understood", "survey at 'marks': invalid, out of range"),
        ((), "what", "default reply", "default, nothing matched"),
    ],
)
def test_the_rule_that_takes_a_text_is_named_with_what_it_does(world, before, text, rule, said):
    """One rule takes it; those above say why not, and those below were not asked."""
    found = why(world, text, *before)
    assert (found.winner.name, found.winner.reason) == (rule, said)
    assert [each.name for each in found.rules] == list(routing.ORDER)
    for each in found.rules:
        assert each.reason
        assert (each.reason == "not asked") == (each.number > found.winner.number)


def test_every_rule_that_leaves_a_text_says_why(world):
    """The reasons are those of this very text and conversation."""
    found = why(world, "9", "feedback")
    assert reason(found, "compliance") == "the message is no word of compliance"
    assert reason(found, "skip or resend") == "no word that skips the question"
    assert reason(found, "answer") == "out of range"
    nothing = why(world, "what")
    assert reason(nothing, "answer") == routing.NO_QUESTION
    assert reason(nothing, "catch-all") == "no flow has a catch-all for this number"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fedback", "no keyword 'fedback'... (nearest: FEEDBACK in flows/survey.yaml:3:13)"),
        ("my hours?", "no keyword 'my'... (nearest: HOURS, match: whole in flows/hours.yaml:2:13)"),
        ("zzz", "no keyword 'zzz'..."),
        ("?!", "no keyword '?!'..."),
        ("rate", "RATE fits, and its 'when' is not met"),
        ("", "the text is empty"),
    ],
)
def test_a_keyword_that_does_not_fit_is_told_with_the_nearest(world, text, said):
    """A typo is the commonest reason, so the word that was meant is named with its place."""
    told = said.replace("...", ", and no pattern fits")
    assert reason(why(world, text), "keyword") == told


def test_explaining_changes_nothing(world):
    """The conversation is the same after it, however often one asks."""
    conversation = after(world, "feedback")
    before = conversation.to_json()
    event = TextReceived("4", "main", NOW)
    first = explain(world, conversation, event, now=NOW, rng=Random(0))
    assert conversation.to_json() == before
    assert explain(world, conversation, event, now=NOW, rng=Random(0)) == first


def test_an_explanation_says_what_advance_does(world):
    """Its steps are the trace of the same text when it really comes in."""
    conversation = after(world, "feedback")
    event = TextReceived("4", "main", NOW)
    _, effects = advance(world, conversation, event, now=NOW, rng=Random(0))
    traced = [(each.what, each.detail) for each in effects if type(each).__name__ == "Traced"]
    told = explain(world, conversation, event, now=NOW, rng=Random(0)).steps
    assert [(each.what, each.detail) for each in told] == traced


@pytest.mark.parametrize("right", [True, False])
def test_whether_a_code_is_right_is_not_told(world, right):
    """Else the command would be a way to try all of them."""
    conversation = Conversation(Contact("+447700900123"))
    event = TextReceived("login", "main", NOW)
    conversation, effects = advance(world, conversation, event, now=NOW, rng=Random(7))
    code = next(each.text for each in effects if type(each).__name__ == "SendText")
    guess = code if right else f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"
    event = TextReceived(guess, "main", NOW)
    found = explain(world, conversation, event, now=NOW, rng=Random(0))
    assert found.winner.reason == "a code: it is compared, and what comes of it is not told here"
    assert found.steps == ()
