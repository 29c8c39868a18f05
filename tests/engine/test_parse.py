"""Flows as graphs: ids, what follows on what, defaults, texts, versions and bundles."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from textwrap import dedent

import pytest

from smsflow.engine.language.catalogues import Catalogues
from smsflow.engine.language.parse import load, read_bundle, read_flows, read_project
from smsflow.engine.model import Ask, Duration, End, Flow, Goto, If, Otp, Send, Set, Wait
from smsflow.engine.words.replies import Choice
from smsflow.errors import ProjectInvalid
from tests.engine.reading_helpers import PROJECT, load_flow, only, sample, steps


def flow_of(text: str, more: Mapping[str, str] | None = None) -> Flow:
    """The flow of a text that has no issues at all."""
    loaded = load_flow(text, more)
    assert loaded.issues == (), "\n".join(map(str, loaded.issues))
    return loaded.flows["x"]


def graph(text: str) -> dict[str, tuple[str | None, dict[str, str | None]]]:
    """By step id: what follows, and the outcomes."""
    flow = flow_of(steps(text))
    return {name: (step.next, dict(step.outcomes)) for name, step in flow.steps.items()}


def test_five_lines_are_a_flow() -> None:
    """The simple case: a keyword and a text."""
    flow = flow_of(
        "smsflow: 1\ntriggers:\n  - keyword: [HOURS, OPEN]\nsteps:\n  - send: We are open."
    )
    (trigger,) = flow.triggers
    assert trigger.words == ("HOURS", "OPEN")
    (step,) = flow.steps.values()
    assert isinstance(step, Send)
    assert step.text.in_language("fr").source == "We are open."
    assert (flow.start, step.next, str(step.place)) == ("main/send-1", None, "flows/x.yaml:5:5")


def test_steps_follow_on_each_other() -> None:
    """Each step leads to the one behind it; the last one ends the flow."""
    assert graph("- send: a\n- wait: 1h\n- send: b") == {
        "main/send-1": ("main/wait-1", {}),
        "main/wait-1": ("main/send-2", {}),
        "main/send-2": (None, {}),
    }


def test_a_handler_rejoins_behind_its_owner() -> None:
    """The last step of a handler leads to the step after the one that it hangs on."""
    assert graph(
        """
        - ask: Well?
          save: a
          type: yesno
          then:
            yes:
              - send: Good
              - if: now
                then: {send: Very}
          on_invalid: {end: unclear}
        - send: Bye
        """
    ) == {
        "a": (
            "main/send-1",
            {"then.yes": "a.then.yes/send-1", "on_invalid": "a.on_invalid/end-1"},
        ),
        "a.then.yes/send-1": ("a.then.yes/if-1", {}),
        "a.then.yes/if-1": ("main/send-1", {"then": "a.then.yes/if-1.then/send-1"}),
        "a.then.yes/if-1.then/send-1": ("main/send-1", {}),
        "a.on_invalid/end-1": (None, {}),
        "main/send-1": (None, {}),
    }


def test_a_goto_leads_to_a_section_or_a_step() -> None:
    """A section means its first step; a step may stand above or below."""
    found = graph(
        """
        - {ask: Well?, save: a, type: yesno, then: {no: {goto: b}, yes: {goto: other}}}
        - {ask: Really?, id: b, save: c}
        sections:
          other:
            - wait: 1h
            - goto: a
        """
    )
    assert found["a.then.no/goto-1"][0] == "b"
    assert found["a.then.yes/goto-1"][0] == "other/wait-1"
    assert found["other/goto-1"][0] == "a"
    assert found["b"][0] is None


def test_a_goto_that_can_be_skipped_is_a_branch() -> None:
    """With a `when` it leads to its target or to the step behind it."""
    flow = flow_of(steps("- {ask: Well?, save: a}\n- {goto: a, when: a == 'x'}\n- send: Bye"))
    step = flow.steps["main/goto-1"]
    assert isinstance(step, If)
    assert step.condition.source == "a == 'x'"
    assert (step.when, step.next, dict(step.outcomes)) == (None, "main/send-1", {"then": "a"})


def test_an_end_that_can_be_skipped_has_a_step_behind_it() -> None:
    """With a `when` the flow goes on behind it; without one nothing follows."""
    found = graph("- {end: a, when: now}\n- send: Bye\n- end: b")
    assert found["main/end-1"][0] == "main/send-1"
    assert found["main/end-2"][0] is None


def test_cases_are_outcomes_by_value() -> None:
    """`switch` has an outcome for each case and `else` for the rest."""
    found = graph("- switch: contact.city\n  cases: {Leeds: {end: a}}\n  else: {end: b}")
    assert found["main/switch-1"][1] == {
        "case.Leeds": "main/switch-1.case.Leeds/end-1",
        "else": "main/switch-1.else/end-1",
    }


def test_defaults_fill_in_what_a_step_does_not_say() -> None:
    """Keys of `defaults` hold for every step of the verb, handlers too; the step's own win."""
    flow = flow_of(
        """\
        smsflow: 1
        triggers: [{keyword: GO}]
        defaults:
          ask: {timeout: 2d, on_timeout: {goto: late}}
        steps:
          - {ask: A?, save: a}
          - {ask: B?, save: b, timeout: 1h}
        sections:
          late: [{end: late}]
        """
    )
    first, second = flow.steps["a"], flow.steps["b"]
    assert isinstance(first, Ask)
    assert isinstance(second, Ask)
    assert (first.timeout, second.timeout) == (Duration(days=2), Duration(seconds=3600))
    assert first.outcomes == {"on_timeout": "a.on_timeout/goto-1"}
    assert second.outcomes == {"on_timeout": "b.on_timeout/goto-1"}


