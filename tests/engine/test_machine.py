"""How sessions run: timers, starts, modes, limits, questions that give way to others, failures."""

from datetime import UTC, datetime

import pytest

ASK = """
triggers: [{keyword: GO}, {api: true}]
steps:
  - ask: How many?
    save: count
    type: integer
    timeout: 2h
    nudge: {after: 30m, times: 2, text: Still there?}
  - send: "{{ count }} it is."
"""


# --- timers ---------------------------------------------------------------------------------------


def test_an_answer_goes_on_and_a_timer_that_comes_later_is_stale(world, phone, clock, ended):
    world(ASK)
    phone.says("go")
    phone.says("3")
    phone.heard("How many?", "3 it is.")
    clock.passes("1d")
    phone.heard_nothing()
    assert ended() == ["done"]


def test_a_wait_is_traced_by_the_contacts_clock(world, phone, clock, place):
    """Its end stands with the zone, and with the year when it is another."""
    world("triggers: [{keyword: GO}]\nsteps: [{wait: 26d}, {wait: 340d}]")
    phone.says("go")
    clock.passes("26d")
    told = [each.line.detail for each in place.sim.trace if each.line.what == "wait"]
    assert told == ["until 5 Apr 12:00 (Europe/London)", "until 11 Mar 2026 12:00 (Europe/London)"]


def test_a_timer_that_comes_first_ends_the_question_and_the_answer_is_too_late(
    world, phone, clock, ended
):
    world(ASK)
    phone.says("go")
    clock.passes("2h")
    phone.says("3")
    phone.heard("How many?", "Still there?", "Still there?")
    assert ended() == ["no_answer"]


@pytest.mark.parametrize("reply_first", [True, False])
def test_reply_and_timer_at_one_moment_have_one_winner_in_both_orders(
    world, phone, clock, ended, reply_first
):
    """Whichever is worked off first wins, the other does nothing."""
    simulator = world(ASK)
    phone.says("go")
    clock.passes("1h59m")
    timers = [alarm for alarm in simulator._alarms if getattr(alarm.event, "name", "") == "timeout"]
    if reply_first:
        phone.says("4")
        simulator._alarms.extend(timers)
    clock.passes("1m")
    if not reply_first:
        phone.says("4")
    assert ended() == ["done" if reply_first else "no_answer"]


def test_a_timer_of_an_earlier_wait_does_not_touch_a_later_one(world, phone, clock, ended):
    """The first question's timeout falls into the second question."""
    world("""
triggers: [{keyword: GO}]
steps:
  - {ask: First?, timeout: 2h, save: a, type: integer}
  - {ask: Second?, timeout: 2h, save: b, type: integer}
""")
    phone.says("go")
    clock.passes("1h")
    phone.says("1")
    clock.passes("1h30m")
    assert ended() == [None]
    clock.passes("30m")
    assert ended() == ["no_answer"]


def test_reminders_stop_with_the_answer(world, phone, clock):
    world(ASK)
    phone.says("go")
    clock.passes("30m")
    phone.says("5")
    clock.passes("1d")
    phone.heard("How many?", "Still there?", "5 it is.")


def test_a_question_without_a_timeout_ends_with_the_sessions_lifetime(world, phone, clock, ended):
    world("lifetime: 2d\ntriggers: [{keyword: GO}]\nsteps: [{ask: Well?, type: yesno}]")
    phone.says("go")
    clock.passes("47h")
    assert ended() == [None]
    clock.passes("1h")
    assert ended() == ["expired"]


def test_a_wait_for_a_date_beyond_the_lifetime_leaves_time_for_the_answer(
    start, world, phone, clock, ended
):
    """The lifetime does not run while a session waits for a date of its own."""
    world("""
lifetime: 30d
inputs: {at: datetime}
triggers: [{api: true}]
steps:
  - wait: {until: at, offset: -1d}
  - {ask: Coming?, type: yesno, timeout: 20h}
  - send: Thanks
""")
    start(inputs={"at": "2025-06-10 12:00 Europe/London"})
    clock.shows("2025-06-09 12:30")
    phone.says("yes")
    phone.heard("Coming?", "Thanks")
    assert ended() == ["done"]


