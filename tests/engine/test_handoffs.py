"""A person takes a conversation over: who gets its texts, how long, and what follows."""

from __future__ import annotations

import pytest

from smsflow.engine.effects import HandoffClosed, HandoffMoved
from smsflow.engine.transcripts.playing import play
from smsflow.engine.transcripts.transcript import read_transcripts
from tests.engine.conftest import PROJECT, build
from tests.engine.reading_helpers import load_flow

PHONE = "+447700900123"
DESK = """\
triggers: [{keyword: HELPDESK}]
steps:
  - handoff: desk
    note: "from {{ contact.phone }}"
    text: One moment.
    timeout: 4h
    on_timeout: [send: Nobody is here., end: unanswered]
    on_closed: [send: Bye., end: helped]
"""
HOURS = "flow: hours\ntriggers: [{keyword: HOURS}]\nsteps: [send: Nine to six]\n"
ASKING = """\
flow: asking
triggers: [{keyword: ASK}, {api: true}]
steps:
  - ask: How many?
    type: integer
    save: count
    timeout: 2d
    on_timeout: {end: silent}
  - send: "{{ count }} it is."
"""


def closed(place) -> list[tuple[str | None, str]]:
    """By whom and why handoffs were closed, in order."""
    found = [each for each in place.sim.moved if isinstance(each, HandoffClosed)]
    return [(each.by, each.reason) for each in found]


def test_the_contact_is_told_and_the_person_gets_a_note(world, place, phone, sessions):
    world(DESK)
    phone.says("helpdesk")
    phone.heard("One moment.")
    (handed,) = place.sim.handed
    (session,) = sessions()
    assert (handed.queue, handed.note, handed.number) == ("desk", f"from {PHONE}", "main")
    assert (handed.session, handed.flow) == (session.id, "talk")


def test_texts_go_to_the_person_and_to_no_flow(world, place, phone, trace):
    """Keywords and commands do not break in, either."""
    commands = "commands: {repeat: [AGAIN], human: [AGENT]}\nsystem: {human: talk}\n"
    world(DESK, HOURS, project=PROJECT + commands + "default_reply: Pardon?\n")
    phone.says("helpdesk")
    phone.heard("One moment.")
    for text in ("hours", "again", "agent", "helpdesk", "what?"):
        phone.says(text)
    phone.heard_nothing()
    assert trace("person") == ["it goes to a person: desk"] * 5
    assert len(place.sim.handed) == 1


def test_the_command_human_reaches_a_handoff(world, place, phone):
    flow = "steps: [{handoff: desk, text: A person will answer.}]"
    project = PROJECT + "commands: {human: [AGENT]}\nsystem: {human: talk}\n"
    world(flow, ASKING, project=project)
    phone.says("ask")
    phone.says("agent")
    phone.heard("How many?", "A person will answer.")
    assert [each.queue for each in place.sim.handed] == ["desk"]


def test_another_number_of_ours_is_not_held(world, phone):
    world(DESK, HOURS)
    phone.says("helpdesk")
    phone.says("hours", to="backup")
    phone.heard("One moment.", "Nine to six")


def test_what_the_person_writes_goes_out_on_the_number_of_the_conversation(world, place, phone):
    world(DESK)
    phone.says("helpdesk", to="backup")
    phone.heard("One moment.")
    assert place.sim.agent("Hello, this is the desk.", by="desk 1")
    phone.heard("Hello, this is the desk.")
    (_, text) = place.sim.sent
    assert (text.via, text.effect.step, text.effect.kind) == ("backup", None, "transactional")


def test_a_person_may_write_more_than_a_flow(world, place, phone):
    """The limit of texts is there for flows that go round, and a handoff does not."""
    world(DESK)
    phone.says("helpdesk")
    for number in range(60):
        place.sim.agent(f"{number}")
    assert len(place.sim.sent) == 61
    place.sim.agent(None)
    assert place.sim.sent[-1].effect.text == "Bye."


def test_texts_of_a_person_keep_to_quiet_hours_unless_they_reply(world, place, phone, clock):
    clock.shows("2025-03-10 20:00")
    world(DESK)
    phone.says("helpdesk")
    clock.shows("2025-03-10 22:00")
    place.sim.agent("Too late for today.")
    phone.heard("One moment.")
    phone.says("still there?")
    place.sim.agent("Yes.")
    phone.heard("Yes.")
    clock.shows("2025-03-11 08:00")
    phone.heard("Too late for today.")


