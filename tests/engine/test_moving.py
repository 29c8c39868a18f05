"""Sessions that go on in a newer version of their flow: who can, who can't, and with what."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from smsflow.engine.moving import moved
from smsflow.engine.state import Conversation, Session
from smsflow.engine.transcripts.simulator import Simulator
from tests.engine.conftest import PROJECT, Clock, Phone, Place, build

ASKS = """
update: follow
triggers: [{keyword: GO}]
steps:
  - ask: Coming?
    save: answer
    choices: {yes: [Y], decline: [N]}
    timeout: 1d
    nudge: {after: 4h, text: Well?}
    then:
      decline: {end: sad}
  - send: Good.
  - end: glad
"""


def deploy(place: Place, flow: str, *others: str) -> None:
    """This is the newest version of the flow from now on."""
    place.sim.deploy(build(flow, *others))


def lines(place: Place, what: str) -> list[str]:
    """What the trace tells of that."""
    return [each.line.detail for each in place.sim.trace if each.line.what == what]


# --- every kind of wait ---------------------------------------------------------------------------

CHILD = "flow: child\nsteps:\n  - {ask: Name?, save: name}\n  - end: named\n"
STORY = Callable[["Story"], object]


class Story:
    """What the test of one kind of wait can do to get on."""

    def __init__(self, place: Place, phone: Phone, clock: Clock, dlr: Callable[..., None]) -> None:
        self.place, self.phone, self.clock, self.dlr = place, phone, clock, dlr


WAITS: dict[str, tuple[str, STORY | None, STORY]] = {
    "timer": ("{wait: 2d, id: w}", None, lambda s: s.clock.passes("2d")),
    "until": (
        "{wait: {at: '15:00'}, id: w}",
        None,
        lambda s: s.clock.passes("3h"),
    ),
    "reply": ("{ask: Well?, id: w}", None, lambda s: s.phone.says("fine")),
    "report": (
        "{send: Hello, id: w, on_failed: {end: lost}}",
        None,
        lambda s: s.dlr("delivered", of=1),
    ),
    "code": (
        "{otp: 'Code {{ code }}', id: w, digits: 4}",
        None,
        lambda s: s.phone.says("4711"),
    ),
    "event": (
        "{wait: {event: ready}, id: w}",
        None,
        lambda s: s.place.sim.event("ready", {"phone": s.place.contact.phone}),
    ),
    "run": ("{run: child, id: w}", None, lambda s: s.phone.says("Ann")),
    "aside": (
        "{ask: Well?, id: w}",
        lambda s: s.phone.says("price"),
        lambda s: (s.phone.says("none"), s.phone.says("fine")),
    ),
}
WHOLE = """
update: {update}
triggers: [{{keyword: GO}}]
vars: {{place: here}}
anytime:
  - keyword: PRICE
    then: [{{ask: A visit is free. Why?, id: why}}]
steps:
  {before}
  - {step}
  - send: {last}
"""


@pytest.mark.parametrize("kind", WAITS)
@pytest.mark.parametrize("update", ["pin", "follow"])
def test_a_session_in_each_kind_of_wait_survives_a_change_a_restart_and_a_move(
    kind: str, update: str, place: Place, phone: Phone, clock: Clock, dlr: Callable[..., None]
) -> None:
    """It goes on where it was: pinned in its own words, else in those of the new version."""
    step, before, then = WAITS[kind]
    story = Story(place, phone, clock, dlr)
    place.rng.codes = ["4711"]
    old = WHOLE.format(update=update, before="- log: old", step=step, last="The old end.")
    new = WHOLE.format(
        update=update, before="- log: new\n  - log: newer", step=step, last="The new end."
    )
    place.build(old, CHILD)
    phone.says("go")
    if before is not None:
        before(story)
    deploy(place, new, CHILD)
    place.sim.restart()
    then(story)
    last = place.sim.sent[-1].effect.text
    assert last == ("The new end." if update == "follow" else "The old end.")
    assert [each.outcome for each in place.sim.sessions.values() if each.flow == "talk"] == ["done"]


# --- following ------------------------------------------------------------------------------------


def test_new_words_reach_a_session_that_follows(place: Place, phone: Phone) -> None:
    """What comes after the wait is said as the newest version says it."""
    place.build(ASKS)
    phone.says("go")
    deploy(place, ASKS.replace("Good.", "Very good."))
    phone.says("y")
    phone.heard("Coming?", "Very good.")
    assert [each.split(" -> ")[1] for each in lines(place, "moved")] == [
        place.sim.world.flows["talk"].version
    ]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("save: answer", "save: reply", "there is no step 'answer'"),
        ("save: answer", "id: answer", "saves 'nothing'"),
        ("decline: [N]}", "refuse: [N]}", "ask 'answer' has no choice 'decline'"),
        ("choices: {yes: [Y], decline: [N]}", "type: yesno", "is of type yesno, not choice"),
        ("triggers:", "inputs: {age: integer}\ntriggers:", "no value for the input 'age'"),
    ],
)
def test_who_cannot_follow_stays_and_is_counted_once(
    place: Place, phone: Phone, old: str, new: str, why: str
) -> None:
    """The session ends on its version; the trace tells why, however often it wakes."""
    place.build(ASKS)
    phone.says("go")
    changed = ASKS.replace(old, new).replace("Good.", "Very good.")
    for word, choice in {"yesno": "no", "refuse": "refuse"}.items():
        if word in new:
            changed = changed.replace("decline: {end", f"{choice}: {{end")
    deploy(place, changed)
    phone.says("perhaps")
    phone.says("y")
    assert place.sim.sent[-1].effect.text == "Good."
    (told,) = lines(place, "pinned")
    assert why in told


def test_a_pinned_flow_moves_nobody(place: Place, phone: Phone) -> None:
    """What the newest version says of itself decides."""
    place.build(ASKS)
    phone.says("go")
    deploy(place, ASKS.replace("Good.", "Very good.").replace("follow", "pin"))
    phone.says("y")
    phone.heard("Coming?", "Good.")


def test_a_project_can_say_it_for_all_its_flows(place: Place, phone: Phone) -> None:
    """The flow's own word counts more."""
    flow = ASKS.replace("update: follow\n", "")
    project = PROJECT + "update: follow\n"
    place.build(flow, project=project)
    phone.says("go")
    place.sim.deploy(build(flow.replace("Good.", "Very good."), project=project))
    phone.says("y")
    phone.heard("Coming?", "Very good.")


