"""What is accepted: guards against unset names, loops that wait, triggers that cannot both win."""

from datetime import UTC, datetime
from random import Random

import pytest

from smsflow.engine import world as worlds
from smsflow.engine.language import needs
from smsflow.engine.language.parse import load, read_project
from smsflow.engine.language.reading import Context
from smsflow.engine.language.sms_checks import check_text, typical
from smsflow.engine.model import DELIVERY_OUTCOMES, Template
from smsflow.engine.state import Contact
from smsflow.engine.transcripts.simulator import Simulator
from smsflow.errors import Place
from tests.engine.reading_helpers import PROJECT, found, load_flow, only, sample, steps

# --- unset names ----------------------------------------------------------------------------------

SKIPPED = "- {ask: A?, save: a, skip: SKIP}\n"

ACCEPTED = [
    "- send: Got {{ a | default('nothing') }}",
    "- send: Got {{ a or 'nothing' }}",
    "- send: Got {{ a if a else 'nothing' }}",
    "- send: Got {{ 'nothing' if a is none else a }}",
    "- send: Got {% if a %}{{ a }}{% endif %}",
    "- send: Got {% if not a %}nothing{% else %}{{ a }}{% endif %}",
    "- send: Got {% if a is none %}nothing{% elif a > 3 %}{{ a }}{% endif %}",
    "- send: Got {% if a is defined and a > 3 %}much{% endif %}",
    "- send: Got {% set b = a or 3 %}{{ b }}",
    "- send: Got {% for b in [1, 2] %}{{ b }}{{ loop.index }}{% endfor %}",
    "- if: a == 'x'\n  then: {send: 'Got {{ a }}'}",
    "- if: a is none\n  then: {end: b}\n- send: Got {{ a }}",
    "- if: not a\n  then: {end: b}\n- send: Got {{ a }}",
    "- {end: b, when: a is none}\n- send: Got {{ a }}",
    "- {send: 'Got {{ a }}', when: a}",
    "- {send: 'Got {{ a }}', when: a is not none and a > 3}",
    "- {send: Hi, when: a is none or a > 3}",
    "- set: {a: 1}\n- send: Got {{ a }}",
    "- set: {b: '{{ a }}', contact.city: '{{ a or b }}'}",
    "- set: {b: '{{ contact.city }}'}\n- send: Got {{ b }}",
    "- emit: seen\n  data: [a]",
    "- {send: Hi, callback: '{{ a }}'}",
    "- {run: y, with: {k: '{{ a }}'}}\n- {start: y, with: {k: ['{{ a }}']}}",
    "- {goto: c, when: a is none}\n- send: Got {{ a }}\nsections:\n  c: [{end: d}]",
    "- switch: a\n  cases: {x: {end: b}}",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_guarded_name_may_be_unset(text: str) -> None:
    """A condition, a default or an assignment makes a skipped answer safe to use."""
    other = {"flows/y.yaml": "smsflow: 1\ninputs: {k: {type: text, default: x}}\nsteps: [send: Hi]"}
    assert found(load_flow(steps(SKIPPED + text), other)) == []


REFUSED = [
    "- send: Got {{ a }}",
    "- send: Got {% if not a %}{{ a }}{% endif %}",
    "- send: Got {{ a if today else 'nothing' }}",
    "- send: Got {{ a is none or a + 1 }}{{ a }}",
    "- send: Got {{ [a + 1] }}",
    "- {send: Hi, when: a > 3}",
    "- {send: Hi, when: a is none and a > 3}",
    "- {send: 'Got {{ a }}', when: a is none}",
    "- set: {b: '{{ a + 1 }}'}",
    "- set: {c: null}\n- send: Got {{ c }}",
    "- wait: {until: a}",
    "- {ask: B?, retry: {text: 'No {{ a }}'}}",
    "- {ask: B?, nudge: {after: 1h, text: 'No {{ a }}'}}",
    "- {ask: B?, type: integer, min: '{{ a }}'}",
    "- {ask: B?, type: integer, max: '{{ a }}'}",
    "- {ask: B?, skip: NO, default: '{{ a }}'}",
    "- set: {b: '{{ a }}'}\n- send: Got {{ b }}",
    "- set: {b: '{{ a or c }}', c: 1}\n- send: Got {{ b }}",
    "- {ask: B?, valid: value > a}",
    "- {end: b, text: 'Bye {{ a }}'}",
    "- {set: {a: 1}, when: today}\n- send: Got {{ a }}",
]


@pytest.mark.parametrize("text", REFUSED)
def test_a_name_that_may_be_unset_is_found_where_it_is_used(text: str) -> None:
    """In texts of every kind, conditions, bounds and calculations."""
    assert {code for code, _ in found(load_flow(steps(SKIPPED + text)))} == {"F402"}


FOLLOWED = [
    ("- send: Got {{ a }}", "- send: Got {{ a | default('none') }}"),
    ("- send: Got {{ a | title }}", "- send: Got {% if a is not none %}{{ a | title }}{% endif %}"),
    ("- {if: a > 3, then: {send: Hi}}", "- {if: a is not none and a > 3, then: {send: Hi}}"),
    ("- {send: Hi, when: a > 3}", "- {send: Hi, when: a is not none and a > 3}"),
    ("- {set: {b: '{{ a + 1 }}'}}", "- {set: {b: '{{ a + 1 }}'}, when: a is not none}"),
    ("- {log: c, when: -a}", "- {log: c, when: a is not none and -a}"),
    (
        "- {emit: e, data: {b: '{{ -a }}'}}",
        "- {emit: e, data: {b: '{{ -a }}'}, when: a is not none}",
    ),
    (
        "- {switch: -a, cases: {2: {log: c}}}",
        "- {switch: -a, cases: {2: {log: c}}, when: a is not none}",
    ),
    ("- {wait: {until: a}}", "- {wait: {until: a}, when: a is not none}"),
    ("- {send: Hi, to: a}", "- {send: Hi, to: a, when: a is not none}"),
    (
        "- {ask: B?, type: integer, min: '{{ a }}'}",
        "- {ask: B?, type: integer, min: '{{ a }}', when: a is not none}",
    ),
]


@pytest.mark.parametrize(("wrong", "mended"), FOLLOWED)
def test_the_hint_for_an_unset_name_fits_where_it_stands_and_mends_it(
    wrong: str, mended: str
) -> None:
    """Who does what it says has a flow without issues, that runs when the answer is skipped."""
    hint = only(load_flow(steps(SKIPPED + wrong))).hint
    said = hint.removesuffix(" or set it first").partition(" ")[2]
    for part in said.removeprefix("it into ").removesuffix(" to the step").split("..."):
        assert part.strip(" `") in mended, hint
    loaded = load_flow(steps(SKIPPED + mended + "\n- end: over"))
    assert found(loaded) == []
    assert loaded.project is not None
    world = worlds.build(loaded.project, loaded.flows, secret=b"a secret of tests")
    now = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)
    simulator = Simulator(world, Contact("+447700900123"), now, Random(7))
    simulator.text("go")
    simulator.text("skip")
    (session,) = simulator.sessions.values()
    assert session.outcome == "over", session.error


