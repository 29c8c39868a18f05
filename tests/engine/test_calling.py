"""Calls and actions: what is sent, what an answer leads to, and texts that come meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from smsflow.engine.effects import Errand
from smsflow.engine.errands import GRACE
from smsflow.engine.events import ErrandDone
from smsflow.engine.extension import Extension, RegisteredAction
from smsflow.engine.language.parse import load
from smsflow.engine.transcripts.services import Outside
from smsflow.engine.transcripts.simulator import Simulator
from tests.engine.conftest import PROJECT as PLAIN
from tests.engine.conftest import build

PROJECT = (
    PLAIN
    + """\
services:
  crm: {url: https://crm.example/v2, auth: {bearer: env.CRM_TOKEN}, timeout: 5s}
  near: {url: "http://10.1.2.3:8080", allow: [10.0.0.0/8]}
"""
)
HEAD = "triggers: [{keyword: GO}]\n"


@pytest.fixture
def flow(world):
    """Give the steps of one flow, and what services answer."""

    def give(steps: str, http: dict[str, Any] | None = None, head: str = HEAD):
        sim = world(f"{head}steps:\n{steps}", project=PROJECT)
        sim.outside = Outside(http or {})
        return sim

    return give


def test_a_call_waits_for_its_answer_and_keeps_it(flow, phone, sessions, trace):
    """The answer's JSON is a variable; the trace has the call, its status and its time."""
    sim = flow(
        "- call: GET crm:/people/{{ contact.phone }}\n  save: person\n"
        "- send: 'Hello {{ person.name }}'",
        {"GET crm:/people/*": {"status": 200, "body": {"name": "Ada"}}},
    )
    phone.says("go")
    phone.heard("Hello Ada")
    assert [call.words for call in sim.calls] == ["GET crm:/people/%2B447700900123"]
    assert trace("call") == ["GET crm:/people/{{ contact.phone }} 200 0ms"]
    assert sessions()[0].last["http"] == {"status": 200, "body": {"name": "Ada"}}


@pytest.mark.parametrize(
    ("steps", "data"),
    [
        (
            "- call: POST crm:/x\n  json: {a: 1, b: {c: '{{ n }}', d: ['{{ n + 1 }}']}}",
            {"a": 1, "b": {"c": 2, "d": [3]}},
        ),
        ("- call: POST crm:/x\n  json: [n, later]", {"n": 2, "later": None}),
        ("- call: POST crm:/x\n  form: {a: '{{ n }}', b: [x, y]}", {"a": "2", "b": "y"}),
        ("- call: GET crm:/x\n  query: {day: '{{ today }}'}", {"day": "2025-03-10"}),
    ],
)
def test_what_a_call_sends(flow, phone, steps, data):
    """Values by name, nested ones too, or variables by name, which are null while unset."""
    later = "\n- if: n > 5\n  then: {set: {later: 1}}"
    sim = flow(f"- set: {{n: 2}}\n{steps}{later}")
    phone.says("go")
    assert [call.data for call in sim.calls] == [data]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("go ../admin?x=1#y", "/t/..%2Fadmin%3Fx%3D1%23y"),
        ("go a/b", "/t/a%2Fb"),
        ("go é", "/t/%C3%A9"),
    ],
)
def test_a_value_stays_in_its_place_in_the_path(flow, phone, text, path):
    """Whatever somebody texts: it is one part of the path, with every sign escaped."""
    sim = flow("- call: GET crm:/t/{{ message.text[3:] }}")
    phone.says(text)
    assert [call.words for call in sim.calls] == [f"GET crm:{path}"]


@pytest.mark.parametrize("text", ["go ..", "go .", "go"])
def test_a_value_that_would_change_the_path_fails_the_step(flow, phone, ended, text):
    """Dots climb up and nothing leaves a part out: neither is sent."""
    sim = flow("- call: GET crm:/t/{{ message.text[3:] }}/x")
    phone.says(text)
    assert sim.calls == []
    assert ended() == ["failed"]