def test_a_session_whose_version_nobody_remembers_is_told_of(place: Place, phone: Phone) -> None:
    """It can't be compared, so it can't follow."""
    place.build(ASKS)
    phone.says("go")
    place.sim.world = build(ASKS.replace("Good.", "Very good."))
    phone.says("y")
    assert "nobody remembers" in lines(place, "pinned")[0]


# --- timers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "passes", "heard"),
    [
        ("timeout: 6h", "5h", ["Coming?", "Well?"]),
        ("timeout: 2d", "30h", ["Coming?", "Well?"]),
    ],
)
def test_timers_are_those_of_the_new_version(
    place: Place, phone: Phone, clock: Clock, new: str, passes: str, heard: list[str]
) -> None:
    """Reckoned from when the question was asked, not from the move."""
    place.build(ASKS)
    phone.says("go")
    deploy(place, ASKS.replace("timeout: 1d", new))
    clock.passes(passes)  # the nudge wakes it, and it moves
    assert [each.effect.text for each in place.sim.sent] == heard
    (session,) = place.sim.sessions.values()
    assert session.live
    clock.passes("1d")
    (session,) = place.sim.sessions.values()
    assert session.outcome == "no_answer"


HANDS_OVER = """
update: follow
triggers: [{keyword: GO}]
steps:
  - handoff: desk
    id: desk
    timeout: 4h
    on_timeout: {end: nobody}
"""


@pytest.mark.parametrize(
    ("timeout", "passes", "still"),
    [("4h", "3h59m", "1m"), ("1h", "59m", "1m"), ("2d", "47h", "1h")],
)
def test_a_handoff_takes_its_timeout_along(
    timeout: str, passes: str, still: str, place: Place, phone: Phone, clock: Clock
) -> None:
    """As long as the new version says, from when the contact began to wait."""
    place.build(HANDS_OVER)
    phone.says("go")
    deploy(place, HANDS_OVER.replace("4h", timeout).replace("nobody", "nobody_now"))
    place.sim.emit("anything", {})  # it wakes, and moves
    clock.passes(passes)
    (session,) = place.sim.sessions.values()
    assert session.live
    clock.passes(still)
    assert place.sim.sessions[session.id].outcome == "nobody_now"


def test_a_handoff_that_was_answered_waits_for_nothing_after_a_move(
    place: Place, phone: Phone, clock: Clock
) -> None:
    """The timeout begins with the contact's next text."""
    place.build(HANDS_OVER)
    phone.says("go")
    place.sim.agent("Hello.")
    deploy(place, HANDS_OVER.replace("4h", "1h"))
    place.sim.emit("anything", {})  # it wakes, and moves
    clock.passes("5h")
    phone.says("what now?")
    clock.passes("59m")
    (session,) = place.sim.sessions.values()
    assert session.live
    clock.passes("1m")
    assert place.sim.sessions[session.id].outcome == "nobody"


def test_a_timeout_that_is_over_by_then_rings_at_once(
    place: Place, phone: Phone, clock: Clock
) -> None:
    """The nudge after four hours finds a question that was only open for one."""
    place.build(ASKS)
    phone.says("go")
    deploy(place, ASKS.replace("timeout: 1d", "timeout: 1h").replace("nudge: ", "# "))
    clock.passes("4h")
    (session,) = place.sim.sessions.values()
    assert session.outcome == "no_answer"
    phone.heard("Coming?")