def test_closing_gives_the_conversation_back(world, place, phone, ended):
    world(DESK, HOURS)
    phone.says("helpdesk")
    assert place.sim.agent(None, by="desk 1")
    phone.heard("One moment.", "Bye.")
    assert ended() == ["helped"]
    assert closed(place) == [("desk 1", "closed")]
    phone.says("hours")
    phone.heard("Nine to six")
    assert not place.sim.agent("Are you still there?")


def test_without_a_handler_the_flow_goes_on(world, place, phone, clock):
    world("triggers: [{keyword: GO}]\nsteps: [{handoff: desk, timeout: 1h}, {send: Done.}]")
    phone.says("go")
    place.sim.agent(None)
    phone.heard("Done.")
    phone.says("go")
    clock.passes("1h")
    phone.heard("Done.")
    assert closed(place) == [("", "closed"), (None, "timeout")]


def test_nobody_answers_in_time(world, place, phone, clock, ended):
    world(DESK)
    phone.says("helpdesk")
    clock.passes("3h")
    phone.says("hello?")
    clock.passes("59m")
    assert ended() == [None]
    clock.passes("1m")
    phone.heard("One moment.", "Nobody is here.")
    assert ended() == ["unanswered"]
    assert closed(place) == [(None, "timeout")]


def test_an_answer_stops_the_clock_and_the_next_text_starts_it_again(
    world, place, phone, clock, ended
):
    world(DESK)
    phone.says("helpdesk")
    clock.passes("3h")
    place.sim.agent("Hello")
    clock.passes("2d")
    assert ended() == [None]
    phone.says("So?")
    phone.says("Hm?")
    clock.passes("3h59m")
    assert ended() == [None]
    clock.passes("1m")
    assert ended() == ["unanswered"]
    waits = [each.waits_since for each in place.sim.moved if isinstance(each, HandoffMoved)]
    assert [each is None for each in waits] == [True, False]


def test_a_conversation_that_nobody_closes_ends_with_its_session(world, place, phone, clock, ended):
    world("lifetime: 3d\n" + DESK)
    phone.says("helpdesk")
    place.sim.agent("Hello")
    clock.passes("3d")
    assert ended() == ["expired"]
    assert closed(place) == [(None, "cancelled")]


def test_stop_comes_first(world, place, phone, ended):
    world(DESK)
    phone.says("helpdesk")
    phone.says("stop")
    assert ended() == ["opted_out"]
    assert closed(place) == [(None, "opted_out")]
    assert not place.sim.agent("Please come back")
    assert [each.effect.name for each in place.sim.sent] == [None, "compliance.stopped"]


def test_an_open_question_waits_for_the_end_and_comes_again(world, place, phone):
    world(DESK.replace("keyword: HELPDESK", "api: true"), ASKING)
    phone.says("ask")
    place.sim.start("talk", {})
    phone.heard("How many?", "One moment.")
    phone.says("3")
    phone.heard_nothing()
    place.sim.agent(None)
    phone.heard("Bye.", "How many?")
    phone.says("3")
    phone.heard("3 it is.")


def test_a_new_question_waits_as_well(world, place, phone):
    world(DESK, ASKING)
    phone.says("helpdesk")
    assert place.sim.start("asking", {})["started"]
    phone.heard("One moment.")
    place.sim.agent(None)
    phone.heard("Bye.", "How many?")


def test_a_code_does_not_wait(world, place, phone):
    """It can be typed into a web page while a person talks."""
    world(DESK, "flow: code\ntriggers: [{api: true}]\nsteps: [{otp: '{{ code }}'}]")
    phone.says("helpdesk")
    place.sim.start("code", {})
    assert len(place.sim.sent) == 2


def test_the_event_of_a_flow_ends_a_handoff(world, place, phone, ended):
    world(DESK + "anytime: [{event: gone, then: {end: gone}}]\n")
    phone.says("helpdesk")
    assert place.sim.event("gone", {"phone": PHONE})
    assert ended() == ["gone"]
    assert closed(place) == [(None, "cancelled")]


def test_a_handler_that_breaks_in_leaves_the_conversation_with_the_person(
    world, place, phone, ended
):
    """What the person does meanwhile counts when the handler is done."""
    world(DESK + "anytime: [{event: news, then: [{send: News!}, {wait: 1h}, {send: More.}]}]\n")
    phone.says("helpdesk")
    place.sim.event("news", {"phone": PHONE})
    phone.heard("One moment.", "News!")
    phone.says("what?")
    place.sim.agent("Never mind.")
    phone.heard("Never mind.")
    place.sim.agent(None)
    assert closed(place) == [("", "closed")]
    assert ended() == [None]
    place.sim.move_to(place.sim.next_due())
    phone.heard("More.", "Bye.")
    assert ended() == ["helped"]