def test_a_status_that_is_not_expected_takes_the_way_of_the_error(flow, phone, sessions):
    """last.http has the status and the body, error the rest; 4xx is not tried again."""
    flow(
        "- call: POST crm:/x\n  on_error:\n"
        "    - send: '{{ last.http.status }} {{ last.http.body.why }} {{ error.kind }}'",
        {"POST crm:/x": {"status": 409, "body": {"why": "taken"}}},
    )
    phone.says("go")
    phone.heard("409 taken http")
    assert sessions()[0].outcome == "done"


def test_a_call_that_fails_and_is_not_handled_ends_the_session(flow, phone, ended, trace):
    """Failed, with the reason in the trace."""
    flow("- call: POST crm:/x\n  retry: 0", {"POST crm:/x": 500})
    phone.says("go")
    assert ended() == ["failed"]
    assert trace("error") == ["http: POST crm:/x: the service answered 500"]


@pytest.mark.parametrize(
    ("expect", "reply", "end"),
    [
        ("404", 404, "done"),
        ("[200, 404]", 204, "failed"),
        ("2xx", 204, "done"),
        ("{where: body.ok}", {"body": {"ok": True}}, "done"),
        ("{where: body.ok}", {"body": {"ok": False}}, "failed"),
        ("{status: [4xx], where: status == 410}", 410, "done"),
        ("2xx", 302, "failed"),
    ],
)
def test_what_counts_as_a_success(flow, phone, ended, expect, reply, end):
    """Statuses, an expression over the answer, or both; a redirect is none."""
    flow(f"- call: GET crm:/x\n  retry: 0\n  expect: {expect}", {"GET crm:/x": reply})
    phone.says("go")
    assert ended() == [end]


def test_it_is_tried_again_with_longer_and_longer_pauses(flow, phone, clock, ended):
    """5xx, 408 and 429 may pass: 2s, then 4s, as often as the step says."""
    sim = flow("- call: POST crm:/x\n  retry: 2", {"POST crm:/x": [500, 429, 201]})
    phone.says("go")
    clock.passes("5s")
    assert ended() == [None]
    clock.passes("1s")
    assert ended() == ["done"]
    assert len(sim.calls) == 1, "tries of one call are one call"


def test_texts_wait_while_a_call_is_out(flow, phone, clock, ended):
    """They are routed in order when the answer is there, and answer what would be asked then;
    words of compliance don't wait."""
    flow(
        "- call: POST crm:/x\n  retry: {times: 1, after: 1m}\n"
        "- ask: How many?\n  type: integer\n  save: n\n- ask: And then?\n  save: m\n"
        "- send: '{{ n }} {{ m }}'",
        {"POST crm:/x": [503, 200]},
    )
    phone.says("go")
    phone.says("3")
    phone.says("nothing")
    phone.says("help")
    clock.passes("1m")
    heard = [each.effect.text for each in phone._new()]
    assert heard[1:] == ["3 nothing"]
    assert "STOP" in heard[0], "HELP is answered at once"
    assert ended() == ["done"]


def test_stop_is_obeyed_while_a_call_is_out(flow, phone, clock, ended, trace):
    """The session ends; the answer comes to nobody, and kept texts are not answered."""
    flow(
        "- call: POST crm:/x\n  retry: {times: 1, after: 1m}\n- send: Done",
        {"POST crm:/x": [503, 200]},
    )
    phone.says("go")
    phone.says("go")
    phone.says("stop")
    assert ended() == ["opted_out"]
    clock.passes("2m")
    assert ended() == ["opted_out"]
    assert len(trace("late")) == 1


def test_only_so_many_texts_are_kept(flow, phone):
    """The contact's row stays small, whatever is texted meanwhile."""
    sim = flow("- call: POST crm:/x\n  retry: {times: 1, after: 1m}", {"POST crm:/x": [503, 200]})
    phone.says("go")
    for number in range(30):
        phone.says(str(number))
    assert len(sim.contact.kept) == 20


