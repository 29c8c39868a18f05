"""Mistakes in waits, handlers, subflows and the project's words, each at its line with a hint."""

import pytest

from smsflow.engine.language.parse import load, read_bundle
from tests.engine.reading_helpers import PROJECT, found, load_flow, only, steps


def flow(head: str, body: str = "  - send: Hi\n") -> str:
    """A flow with these lines above its steps, which begin on line 3."""
    return f"smsflow: 1\ntriggers: [{{keyword: GO}}]\n{head}\nsteps:\n{body}"


@pytest.mark.parametrize(
    ("step", "code", "told", "hint"),
    [
        ("wait: {offset: 1d}", "F201", "says no moment", "{until: "),
        ("wait: {until: now, event: a.b}", "F211", "'until' does not go with an event", "timeout"),
        ("wait: {until: now, where: x}", "F211", "'where' does not go with a moment", "event"),
        ("wait: {at: '10:00', tz: Mars}", "F208", "'Mars' is no IANA time zone", "contact"),
        ("wait: {at: '10:00', weekday: [someday]}", "F207", "'someday'", "mon"),
        ("wait: {event: 'a b'}", "F310", "'a b' can't be the name of an event", "ticket.closed"),
        ("wait: 1h\n    on_past: {end: x}", "F212", "no 'until'", "leave"),
        ("wait: 1h\n    timeout: 1h", "F211", "without 'event'", "leave"),
        ("wait: {event: a}\n    on_timeout: {end: x}", "F212", "no 'timeout'", "add 'timeout'"),
        ("wait: 1h\n    on_late: {end: x}", "F212", "no 'late_after'", "add 'late_after'"),
        ("wait: {event: a}\n    save: event", "F310", "'event' is a name of smsflow's own", ""),
        ("wait: {event: a}\n    on_late: {end: x}", "F212", "no 'until'", ""),
        ("run: nobody", "F313", "there is no flow 'nobody'", "the project has: x"),
        ("run: x", "F504", "'x' runs 'x'", "start"),
        ("log: Hi\n    level: loud", "F207", "'loud'", "debug"),
        ("send: '{{ nobody }}'\n    on_error: {send: '{{ error.kind }}'}", "F402", "nobody", ""),
        ("ask: Hi\n    keywords: no", "F207", "'no'", "block"),
        ("ask: Hi\n    type: answers.region", "F318", "no answer set 'region'", "nothing"),
    ],
)
def test_a_mistake_in_a_step(step, code, told, hint):
    issues = [i for i in load_flow(steps(f"  - {step}\n")).issues if i.code == code]
    assert [told in issue.message and hint in issue.hint for issue in issues] == [True], issues
    assert issues[0].place.line in (4, 5)


@pytest.mark.parametrize(
    ("keys", "code", "told"),
    [
        ("type: integer\n    min: 5\n    max: 1", "F322", "'min' is 5 and 'max' is 1"),
        ("type: date\n    min: 2030-05-30\n    max: 2030-01-01", "F322", "no answer fits"),
        ("type: time\n    min: '18:00'\n    max: '08:00'", "F322", "no answer fits"),
        ("min: 10\n    max: 3", "F322", "no answer fits"),
        ("max: 0", "F322", "it may have 0 characters"),
        ("type: multi\n    choices: [p, q]\n    min: 3", "F322", "there are 2 choices"),
        ("type: integer\n    range: [1, 5]\n    words: {9: [nine]}", "F322", "9 is outside"),
        ("type: integer\n    range: [1, 5]\n    then: {7: {end: x}}", "F312", "7 is outside"),
        ("type: integer\n    range: [1, 5]\n    default: 99", "F323", "default is outside"),
        ("type: date\n    max: 2030-01-01\n    default: 2031-01-01", "F323", "outside"),
        ("timeout: 40d", "F506", "40d is never reached: a session lives 30d"),
        ("timeout: 1d\n    nudge: {after: 1d}", "F506", "1d is never reached: `timeout` is 1d"),
    ],
)
def test_bounds_and_times_that_leave_no_room(keys, code, told):
    issue = only(load_flow(steps(f"  - ask: Well?\n    {keys}\n")))
    assert issue.code == code
    assert told in issue.message


@pytest.mark.parametrize(
    "step",
    [
        "ask: Well?\n    type: integer\n    range: [3, 3]\n    then: {3: {end: x}}\n    default: 3",
        "ask: Well?\n    type: datetime\n    min: 2030-01-01\n    max: 2030-01-01T10:00",
        'ask: Well?\n    type: date\n    min: "{{ today }}"\n    max: 2020-01-01',
        "ask: Well?\n    timeout: 30d\n    nudge: {after: 2d}",
        "wait: 30d",
        "wait: {until: now, offset: 90d}",
        "handoff: desk\n    timeout: 1d",
    ],
)
def test_bounds_and_times_with_room_are_left_alone(step):
    assert not load_flow(steps(f"  - {step}\n")).issues


@pytest.mark.parametrize(
    "step", ["wait: 31d", "wait: {event: a}\n    timeout: 5w", "handoff: d\n    timeout: 31d"]
)
def test_a_wait_beyond_the_lifetime_is_told(step):
    (issue,) = load_flow(steps(f"  - {step}\n")).issues
    assert (issue.code, issue.level) == ("F506", "warning")
    assert not load_flow(flow("lifetime: 50d", f"  - {step}\n")).issues