def test_a_wait_for_another_moment_is_reckoned_anew(
    place: Place, phone: Phone, clock: Clock
) -> None:
    """From a length of time to a time of the day; the lifetime counts as if it had been so."""
    flow = (
        "update: follow\ntriggers: [{keyword: GO}]\nsteps:\n  - {wait: 5h, id: w}\n  - send: Now."
    )
    place.build(flow)
    phone.says("go")
    deploy(place, flow.replace("wait: 5h", "wait: {at: '20:00'}"))
    phone.says("hm")
    clock.passes("5h")
    phone.heard_nothing()
    clock.passes("3h")
    phone.heard("Now.")


DEADLINE = """
update: follow
triggers: [{keyword: GO}]
anytime:
  - deadline: {at: "18:00"}
    then: {end: late}
steps:
  - {wait: {event: ready}, id: w}
"""


def test_deadlines_are_those_of_the_new_version(place: Place, phone: Phone, clock: Clock) -> None:
    """The one that was set before the move rings for nobody, even where another has its name."""
    place.build(DEADLINE)
    phone.says("go")
    deploy(place, DEADLINE.replace("18:00", "20:00"))
    phone.says("hm")
    clock.passes("7h")
    (session,) = place.sim.sessions.values()
    assert session.live
    clock.passes("1h")
    (session,) = place.sim.sessions.values()
    assert session.outcome == "late"


# --- migrate --------------------------------------------------------------------------------------

RENAMED = """
triggers: [{keyword: GO}]
inputs: {age: {type: integer, default: 7}}
vars: {place: here}
migrate:
  - from: %s
    steps: {answer: reply}
    values: {answer: {decline: refuse}}
    set: {tries: 0, asked: "{{ answer | default('nothing') }}"}
steps:
  - ask: Will you come?
    save: reply
    choices: {yes: [Y], refuse: [N]}
    then:
      refuse: {end: refused}
  - send: "{{ tries | default(9) }} {{ asked | default('-') }} {{ age }} {{ place }}"
"""


def open_session(place: Place, phone: Phone, flow: str) -> Session:
    place.build(flow)
    phone.says("go")
    (session,) = place.sim.sessions.values()
    return session


def move(sim: Simulator, session: Session, flow: str) -> str:
    """Move it by hand, as `smsflow sessions move` does; why it did not."""
    sim.deploy(build(flow))
    return sim.carry_over(session.id)


def test_migrate_gives_steps_and_answers_their_new_names(place: Place, phone: Phone) -> None:
    """The question waits on under its new id, and takes its answer where that is kept now."""
    session = open_session(place, phone, ASKS)
    assert move(place.sim, session, RENAMED % session.version) == ""
    phone.says("n")
    (after,) = place.sim.sessions.values()
    assert (after.outcome, after.variables["reply"]) == ("refused", "refuse")


def test_migrate_sets_what_the_new_version_needs(place: Place, phone: Phone) -> None:
    """`set` reads what the session had; constants and defaults are those of the new version."""
    session = open_session(place, phone, ASKS)
    assert move(place.sim, session, RENAMED % session.version[:4]) == ""
    phone.says("y")
    phone.heard("Coming?", "0 nothing 7 here")


def test_an_answer_that_was_given_is_translated(place: Place, phone: Phone) -> None:
    """Not only what is still to come: variables and `answers`."""
    flow = ASKS.replace("decline: {end: sad}", "decline: {log: so}").replace(
        "- send: Good.", "- {ask: Why?, id: why}\n  - send: Good."
    )
    session = open_session(place, phone, flow)
    phone.says("n")
    renamed = (
        (RENAMED % session.version)
        .replace("refuse: {end: refused}", "refuse: {log: so}")
        .replace("- send:", "- {ask: Why?, id: why}\n  - send:")
    )
    assert move(place.sim, session, renamed) == ""
    (after,) = place.sim.sessions.values()
    assert after.variables["reply"] == "refuse"
    assert after.answers["reply"]["label"] == "refuse"
    assert "answer" not in after.variables
    assert after.variables["asked"] == "decline"


def test_a_move_that_fails_leaves_the_session_as_it_was(place: Place, phone: Phone) -> None:
    """An expression of `set` can't be worked out: nothing is half done."""
    session = open_session(place, phone, ASKS)
    before = place.sim.sessions[session.id].to_json()
    broken = (RENAMED % session.version).replace("{{ answer | default('nothing') }}", "{{ gone }}")
    assert "gone" in move(place.sim, session, broken)
    assert place.sim.sessions[session.id].to_json() == before


def test_without_migrate_a_renamed_question_stays(place: Place, phone: Phone) -> None:
    session = open_session(place, phone, ASKS)
    assert move(place.sim, session, RENAMED % "0000") == "there is no step 'answer'"


def test_a_session_that_has_ended_is_not_moved(place: Place, phone: Phone) -> None:
    session = open_session(place, phone, ASKS)
    phone.says("y")
    conversation = Conversation(place.contact, [])
    world = place.sim.world
    _, effects, why = moved(
        world, conversation, session.id, world.flows["talk"], now=place.now, rng=Random(1)
    )
    assert (effects, why) == ([], "it has ended")