def test_an_ask_has_all_that_its_author_wrote() -> None:
    """Every key of the question arrives in the model."""
    flow = flow_of(
        steps(
            """
            - ask: "Well? A) one B) two"
              save: a
              choices: {one: [A, 01, no], two: B}
              retry: {times: 1, text: Again?}
              nudge: {after: 1d2h}
              skip: [SKIP, off]
              default: two
              timeout: 2d1h30m
              deliver: normal
              via: main
              report_within: 5m
              then: {two: {end: two}}
            """
        )
    )
    step = flow.steps["a"]
    assert isinstance(step, Ask)
    assert step.answer.type == "choice"
    assert step.answer.choices == (Choice("one", ("A", "01", "no")), Choice("two", ("B",)))
    assert step.answer.letters
    assert (step.retry.times, step.retry.text.variants[""].source) == (1, "Again?")  # type: ignore[union-attr]
    assert step.nudge is not None
    assert (step.nudge.after, step.nudge.times) == (Duration(1, 7200), 1)
    assert (step.skip, step.default.literal) == (("SKIP", "off"), "two")  # type: ignore[union-attr]
    assert step.timeout == Duration(2, 5400)
    assert (step.delivery.policy, step.delivery.via) == ("normal", ("main",))
    assert step.delivery.report_within == Duration(seconds=300)
    assert dict(step.outcomes) == {"then.two": "a.then.two/end-1"}


def test_numbers_have_bounds_and_words() -> None:
    """A range, words for a value, and bounds that are expressions."""
    flow = flow_of(
        steps(
            """
            - {ask: A?, save: a, type: integer, range: [1, 5], words: {1: [bad], 5: great}}
            - {ask: B?, save: b, type: decimal, min: 0.5, max: "{{ a * 2 }}"}
            """
        )
    )
    first, second = flow.steps["a"], flow.steps["b"]
    assert isinstance(first, Ask)
    assert isinstance(second, Ask)
    assert (first.answer.minimum, first.answer.maximum) == (1, 5)
    assert first.answer.words == {1: ("bad",), 5: ("great",)}
    assert (second.answer.minimum, second.answer.maximum, second.minimum) == (0.5, None, None)
    assert second.maximum is not None
    assert second.maximum.expression is not None
    assert second.maximum.expression.source == "a * 2"


