"""Flows that run other flows: inputs, ends, versions, depth, and what reaches which of them."""

import pytest

from tests.engine.conftest import PHONE, build

PARENT = """
triggers: [{keyword: GO}]
steps:
  - set: {who: Ann}
  - run: address
    with: {name: "{{ who }}", times: 2}
    save: given
    on_nowhere: {end: unknown}
  - send: "{{ given.street }}, {{ last.outcome }}"
"""
CHILD = """
flow: address
inputs: {name: text, times: integer}
steps:
  - ask: Which street, {{ name }}?
    save: street
    choices: {elm: [tree], nowhere: [none]}
    retry: {times: 0}
    then: {nowhere: {end: nowhere}}
"""


def test_inputs_go_in_and_variables_come_back(world, phone, ended, sessions):
    simulator = world(PARENT, CHILD)
    phone.says("go")
    simulator.restart()
    phone.says("elm")
    phone.heard("Which street, Ann?", "elm, done")
    assert (ended(), ended("address")) == (["done"], ["done"])
    assert sessions()[0].variables["given"] == {"name": "Ann", "times": 2, "street": "elm"}


def test_an_end_has_its_handler_and_one_without_goes_on(world, phone, ended):
    world(PARENT, CHILD)
    phone.says("go")
    phone.says("none")
    assert ended() == ["unknown"]
    phone.says("go")
    phone.says("hm")
    assert ended("address") == ["nowhere", "invalid"]
    assert ended() == ["unknown", "failed"]  # the street that is printed was never given


def test_a_flow_that_ends_at_once(world, phone):
    world(
        "triggers: [{keyword: GO}]\nsteps: [{run: talk2}, {send: After}]",
        "steps: [{send: Inside}]",
    )
    phone.says("go")
    phone.heard("Inside", "After")


def test_stop_ends_all(world, phone, ended):
    world(PARENT, CHILD)
    phone.says("go")
    phone.says("stop")
    assert (ended(), ended("address")) == (["opted_out"], ["opted_out"])


def test_a_failure_is_told_or_fails_the_outer_flow(world, phone, ended):
    broken = "flow: inner\nsteps: [{send: '{{ contact.nick }}'}]"
    outer = "triggers: [{keyword: %s}]\nsteps: [{run: inner%s}]"
    world(
        outer % ("GO", ""),
        outer % ("ON", ", on_failed: {end: noticed}"),
        outer % ("UP", ", on_error: {end: caught}"),
        broken,
    )
    for word in ("go", "on", "up"):
        phone.says(word)
    assert [ended(f"talk{n}") for n in ("", 2, 3)] == [["failed"], ["noticed"], ["caught"]]


def test_the_newest_version_is_run_and_kept(world, phone):
    """A flow that is put live while its session runs does not touch it."""
    simulator = world(PARENT, CHILD)
    phone.says("go")
    simulator.deploy(build(PARENT, CHILD.replace("Which street", "Street")))
    phone.says("hm")
    phone.says("go")
    phone.heard("Which street, Ann?", "Street, Ann?")


def test_five_deep_and_no_deeper(world, phone, trace):
    flows = [f"steps: [{{run: talk{n + 1}}}]" for n in range(2, 7)]
    world("triggers: [{keyword: GO}]\nsteps: [{run: talk2}]", *flows, "steps: [{send: Deep}]")
    phone.says("go")
    phone.heard_nothing()
    assert trace("error")[0] == "limit: flows run flows 5 deep at most"


LISTENING = """
triggers: [{keyword: GO}]
anytime:
  - keyword: MENU
    then: {send: Outer menu}
  - event: gone
    then: {goto: bye}
steps: [{run: inner, on_cancelled_inside: {send: Cancelled}}, {send: After}]
sections: {bye: [{send: Bye}]}
"""
INNER = """
flow: inner
anytime:
  - keyword: PRICE
    then: {send: Inner price}
  - event: inside
    then: {end: cancelled_inside}
steps: [{ask: "Inside?", type: yesno}]
"""


def test_the_innermost_is_asked_first_and_its_question_comes_again(world, phone):
    world(LISTENING, INNER)
    phone.says("go")
    phone.says("price")
    phone.says("menu")
    phone.heard("Inside?", "Inner price", "Inside?", "Outer menu", "Inside?")
    phone.says("yes")
    phone.heard("After")


@pytest.mark.parametrize(
    ("event", "outcomes", "heard"),
    [
        ("inside", ("done", "cancelled_inside"), ["Cancelled", "After"]),
        ("gone", ("done", "cancelled"), ["Bye"]),
    ],
)
def test_events_reach_inner_and_outer_flows(world, phone, ended, event, outcomes, heard):
    simulator = world(LISTENING, INNER)
    phone.says("go")
    simulator.emit(event, {"phone": PHONE})
    phone.heard("Inside?", *heard)
    assert (ended()[0], ended("inner")[0]) == outcomes


def test_the_same_flow_by_itself_leaves_the_inner_one_alone(world, phone, start, ended):
    """`mode: restart` is for sessions that somebody started."""
    world(LISTENING, INNER.replace("anytime:", "triggers: [{api: true}]\nanytime:", 1))
    phone.says("go")
    start("inner")
    assert ended("inner") == [None, None]


def test_an_event_that_both_listen_to_is_the_inner_flows(world, phone):
    handler = "  - event: both\n    then: {send: %s hears}\n"
    simulator = world(
        LISTENING.replace("steps:", (handler % "Outer") + "steps:", 1),
        INNER.replace("steps:", (handler % "Inner") + "steps:", 1),
    )
    phone.says("go")
    simulator.emit("both", {"phone": PHONE})
    phone.heard("Inside?", "Inner hears", "Inside?")
