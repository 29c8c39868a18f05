"""A flow as a picture: what is drawn is what runs, and any text makes valid Mermaid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.author.yaml_text import quoted
from smsflow.engine.diagram import mermaid
from smsflow.engine.language.parse import load
from smsflow.engine.model import Flow
from smsflow.extending import read_project
from tests.engine.conftest import PROJECT

SAMPLES = read_project(Path(__file__).parents[2])[1].flows
SHAPES = r'\(\["T"\]\)|\(\(\("T"\)\)\)|\("T"\)|\["T"\]|\{"T"\}|\[/"T"/\]'
LABEL = r"(?:[\w .,:!?'/+=()“”…€£-]|#\d+;|<br/>)*"  # no letter of it means anything to Mermaid
# Every line that we write, as Mermaid's grammar has it: anything else would be no picture.
LINES = [
    re.compile(pattern.replace("T", LABEL))
    for pattern in (
        r"flowchart TD",
        rf"    ?(?:  )?n\d+(?:{SHAPES})".replace("    ?(?:  )?", " +"),
        r' +subgraph s\d+\["T"\]',
        r" +end",
        r' +n\d+ (?:-->|-\.->)(?:\|"T"\|)? n\d+',
        r" +classDef \w+ [\w:#,\s-]+",
        r" +class n\d+(?:,n\d+)* \w+",
        r" +linkStyle \d+ stroke:#\w+",
    )
]


def flow_of(text: str) -> Flow:
    """A flow that is sound."""
    files = {"smsflow.yaml": PROJECT.encode(), "flows/talk.yaml": f"smsflow: 1\n{text}".encode()}
    return load(files).sound().flows["talk"]


def check(picture: str) -> None:
    """Every line is one that Mermaid reads, and every shape that is used is there once."""
    for line in picture.splitlines():
        assert any(each.fullmatch(line) for each in LINES), line
    shapes = re.findall(r"^ +(n\d+)[(\[{]", picture, re.MULTILINE)
    used = re.findall(r"^ +(n\d+) -.*(n\d+)$", picture, re.MULTILINE)
    assert len(shapes) == len(set(shapes))
    assert {name for pair in used for name in pair} <= set(shapes)


def edges(picture: str) -> set[str]:
    """The lines by what they join: the first line of both shapes, without quotes."""
    names = dict(re.findall(r'^ +(n\d+)[(\[{/]+"(.*?)(?:<br/>|")', picture, re.MULTILINE))
    found = re.findall(r'^ +(n\d+) (-->|-\.->)(?:\|"(.*?)"\|)? (n\d+)$', picture, re.MULTILINE)
    return {
        " ".join(part for part in (names[one], arrow, label, names[other]) if part)
        for one, arrow, label, other in found
    }


ASK = """
triggers: [{keyword: GO}, {api: true}]
steps:
  - ask: Coming?
    save: answer
    type: yesno
    retry: {times: 1}
    timeout: 20h
    then:
      yes: {goto: happy}
      no: {end: sad}
    on_timeout: {end: silent}
    on_failed: {goto: trouble}
sections:
  happy:
    - send: Good.
      when: contact.score > 5
    - end: good
  trouble: [{end: unreachable}]
"""


def test_a_picture_has_every_way_out_of_a_question():
    """Answers are solid, silence and failure dashed; a goto is the line itself, not a shape."""
    assert edges(mermaid(flow_of(ASK))) == {
        "keyword GO --> ask answer",
        "ask answer --> yes send",
        "ask answer --> no sad",
        "ask answer -.-> 20h silent silent",
        "ask answer -.-> 2 unclear invalid",  # the engine's own end
        "ask answer -.-> failed unreachable",
        "send --> good",
    }


def test_a_person_who_leads_elsewhere_draws_no_line_straight_on():
    flow = flow_of("""
triggers: [{keyword: GO}]
steps:
  - handoff: desk
    timeout: 1h
    on_timeout: {end: nobody}
    on_closed: {end: handled}