def test_a_result_that_comes_twice_counts_once(flow, phone, ended, trace):
    """The second one is for nobody."""
    sim = flow("- call: POST crm:/x\n- ask: Well?\n")
    phone.says("go")
    session = next(iter(sim.sessions.values()))
    again = ErrandDone(session.id, 1, "no such errand", {"ok": True})
    sim._happen(again)
    assert ended() == [None]
    assert trace("late") == ["a result that nobody waits for: no such errand"]
    phone.heard("Well?")


class NobodyWorks(Simulator):
    """A deployment whose workers for errands are away."""

    def _do(self, errand: Errand, tries: int) -> None:
        """Nothing."""


def test_an_errand_that_nobody_does_ends_in_a_timeout(place, phone, ended):
    """A day after its last try; the handler knows the kind."""
    flow = f"{HEAD}steps:\n- call: POST crm:/x\n  on_error: {{send: '{{{{ error.kind }}}}'}}\n"
    place._sim = NobodyWorks(build(flow, project=PROJECT), place.contact, place.now, place.rng)
    phone.says("go")
    place.sim.move_to(place.sim.now + GRACE + timedelta(minutes=1))
    phone.heard("timeout")
    assert ended() == ["done"]


def test_a_question_of_another_flow_waits_for_the_whole_exchange(world, phone, clock):
    """A flow that calls between two texts is not done talking."""
    sim = world(
        "triggers: [{keyword: ONE}]\nsteps: [{ask: First?}]",
        "flow: two\ntriggers: [{keyword: TWO, match: whole}]\n"
        "steps: [{ask: Second?, save: a}, "
        "{call: 'POST crm:/x', retry: {times: 1, after: 1m}}, {send: Thanks}]",
        project=PROJECT,
    )
    sim.outside = Outside({"POST crm:/x": [503, 200]})
    phone.says("one")
    phone.says("two")
    phone.says("yes")
    phone.heard("First?", "Second?")
    clock.passes("1m")
    phone.heard("Thanks", "First?")


# --- actions --------------------------------------------------------------------------------------


def actions(**functions: Any) -> Extension:
    """An extension with these functions as actions."""
    return Extension(
        {
            name: RegisteredAction(name, function, takes_any=True)
            for name, function in functions.items()
        }
    )


def with_actions(sim, extension):
    """The simulator, its actions being those."""
    sim.outside = Outside(functions=extension.actions)
    return sim


def test_an_action_runs_and_its_result_is_kept(world, phone):
    """Arguments keep their types."""
    project = PROJECT + "python: shop\n"
    sim = world(
        f"{HEAD}steps:\n- action: add\n  with: {{a: 2, day: '{{{{ today }}}}'}}\n  save: sum\n"
        "- send: '{{ sum }}'",
        project=project,
    )
    with_actions(sim, actions(add=lambda a, day: f"{a + 1} {day.year}"))
    phone.says("go")
    phone.heard("3 2025")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda: object(), "TypeError: a session can't keep a value of type object"),
    ],
)
def test_an_action_that_fails_takes_the_way_of_the_error(world, phone, function, message):
    """The error is that of the function, or that its result can't be kept."""
    project = PROJECT + "python: shop\n"
    sim = world(
        f"{HEAD}steps:\n- action: bad\n  on_error: {{send: '{{{{ error.message }}}}'}}\n",
        project=project,
    )
    with_actions(sim, actions(bad=function))
    phone.says("go")
    phone.heard(f"bad: {message}")


# --- the checker ----------------------------------------------------------------------------------


