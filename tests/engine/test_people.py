"""Groups, lists, other flows and events: the verbs, and the triggers that listen to them."""

from __future__ import annotations

import pytest

from smsflow.engine.effects import StartFlow
from smsflow.engine.triggering import not_meant

PHONE = "+447700900123"
PAUSED = "steps: [{ask: Colour?, save: colour}]"


def contact(place):
    """The contact as they stand now."""
    return place.sim.contact


def test_groups_are_kept_sorted_and_once(world, place, phone):
    world(
        "\n".join(
            [
                "triggers: [{keyword: JOIN}]",
                "steps: [{group: {add: [b, a, b], remove: [c]}}]",
            ]
        )
    )
    place.sim.contact.groups = ["c"]
    phone.says("join")
    assert contact(place).groups == ["a", "b"]


def test_a_subscription_is_on_record_with_the_text_that_proves_it(world, place, phone):
    world(
        "\n".join(
            [
                "triggers: [{keyword: NEWS}]",
                "steps: [{subscribe: news, source: poster}]",
            ]
        )
    )
    phone.says("News please")
    (line,) = place.sim.consent
    assert (line.list, line.source, line.wording, line.opted_out) == (
        "news",
        "poster",
        "News please",
        False,
    )
    assert contact(place).lists == ["news"]


def test_without_proof_the_words_are_not_kept(world, place, phone):
    world(
        "\n".join(
            [
                "triggers: [{keyword: NEWS}]",
                "steps: [{subscribe: news, proof: false}]",
            ]
        )
    )
    phone.says("News please")
    assert [(line.wording, line.source) for line in place.sim.consent] == [("", "keyword")]


def test_stop_ends_every_subscription(world, place, phone):
    world(
        "\n".join(
            [
                "triggers: [{keyword: NEWS}]",
                "steps: [{subscribe: news}, {send: Hi}]",
            ]
        )
    )
    phone.says("news")
    phone.says("stop")
    phone.says("start")
    assert contact(place).lists == []


def test_marketing_needs_the_list_of_the_flow(world, place, phone):
    """Whoever texts a keyword asks for it; everybody else has to be on the list."""
    world(
        "\n".join(
            [
                "kind: marketing",
                "list: news",
                "triggers: [{api: true}, {keyword: X}]",
                "steps: [{send: Buy}]",
            ]
        )
    )
    assert "subscribed to 'news'" in place.sim.start("talk", {})["reason"]
    phone.heard()
    phone.says("x")
    phone.heard("Buy")
    contact(place).lists = ["news"]
    assert place.sim.start("talk", {})["started"]


def test_an_event_starts_the_flows_that_listen_with_its_data(world, place, phone):
    world(
        "\n".join(
            [
                "inputs: {ticket: text}",
                (
                    "triggers: [{event: ticket.closed, where: event.channel == 'sms', "
                    "inputs: {ticket: '{{ event.id }}'}}]"
                ),
                "steps: [send: 'Closed: {{ ticket }}, {{ trigger.kind }}']",
            ]
        )
    )
    assert not place.sim.event("ticket.closed", {"id": 7, "channel": "sms"})
    assert place.sim.event("ticket.closed", {"id": 7, "phone": PHONE, "channel": "web"})
    phone.heard()
    assert place.sim.event("ticket.closed", {"id": 7, "phone": PHONE, "channel": "sms"})
    phone.heard("Closed: 7, event")


def test_a_list_of_inputs_is_what_the_event_tells_by_these_names(world, place, phone):
    world(
        "inputs: {ticket: text, days: integer}\n"
        "triggers: [{event: ticket.closed, inputs: [ticket, days]}]\n"
        "steps: [send: '{{ ticket }} took {{ days }}']"
    )
    assert place.sim.event("ticket.closed", {"ticket": "T7", "days": 3, "phone": PHONE})
    phone.heard("T7 took 3")


def test_an_event_names_its_contact_as_the_flow_says(world, place, phone):
    world(
        "\n".join(
            [
                "triggers: [{event: order, contact: event.customer.mobile}]",
                "steps: [{send: Thanks}]",
            ]
        )
    )
    assert place.sim.event("order", {"customer": {"mobile": "+44 7700 900123"}})
    phone.heard("Thanks")
    assert not place.sim.event("order", {"customer": "nobody"})


def test_what_a_flow_emits_others_hear(world, phone):
    world(
        "triggers: [{keyword: GO}]\n"
        "vars: {score: 2}\n"
        "steps: [{emit: done, data: [score]}, {send: One}]",
        "triggers: [{event: done, inputs: {n: '{{ event.score }}'}}]\n"
        "inputs: {n: integer}\nsteps: [send: 'Two {{ n }}']",
    )
    phone.says("go")
    phone.heard("One", "Two 2")


def test_a_list_of_data_sends_null_for_what_is_not_set(world, place, phone):
    world(
        "\n".join(
            [
                "triggers: [{keyword: GO}]",
                "steps: [{ask: Name?, save: name, skip: [no]}, {emit: told, data: [name]}]",
            ]
        )
    )
    phone.says("go")
    phone.says("no")
    assert place.sim.emitted[0].data == {"phone": PHONE, "name": None}