def test_a_wait_of_a_length_beyond_the_lifetime_expires(world, phone, clock, ended):
    world("lifetime: 2d\ntriggers: [{keyword: GO}]\nsteps: [{wait: 3d}, {send: Too late}]")
    phone.says("go")
    clock.passes("3d")
    phone.heard_nothing()
    assert ended() == ["expired"]


def test_calendar_days_keep_the_time_of_day_over_a_clock_change(start, world, phone, clock):
    """10:30 minus a day is 10:30, minus 24 hours is 09:30, in the night of 30 March 2025."""
    world("""
inputs: {at: datetime, exact: boolean}
triggers: [{api: true}]
mode: parallel
steps:
  - if: exact
    then: {goto: hours}
  - wait: {until: at, offset: -1d}
  - send: by day {{ now | time }}
  - end: done
sections:
  hours:
    - wait: {until: at, offset: -24h}
    - send: by hours {{ now | time }}
    - end: done
""")
    for exact in (True, False):
        start(inputs={"at": "2025-03-30 10:30 Europe/London", "exact": exact})
    clock.shows("2025-03-29 23:00")
    phone.heard("by hours 09:30", "by day 10:30")


def test_a_moment_that_is_gone_takes_its_own_way(start, world, ended):
    world("""
inputs: {at: datetime}
triggers: [{api: true}]
steps:
  - wait: {until: at}
    on_past: {end: too_late}
""")
    start(inputs={"at": "2025-03-10 11:59 Europe/London"})
    assert ended() == ["too_late"]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
def test_a_date_at_the_end_of_the_calendar_fails_the_session_only(start, world, ended, at):
    world("""
inputs: {at: datetime}
triggers: [{api: true}]
steps:
  - wait: {until: at, offset: 2d}
""")
    start(inputs={"at": at})
    assert ended() == ["failed"]


# --- starts ---------------------------------------------------------------------------------------


def keyed(mode: str) -> str:
    return f"""
inputs: {{id: text}}
key: id
mode: {mode}
triggers: [{{api: true}}]
steps:
  - ask: Is {{{{ id }}}} all right?
    type: yesno
    timeout: 1d
"""


def test_restart_ends_the_session_before(start, world, ended):
    world(keyed("restart"))
    start(inputs={"id": "A"})
    assert start(inputs={"id": "A"})["started"]
    assert ended() == ["restarted", None]


def test_ignore_keeps_the_session_before(start, world, phone, ended):
    world(keyed("ignore"))
    start(inputs={"id": "A"})
    again = start(inputs={"id": "A"})
    assert again == {"started": False, "reason": "a session of this flow is open already"}
    phone.heard("Is A all right?")
    assert ended() == [None]


def test_queue_begins_when_the_one_before_ends(start, world, phone, ended):
    """Three in a row, each after the answer to the one before."""
    world(keyed("queue"))
    for _ in range(3):
        start(inputs={"id": "A"})
    phone.heard("Is A all right?")
    phone.says("yes")
    phone.heard("Is A all right?")
    phone.says("yes")
    phone.says("yes")
    phone.heard("Is A all right?")
    assert ended() == ["done", "done", "done"]


def test_a_queued_session_lives_from_when_it_begins(start, world, phone, clock, ended):
    flow = keyed("queue").replace("timeout: 1d", "timeout: 20d")
    world("lifetime: 30d" + flow)
    start(inputs={"id": "A"})
    start(inputs={"id": "A"})
    clock.passes("20d")
    clock.passes("19d")
    phone.says("yes")
    assert ended() == ["no_answer", "done"]


def test_parallel_has_both(start, world, ended):
    world(keyed("parallel"))
    start(inputs={"id": "A"})
    start(inputs={"id": "A"})
    assert ended() == [None, None]


@pytest.mark.parametrize("mode", ["restart", "ignore", "queue"])
def test_another_key_is_another_conversation(start, world, ended, mode):
    world(keyed(mode))
    start(inputs={"id": "A"})
    start(inputs={"id": "B"})
    assert ended() == [None, None]


def test_a_key_that_fails_is_the_callers_answer(start, world, sessions):
    world("key: contact.city.upper() + 1\ntriggers: [{api: true}]\nsteps: [{send: Hello}]")
    assert start() == {"started": False, "reason": "the flow's key can't be worked out"}
    assert sessions() == []


