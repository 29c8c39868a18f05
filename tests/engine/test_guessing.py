"""Mistyped keywords, triggers for groups, and the order in which they are asked."""

from datetime import UTC, datetime
from random import Random

import pytest

from smsflow.engine.events import TextReceived
from smsflow.engine.explaining import explain
from smsflow.engine.state import Contact, Conversation
from tests.engine.conftest import DEFAULT_REPLY, PHONE, PROJECT, build

NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)
BOOK = "triggers: [{keyword: BOOKING, fuzzy: auto}]\nsteps: [{send: Booked}]"
COOK = "flow: cook\ntriggers: [{keyword: COOKING, fuzzy: auto}]\nsteps: [{send: Cooked}]"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("booking", "Booked"),
        ("bokking", "Booked"),
        ("BOOKIGN for two", "Booked"),
        ("boking!", "Booked"),
        ("bokkign", "Pardon?"),  # two mistakes in 7 letters
        ("ooking", "Did you mean BOOKING or COOKING?"),
        ("cooking", "Cooked"),
        ("please bokking", "Pardon?"),  # the first word is the keyword
    ],
)
def test_a_mistyped_keyword_starts_the_only_flow_that_it_may_mean(world, phone, text, answer):
    world(BOOK, COOK, project=PROJECT + DEFAULT_REPLY)
    phone.says(text)
    phone.heard(answer)


def test_without_fuzzy_a_keyword_is_exact(world, phone):
    world("triggers: [{keyword: BOOKING}]\nsteps: [{send: Booked}]")
    phone.says("bokking")
    phone.heard()


@pytest.mark.parametrize("text", ["stopp", "hilfe", "start", "aide"])
def test_no_word_of_compliance_is_taken_for_a_mistyped_one(world, phone, sessions, text):
    """Each of them is one mistake away from a keyword here."""
    words = "[STOOPP, HILFER, STARTS, AIDEN]"
    world(f"triggers: [{{keyword: {words}, fuzzy: 1}}]\nsteps: [{{send: Wrong}}]")
    phone.says(text)
    assert sessions() == []


def test_a_project_asks_in_its_own_words_and_language(world, phone, place):
    texts = "texts: {did_you_mean: {en: 'A or B - {{ words }}, {{ last }}', fr: '{{ last }}?'}}\n"
    world(BOOK, COOK, project=PROJECT + texts)
    phone.says("ooking")
    phone.heard("A or B - BOOKING, COOKING")
    place.sim.contact.language = "fr"
    phone.says("ooking")
    phone.heard("COOKING?")


def test_asking_back_is_a_reply_that_is_counted(world, phone):
    """Two machines that answer each other would talk for ever."""
    world(BOOK, COOK, project=PROJECT + "limits: {replies: 1/1h}\n")
    phone.says("ooking")
    phone.heard("Did you mean BOOKING or COOKING?")
    phone.says("ooking")
    phone.heard()


def test_only_keywords_that_could_start_are_asked_for(world, phone):
    never = COOK.replace("fuzzy: auto", "fuzzy: auto, when: contact.city == 'Leeds'")
    world(BOOK, never)
    phone.says("ooking")
    phone.heard("Booked")


def test_an_open_question_comes_before_a_mistyped_keyword(world, phone):
    ask = "flow: ask\ntriggers: [{keyword: GO}]\nsteps: [{ask: How many?, type: integer}]"
    world(BOOK, ask)
    phone.says("go")
    phone.says("bokking")
    phone.says("booking")
    phone.heard("How many?", "How many?", "Booked")


def test_route_tells_the_word_that_was_meant():
    world = build(BOOK, COOK)
    told = explain(
        world,
        Conversation(Contact(PHONE), []),
        TextReceived("bokking", "main", NOW),
        now=NOW,
        rng=Random(0),
    )
    assert told.winner.name == "fuzzy keyword"
    assert told.winner.reason == "BOOKING, mistyped (flows/talk.yaml:2:13) starts talk"


# --- groups ---------------------------------------------------------------------------------------

GROUPS = """
triggers: [{keyword: HI}]
steps: [{send: Everybody}]
---
smsflow: 1
flow: two
triggers: [{keyword: HI, from_group: vip}]
steps: [{send: Group}]
---
smsflow: 1
flow: three
triggers: [{keyword: HI, to: main}]
steps: [{send: Number}]
---
smsflow: 1
flow: four
triggers: [{keyword: HI, to: main, from_group: vip}]
steps: [{send: Both}]
"""


@pytest.mark.parametrize(
    ("groups", "number", "answer"),
    [
        (["vip"], "main", "Both"),
        ([], "main", "Number"),
        (["staff"], "main", "Number"),
        (["staff", "vip"], "backup", "Group"),
        ([], "backup", "Everybody"),
    ],
)
def test_the_more_specific_trigger_of_a_word_goes_first(
    world, phone, place, groups, number, answer
):
    world("flow: one\n" + GROUPS.lstrip())
    place.sim.contact.groups = groups
    phone.says("hi", to=number)
    phone.heard(answer)


@pytest.mark.parametrize(("groups", "answer"), [(["vip"], "Welcome back"), ([], "Pardon?")])
def test_a_mistyped_word_and_a_catch_all_can_be_for_a_group(world, phone, place, groups, answer):
    world(
        "triggers: [{keyword: BOOKING, fuzzy: auto, from_group: vip}]\nsteps: [send: Welcome back]",
        "flow: b\ntriggers: [{catch_all: true, from_group: vip}]\nsteps: [send: Dear guest]",
        project=PROJECT + DEFAULT_REPLY,
    )
    place.sim.contact.groups = groups
    phone.says("bokking")
    phone.says("well")
    phone.heard(answer, "Dear guest" if groups else "Pardon?")


def test_route_tells_for_which_group_a_keyword_is():
    world = build("triggers: [{keyword: HI, from_group: vip}]\nsteps: [{send: Hello}]")
    told = explain(
        world,
        Conversation(Contact(PHONE), []),
        TextReceived("hi", "main", NOW),
        now=NOW,
        rng=Random(0),
    )
    said = next(each.reason for each in told.rules if each.name == "keyword")
    assert said == "HI fits, and is for the group 'vip' (flows/talk.yaml:2:13)"