def test_the_hint_of_a_trigger_says_what_can_be_read_there() -> None:
    """Nothing can be asked before a flow has begun."""
    flow = "smsflow: 1\ntriggers: [{api: true, when: message.text > 'a'}]\nsteps: [send: Hi]"
    issue = load_flow(flow).issues[0]
    assert (issue.code, issue.hint) == ("F402", "here can be read: contact, now, today")


PARTS = [
    ("- send: 'Got {{ answers.zip.raw }}'", "there are: a"),
    ("- send: Got {{ answers.a.raww }}", "did you mean 'raw'?"),
    ("- send: Got {{ answers['b'] | default('x') }}", "there are: a"),
    ("- send: Got {{ message.txt }}", "did you mean 'text'?"),
    ("- {log: c, when: trigger.kin == 'api'}", "did you mean 'kind'?"),
    ("- {set: {b: '{{ flow.vresion }}'}}", "did you mean 'version'?"),
    ("- {switch: error.knd, cases: {http: {log: c}}}", "did you mean 'kind'?"),
    ("- {emit: e, data: {b: '{{ last.nope }}'}}", "there are: outcome, delivery, http, error"),
    ("- send: Got {{ last.delivery }}", "the step that it tells of"),
    ("- {if: last.http.status == 404, then: {log: c}}", "the step that it tells of"),
    ("- {lookup: contact.phone, save: k}\n- {if: k.romaing, then: {log: c}}", "'roaming'?"),
]


@pytest.mark.parametrize(("text", "hint"), PARTS)
def test_a_part_that_a_name_of_ours_never_has_is_found(text: str, hint: str) -> None:
    """In texts, conditions and values, guarded or not, for no run could ever set it."""
    issue = only(load_flow(steps("- {ask: A?, save: a}\n" + text)))
    assert issue.code == "F402"
    assert hint in issue.hint