def test_starts_are_limited_within_a_time(start, world, phone, clock):
    world("limits: {starts: 2/1h}\ntriggers: [{api: true}]\nsteps: [{send: Hello}]")
    assert [start()["started"] for _ in range(3)] == [True, True, False]
    clock.passes("59m59s")
    assert start()["reason"] == "started too often"
    clock.passes("1s")
    assert start()["started"]
    phone.heard("Hello", "Hello", "Hello")


def test_a_start_that_is_refused_does_not_count(start, world):
    """Neither wrong inputs nor a session that is there already use up the limit."""
    world("""
limits: {starts: 2/1h}
mode: ignore
inputs: {count: integer}
triggers: [{api: true}]
steps: [{ask: Well?, type: yesno, timeout: 30m}]
""")
    for _ in range(3):
        assert "count" in start(inputs={"count": "many"})["reason"]
    assert start(inputs={"count": 1})["started"]
    for _ in range(3):
        assert "open already" in start(inputs={"count": 1})["reason"]


@pytest.mark.parametrize(
    ("flow", "reason"),
    [("nothing", "there is no flow 'nothing'"), ("talk", "the contact has opted out")],
)
def test_a_start_says_why_not(start, world, place, flow, reason):
    place.contact.opted_out = True
    world("triggers: [{api: true}]\nsteps: [{send: Hello}]")
    assert start(flow) == {"started": False, "reason": reason}


def test_a_phone_of_another_country_is_never_texted(start, world, place, phone):
    place.contact.phone = "+33612345678"
    world("triggers: [{api: true}, {keyword: GO}]\nsteps: [{send: Hello}]")
    assert "not in a country" in start()["reason"]
    phone.says("go")
    phone.says("help")
    phone.says("stop")
    phone.heard_nothing()
    assert place.sim.contact.opted_out


def test_a_switch_on_an_answer_that_was_never_given_takes_else(world, phone, ended):
    """An unset name is `is none` for the author, so no case of theirs is meant."""
    world("""
triggers: [{keyword: GO}]
inputs: {plan: {type: text, default: null}}
steps:
  - when: plan == 'never'
    ask: Which?
    save: answer
    timeout: 1d
  - switch: answer
    cases:
      blue: {send: Blue.}
    else: {send: Nothing said.}
""")
    phone.says("go")
    phone.heard("Nothing said.")
    assert ended() == ["done"]


@pytest.mark.parametrize(
    "cases", ["yes: {send: Y}, no: {send: N}", "true: {send: Y}, false: {send: N}"]
)
def test_a_switch_on_yes_or_no_has_cases_of_yes_and_no(world, phone, trace, cases):
    """As `then` of the question has them; true and false will do, too."""
    world(f"""
triggers: [{{keyword: GO}}]
steps:
  - {{ask: OK?, type: yesno, save: ok}}
  - switch: ok
    cases: {{{cases}}}
""")
    for said, heard in (("yes", "Y"), ("no", "N")):
        phone.says("go")
        phone.says(said)
        phone.heard("OK?", heard)
    assert trace("switch") == [each.split(":")[0] for each in cases.split(", ")]


def test_an_answer_that_was_not_given_is_null_where_values_stand(world, phone, place, sessions):
    """Assigned, handed to another flow, told to others, and left out of what a provider gets."""
    world(
        """
triggers: [{keyword: GO}]
steps:
  - {ask: Town?, save: town, skip: [NO], when: today is none}
  - set: {contact.city: "{{ town }}", b: "{{ town or none }}", c: ["{{ town }}"]}
  - {run: other, with: {k: "{{ town }}"}}
  - {emit: seen, data: [town]}
  - {send: Bye., callback: "{{ town }}"}
""",
        """
flow: other
inputs: {k: {type: text, default: K}}
steps: [{send: "{{ k }}"}]
""",
    )
    phone.says("go")
    phone.heard("K", "Bye.")
    (session,) = sessions()
    assert session.outcome == "done"
    assert session.variables == {"b": None, "c": [None]}
    assert place.sim.contact.fields["city"] is None


# --- questions that give way ----------------------------------------------------------------------

