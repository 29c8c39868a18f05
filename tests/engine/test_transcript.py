"""Test files are read with the place of every line, and every mistake is told where it stands."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.engine.transcripts.transcript import merged, read_transcripts

HEAD = "smsflow-test: 1\nflow: talk\n"


def read(text: str):
    """The tests and issues of a file."""
    return read_transcripts(dedent(text).encode(), "tests/flows/talk.test.yaml")


def steps(*lines: str) -> str:
    """A file with one test of these lines, which begin on line 5."""
    return HEAD + "tests:\n  - {name: one, steps: [\n" + ",\n".join(lines) + "]}\n"


def test_lines_keep_their_words_values_and_places():
    tests, issues = read("""\
        smsflow-test: 1
        flow: talk
        given: {contact: {language: en, city: Leeds}, now: 2025-03-10 09:00}
        tests:
          - name: one
            given: {contact.language: fr}
            steps:
              - in: hello
              - out: {starts: Hi, via: main}
              - dlr: delivered
              - after: 2h
              - silent: true
              - expect: {count: 5, contact.city: Leeds}
        """)
    assert issues == []
    (test,) = tests
    assert (test.name, test.flow) == ("one", "talk")
    assert test.given["contact"] == {"language": "fr", "city": "Leeds"}
    assert [(line.word, line.happens, line.place.line) for line in test.lines] == [
        ("in", True, 8),
        ("out", False, 9),
        ("dlr", True, 10),
        ("after", True, 11),
        ("silent", False, 12),
        ("expect", False, 13),
    ]
    assert test.lines[1].value == {"starts": "Hi", "via": "main"}
    assert str(test.lines[1].place_of("via")).endswith(":9:32")
    assert test.lines[5].value == {"count": 5, "contact.city": "Leeds"}


def test_texts_stay_texts():
    """No word and no number of a text turns into something else."""
    tests, issues = read(steps("{in: no}", "{in: 0123}", "{out: 21:00}", "{in: 482 913}"))
    assert issues == []
    assert [line.value["text"] for line in tests[0].lines] == ["no", "0123", "21:00", "482 913"]


@pytest.mark.parametrize(
    ("text", "code", "line", "says"),
    [
        ("", "F201", 1, "empty"),
        ("- a\n- b\n", "F202", 1, "a mapping with flow and tests"),
        ("flow: talk\ntests: []\n", "F201", 1, "version"),
        ("smsflow-test: 2\nflow: talk\ntests: []\n", "F201", 1, "version"),
        ("smsflow-test: 1\ntests: []\n", "F201", 1, "'flow' is missing"),
        (HEAD, "F201", 1, "'tests' is missing"),
        (HEAD + "test: []\ntests: []\n", "F203", 3, "unknown key 'test'"),
        (HEAD + "tests:\n  - steps: [{in: x}]\n", "F201", 4, "no name"),
        (HEAD + "tests:\n  - name: one\n", "F201", 4, "no steps"),
        (HEAD + "tests:\n  - {name: one, step: [], steps: [{in: x}]}\n", "F203", 4, "'step'"),
        (HEAD + "given: {nwo: 1}\ntests: []\n", "F203", 3, "'nwo'"),
        (HEAD + "given: {subscribed: {}}\ntests: []\n", "F203", 3, "'subscribed'"),
        (HEAD + "given: [1]\ntests: []\n", "F202", 3, "mapping"),
    ],
)
def test_a_mistake_of_the_file_is_told_at_its_place(text, code, line, says):
    _, issues = read(text)
    assert (code, line) in [(issue.code, issue.place.line) for issue in issues]
    assert any(says in issue.message for issue in issues), issues


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("{inn: hello}", "F206", "unknown line 'inn'"),
        ("{in: hello, out: hi}", "F202", "one word with a value"),
        ("hello", "F202", "one word with a value"),
        ("{http: GET x}", "F208", "no call"),
        ("{in: [a]}", "F202", "a text is expected"),
        ("{in: {to: main}}", "F201", "'text' is missing"),
        ("{in: {text: a, of: b}}", "F203", "'of'"),
        ("{out: {start: a}}", "F203", "'start'"),
        ("{out: {matches: '('}}", "F406", "no pattern"),
        ("{out: {segments: many}}", "F208", "many"),
        ("{after: soon}", "F208", "no length of time"),
        ("{after: -2h}", "F208", "no length of time"),
        ("{at: noon}", "F208", "no date and time"),
        ("{dlr: arrived}", "F207", "no report"),
        ("{dlr: {of: 1}}", "F201", "'status' is missing"),
        ("{dlr: {status: sent, of: x}}", "F208", "x"),
        ("{silent: false}", "F202", "true"),
        ("{restart: soon}", "F202", "true"),
        ("{expect: five}", "F202", "names with their values"),
        ("{start: five}", "F202", "inputs as a mapping"),
        ("{deploy: {}}", "F201", "'flow' is missing"),
    ],
)
def test_a_mistake_of_a_line_is_told_at_its_place_and_spares_the_others(line, code, says):
    tests, issues = read(steps("{in: before}", line, "{in: after}"))
    assert [(issue.code, issue.place.line) for issue in issues] == [(code, 6)]
    assert says in issues[0].message
    texts = [each.value["text"] for each in tests[0].lines if each.place.line != 6]
    assert texts == ["before", "after"]


@pytest.mark.parametrize(
    "given_",
    [
        "{contact: 5}",
        "{contact: {phone: '+4412'}}",
        "{contact: {timezone: Nowhere/Town}}",
        "{now: noon}",
        "{codes: 482913}",
        "{codes: [letters]}",
        "{random: x}",
        "{history: 3}",
        "{history: [{flow: talk}]}",
        "{history: [{flow: talk, at: noon}]}",
        "{start: 5}",
    ],
)
def test_a_given_that_makes_no_sense_is_told_on_its_line(given_):
    _, issues = read(f"{HEAD}given: {given_}\ntests:\n  - {{name: one, steps: [{{in: x}}]}}\n")
    assert [issue.place.line for issue in issues] == [3]


def test_every_mistake_is_told_at_once_and_in_order():
    _, issues = read(steps("{inn: a}", "{out: {x: 1}}", "{after: soon}"))
    assert [issue.place.line for issue in issues] == [5, 6, 7]


def test_a_path_overrides_one_value_and_leaves_the_file_alone():
    base = {"contact": {"language": "en", "city": "Leeds"}}
    assert merged(base, {"contact.language": "fr"}) == {
        "contact": {"language": "fr", "city": "Leeds"}
    }
    assert merged(base, {"start.appointment.at": "x"})["start"] == {"appointment": {"at": "x"}}
    assert base == {"contact": {"language": "en", "city": "Leeds"}}


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_stands_in_a_file_is_read_or_told(data):
    tests, issues = read_transcripts(data, "x.test.yaml")
    assert tests or issues


PIECES = st.sampled_from(
    ["in", "out", "given", "tests", "name", "steps", "after", "2h", "x", "dlr", "[]", "{}", "true"]
)


@given(
    st.recursive(
        PIECES,
        lambda i: (
            st.lists(i, max_size=3).map(lambda x: f"[{', '.join(x)}]")
            | st.dictionaries(PIECES.filter(str.isalpha), i, max_size=3).map(
                lambda x: "{" + ", ".join(f"{k}: {v}" for k, v in x.items()) + "}"
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_stands_under_tests_is_read_or_told(value):
    tests, issues = read(f"{HEAD}tests: {value}\n")
    assert issues or all(test.lines for test in tests)


def test_a_flow_in_the_place_of_a_test_is_told_once():
    _, issues = read("smsflow: 1\ndescription: Hi\nsteps:\n  - send: Hi\n")
    (issue,) = issues
    assert (issue.place.line, issue.message) == (1, "this is a flow, and no test of one")