@pytest.mark.parametrize(
    ("entry", "code", "told"),
    [
        ("{then: {end: x}}", "F201", "does not say what may happen"),
        ("{keyword: A, event: b, then: {end: x}}", "F205", "says two things"),
        ("{keyword: STOP, then: {end: x}}", "F701", "stop word"),
        ("{keyword: A, where: b, then: {end: x}}", "F211", "'where' does not go with 'keyword'"),
        ("{keyword: A}", "F201", "the key 'then' is missing"),
        ("{deadline: {until: later}, then: {end: x}}", "F402", "'later' may be unset"),
        ("{event: a, where: name == event.x, then: {send: '{{ name }}'}}", "F402", "'name' may"),
        ("{keyword: A, then: {goto: nowhere}}", "F301", "'nowhere'"),
    ],
)
def test_a_mistake_under_anytime(entry, code, told):
    text = flow(f"anytime:\n  - {entry}", "  - {ask: Name?, save: name}\n")
    issues = [issue for issue in load_flow(text).issues if issue.code == code]
    assert [told in issue.message for issue in issues] == [True], issues
    assert issues[0].place.line == 4


def test_nobody_jumps_into_an_anytime_handler():
    handler = "anytime: [{keyword: A, then: [{id: inside, send: A}]}]"
    issue = only(load_flow(flow(handler, "  - goto: inside\n")))
    assert (issue.code, issue.place.line) == ("F505", 5)


def test_what_a_handler_may_rely_on_is_what_every_wait_has():
    """The first answer is not there when the handler breaks in at the first question."""
    head = "inputs: {who: {type: text, default: you}}\nanytime: [{keyword: A, then: {send: '%s'}}]"
    body = "  - {ask: Name?, save: name}\n  - send: '{{ name }}'\n"
    assert load_flow(flow(head % "{{ who }}", body)).issues == ()
    assert found(load_flow(flow(head % "{{ name }}", body))) == [("F402", 4)]


def test_an_event_that_times_out_leaves_its_name_unset():
    text = "  - wait: {event: a}\n    timeout: 1h\n    save: it\n  - send: '{{ it.x }}'\n"
    assert found(load_flow(steps(text))) == [("F402", 7)]


CHILD = """
smsflow: 1
inputs: {name: text, count: {type: integer, default: 1}}
steps:
  - {ask: "Well, {{ name }}?", save: it, choices: {fine: [ok], bad: [no]}, then: {bad: {end: sad}}}
"""


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("with: {name: Ann}, on_sad: {end: a}, on_invalid: {end: b}, on_failed: {end: c}", []),
        ("with: {name: Ann}, on_mad: {end: a}", [("F212", 4)]),
        ("with: {name: Ann}, on_opted_out: {end: a}", [("F212", 4)]),
        ("with: {nome: Ann, name: Ann}", [("F314", 4)]),
        ("with: {count: 2}", [("F314", 4)]),
    ],
)
def test_what_a_subflow_takes_and_how_it_ends(keys, expected):
    more = {"flows/kid.yaml": CHILD}
    assert found(load_flow(steps(f"  - {{run: kid, {keys}}}\n"), more)) == expected


def test_flows_that_run_each_other():
    first = {"flows/a.yaml": "smsflow: 1\nsteps: [{run: b}]"}
    second = {"flows/b.yaml": "smsflow: 1\nsteps: [{run: a}]"}
    loaded = load_flow(steps("  - run: a\n"), first | second)
    assert [(i.code, i.place.file) for i in loaded.issues] == [
        ("F504", "flows/a.yaml"),
    ]


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("commands: {human: [AGENT]}", "F201", "'human' needs a flow"),
        ("commands: {back: [STOP]}", "F701", "stop word"),
        ("commands: {back: [A], repeat: [a]}", "F321", "'a' stands for 'back' already"),
        ("system: {unknown_text: nobody}", "F313", "there is no flow 'nobody'"),
        ("system: {unknown_text: x, other: x}", "F203", "unknown key 'other'"),
        ("answers: {region: {type: colour}}", "F207", "'colour'"),
        ("answers: {region: {save: x}}", "F203", "unknown key 'save'"),
    ],
)
def test_a_mistake_in_the_project(line, code, told):
    project = PROJECT.replace("[en]", "[en, fr]") + line + "\n"
    files = {"smsflow.yaml": project, "flows/x.yaml": steps("  - send: Hi\n")}
    issue = only(load({name: text.encode() for name, text in files.items()}))
    assert (issue.code, told in issue.message) == (code, True), issue


SETS = (
    PROJECT
    + """
answers:
  region:
    choices: {north: [N, up], south: [S]}
    retry: {times: 1, text: North or south?}
"""
)


def with_sets(question: str, project: str = SETS):
    """The small project with answer sets, and a flow with one question."""
    files = {"smsflow.yaml": project, "flows/x.yaml": steps(f"  - {question}\n")}
    return load({name: text.encode() for name, text in files.items()})


def test_a_question_with_a_named_set_of_answers():
    loaded = with_sets(
        "{ask: Where?, save: where, type: answers.region, retry: {times: 3}}"
    ).sound()
    question = loaded.flows["x"].steps["where"]
    assert [each.key for each in question.answer.choices] == ["north", "south"]
    assert question.answer.choices[0].words == ("N", "up")
    assert question.retry.times == 3  # what the question says wins


def test_a_set_that_changes_makes_another_version_and_old_ones_keep_theirs():
    question = "{ask: Where?, save: where, type: answers.region}"
    old = with_sets(question).sound()
    new = with_sets(question, SETS.replace("[S]", "[S, down]")).sound()
    assert old.flows["x"].version != new.flows["x"].version
    again = read_bundle(old.bundles["x"], new.project)
    assert again.version == old.flows["x"].version
    assert again.steps["where"].answer.choices[1].words == ("S",)


def test_a_set_and_a_question_that_do_not_fit_are_told_at_the_question():
    issue = only(with_sets("{ask: Where?, type: answers.region, range: [1, 5]}"))
    assert (issue.code, issue.place.file, issue.place.line) == ("F211", "flows/x.yaml", 4)