def test_parts_that_are_there_and_names_of_a_text_itself_are_no_mistakes() -> None:
    """What a flow's own steps make can be read, and so can constants and methods."""
    flow = """\
vars: {shop: Leeds}
steps:
  - {ask: A?, save: a, on_failed: {log: "{{ last.delivery }} {{ error.kind }}"}}
  - {ask: B?, id: b}
  - {run: y, save: a}
  - {lookup: contact.phone, save: k, on_error: {log: "{{ last.error }} {{ last.outcome }}"}}
  - {if: k and k.get('phone') and answers.b.tries > 1, then: {log: "{{ flow.shop }}"}}
  - log: "{% set message = {'x': 1} %}{{ message.x }} {{ trigger.data.any }} {{ event.any }}"
  - log: "{{ trigger.groups.any }} {{ answers['a'].at }} {{ a.any }}"
"""
    other = {"flows/y.yaml": "smsflow: 1\nsteps: [send: Hi]"}
    top = "smsflow: 1\ntriggers: [{delivery: rejected, where: message.status == 'x'}]\n"
    assert found(load_flow(top + flow, other)) == []


TYPOS = [
    "- {emit: seen, data: [nmae]}",
    "- {run: y, with: {k: '{{ nmae }}'}}",
    "- {start: y, with: {k: '{{ nmae }}'}}",
    "- {set: {b: '{{ nmae }}'}}",
    "- {send: Hi, callback: '{{ nmae }}'}",
    "- {call: 'GET c:/', query: [nmae]}",
    "- {call: 'GET c:/', expect: {where: nmae}}",
    "- {ask: B?, type: integer, min: '{{ nmae }}'}",
    "- {ask: B?, valid: nmae}",
    "- {wait: {event: e, where: nmae}}",
]


@pytest.mark.parametrize("text", TYPOS)
def test_a_name_that_no_way_sets_is_found_also_where_null_is_fine(text: str) -> None:
    """In whatever is sent to others or assigned, and in what is asked."""
    service = "services: {c: {url: https://c.example}}\n"
    other = {
        "smsflow.yaml": PROJECT + service,
        "flows/y.yaml": "smsflow: 1\ninputs: {k: text}\nsteps: [send: Hi]",
    }
    issue = only(load_flow(steps("- {ask: A?, save: name}\n" + text), other))
    assert (issue.code, issue.place.line, issue.hint) == ("F402", 5, "did you mean 'name'?")


def test_a_name_that_no_way_sets_is_found_in_what_a_trigger_hands_over() -> None:
    """And in the condition of an `anytime` handler."""
    issue = only(
        load_flow("""\
smsflow: 1
inputs: {k: text}
triggers: [{event: e, inputs: {k: "{{ evnt.id }}"}}]
steps: [{send: Hi}]
""")
    )
    assert (issue.code, issue.place.line) == ("F402", 3)
    handler = "anytime: [{event: e, where: nmae, then: {end: off}}]\n"
    issue = only(load_flow(steps("- {ask: A?, save: name}\n") + handler))
    assert (issue.code, issue.hint) == ("F402", "did you mean 'name'?")


@pytest.mark.parametrize(
    "more",
    [
        "- {set: {a: later}}",
        "- {set: {a: '{{ today }}'}}",
        "- {run: y, save: a}",
    ],
)
def test_a_case_of_what_is_set_elsewhere_is_none_of_an_answer(more: str) -> None:
    """What the name can be is known when everything that sets it says so."""
    ask = "- {ask: A?, choices: [x, y], save: a, then: {y: {goto: b}}}\n"
    switch = "- {switch: a, id: b, cases: {later: {end: c}}}"
    other = {"flows/y.yaml": "smsflow: 1\nsteps: [{send: Hi}]"}
    assert found(load_flow(steps(f"{ask}{more}\n{switch}"), other)) == []


def test_a_name_is_shown_inside_its_text() -> None:
    """The caret stands under the name, on its own line of a block."""
    issue = only(load_flow(steps("- send: |-\n    Hello,\n    dear {{ name }}\n")))
    assert (issue.place.line, issue.place.column, issue.place.length) == (6, 13, 4)


def test_the_reason_names_the_question() -> None:
    """A question with a condition is named with it and with its line."""
    text = "- {ask: A?, save: b}\n- {ask: A?, save: a, when: b == 'x'}\n- send: Got {{ a }}"
    issue = only(load_flow(steps(text)))
    assert issue.message == "'a' may be unset: it is asked only when 'b == 'x'' (line 5)"