def test_a_flow_that_is_run_hands_over(world, place, phone):
    world(
        "triggers: [{keyword: GO}]\nsteps: [{run: desk, on_helped: [send: Welcome back.]}]",
        DESK.replace("triggers: [{keyword: HELPDESK}]", "flow: desk"),
    )
    phone.says("go")
    phone.says("hello?")
    place.sim.agent(None)
    phone.heard("One moment.", "Bye.", "Welcome back.")


def test_two_persons_are_told_apart(world, place, phone, ended):
    """The one who took over last has the texts, then the other one."""
    later = "flow: later\ntriggers: [{api: true}]\nsteps: [{handoff: other, timeout: 1d}]\n"
    world(DESK, later)
    phone.says("helpdesk")
    place.sim.start("later", {})
    place.sim.agent("I am the other one.")
    place.sim.agent(None)
    assert (ended("later"), ended()) == (["done"], [None])
    place.sim.agent("And I am the desk.")
    phone.heard("One moment.", "I am the other one.", "And I am the desk.")


def test_what_goes_wrong_in_a_note_goes_to_the_handler(world, place, phone):
    world(
        "triggers: [{keyword: GO}]\n"
        "steps: [{handoff: desk, note: '{{ 1 // 0 }}', on_error: {send: Sorry.}}]"
    )
    phone.says("go")
    phone.heard("Sorry.")
    assert place.sim.handed == []


# --- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "code", "message"),
    [
        ("[{handoff: desk, on_timeout: {end: a}}]", "F212", "this step has no 'timeout'"),
        ("[{handoff: desk, timeout: soon}]", "F208", "soon"),
        ("[{handoff: my desk}]", "F310", "my desk"),
        ("[{handoff: desk, note: '{{ nobody }}'}]", "F402", "'nobody' may be unset"),
        ("[{handoff: desk, text: '{{ nobody }}'}]", "F402", "'nobody' may be unset"),
        ("[{handoff: desk, quueue: x}]", "F203", "unknown key 'quueue'"),
        (f"[{{handoff: desk, text: {'x' * 500}}}]", "F603", "4 segments"),
    ],
)
def test_mistakes_are_told(steps, code, message):
    issues = load_flow(f"smsflow: 1\ntriggers: [{{keyword: GO}}]\nsteps: {steps}\n").issues
    assert [(each.code, message in each.message) for each in issues] == [(code, True)]


def test_a_handoff_is_a_wait_in_a_loop():
    """So going round over it is no mistake."""
    steps = "[{handoff: desk, id: again, timeout: 1h}, {goto: again}]"
    assert not load_flow(f"smsflow: 1\ntriggers: [{{keyword: GO}}]\nsteps: {steps}\n").issues


# --- lines of tests -------------------------------------------------------------------------------


def played(*lines: str):
    """A test of these lines, which begin on line 6, played."""
    written = "".join(f"      - {line}\n" for line in lines)
    head = "smsflow-test: 1\nflow: talk\ntests:\n  - name: one\n    steps:\n"
    (test,), issues = read_transcripts((head + written).encode(), "t.test.yaml")
    assert issues == []
    return play(test, build(DESK))


def test_a_test_tells_of_the_person():
    result = played(
        "in: helpdesk",
        "out: One moment.",
        'handoff: {queue: desk, note: "from +447700900123"}',
        "in: hello?",
        "silent: true",
        "agent: Hello",
        "out: Hello",
        "agent: {close: true}",
        "out: Bye.",
        "end: helped",
    )
    assert result.passed, result.reason


@pytest.mark.parametrize(
    ("lines", "place", "reason", "got"),
    [
        (["in: helpdesk", "out: One moment.", "handoff: sales"], 8, "queue sales", "desk"),
        (
            ["in: helpdesk", "out: One moment.", "handoff: {note: x}"],
            8,
            "note x",
            "from +447700900123",
        ),
        (["in: hello", "handoff: desk"], 7, "expected a handoff", "nothing"),
        (["in: hello", "agent: Hello"], 7, "no handoff is open", None),
        (["in: hello", "agent: {close: true}"], 7, "no handoff is open", None),
    ],
)
def test_what_is_not_as_the_test_says_fails(lines, place, reason, got):
    result = played(*lines)
    assert not result.passed
    assert (result.place.line, reason in result.reason, result.got) == (place, True, got)
