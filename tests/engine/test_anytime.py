"""What may happen at any time: keywords, events, deadlines; and the project's commands."""

import pytest

from tests.engine.conftest import PHONE, PROJECT

PRICE = """
triggers: [{keyword: GO}]
anytime:
  - keyword: [PRICE, PRIX]
    then: {send: 45 pounds}
  - event: visit.cancelled
    where: event.id == 7
    then: {end: cancelled_by_us}
steps:
  - {ask: How many?, save: count, type: integer, timeout: 2h}
  - {wait: 1h}
  - send: "{{ count }} it is."
"""


def test_a_keyword_is_answered_and_the_question_comes_again(world, phone, clock, ended):
    simulator = world(PRICE)
    phone.says("go")
    phone.says("Prix?")
    phone.heard("How many?", "45 pounds", "How many?")
    simulator.restart()
    phone.says("3")
    phone.says("price")  # while nothing is asked
    phone.heard("45 pounds")
    clock.passes("1h")
    phone.heard("3 it is.")
    assert ended() == ["done"]


def test_the_open_question_keeps_its_timers(world, phone, clock, ended):
    world(PRICE)
    phone.says("go")
    clock.passes("1h")
    phone.says("price")
    clock.passes("59m")
    assert ended() == [None]
    clock.passes("1m")
    assert ended() == ["no_answer"]


def test_silent_handlers_do_not_repeat(world, phone):
    world(PRICE.replace("then: {send: 45 pounds}", "then: {send: 45 pounds}\n    resume: silent"))
    phone.says("go")
    phone.says("price")
    phone.heard("How many?", "45 pounds")


def test_an_event_ends_the_session_when_it_is_meant(world, phone, ended):
    simulator = world(PRICE)
    phone.says("go")
    simulator.emit("visit.cancelled", {"phone": PHONE, "id": 8})
    simulator.emit("visit.cancelled", {"phone": PHONE, "other": 7})
    assert ended() == [None]
    simulator.emit("visit.cancelled", {"phone": PHONE, "id": 7})
    assert ended() == ["cancelled_by_us"]


ASKING = """
triggers: [{keyword: GO}]
anytime:
  - keyword: MOVE
    then:
      - {ask: To which day?, save: day, timeout: 1d}
      - send: Moved to {{ day }}
steps:
  - {ask: How many?, save: count, type: integer, timeout: 2h, on_timeout: {end: too_late}}
  - send: "{{ count }} it is."
"""


def test_a_handler_may_ask_and_what_rang_meanwhile_rings_then(world, phone, clock, ended):
    simulator = world(ASKING)
    phone.says("go")
    phone.says("move")
    simulator.restart()
    phone.says("Friday")
    phone.heard("How many?", "To which day?", "Moved to Friday", "How many?")
    phone.says("move")
    clock.passes("3h")
    assert ended() == [None]  # the first question is set aside
    phone.says("Monday")
    phone.heard("To which day?", "Moved to Monday")
    assert ended() == ["too_late"]


def test_a_handler_that_is_called_again_begins_anew(world, phone, sessions):
    world(ASKING)
    phone.says("go")
    phone.says("move")
    phone.says("move")
    phone.heard("How many?", "To which day?", "To which day?")
    assert len(sessions()[0].aside) == 1
    phone.says("Friday")
    phone.says("3")
    phone.heard("Moved to Friday", "How many?", "3 it is.")


def test_a_handler_that_leaves_gives_the_wait_up(world, phone, ended, sessions):
    world("""
triggers: [{keyword: GO}]
anytime: [{keyword: STOPIT, then: {goto: bye}}]
steps: [{ask: "Well?", timeout: 1h}]
sections: {bye: [{ask: "Sure?", type: yesno}, {send: Bye}]}
""")
    phone.says("go")
    phone.says("stopit")
    assert sessions()[0].aside == []
    phone.says("yes")
    phone.heard("Well?", "Sure?", "Bye")
    assert ended() == ["done"]


DEADLINE = """
triggers: [{api: true}]
inputs: {at: datetime}
anytime: [{deadline: {until: at, offset: -2h}, then: {goto: late}}]
steps: [{ask: Coming?, type: yesno}]
sections: {late: [{send: Too late, }, {end: unanswered}]}
"""


def test_a_deadline_rings_whatever_is_asked_and_never_when_it_was_past(world, start, clock, ended):
    world(DEADLINE)
    start(inputs={"at": "2025-03-10T13:59+00:00"})  # two hours before is past already
    clock.passes("1d")
    assert ended() == [None]
    start(inputs={"at": "2025-03-12T12:00+00:00"})
    clock.shows("2025-03-12 09:59")
    assert ended()[1:] == [None]
    clock.passes("1m")
    assert ended()[1:] == ["unanswered"]