""")
    assert edges(mermaid(flow)) == {
        "keyword GO --> handoff to desk",
        "handoff to desk --> closed handled",
        "handoff to desk -.-> 1h unanswered nobody",
    }


def test_shapes_tell_what_a_step_is():
    """Triggers are stadiums on top, questions round, ends double circles, sections frames."""
    picture = mermaid(flow_of(ASK))
    lines = picture.splitlines()
    assert lines[:2] == ["flowchart TD", '  n0(["keyword GO<br/>api"])']
    assert '  n1("ask answer<br/>“Coming?”")' in lines
    assert any(re.fullmatch(r'  n\d\(\(\("sad"\)\)\)', line) for line in lines)
    frame = lines.index(next(line for line in lines if '["happy"]' in line))
    assert lines[frame + 1].endswith('["send<br/>“Good.”<br/>when contact.score #62; 5"]')
    assert lines[frame + 3] == "  end"


def test_branches_and_waits_are_drawn_as_they_run():
    """What an author leaves out goes on at the next step, and so does the line."""
    flow = flow_of("""
inputs: {n: integer, at: datetime}
triggers: [{api: true}]
steps:
  - id: top
    wait: {until: at, offset: -1d}
    on_past: {end: late}
  - if: n > 1
    then: {set: {m: 1}}
  - switch: n
    cases: {1: {wait: 1h30m}, 2: {goto: top}}
  - end: over
    when: n == 3
""")
    assert edges(mermaid(flow)) == {
        "api --> wait until at -1d",
        "wait until at -1d -.-> past late",
        "wait until at -1d --> if n #62; 1",
        "if n #62; 1 --> then set m",
        "if n #62; 1 --> else switch n",
        "set m --> switch n",
        "switch n --> 1 wait 1h30m",
        "switch n --> 2 wait until at -1d",
        "switch n --> else over",
        "wait 1h30m --> over",
        "over --> else done",
    }


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_samples_have_pictures(name):
    """Each is valid, alone and compared with itself, which marks nothing."""
    flow = SAMPLES[name]
    check(mermaid(flow))
    assert mermaid(flow, before=flow) == mermaid(flow)


@given(st.text(min_size=1).filter(lambda text: text.strip()), st.text(max_size=30))
def test_any_text_makes_valid_mermaid(text, live):
    """Quotes, brackets, line breaks, comments, directives: a text is only ever a label."""
    if "{" in text:
        text = text.replace("{", "(")
    files = {
        "smsflow.yaml": PROJECT.encode(),
        "flows/talk.yaml": (
            f"smsflow: 1\ntriggers: [{{keyword: {quoted(text)}}}]\n"
            f"steps: [{{send: {quoted(text)}}}]\n"
        ).encode("utf-8", "replace"),
    }
    flow = load(files).flows.get("talk")
    if flow is not None:
        check(mermaid(flow, live={live: 3}))


NASTY = ['"', "end", "]) --> x", "#quot;", "%%{init: {}}%%", "<script>", "a\nb", "1. list", "`x`"]


@pytest.mark.parametrize("text", NASTY)
def test_text_that_means_something_to_mermaid_stays_text(text):
    """The words that break pictures in practice."""
    flow = flow_of(
        f"triggers: [{{api: true}}]\nsteps: [{{set: {{x: 1}}, when: {quoted(repr(text))}}}]"
    )
    check(mermaid(flow, live={text: 1}))


def test_live_sessions_are_counted_at_their_step():
    """With those that wait at a step that this version does not have."""
    picture = mermaid(flow_of(ASK), live={"answer": 12, "gone": 1})
    check(picture)
    assert '("ask answer<br/>“Coming?”<br/>12 live")' in picture
    assert "1 live at 'gone'<br/>of another version" in picture


def test_another_version_is_marked():
    """Added is green, gone is red, changed is amber; lines as well."""
    new = ASK.replace("Coming?", "Will you come?").replace("no: {end: sad}", "no: {end: sorry}")
    new = new.replace("    - send: Good.\n      when: contact.score > 5\n", "    - send: Fine.\n")
    new = new.replace("trouble: [", "trouble: [{send: Oh.}, ")
    picture = mermaid(flow_of(new), before=flow_of(ASK))
    check(picture)
    marked = {
        mark: [re.search(rf'{name}[(\["]+([^<"]+)', picture)[1] for name in names.split(",")]
        for names, mark in re.findall(r"^  class (\S+) (\w+)$", picture, re.MULTILINE)
    }
    assert marked == {"added": ["send"], "changed": ["ask answer", "sorry", "send"]}
    gone = mermaid(flow_of(ASK), before=flow_of(new))
    assert "removed" in gone
    check(gone)