def test_an_unclear_answer_takes_the_old_one_away() -> None:
    """A name that is asked for again is nothing, or the default, where the answer was unclear."""
    asked = """
        - set: {day: "{{ today }}"}
        - ask: Another day?
          save: day
          type: date
          on_invalid: {send: "So it is {{ day | date }}."}
          DEFAULT
    """
    issue = only(load_flow(steps(asked.replace("DEFAULT", "id: other"))))
    assert (issue.code, issue.place.line) == ("F402", 8)
    assert found(load_flow(steps(asked.replace("DEFAULT", "default: 2025-03-30")))) == []
    timed_out = asked.replace("on_invalid", "timeout: 1d\n          on_timeout")
    assert found(load_flow(steps(timed_out.replace("DEFAULT", "id: other")))) == []


def test_an_answer_of_every_way_is_set() -> None:
    """What all ways of starting bring is set; what only one brings is not."""
    head = "smsflow: 1\ninputs: {a: text, b: {type: text, default: x}}\n"
    triggers = "triggers: [{api: true}, {pattern: 'no (?P<a>[0-9]+)'}]\n"
    assert found(load_flow(head + triggers + "steps: [{send: '{{ a }} {{ b }}'}]")) == []
    triggers = "triggers: [{api: true}, {keyword: GO}]\n"
    loaded = load_flow(head + triggers + "steps: [{send: '{{ a }} {{ b }}'}]")
    assert found(loaded) == [("F402", 4)]


def test_a_field_without_a_default_is_a_warning() -> None:
    """Declared is not known: the field's text can't be printed before somebody has set it."""
    issue = only(load_flow(steps("- send: In {{ contact.city }}")))
    assert (issue.code, issue.level) == ("F405", "warning")
    for text in (
        "- send: In {{ contact.city | default('town') }}",
        "- send: In{% if contact.city %} {{ contact.city }}{% endif %}",
        "- set: {contact.city: Leeds}\n- send: In {{ contact.city }}",
        "- send: To {{ contact.phone }}",
        "- set: {contact.language: en, contact.timezone: Europe/Paris}",
    ):
        assert found(load_flow(steps(text))) == []


def test_a_text_of_the_project_knows_no_answers() -> None:
    """The default reply belongs to no flow."""
    text = sample()["smsflow.yaml"].decode().replace("Sorry, we", "Sorry, {{ answer }} we")
    project, (issue,) = read_project(text)
    assert (project, issue.code) == (None, "F402")


def test_names_in_quotes_are_no_names() -> None:
    """`offset_of` finds the name inside the braces and not the word outside."""
    assert needs.offset_of("name {{ 'name' ~ name }}", "name") == 17
    assert needs.offset_of("name", "name") == 0
    assert needs.offset_of("name {{ other }}", "name") == -1


# --- the graph ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "- {ask: A?, id: a}\n- goto: a",
        "- {wait: 1h, id: a}\n- send: Hi\n- goto: a",
        "- {send: Hi, id: a, on_delivered: {end: b}}\n- goto: a",
    ],
)
def test_a_loop_that_waits_is_fine(text: str) -> None:
    """A question, a wait, or a text whose report is waited for."""
    assert found(load_flow(steps(text))) == []


def test_two_loops_are_two_issues() -> None:
    """Each loop is told once."""
    text = """
    - {if: today, then: {goto: a}}
    - goto: b
    sections:
      a: [{send: A}, {goto: a}]
      b: [{send: B}, {goto: b}]
    """
    assert found(load_flow(steps(text))) == [("F503", 7), ("F503", 8)]