def test_an_answer_comes_before_a_word_of_anytime(world, phone):
    world("""
triggers: [{keyword: GO}]
anytime: [{keyword: PRICE, then: {send: 45 pounds}}]
steps:
  - {ask: What is wrong?, choices: {price: [cost], staff: [rude]}, save: what}
  - send: "{{ what }}!"
""")
    phone.says("go")
    phone.says("price")
    phone.heard("What is wrong?", "price!")


def test_a_worn_out_keyword_does_no_harm(world, phone, ended):
    """After twenty times in one session it is no word of the flow any more."""
    world(PRICE.replace("How many?", "How?").replace("{send: 45 pounds}", "{log: asked}"))
    phone.says("go")
    for _ in range(20):
        phone.says("price")
    assert ended() == [None]
    phone.says("price")
    assert ended() == [None]


# --- the project's commands -----------------------------------------------------------------------

COMMANDS = PROJECT + (
    'commands: {repeat: ["?", AGAIN], back: [BACK], human: [AGENT]}\nsystem: {human: person}\n'
)
PERSON = "flow: person\nsteps: [{send: A colleague will text you.}]"
TWO = """
triggers: [{keyword: GO}]
steps:
  - {ask: Your name?, save: name}
  - {ask: How many?, save: count, type: integer}
  - send: "{{ count }} for {{ name }}"
"""


def test_repeat_and_back(world, phone, sessions):
    simulator = world(TWO, PERSON, project=COMMANDS)
    phone.says("go")
    phone.says("back")  # there is none before it
    phone.says("Ann")
    phone.says("?")
    phone.heard("Your name?", "Your name?", "How many?", "How many?")
    simulator.restart()
    phone.says("BACK")
    assert "name" not in sessions()[0].variables
    phone.says("Bob")
    phone.says("2")
    phone.heard("Your name?", "How many?", "2 for Bob")


def test_a_command_without_a_question_is_a_text_like_others(world, phone):
    world(TWO, PERSON, project=COMMANDS + "default_reply: Pardon?\n")
    phone.says("?")
    phone.heard("Pardon?")


def test_a_person_can_be_asked_for_at_any_time(world, phone, ended):
    world(TWO, PERSON, project=COMMANDS)
    phone.says("agent")
    phone.heard("A colleague will text you.")
    assert ended("person") == ["done"]


# --- interrupt, keywords, quiet -------------------------------------------------------------------

OTHER = "triggers: [{keyword: OTHER}, {api: true}]\ninterrupt: %s\nsteps: [{ask: Other?, save: x}]"
FIRST = """
triggers: [{keyword: GO}]
steps: [{ask: First?, type: integer, save: n}, {send: "n={{ n }}"}]
"""


@pytest.mark.parametrize(
    ("mode", "heard", "outcome"),
    [
        ("pause", ["First?", "Other?", "First?", "n=1"], "done"),
        ("wait", ["First?", "n=1", "Other?"], "done"),
        ("end", ["First?", "Other?"], "interrupted"),
    ],
)
def test_a_question_and_another_flows_question(world, phone, start, ended, mode, heard, outcome):
    world(FIRST, OTHER % mode)
    phone.says("go")
    start("talk2")
    phone.says("1" if mode == "wait" else "yes")
    phone.says("1")
    phone.heard(*heard)
    assert ended() == [outcome]


def test_a_question_that_blocks_keywords(world, phone):
    world(
        FIRST.replace("save: n", "save: n, keywords: block"),
        "triggers: [{keyword: HOURS}]\nsteps: [{send: Nine to six}]",
    )
    phone.says("go")
    phone.says("hours")
    phone.heard("First?", "First?")


@pytest.mark.parametrize(("quiet", "texts"), [("off", 1), ('{from: "09:00", to: "23:00"}', 0)])
def test_a_flows_own_quiet_hours(world, start, place, clock, quiet, texts):
    clock.shows("2025-03-10 22:00")
    world(f"triggers: [{{api: true}}]\nquiet: {quiet}\nsteps: [{{send: Hello}}]")
    start()
    assert len(place.sim.sent) == texts
    clock.shows("2025-03-10 23:00")
    assert len(place.sim.sent) == 1


def test_a_resend_keeps_the_flows_own_quiet_hours(world, start, dlr, clock, phone):
    """The session is over when its text is sent again at night."""
    clock.shows("2025-03-10 22:00")
    world("triggers: [{api: true}]\nquiet: off\nsteps: [{send: Fire, deliver: careful}]")
    start()
    dlr("expired")
    clock.passes("30m")
    phone.heard("Fire", "Fire")


def test_a_log_line_has_its_values_in_the_trace_alone(world, phone, place, trace):
    world("triggers: [{keyword: GO}]\nsteps: [{log: 'From {{ contact.phone }}', level: warning}]")
    phone.says("go")
    assert trace("log") == ["From +447700900123"]
    ((line),) = place.sim.logged
    assert (line.level, line.text) == ("warning", "From {{ contact.phone }}")