def issues_of(steps: str, project: str = PROJECT, extension: Extension | None = None) -> list[str]:
    """Code, line and column of each issue, and its hint."""
    flow = f"smsflow: 1\n{HEAD}steps:\n{steps}\n"
    loaded = load({"smsflow.yaml": project.encode(), "flows/x.yaml": flow.encode()}, extension)
    return [
        f"{each.code} {each.place.line}:{each.place.column} {each.hint}" for each in loaded.issues
    ]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("- call: POST crn:/x", "F309 4:14 did you mean 'crm'?"),
        ("- call: post crm:/x", "F208 4:9 in capitals: POST"),
        ("- call: crm:/x", "F208 4:9 write one of"),
        ("- call: GET crm/x", "F208 4:9 such as POST crm:/tickets"),
        ("- call: GET https://evil.example/x", "F309 4:9 calls go to services"),
        ("- call: GET https://crm.example/v2.evil.example/x", "F309 4:9 calls go to services"),
        ("- call: GET crm:/x?y=1", "F208 4:9 write parameters under `query`"),
        ("- call: GET crm:/x y", "F208 4:9 write it as %XX"),
        ("- call: GET crm:/{% if a %}x", "F208 4:9 such as /tickets/{{ id }}"),
        ("- call: GET crm:/{{ nobody }}", "F402 4:21 write"),
        ("- call: GET crm:/x\n  json: {a: 1}", "F211 5:3 write `query`, or POST"),
        ("- call: POST crm:/x\n  json: {a: 1}\n  form: {a: 1}", "F211 6:3 leave one"),
        ("- call: POST crm:/x\n  json: [nobody]", "F402 5:10 "),
        ("- call: POST crm:/x\n  json: {a: '{{ nobody.x }}'}", "F402 5:17 set it first"),
        ("- call: POST crm:/x\n  headers: {Authorization: x}", "F208 5:12 write it under"),
        ("- call: POST crm:/x\n  expect: fine", "F208 5:11 such as 200"),
        ("- call: POST crm:/x\n  timeout: 1m", "F208 5:12 a call that takes longer"),
        ("- call: POST crm:/x\n  retry: 99", "F208 5:10 "),
        ("- call: POST crm:/x\n  save: contact", "F310 5:9 use letters"),
        ("- call: POST crm:/x\n  on_failed: {end: x}", "F203 5:3 known here: id,"),
        (
            "- call: GET crm:/x\n  save: a\n  on_error: {set: {b: 1}}\n- send: '{{ a.b }}'",
            "F402 7:13 put it into",
        ),
        ("- action: lookup", "F316 4:11 name your module under `python`"),
    ],
)
def test_a_mistake_is_told_at_its_place_with_its_cure(steps, told):
    """One mistake, one issue."""
    found = issues_of(steps)
    assert len(found) == 1, found
    assert found[0].startswith(told), found


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("{url: ftp://x.example}", "F208"),
        ("{url: https://user:pass@x.example}", "F208"),
        ("{url: https://x.example/?a=1}", "F208"),
        ("{url: 'https://'}", "F208"),
        ("{auth: {bearer: env.X}}", "F201"),
        ("{url: https://x.example, auth: {bearer: secret}}", "F208"),
        ("{url: https://x.example, auth: {header: X-Key}}", "F201"),
        ("{url: https://x.example, auth: {bearer: env.X, basic: u}}", "F211"),
        ("{url: https://x.example, auth: {bearer: env.X, value: env.Y}}", "F211"),
        ("{url: https://x.example, auth: {header: 'a b', value: env.Y}}", "F208"),
        ("{url: https://x.example, timeout: 30s}", "F208"),
        ("{url: https://x.example, allow: [inside]}", "F208"),
        ("{url: https://x.example, allow: [10.0.0.1/8]}", "F208"),
    ],
)
def test_a_mistake_in_a_service_is_told(service, code):
    """Once, in smsflow.yaml."""
    found = issues_of("- send: Hi", PLAIN + f"services:\n  x: {service}\n")
    assert [each[:4] for each in found] == [code], found


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("- action: lokup", "did you mean 'lookup'?"),
        ("- action: lookup", "write it under `with`: {order: ...}"),
        ("- action: lookup\n  with: {order: 1, nmae: 2}", "did you mean 'name'?"),
    ],
)
def test_actions_are_checked_against_the_functions(step, told):
    """Names and arguments, before anything runs."""
    action = RegisteredAction("lookup", print, ("order",), ("name",))
    found = issues_of(step, PROJECT + "python: shop\n", Extension({"lookup": action}))
    assert len(found) == 1
    assert told in found[0]
