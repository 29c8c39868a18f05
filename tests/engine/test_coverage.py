"""What tests never came to: steps, ways out of them, and texts in a language."""

from collections.abc import Iterable

import pytest

from smsflow.engine.transcripts.coverage import Coverage, Reached, coverage
from smsflow.engine.transcripts.playing import play
from smsflow.engine.transcripts.transcript import read_transcripts
from tests.engine.conftest import PROJECT, build

SERVICES = "services: {crm: {url: https://crm.example}}\n"


def covered(
    steps: str, *tests: Iterable[str], head: str = "languages: [en, fr]\n", given: str = "{}"
) -> Coverage:
    """How much of a flow of these steps the tests come to."""
    flow = f"flow: talk\n{head}triggers: [{{keyword: GO}}]\n{steps}"
    built = build(flow, project=PROJECT + SERVICES)
    reached = Reached()
    for lines in tests:
        written = "".join(f"      - {line}\n" for line in lines)
        top = f"smsflow-test: 1\nflow: talk\ngiven: {given}\ntests:\n  - name: one\n    steps:\n"
        (test,), issues = read_transcripts((top + written).encode(), "t.test.yaml")
        assert issues == []
        played = play(test, built)
        assert played.passed, (played.reason, played.got)
        reached.add(played.reached)
    return coverage(built.flows["talk"], reached)


def missing(found: Coverage) -> list[str]:
    """What is missing, as step and part."""
    return [f"{each.step.id} {each.what}".strip() for each in found.missing]


ASK = """\
steps:
  - ask: {en: "Coming?", fr: "Vous venez?"}
    save: answer
    choices: {yes: [Y], no: [N]}
    retry: {times: 1, text: {en: "Y or N?", fr: "Y ou N?"}}
    nudge: {after: 1h}
    skip: [LATER]
    timeout: 1d
    then: {no: [{send: Why not?}, {send: Bye.}]}
"""
ALL = ["answer then.yes", "answer then.no", "answer on_invalid", "answer on_skip"]
ALL += ["answer nudge", "answer on_timeout", "answer fr", "answer retry en", "answer retry fr"]
COMES = ["in: go", "out: Coming?", "in: y", "end: done"]
REFUSES = ["in: go", "out: Coming?", "in: n", "out: Why not?", "out: Bye."]
UNCLEAR = ["in: go", "out: Coming?", "in: perhaps", "out: Y or N?", "in: perhaps", "end: invalid"]
LATER = ["in: go", "out: Coming?", "in: later", "end: done"]
SILENT = ["in: go", "out: Coming?", "after: 1h", "out: Coming?", "after: 1d", "end: no_answer"]


@pytest.mark.parametrize(
    ("tests", "reached"),
    [
        ((COMES,), ["answer then.yes"]),
        ((REFUSES,), ["answer then.no"]),
        ((UNCLEAR,), ["answer on_invalid", "answer retry en"]),
        ((LATER,), ["answer on_skip"]),
        ((SILENT,), ["answer nudge", "answer on_timeout"]),
        ((COMES, REFUSES), ["answer then.yes", "answer then.no"]),
    ],
)
def test_every_way_out_of_a_question_is_told(
    tests: tuple[list[str], ...], reached: list[str]
) -> None:
    """Also those that the author left to smsflow: no answer, an unclear one, a reminder."""
    assert missing(covered(ASK, *tests)) == [each for each in ALL if each not in reached]


def test_languages_count_one_by_one() -> None:
    """A text in French is another text."""
    french = ["in: go", "out: Vous venez?", "in: y", "end: done"]
    found = covered(ASK, french, given="{contact: {language: fr}}")
    assert "answer en" in missing(found)
    assert "answer fr" not in missing(found)


def test_steps_behind_something_missing_are_counted_there() -> None:
    """And not told one by one; a flow without tests is its first step with all others behind."""
    found = covered(ASK, COMES)
    behind = {each.what: each.behind for each in found.missing}
    assert (behind["then.no"], behind["on_skip"]) == (2, 0)
    assert (found.reached, found.total) == (3, 13)
    assert found.percent == 23
    none = covered(ASK)
    assert [(each.what, each.behind, str(each.place)) for each in none.missing] == [
        ("", 2, "flows/talk.yaml:6:5")
    ]
    assert (none.reached, none.percent) == (0, 0)


def test_branches_count_also_where_nothing_is_written() -> None:
    """`else` of an `if` and of a `switch`; and `when` that was never false, or never true."""
    steps = """\
vars: {n: 1}
steps:
  - if: n == 1
    then: {log: one}
  - switch: n
    cases: {1: {log: one}, 2: {log: two}}
  - log: again
    when: n == 1
  - log: never
    when: n == 2
  - send: Done.
"""
    found = covered(steps, ["in: go", "out: Done."])
    assert missing(found) == [
        "main/if-1 else",
        "main/switch-1 case.2",
        "main/switch-1 else",
        "main/log-1 when",
        "main/log-2",
    ]
    assert [each.passed_over for each in found.missing] == [False] * 4 + [True]