def test_a_flow_starts_another_one_now_or_later(world, phone, clock):
    world(
        "triggers: [{keyword: GO}]\n"
        "steps: [{start: talk2, at: now, offset: 2h, with: {n: 5}}, {send: One}]",
        "inputs: {n: integer}\nsteps: [send: 'Two {{ n + 1 }}']",
    )
    phone.says("go")
    phone.heard("One")
    clock.passes("1h59m")
    phone.heard()
    clock.passes("1m")
    phone.heard("Two 6")


def test_a_start_for_somebody_else_leaves_this_contact_alone(world, place, phone):
    world(
        "triggers: [{keyword: GO}]\nsteps: [{start: talk2, contact: \"'+447700900456'\"}]",
        "steps: [{send: Two}]",
    )
    phone.says("go")
    phone.heard()
    assert [each.phone for each in place.sim.started] == ["+447700900456"]


def test_a_phone_that_is_none_ends_the_session_failed(world, place, phone):
    world(
        "triggers: [{keyword: GO}]\nsteps: [{start: talk2, contact: \"'tomorrow'\"}]",
        "steps: [{send: Two}]",
    )
    phone.says("go")
    assert [each.outcome for each in place.sim.sessions.values()] == ["failed"]


def test_an_outcome_starts_a_flow_after_a_while(world, phone, clock):
    world(
        "triggers: [{keyword: GO}]\n"
        "steps: [{ask: Colour?, save: colour, then: {}, timeout: 1h}, {end: good}]",
        "triggers: [{outcome: {flow: talk, is: [no_answer, good]}, after: 7d, "
        "inputs: {colour: '{{ event.colour }}'}}]\n"
        ""
        "inputs: {colour: {type: text, default: grey}}\nsteps: [send: 'Still {{ colour }}?']",
    )
    phone.says("go")
    phone.says("red")
    phone.heard("Colour?")
    clock.passes("7d")
    phone.heard("Still red?")


def test_the_fate_of_a_text_that_nobody_waits_for_starts_a_flow(world, place, phone, dlr):
    world(
        "triggers: [{keyword: GO}]\nsteps: [{send: One}]",
        "triggers: [{delivery: [undeliverable], where: message.flow == 'talk'}]\n"
        "steps: [{group: {add: [dead]}}, {send: Lost}]",
    )
    phone.says("go")
    dlr("undeliverable")
    assert contact(place).groups == ["dead"]
    phone.heard("One", "Lost")
    dlr("undeliverable")  # of its own text, which is of another flow
    phone.heard()


@pytest.mark.parametrize(("groups", "heard"), [([], ()), (["vip"], ("Hello",))])
def test_a_trigger_can_be_for_one_group(world, place, phone, groups, heard):
    world(
        "\n".join(
            [
                "triggers: [{keyword: HI, from_group: vip}]",
                "steps: [{send: Hello}]",
            ]
        )
    )
    place.sim.contact.groups = groups
    phone.says("hi")
    phone.heard(*heard)


@pytest.mark.parametrize(
    ("groups", "city", "reason"),
    [
        ([], "Leeds", "the contact is not in the group 'vip'"),
        (["vip"], "York", "not so: contact.city == 'Leeds'"),
        (["vip"], "Leeds", None),
    ],
)
def test_the_api_and_a_broadcast_heed_the_conditions_of_their_trigger(
    world, place, phone, groups, city, reason
):
    conditions = "from_group: vip, when: contact.city == 'Leeds'"
    world(
        f"triggers: [{{api: true, {conditions}}}, {{broadcast: true, {conditions}}}]\n"
        "steps: [{send: Hello}]"
    )
    contact(place).groups = groups
    contact(place).fields["city"] = city
    told = place.sim.start("talk", {})
    assert (told["started"], told.get("reason")) == (reason is None, reason)
    phone.heard(*(() if reason else ("Hello",)))
    many = StartFlow(flow="talk", session="s", due=place.sim.now, kind="broadcast", inputs={})
    assert not_meant(place.sim.world, many, contact(place), place.sim.now) == (reason or "")


def test_one_of_several_triggers_of_a_kind_is_enough(world, place):
    world(
        "triggers: [{api: true, from_group: a}, {api: true, from_group: b}]\nsteps: [{send: Hello}]"
    )
    contact(place).groups = ["b"]
    assert place.sim.start("talk", {})["started"]


def test_a_schedule_starts_the_flow_by_the_clock_of_the_contact(world, phone, clock):
    """On 30 March 2025 clocks go forward in London; nine o'clock stays nine o'clock."""
    world(
        "\n".join(
            [
                'triggers: [{schedule: "0 9 * * sun", tz: contact}]',
                "steps: [send: 'It is {{ now | time }}']",
            ]
        )
    )
    clock.passes("6d")  # Sunday 16 March, noon
    phone.heard("It is 09:00")
    clock.passes("13d")  # Saturday 29 March, noon
    phone.heard("It is 09:00")
    clock.passes("1d")
    phone.heard("It is 09:00")


def test_an_audience_leaves_out_whoever_is_not_meant(world, place, phone, clock):
    world(
        "\n".join(
            [
                (
                    'triggers: [{schedule: "0 10 * * *", '
                    'audience: {group: a, where: contact.city == "Leeds"}}]'
                ),
                "steps: [{send: Hello}]",
            ]
        )
    )
    clock.passes("1d")
    phone.heard()
    contact(place).groups = ["a"]
    clock.passes("1d")
    phone.heard()
    contact(place).fields["city"] = "Leeds"
    clock.passes("1d")
    phone.heard("Hello")
