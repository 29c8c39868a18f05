"""What becomes of failures: handlers of a step, of the flow, of the lifetime, of the project."""

from tests.engine.conftest import PROJECT

BROKEN = "'{{ contact.nick }}'"  # never set, so printing it fails


def test_a_steps_handler_knows_the_error_and_goes_on_behind_the_step(world, phone, ended, trace):
    world(f"""
triggers: [{{keyword: GO}}]
steps:
  - id: greet
    send: {BROKEN}
    on_error: {{send: "No {{{{ error.kind }}}} at {{{{ error.step }}}}, {{{{ error.place }}}}"}}
  - send: Still here
""")
    phone.says("go")
    phone.heard("No template at greet, flows/talk.yaml:5:11", "Still here")
    assert ended() == ["done"]
    assert len(trace("handled")) == 1
    assert trace("error") == []


def test_the_next_step_has_its_handler_again(world, phone, ended):
    world(f"""
triggers: [{{keyword: GO}}]
steps:
  - {{send: {BROKEN}, on_error: {{send: One}}}}
  - {{send: {BROKEN}, on_error: {{send: Two}}}}
""")
    phone.says("go")
    phone.heard("One", "Two")
    assert ended() == ["done"]


def test_a_second_failure_in_a_handler_ends_the_session(world, phone, ended):
    world(f"""
triggers: [{{keyword: GO}}]
on_error: {{send: Never}}
steps:
  - send: {BROKEN}
    on_error: [{{send: Sorry}}, {{send: {BROKEN}}}]
""")
    phone.says("go")
    phone.heard("Sorry")
    assert ended() == ["failed"]


def test_the_flows_handler_ends_as_failed_unless_it_says_otherwise(world, phone, ended):
    world(
        f"triggers: [{{keyword: GO}}]\non_error: {{send: Sorry}}\nsteps: [{{send: {BROKEN}}}]",
        f"triggers: [{{keyword: ON}}]\non_error: {{goto: more}}\nsteps: [{{send: {BROKEN}}}]\n"
        f"sections: {{more: [{{ask: Go on?, type: yesno}}, {{send: {BROKEN}}}]}}",
    )
    phone.says("go")
    phone.heard("Sorry")
    assert ended() == ["failed"]
    phone.says("on")
    phone.says("yes")
    phone.heard("Go on?")
    assert ended("talk2") == ["failed"]  # the flow's handler hears of one failure


def test_a_failure_while_waiting_is_handled_as_well(world, phone, ended):
    """The text for an unclear answer can't be printed."""
    world(f"""
triggers: [{{keyword: GO}}]
steps:
  - ask: How many?
    type: integer
    retry: {{text: {BROKEN}}}
    on_error: {{end: given_up}}
""")
    phone.says("go")
    phone.says("many")
    phone.heard("How many?")
    assert ended() == ["given_up"]


def test_loops_are_an_error_that_can_be_handled(world, phone, clock, ended):
    world("""
triggers: [{keyword: GO}]
on_error: {send: "{{ error.kind }}"}
steps: [{goto: round}]
sections: {round: [{wait: 1m}, {goto: round}]}
""")
    phone.says("go")
    clock.passes("30m")
    phone.heard("limit")
    assert ended() == ["failed"]


def test_a_lifetime_that_is_over_has_a_handler_that_can_not_wait(world, phone, clock, ended):
    world("""
triggers: [{keyword: GO}]
lifetime: 2d
on_expire: [{send: Time is up}, {goto: again}]
steps: [{ask: Well?}]
sections: {again: [{ask: Really?}]}
""")
    phone.says("go")
    clock.passes("3d")
    phone.heard("Well?", "Time is up", "Really?")
    assert ended() == ["expired"]


def test_a_session_that_can_not_begin_has_no_handler(world, start, phone, sessions):
    """Without its key there is no session, so nobody is texted by one."""
    world("""
triggers: [{api: true}]
key: contact.nick.name
on_error: {send: Sorry}
steps: [{send: Hello}]
""")
    assert start() == {"started": False, "reason": "the flow's key can't be worked out"}
    phone.heard_nothing()
    assert sessions() == []


SYSTEM = PROJECT + "system: {failed_session: sorry, unknown_text: what, new_contact: welcome}\n"
SORRY = "flow: sorry\nsteps: [{send: 'Failed: {{ trigger.data.error.kind }}'}]"
WHAT = "flow: what\nsteps: [{send: 'What is {{ message.text }}?'}]"
WELCOME = "flow: welcome\nsteps: [{send: Welcome}]"


def test_a_failed_session_starts_the_projects_flow_once(world, phone, ended):
    broken = f"triggers: [{{keyword: GO}}]\nsteps: [{{send: {BROKEN}}}]"
    world(broken, SORRY + "\non_error: {send: Never}", WHAT, WELCOME, project=SYSTEM)
    phone.says("go")
    phone.heard("Failed: template")
    assert ended("sorry") == ["done"]


def test_a_failure_of_that_flow_starts_nothing(world, phone, ended):
    broken = f"triggers: [{{keyword: GO}}]\nsteps: [{{send: {BROKEN}}}]"
    world(broken, f"flow: sorry\nsteps: [{{send: {BROKEN}}}]", WHAT, WELCOME, project=SYSTEM)
    phone.says("go")
    phone.heard_nothing()
    assert ended("sorry") == ["failed"]


def test_a_first_text_and_a_later_one_that_nothing_takes(world, phone):
    world("triggers: [{keyword: GO}]\nsteps: [{send: Gone}]", SORRY, WHAT, WELCOME, project=SYSTEM)
    phone.says("hello")
    phone.says("hm")
    phone.says("go")
    phone.heard("Welcome", "What is hm?", "Gone")