def test_every_type_of_answer_has_its_bounds() -> None:
    """Days and times as such, counts of choices, a pattern, and letters that the text lists."""
    flow = flow_of(
        steps(
            """
            - {ask: A?, save: a, type: date, min: 2025-03-30, max: "{{ today + days(60) }}"}
            - {ask: B?, save: b, type: time, min: 08:00, max: 18:00}
            - {ask: "C? A) x B) y", save: c, type: multi, max: 1, choices: {x: [one], y: [two]}}
            - {ask: D?, save: d, type: code, min: 4, pattern: '[a-z]+'}
            """
        )
    )
    a, b, c, d = (flow.steps[name] for name in "abcd")
    assert isinstance(a, Ask)
    assert isinstance(b, Ask)
    assert isinstance(c, Ask)
    assert isinstance(d, Ask)
    assert a.answer.minimum == date(2025, 3, 30)
    assert a.maximum is not None
    assert (b.answer.minimum, b.answer.maximum) == (time(8), time(18))
    assert (c.answer.type, c.answer.maximum, c.answer.letters) == ("multi", 1, True)
    assert [choice.key for choice in c.answer.choices] == ["x", "y"]
    assert (d.answer.minimum, d.answer.pattern) == (4, "[a-z]+")


def test_values_keep_their_types() -> None:
    """Literals are what they look like; whole braces are an expression."""
    flow = flow_of(
        steps('- set: {a: other, b: 3, c: null, d: [1, no], contact.city: "{{ message.text }}"}')
    )
    step = flow.steps["main/set-1"]
    assert isinstance(step, Set)
    values = dict(step.assignments)
    assert [values[name].literal for name in "abcd"] == ["other", 3, None, [1, "no"]]
    assert values["contact.city"].expression.source == "message.text"  # type: ignore[union-attr]


def test_waits_and_codes_have_their_settings() -> None:
    """A wait until a moment, and a one-time code."""
    flow = flow_of(
        steps(
            """
            - wait: {until: now, offset: -1d}
              on_past: {end: late}
            - otp: Your code is {{ code }}
              digits: 4
              expires: 5m
              resend: {words: AGAIN}
            """
        )
    )
    wait, otp = flow.steps["main/wait-1"], flow.steps["main/otp-1"]
    assert isinstance(wait, Wait)
    assert isinstance(otp, Otp)
    assert wait.moment is not None
    assert (wait.duration, wait.moment.offset) == (None, Duration(days=-1))
    assert (otp.digits, otp.expires, otp.attempts) == (4, Duration(seconds=300), 3)
    assert otp.resend is not None
    assert (otp.resend.words, otp.resend.every) == (("AGAIN",), Duration(seconds=30))


def test_texts_come_from_names_and_files() -> None:
    """A named text of the file, and template files with one line break less at their end."""
    flow = flow_of(
        """\
        smsflow: 1
        languages: [en, fr]
        triggers: [{keyword: GO}]
        texts:
          hi: {en: Hi, fr: Salut}
        steps:
          - send: {text: hi}
          - send: {template: bye}
          - send: {template: all}
        """,
        {
            "templates/bye.en.j2": "Bye\n",
            "templates/bye.fr.j2": "Au revoir\n",
            "templates/all.j2": "OK\n",
        },
    )
    sources = [
        {language: each.source for language, each in step.text.variants.items()}
        for step in flow.steps.values()
        if isinstance(step, Send)
    ]
    assert sources == [{"en": "Hi", "fr": "Salut"}, {"en": "Bye", "fr": "Au revoir"}, {"": "OK"}]


def test_the_top_of_a_flow_arrives() -> None:
    """Inputs, limits, key, mode, lifetime and variables."""
    flow = flow_of(
        """\
        smsflow: 1
        description: All of it
        owner: desk
        tags: [a, b]
        kind: marketing
        languages: [en, fr]
        inputs:
          a: text
          b: {type: integer, default: 3, values: [3, 4]}
          c: {type: object, fields: {at: datetime}}
        triggers:
          - api: true
          - {pattern: '^order (?P<a>[0-9]+)$', to: main, lang: fr, when: contact.city == 'Leeds'}
          - catch_all: true
        key: a or b
        mode: queue
        limits: {starts: 5/1h}
        vars: {rate: 1.5}
        lifetime: 60d
        x-notes: {anything: {goes: here}}
        steps: [{end: done}]
        """
    )
    a, b, c = flow.inputs
    assert (a.required, b.required, b.default, b.values) == (True, False, 3, (3, 4))
    assert c.fields[0].type == "datetime"
    assert [trigger.kind for trigger in flow.triggers] == ["api", "pattern", "catch_all"]
    assert (flow.triggers[1].number, flow.triggers[1].language) == ("main", "fr")
    assert (flow.kind, flow.mode, flow.lifetime) == ("marketing", "queue", Duration(days=60))
    assert flow.starts is not None
    assert (flow.starts.times, flow.starts.per) == (5, Duration(seconds=3600))
    assert flow.variables == {"rate": 1.5}
    assert flow.key is not None