def test_delivery_and_errors_are_ways() -> None:
    """A handler counts when it was gone, also that of another try in other words."""
    steps = """\
steps:
  - send: Hello.
    fallback: Hi.
    on_delivered: {log: there}
    on_failed: {log: not there}
    on_no_report: {log: nobody knows}
  - call: GET crm:/x
    on_error: {log: no}
"""
    delivered = ["in: go", "out: Hello.", "dlr: delivered", "http: GET crm:/x", "end: done"]
    rejected = ["in: go", "out: Hello.", "dlr: rejected", "out: Hi.", "dlr: rejected"]
    failed = [*rejected, "http: GET crm:/x", "end: done"]
    once = covered(steps, delivered)
    ways = [each.what for each in once.missing if each.step.verb == "send"]
    assert ways == ["on_failed", "on_no_report", "fallback"]
    both = covered(steps, delivered, failed)
    assert missing(both) == ["main/send-1 on_no_report", "main/call-1 on_error"]
    refused = covered(steps, delivered, given="{http: {GET crm:/x: 404}}")
    assert "main/call-1 on_error" not in missing(refused)


def test_codes_waits_and_handoffs_have_their_ways() -> None:
    """Right, wrong, expired, locked, sent anew; the event that came; closed and timed out."""
    steps = """\
steps:
  - otp: "{{ code }}"
    id: code
    wrong: Wrong.
    resend: {words: [NEW]}
    deliver: normal
  - wait: {event: ready}
    id: ready
    timeout: 1d
  - handoff: desk
    id: desk
    timeout: 1d
"""
    project_given = '{codes: ["111111"]}'
    right = ["in: go", 'out: "111111"', "in: 111111"]
    event = 'event: {ready: {phone: "+447700900123"}}'
    done = [*right, event, "handoff: desk", "agent: {close: true}", "end: done"]
    assert missing(covered(steps, done, given=project_given)) == [
        "code on_expired",
        "code on_locked",
        "code resend",
        "code wrong",
        "ready on_timeout",
        "desk on_timeout",
    ]
    late = [*right, "after: 1d", "handoff: desk", "after: 1d", "end: done"]
    found = covered(steps, late, given=project_given)
    assert {"ready event", "desk on_closed"} < set(missing(found))


def test_an_answer_without_a_handler_of_its_own_is_a_way() -> None:
    """Numbers and texts have no end of answers; those with a handler are told apart."""
    steps = (
        "steps:\n  - ask: How many?\n    save: n\n    type: integer\n    then: {1: {log: one}}\n"
    )
    one = ["in: go", "out: How many?", "in: 1", "end: done"]
    assert missing(covered(steps, one)) == ["n then", "n on_invalid"]
    two = ["in: go", "out: How many?", "in: 2", "end: done"]
    assert missing(covered(steps, two)) == ["n on_invalid", "n then.1"]


def test_handlers_of_the_whole_flow_are_told() -> None:
    """`anytime` and `on_expire` stand beside the steps; what nobody wrote is no step."""
    head = "anytime:\n  - keyword: PRICE\n    then: {send: 45 pounds.}\non_expire: {log: over}\n"
    steps = "steps:\n  - ask: Coming?\n    save: answer\n    type: yesno\n"
    asked = ["in: go", "out: Coming?", "in: price", "out: 45 pounds.", "out: Coming?"]
    found = covered(steps, asked, head=head)
    assert [each for each in missing(found) if not each.startswith("answer")] == [
        "@on_expire/log-1"
    ]


def test_a_version_that_is_deployed_is_no_flow_of_the_project() -> None:
    """What is reached in it does not count for the one in the files."""
    old = build("flow: talk\ntriggers: [{keyword: GO}]\nsteps: [{send: Hello.}]\n")
    new = build("flow: talk\ntriggers: [{keyword: GO}]\nsteps: [{send: Hello!}]\n")
    text = (
        "smsflow-test: 1\nflow: talk\ntests: [{name: one, steps: [{deploy: x}, {in: go},"
        " {out: Hello!}]}]\n"
    )
    (test,), _ = read_transcripts(text.encode(), "t.test.yaml")
    played = play(test, old, deploy=lambda *_: new)
    assert played.passed
    assert coverage(old.flows["talk"], played.reached).percent == 0
    assert coverage(new.flows["talk"], played.reached).percent == 100