# --- flows together -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ("{keyword: GO}", "{keyword: [x, 'gó!']}", True),
        ("{keyword: GO}", "{keyword: GO, match: whole}", False),
        ("{keyword: GO, match: whole}", "{keyword: GO, match: whole}", True),
        ("{keyword: GO}", "{keyword: GO, to: main}", False),
        ("{keyword: GO, to: main}", "{keyword: GO, to: main}", True),
        ("{keyword: GO}", "{keyword: GO, from_group: vip}", False),
        ("{keyword: GO, from_group: vip}", "{keyword: GO, from_group: staff}", False),
        ("{keyword: GO, from_group: vip}", "{keyword: GO, from_group: vip}", True),
        ("{keyword: GO, from_group: vip}", "{keyword: GO, from_group: vip, to: main}", False),
        ("{catch_all: true}", "{catch_all: true, from_group: vip}", False),
        ("{pattern: a}", "{pattern: a}", True),
        ("{pattern: a}", "{pattern: b}", False),
        ("{catch_all: true}", "{catch_all: true}", True),
        ("{catch_all: true}", "{catch_all: true, to: main}", False),
        ("{api: true}", "{api: true}", False),
    ],
)
def test_triggers_that_could_both_win_are_told(first: str, second: str, clash: bool) -> None:
    """With equal specificity, at the later one, with the place of the other."""
    one, other = (
        f"smsflow: 1\ntriggers:\n- {each}\nsteps: [{{end: a}}]" for each in (first, second)
    )
    loaded = load_flow(one, {"flows/y.yaml": other})
    assert found(loaded) == ([("F320", 3)] if clash else [])
    assert len(loaded.flows) == (1 if clash else 2)
    if clash:
        assert loaded.issues[0].place.file == "flows/y.yaml"
        assert "flows/x.yaml:3:" in loaded.issues[0].message


# --- texts on the air -----------------------------------------------------------------------------


def issue_of(text: str) -> tuple[str, str] | None:
    """Code and message for a text, if there is one."""
    place = Place("a", 1, 1)
    ctx = Context("a")
    check_text(ctx, "", Template(text, place), set())
    return (ctx.issues[0].code, ctx.issues[0].message) if ctx.issues else None


def test_one_segment_is_silent() -> None:
    """160 characters of GSM-7, 70 of others."""
    assert issue_of("x" * 160) is None
    assert issue_of("ê" * 70) is None


def test_the_dear_character_is_named() -> None:
    """The warning says which one, and what the text would need without it."""
    found = issue_of("x" * 100 + "ê")
    assert found == ("F602", "'ê' is not in GSM-7, so this text needs 2 segments instead of 1")
    assert issue_of("x" * 161) == ("F602", "this text needs 2 segments instead of 1")


def test_more_than_three_segments_are_an_error() -> None:
    """Such a text would be refused when it leaves."""
    assert (issue_of("x" * 459) or ("", ""))[0] == "F602"
    assert (issue_of("x" * 460) or ("", ""))[0] == "F603"


def test_a_text_is_measured_with_typical_values() -> None:
    """Names, dates and codes have a length; of two branches the longer one counts."""
    source = "{{ code }}: {{ x }} on {{ y | date }} {% if z %}long way{% else %}short{% endif %}"
    assert typical(source) == "482913: Anderson on 30 September long way"


def test_a_language_that_is_missing_is_a_warning() -> None:
    """The flow is still there."""
    text = "smsflow: 1\nlanguages: [en, fr]\nsteps: [{send: {en: Hi}}]"
    loaded = load_flow(text)
    assert found(loaded) == [("F601", 3)]
    assert (loaded.errors, set(loaded.flows)) == ((), {"x"})
    text = text.replace("{en: Hi}", "{template: a}")
    loaded = load_flow(text, {"templates/a.fr.j2": "Salut"})
    assert found(loaded) == [("F601", 3)]
    assert loaded.issues[0].hint == "write templates/a.en.j2"


def test_a_mistake_in_a_template_is_told_in_its_file() -> None:
    """With its own line and column, and the flow that uses it is not there."""
    for content in ("Hi\nthere {{ name }}", "Hi\nthere {{ name"):
        loaded = load_flow(steps("- send: {template: a}"), {"templates/a.j2": content})
        issue = only(loaded)
        assert (issue.place.file, issue.place.line) == ("templates/a.j2", 2)
        assert loaded.flows == {}


def test_words_of_the_project_are_stop_words_too() -> None:
    """smsflow.yaml adds to the built-in lists; start words may be answers, as YES is."""
    files = sample()
    files["smsflow.yaml"] = files["smsflow.yaml"].replace(b"[STOP, ", b"[STOP, DECLINE, ")
    (issue,) = load(files).issues
    assert (issue.code, issue.place.file) == ("F701", "flows/appointment-reminder.yaml")


def test_every_delivery_outcome_has_its_key() -> None:
    """The grammar knows all that the model knows; a question goes on at an answer only."""
    from smsflow.engine.language.grammar import VERBS

    assert set(VERBS["send"].outcomes) == DELIVERY_OUTCOMES
    assert set(VERBS["ask"].outcomes) > DELIVERY_OUTCOMES - {"on_delivered", "on_pending"}