def test_the_default_of_an_object_is_read_as_an_object_that_is_given() -> None:
    """Its fields have their types and their own defaults."""
    flow = flow_of(
        """\
        smsflow: 1
        inputs:
          o: {type: object, fields: {a: decimal, b: {type: text, default: z}}, default: {a: 1}}
        steps: [{end: done}]
        """
    )
    assert flow.inputs[0].default == {"a": Decimal(1), "b": "z"}


@pytest.mark.parametrize(
    ("default", "problem"),
    [
        ("{a: x}", "input 'a' must be a whole number"),
        ("{}", "input 'a' is missing"),
        ("{a: 1, b: 2}", "unknown input 'b'"),
        ("5", "'5' must be an object"),
    ],
)
def test_the_default_of_an_object_that_does_not_fit_is_told(default: str, problem: str) -> None:
    """Before any session starts with it."""
    inputs = f"inputs: {{o: {{type: object, fields: {{a: integer}}, default: {default}}}}}\n"
    issue = only(load_flow("smsflow: 1\n" + inputs + "steps: [send: Hi]"))
    assert (issue.code, issue.place.line) == ("F202", 2)
    assert problem in issue.message


def test_defaults_of_inputs_have_the_type_that_was_declared() -> None:
    """A text is what was written, whatever it looks like; the rest is converted."""
    flow = flow_of(
        """\
        smsflow: 1
        inputs:
          a: {type: text, default: 1.50}
          b: {type: text, default: 7, values: [7, 08]}
          c: {type: decimal, default: 1.50}
          d: {type: date, default: 2025-03-30}
          e: {type: text, default: null}
        steps: [{end: done}]
        """
    )
    defaults = [each.default for each in flow.inputs]
    assert defaults == ["1.50", "7", Decimal("1.50"), date(2025, 3, 30), None]
    assert flow.inputs[1].values == ("7", "08")


def test_a_file_may_hold_several_flows() -> None:
    """Documents are parted by --- and named by `flow`."""
    text = "smsflow: 1\nflow: a\nsteps: [{end: x}]\n---\nsmsflow: 1\nflow: b\nsteps: [{end: y}]"
    assert set(load_flow(text).flows) == {"a", "b"}


def test_drafts_are_not_loaded() -> None:
    """Files with a leading underscore, and files elsewhere, are left alone."""
    files = {"smsflow.yaml": PROJECT.encode(), "flows/_x.yaml": b"no", "flows/a/b.yaml": b"no"}
    files |= {"flows/y.yml": b"smsflow: 1\nsteps: [{end: a}]", "notes.yaml": b"no"}
    loaded = load(files)
    assert (set(loaded.flows), loaded.issues) == ({"y"}, ())


# --- versions -------------------------------------------------------------------------------------

BASE = "smsflow: 1\nsteps:\n- {send: Hi, id: a}\n- ask: Well?\n  choices: {a: [x], b: [y]}\n"


@pytest.mark.parametrize(
    "text",
    [
        "# new\n" + BASE,
        BASE.replace("{send: Hi, id: a}", "{id: a,  send: 'Hi'}"),
        "steps:\n- id: a\n  send: Hi\n- choices:  {a: [x], b: [y]}\n  ask: Well?\nsmsflow: 1\n",
        BASE + "x-more: 1\n",
    ],
)
def test_formatting_is_no_new_version(text: str) -> None:
    """Comments, quotes, layout, the order of keys and x- keys do not count."""
    assert flow_of(text).version == flow_of(BASE).version


@pytest.mark.parametrize(
    "text",
    [
        BASE.replace("Hi", "Ho"),
        BASE.replace("{a: [x], b: [y]}", "{b: [y], a: [x]}"),
        BASE.replace("id: a", "id: c"),
        BASE + "mode: queue\n",
    ],
)
def test_what_a_person_would_notice_is_a_new_version(text: str) -> None:
    """Texts, ids, settings and the order of choices count."""
    assert flow_of(text).version != flow_of(BASE).version


def test_a_template_belongs_to_the_version() -> None:
    """Another word in a template file is another version of the flows that use it."""
    text = steps("- send: {template: a}")
    before, after = (flow_of(text, {"templates/a.j2": word}) for word in ("Hi", "Ho"))
    assert before.version != after.version
    more = {"templates/a.j2": "Hi", "templates/b.j2": "x"}
    assert before.version == flow_of(text, more).version