SURVEY = """
flow: survey
triggers: [{keyword: SURVEY}]
steps:
  - {ask: From 1 to 5?, type: integer, range: [1, 5], save: score, timeout: 3d}
  - send: Noted.
"""
BOOK = """
flow: book
triggers: [{keyword: BOOK}]
steps:
  - {ask: Which day?, type: choice, choices: {friday: [FRI], monday: [MON]}, timeout: 2d}
  - send: Booked.
"""


def test_the_newer_question_is_answered_first_and_the_older_one_is_repeated(world, phone):
    world(SURVEY, BOOK)
    phone.says("survey")
    phone.says("book")
    phone.says("friday")
    phone.heard("From 1 to 5?", "Which day?", "Booked.", "From 1 to 5?")
    phone.says("4")
    phone.heard("Noted.")


def test_starting_again_does_not_repeat_a_question_in_between(world, phone):
    world(SURVEY, BOOK)
    phone.says("survey")
    phone.says("book")
    phone.says("book")
    phone.heard("From 1 to 5?", "Which day?", "Which day?")
    phone.says("mon")
    phone.heard("Booked.", "From 1 to 5?")


def test_a_paused_question_is_not_repeated_after_a_day_but_can_be_answered(world, phone, clock):
    world(SURVEY, BOOK)
    phone.says("survey")
    phone.says("book")
    clock.passes("25h")
    phone.says("mon")
    phone.heard("From 1 to 5?", "Which day?", "Booked.")
    phone.says("3")
    phone.heard("Noted.")


def test_a_code_pauses_a_question_and_gives_it_back(world, phone, place):
    place.rng.codes = ["123456"]
    world(
        SURVEY,
        """
flow: login
kind: otp
triggers: [{keyword: LOGIN}]
steps:
  - otp: Code {{ code }}
  - send: Welcome.
""",
    )
    phone.says("survey")
    phone.says("login")
    phone.says("123456")
    phone.heard("From 1 to 5?", "Code 123456", "Welcome.", "From 1 to 5?")


def test_a_paused_question_comes_back_while_the_other_session_waits_for_a_date(world, phone):
    """A session that sleeps has no question, so it must not keep another one closed."""
    world(
        SURVEY,
        """
flow: book
triggers: [{keyword: BOOK}]
steps:
  - {ask: Which day?, choices: {friday: [FRI], monday: [MON]}, timeout: 2d}
  - wait: 1d
  - send: Tomorrow it is.
""",
    )
    phone.says("survey")
    phone.says("book")
    phone.says("fri")
    phone.heard("From 1 to 5?", "Which day?", "From 1 to 5?")


def test_a_question_held_for_the_night_is_not_open_yet(start, world, phone, clock, trace):
    """What comes in at night answers no question that nobody has seen."""
    clock.shows("2025-03-10 22:00")
    world("triggers: [{api: true}]\nsteps: [{ask: Any words?, type: text}, {send: Thanks}]")
    start()
    phone.says("hello?")
    phone.heard_nothing()
    assert trace("silence") == ["nothing matched"]
    clock.shows("2025-03-11 08:00")
    phone.heard("Any words?")
    phone.says("lovely")
    phone.heard("Thanks")


def test_a_question_held_for_the_night_leaves_an_open_one_open(start, world, phone, clock):
    clock.shows("2025-03-10 20:55")
    world(SURVEY, "flow: ad\ntriggers: [{api: true}]\nsteps: [{ask: Any words?, type: text}]")
    phone.says("survey")
    clock.passes("20m")
    start("ad")
    phone.says("4")
    phone.heard("From 1 to 5?", "Noted.")
    clock.shows("2025-03-11 08:00")
    phone.heard("Any words?")


def test_a_held_question_pauses_the_open_one_when_it_is_released(start, world, phone, clock):
    clock.shows("2025-03-10 20:55")
    world(
        SURVEY,
        "flow: ad\ntriggers: [{api: true}]\nsteps: [{ask: Coming?, type: yesno}]",
    )
    phone.says("survey")
    clock.passes("20m")
    start("ad")
    clock.shows("2025-03-11 08:00")
    phone.says("yes")
    phone.heard("From 1 to 5?", "Coming?", "From 1 to 5?")


# --- failures and limits --------------------------------------------------------------------------


