"""Lookups of numbers by flows, as transcripts play them."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from smsflow.engine.effects import Errand
from smsflow.engine.events import TextReceived
from smsflow.engine.language.parse import load
from smsflow.engine.machine import advance
from smsflow.engine.state import Contact, Conversation
from smsflow.engine.transcripts.playing import Played, play
from smsflow.engine.transcripts.transcript import read_transcripts
from tests.engine.conftest import PROJECT, build

FLOW = """\
triggers: [{keyword: GO}]
steps:
  - lookup: contact.phone
    via: backup
    save: number
    on_error:
      - send: "{{ error.kind }}: {{ error.message }}"
      - end: unknown
  - switch: number.reachable
    cases:
      "false": {end: gone}
    else: {send: "{{ number.network_name or 'home' }} {{ number.roaming }}"}
"""
HEAD = "smsflow-test: 1\nflow: talk\ntests:\n  - name: one\n"


def played(given: str, *lines: str) -> Played:
    written = "".join(f"      - {line}\n" for line in lines)
    file = f"{HEAD}    given: {{lookup: {given}}}\n    steps:\n{written}"
    (test,), issues = read_transcripts(file.encode(), "t.test.yaml")
    assert issues == []
    return play(test, build(FLOW))


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ("{}", ["out: home false", "end: done"]),
        ('{"*": {roaming: true, network_name: Orange}}', ["out: Orange true", "end: done"]),
        ('{"+447700900123": {reachable: false}, "*": {}}', ["silent: true", "end: gone"]),
        (
            '{"*": {fails: no connection}}',
            ['out: "lookup: lookup contact.phone: no connection"', "end: unknown"],
        ),
    ],
)
def test_a_transcript_says_what_is_known(given: str, lines: list[str]) -> None:
    """By number, or * for any; without a word the number is in use, at home."""
    result = played(given, "in: go", *lines)
    assert result.passed, result.reason


@pytest.mark.parametrize("given", ["yes", "{x: 1}", '{"*": {country: GB}}'])
def test_what_nobody_can_know_is_named(given: str) -> None:
    file = f"{HEAD}    given: {{lookup: {given}}}\n    steps: [silent: true]\n"
    _, issues = read_transcripts(file.encode(), "t.test.yaml")
    assert issues[0].place.line == 5


@pytest.mark.parametrize(("via", "provider"), [("via: backup", "two"), ("note: x", "one")])
def test_the_order_names_the_provider_of_a_number(via: str, provider: str) -> None:
    """Of `via`; else of the number that the session talks on."""
    project = PROJECT.replace("providers: {", "providers: {two: {kind: pigeonhost, url: env.U}, ")
    project = project.replace('"+447700900001", provider: one', '"+447700900001", provider: two')
    now = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)
    _, effects = advance(
        build(FLOW.replace("via: backup", via), project=project),
        Conversation(Contact("+447700900123")),
        TextReceived("go", "main", now),
        now=now,
        rng=Random(1),
    )
    (errand,) = (each for each in effects if isinstance(each, Errand))
    assert (errand.kind, errand.order["provider"]) == ("lookup", provider)
    assert errand.order["phone"] == "+447700900123"


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("{lookup: contact.phone, via: mian}", "F302"),
        ("{lookup: phnoe}", "F402"),
        ("{lookup: contact.phone, save: contact}", "F310"),
    ],
)
def test_mistakes_of_a_lookup_are_found(step: str, code: str) -> None:
    flow = f"smsflow: 1\nsteps: [{step}]\n"
    files = {"smsflow.yaml": PROJECT.encode(), "flows/talk.yaml": flow.encode()}
    assert code in [issue.code for issue in load(files).issues]