def test_a_bundle_gives_the_same_flow_back() -> None:
    """Every sample is read again from its bundle, equal in all things."""
    loaded = load(sample())
    assert loaded.project is not None
    for name, flow in loaded.flows.items():
        assert read_bundle(loaded.bundles[name], loaded.project) == flow


def test_a_bundle_outlives_changes_of_the_project() -> None:
    """A session goes on though its numbers, policies and languages are gone from the project."""
    loaded = load(sample())
    assert loaded.project is not None
    poorer = replace(loaded.project, languages=("de",), policies={}, fields={}, stop_words=("C",))
    for name, flow in loaded.flows.items():
        assert read_bundle(loaded.bundles[name], poorer).version == flow.version


@pytest.mark.parametrize(
    "step",
    [
        "{ask: How many?, save: n, type: integer, range: [1, 10], words: {0: [none]}}",
        "{ask: How many?, save: n, type: integer, min: 9, max: 1}",
        "{set: {contact.timezone: Mars/X}}",
    ],
)
def test_a_bundle_outlives_checks_that_came_later(step: str) -> None:
    """Sessions are on it, and whoever is in one has to be able to say STOP."""
    loaded = load(sample())
    assert loaded.project is not None
    content = json.loads(loaded.bundles["hours"])
    text = f"smsflow: 1\ninputs: {{o: {{type: object, default: {{x: 1}}}}}}\nsteps: [{step}]\n"
    known = {"smsflow.yaml": sample()["smsflow.yaml"], "flows/hours.yaml": text.encode()}
    assert [each for each in load(known).issues if each.level == "error"]
    read_bundle(json.dumps({**content, "text": text}), loaded.project)


def test_a_bundle_keeps_the_templates_that_are_used() -> None:
    """Those of other flows are not its own."""
    assert set(json.loads(load(sample()).bundles["hours"])["templates"]) == {
        "templates/hours.en.j2",
        "templates/hours.fr.j2",
    }


def test_a_bundle_that_cannot_be_read_says_why() -> None:
    """ProjectInvalid carries the issues of a broken bundle, and of a name that is not there."""
    loaded = load(sample())
    assert loaded.project is not None
    content = json.loads(loaded.bundles["hours"])
    broken = json.dumps({**content, "text": "smsflow: 1\nsteps: [{sned: Hi}]"})
    with pytest.raises(ProjectInvalid) as caught:
        read_bundle(broken, loaded.project)
    assert caught.value.issues[0].code == "F206"
    with pytest.raises(ProjectInvalid):
        read_bundle(json.dumps({**content, "flow": "other"}), loaded.project)


def test_one_file_can_be_read_by_itself() -> None:
    """`read_flows` gives the flows of a file, or its issues and none of them."""
    project, issues = read_project(PROJECT)
    assert project is not None
    assert issues == []
    good, none = dedent("smsflow: 1\nsteps: [{end: a}]"), Catalogues()
    flows, issues = read_flows(good, "flows/x.yaml", project=project, templates={}, catalogues=none)
    assert ([flow.name for flow in flows], issues) == (["x"], [])
    flows, issues = read_flows(
        good + "\nx: 1", "flows/x.yaml", project=project, templates={}, catalogues=none
    )
    assert (flows, [issue.code for issue in issues]) == ([], ["F203"])


def test_a_flow_with_an_error_is_not_there() -> None:
    """One broken flow keeps itself out, and the others in."""
    more = {"flows/y.yaml": "smsflow: 1\nsteps: [{end: a}]"}
    loaded = load_flow("smsflow: 1\nsteps: [{sned: Hi}]", more)
    assert set(loaded.flows) == {"y"}
    with pytest.raises(ProjectInvalid):
        loaded.sound()


def test_the_graph_of_the_samples_holds_together() -> None:
    """Every id that a step names is a step, and every goto and end is one."""
    for flow in load(sample()).flows.values():
        for step in flow.steps.values():
            assert step.id in flow.steps
            assert {step.next, *step.outcomes.values()} - {None} <= flow.steps.keys()
            assert not isinstance(step, End) or step.when is not None or step.next is None
            assert not isinstance(step, Goto) or step.next is not None