def test_a_text_that_fails_ends_the_session_with_its_place_and_what_was_said_stays_said(
    world, phone, ended, place
):
    world("""
triggers: [{keyword: GO}]
steps:
  - send: One moment.
  - send: "{{ 1 + contact.score }}"
""")
    phone.says("go")
    phone.heard("One moment.")
    assert ended() == ["failed"]
    (line,) = [each.line for each in place.sim.trace if each.line.what == "error"]
    assert str(line.place) == "flows/talk.yaml:5:11"
    assert line.detail.startswith("template:")


def test_a_session_that_fails_takes_no_other_with_it(world, phone, ended):
    world(
        SURVEY,
        """
flow: bad
triggers: [{keyword: BAD}]
steps:
  - {ask: Sure?, type: yesno, timeout: 1d}
  - send: "{{ 1 + contact.score }}"
""",
    )
    phone.says("survey")
    phone.says("bad")
    phone.says("yes")
    phone.heard("From 1 to 5?", "Sure?", "From 1 to 5?")
    assert ended("bad") == ["failed"]
    assert ended("survey") == [None]


def test_a_loop_without_a_wait_ends_at_its_limit(world, phone, ended, trace):
    world("""
triggers: [{keyword: GO}]
steps:
  - id: top
    set: {x: 1}
  - when: x != 1
    wait: 1d
  - goto: top
""")
    phone.says("go")
    assert ended() == ["failed"]
    assert "limit: step 'top' was reached 21 times" in trace("error")


def test_a_loop_over_a_question_ends_at_its_limit(world, phone, ended):
    world("""
triggers: [{keyword: GO}]
steps:
  - id: top
    ask: Again?
    type: yesno
    timeout: 1d
    then: {yes: {goto: top}}
""")
    phone.says("go")
    for _ in range(20):
        phone.says("yes")
    assert ended() == ["failed"]


@pytest.mark.parametrize(("steps", "outcome"), [(100, "done"), (101, "failed")])
def test_a_hundred_steps_without_a_wait_are_allowed(world, phone, ended, steps, outcome):
    world("triggers: [{keyword: GO}]\nsteps:\n" + "  - set: {x: 1}\n" * steps)
    phone.says("go")
    assert ended() == [outcome]


def test_a_session_sends_fifty_texts_at_most(world, phone, place, ended):
    world("triggers: [{keyword: GO}]\nsteps:\n" + "  - send: Hello\n" * 51)
    phone.says("go")
    assert len(place.sim.sent) == 50
    assert ended() == ["failed"]


def test_a_value_that_cannot_be_kept_fails_the_session_only(world, phone, ended, trace):
    world("""
triggers: [{keyword: GO}]
steps:
  - set: {x: "{{ [now - now] }}"}
""")
    phone.says("go")
    assert ended() == ["failed"]
    assert "'x' can't be set" in trace("error")[0]


def test_what_is_set_looks_the_same_before_and_after_a_restart(world, phone, clock, sessions):
    """A pair becomes a list at once, and a mapping that looks like a date stays a mapping."""
    world("""
triggers: [{keyword: GO}]
steps:
  - set: {pair: "{{ (1, 2) }}", odd: "{{ {'$date': 'never'} }}"}
  - wait: 1m
""")
    phone.says("go")
    for _ in range(2):
        assert sessions()[0].variables == {"pair": [1, 2], "odd": {"$date": "never"}}
        clock.passes("1m")


def test_a_session_whose_version_is_gone_fails_and_nothing_else_happens(world, phone, place, dlr):
    """Whatever comes for it: a report, a text, a timer."""
    simulator = world(ASK)
    phone.says("go")
    newer = place.build(ASK.replace("How many", "How few")).world
    simulator.world = newer
    place._sim = simulator
    dlr("delivered")
    phone.says("3")
    assert [each.outcome for each in simulator.sessions.values()] == ["failed"]


def test_open_sessions_stay_with_their_version(world, phone, place):
    simulator = world(ASK)
    phone.says("go")
    newer = place.build(ASK.replace("it is", "it was")).world
    place._sim = simulator
    simulator.deploy(newer)
    phone.says("3")
    phone.says("go")
    phone.says("4")
    phone.heard("How many?", "3 it is.", "How many?", "4 it was.")


