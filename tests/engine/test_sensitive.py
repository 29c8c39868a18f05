"""`sensitive: true`: the variable has the answer, and nothing that people look at."""

from datetime import UTC, datetime
from random import Random

import pytest

from smsflow.engine.effects import SendText, TextMasked, Traced
from smsflow.engine.events import TextReceived
from smsflow.engine.machine import advance
from smsflow.engine.state import Contact, Conversation
from smsflow.engine.world import World
from tests.engine.conftest import PHONE, build

NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)
PIN = """
triggers: [{keyword: PIN, fills: [pin]}]
steps:
  - ask: Your PIN?
    save: pin
    type: code
    sensitive: true
    retry: {times: 1}
  - log: "they said {{ pin }}"
  - send: "Is {{ pin }} right?"
  - set: {copy: "{{ pin }}"}
  - send: "{{ pin | replace('3', '3 ') }}!"
"""


def talk(world: World, *texts: str) -> tuple[Conversation, list[object]]:
    conversation = Conversation(Contact(PHONE), [])
    done: list[object] = []
    for text in texts:
        event = TextReceived(text, "main", NOW)
        conversation, effects = advance(world, conversation, event, now=NOW, rng=Random(1))
        done += effects
    return conversation, done


@pytest.mark.parametrize("texts", [["pin", "wx-7391"], ["pin wx-7391"]])
def test_an_answer_is_in_the_variable_and_in_no_trace(texts):
    conversation, effects = talk(build(PIN), *texts)
    session = conversation.sessions[0]
    said = session.variables["pin"]
    assert "7391" in said
    lines = [each.detail for each in effects if isinstance(each, Traced)]
    assert "they said ••••" in lines
    assert not [line for line in lines if "7391" in line]
    shown = [each.masked or each.text for each in effects if isinstance(each, SendText)]
    assert shown[-2:] == ["Is •••• right?", "••••"]  # a filter may spell it in its own way
    assert [each.text for each in effects if isinstance(each, SendText)][-2] == f"Is {said} right?"
    masked = [each.text for each in effects if isinstance(each, TextMasked)]
    assert masked == (["••••"] if len(texts) == 2 else ["PIN ••••"])
    assert "7391" not in str(session.message) + str(session.trigger)


def test_what_was_not_understood_is_masked_as_well():
    world = build(PIN.replace("type: code", "type: integer").replace(" | replace('3', '3 ')", ""))
    conversation, effects = talk(world, "pin", "7391 or 7392")
    assert any(each.what == "invalid" for each in effects if isinstance(each, Traced))
    assert [each.text for each in effects if isinstance(each, TextMasked)] == ["••••"]
    assert "7391" not in str([each for each in effects if isinstance(each, Traced)])
    assert "7391" not in str(conversation.to_json())


def test_texts_of_other_questions_are_kept():
    _, effects = talk(build(PIN.replace("sensitive: true", "sensitive: false")), "pin", "wx-7391")
    assert not [each for each in effects if isinstance(each, TextMasked)]
    assert any("7391" in each.detail for each in effects if isinstance(each, Traced))