# --- steps ----------------------------------------------------------------------------------------


def test_branches_and_variables(world, phone, sessions):
    world("""
triggers: [{keyword: GO}]
vars: {limit: 3}
steps:
  - ask: How many?
    save: count
    type: integer
    timeout: 1d
  - set: {contact.score: "{{ count * 2 }}", x: other}
  - if: count > limit
    then: {send: "Many, {{ contact.score }}."}
    else: {send: "Few, {{ contact.score }}."}
  - switch: count
    cases:
      1: {send: One.}
      4: {send: Four.}
    else: {send: Some number.}
  - when: x == 'never'
    send: Not this
  - end: finished
    text: Bye.
""")
    for answer, texts in (
        ("4", ["Many, 8.", "Four."]),
        ("1", ["Few, 2.", "One."]),
        ("2", ["Few, 4.", "Some number."]),
    ):
        phone.says("go")
        phone.says(answer)
        phone.heard("How many?", *texts, "Bye.")
    assert {each.outcome for each in sessions()} == {"finished"}


def test_unclear_answers_are_asked_again_then_take_their_way(world, phone, ended):
    world("""
triggers: [{keyword: GO}]
steps:
  - ask: How many?
    type: integer
    range: [1, 9]
    valid: value != 7
    invalid: Not seven.
    retry: {times: 2, text: A number please.}
    timeout: 1d
""")
    phone.says("go")
    for text in ("what", "7", "12"):
        phone.says(text)
    phone.heard("How many?", "A number please.", "Not seven.")
    assert ended() == ["invalid"]


def test_a_default_stands_for_skipped_and_for_unclear_answers(world, phone):
    world("""
triggers: [{keyword: GO}]
steps:
  - ask: How many?
    save: count
    type: integer
    skip: [SKIP]
    default: 1
    retry: {times: 0}
    timeout: 1d
  - send: "{{ count }} then."
""")
    for answer in ("skip", "dunno", "6"):
        phone.says("go")
        phone.says(answer)
    phone.heard("How many?", "1 then.", "How many?", "1 then.", "How many?", "6 then.")


def test_bounds_can_be_worked_out(world, phone, place):
    place.contact.fields["score"] = 5
    world("""
triggers: [{keyword: GO}]
steps:
  - ask: How many?
    type: integer
    max: "{{ contact.score }}"
    retry: {times: 1, text: Too many.}
    timeout: 1d
  - send: Fine.
""")
    phone.says("go")
    phone.says("6")
    phone.says("5")
    phone.heard("How many?", "Too many.", "Fine.")


def test_a_language_that_a_flow_sets_counts_at_once(world, phone, place):
    world("""
languages: [en, fr]
triggers: [{keyword: FRENCH}]
steps:
  - set: {contact.language: fr}
  - send: {en: Hello, fr: Bonjour}
""")
    phone.says("french")
    phone.heard("Bonjour")
    assert place.sim.contact.language == "fr"


def test_a_time_zone_that_does_not_exist_fails_the_session(world, phone, ended, trace):
    world("triggers: [{keyword: GO}]\nsteps: [{set: {contact.timezone: \"{{ 'No/Town' }}\"}}]")
    phone.says("go")
    assert ended() == ["failed"]
    assert "is no time zone" in trace("error")[0]


def test_a_field_of_the_contact_takes_values_of_its_type_alone(
    world, phone, place, ended, trace, sessions
):
    """Else one flow would spoil the contact for all of them."""
    world("""
triggers: [{keyword: GO}]
steps:
  - {ask: When?, save: at}
  - set: {contact.score: "{{ '7' }}", contact.city: "{{ today }}", contact.seen: "{{ at }}"}
""")
    phone.says("go")
    phone.says("2025-03-30 10:30 Europe/London")
    assert place.sim.contact.fields == {
        "score": 7,
        "city": "2025-03-10",
        "seen": datetime(2025, 3, 30, 9, 30, tzinfo=UTC),
    }
    phone.says("go")
    phone.says("yesterday")
    assert ended() == ["done", "failed"]
    (error,) = trace("error")
    assert "'contact.seen' must be a time such as" in error
    assert sessions()[-1].error["place"].startswith("flows/talk.yaml:5:")
