"""Entries under `providers`: what each kind has, and what is wrong with the others."""

from __future__ import annotations

import pytest

from smsflow.engine.language.parse import read_project
from smsflow.engine.model import ProviderEntry
from smsflow.engine.model.gateway import AnswerRule, Gateway, ReportFields
from smsflow.errors import Issue

HEAD = """\
smsflow-project: 1
numbers: {main: {address: "+447700900000", provider: main}}
providers:
  main:
"""
GATE = """\
    kind: http
    url: http://127.0.0.1:13013/cgi-bin/sendsms
    user: smsflow
    password: env.PASSWORD
    webhook_secret: env.SECRET
    mo: {sender: from}
    mo_list: texts
    request:
      method: GET
      headers: {X-Login: "{user}:{password}"}
      query: {to: "{to}", text: "{text}", "dlr-url": "{report_url}?id={wire_id}&type=%d"}
    answer:
      accepted: {status: 202, match: '^[03]:'}
      later: {status: [503, 504]}
      rejected: {match: never}
      id: 'id=(\\w+)'
    dlr:
      id: id
      to: to
      status: type
      error: answer
      states: {1: delivered, 2: undeliverable, 8: sent}
      list: results
"""
PIGEON = """\
    kind: pigeonhost
    url: https://api.sms.pigeonhost.com
    webhook_secret: env.SECRET
"""


def entry(text: str) -> tuple[ProviderEntry | None, list[Issue]]:
    project, issues = read_project(HEAD + text)
    return (project.providers["main"] if project else None), issues


def test_a_gateway_is_declared_in_full() -> None:
    """Each key arrives where the adapter looks for it."""
    found, issues = entry(GATE)
    assert issues == []
    assert found is not None
    assert (found.kind, found.mo) == ("http", {"sender": "from"})
    assert found.gateway == Gateway(
        method="GET",
        headers={"X-Login": "{user}:{password}"},
        query={
            "to": "{to}",
            "text": "{text}",
            "dlr-url": "{report_url}?id={wire_id}&type=%d",
        },
        accepted=AnswerRule((202,), "^[03]:"),
        later=AnswerRule((503, 504)),
        rejected=AnswerRule((), "never"),
        message_id=r"id=(\w+)",
        report=ReportFields(
            id="id",
            to="to",
            status="type",
            error="answer",
            states={"1": "delivered", "2": "undeliverable", "8": "sent"},
            list="results",
        ),
        texts="texts",
    )


def test_what_a_gateway_does_not_say_has_defaults() -> None:
    """A POST of a form, and any 2xx for an answer."""
    found, issues = entry(
        "    kind: http\n    url: https://gate.example\n    webhook_secret: env.S\n"
        '    request: {form: {to: "{to_e164}", text: "{text}"}}\n'
    )
    assert issues == []
    assert found is not None
    assert found.gateway == Gateway(form={"to": "{to_e164}", "text": "{text}"})
    assert found.gateway.method == "POST"
    assert found.gateway.accepted.status == tuple(range(200, 300))


def test_an_account_can_be_pulled_in_xml_with_a_key() -> None:
    """Of the kind pigeonhost."""
    found, issues = entry(PIGEON + "    pull: 10s\n    format: xml\n    key: env.KEY\n")
    assert issues == []
    assert found is not None
    assert (found.pull, found.format, found.key) == (10, "xml", "env.KEY")
    assert found.gateway is None


BROKEN = {
    "a key in the open": (PIGEON + "    key: abc\n", "F208", "env.MAIN_KEY"),
    "two logins": (PIGEON + "    key: env.A\n    password: env.B\n", "F211", "leave one"),
    "a request of pigeonhost": (PIGEON + "    request: {method: GET}\n", "F211", "leave it out"),
    "pull of http": (GATE + "    pull: 10s\n", "F211", "leave it out"),
    "another format": (PIGEON + "    format: yaml\n", "F207", "json, xml"),
    "no request": (
        "    kind: http\n    url: https://g.example\n    webhook_secret: env.S\n",
        "F201",
        "request: {method: GET",
    ),
    "an unknown placeholder": (GATE.replace("{text}", "{txt}{text}"), "F208", "'text'"),
    "no text": (GATE.replace("{text}", "Hi"), "F201", "write both"),
    "no receiver": (GATE.replace('"{to}"', "to"), "F201", "write both"),
    "no wire id": (GATE.replace("id={wire_id}&", ""), "F201", "{report_url}?id={wire_id}"),
    "a broken expression": (GATE.replace("'^[03]:'", "'^[03:'"), "F208", "single quotes"),
    "a status that is none": (GATE.replace("status: 202", "status: ok"), "F208", "such as 202"),
    "an unknown state": (GATE.replace("8: sent", "8: gone"), "F207", "it can be"),
    "a report without states": (GATE.replace("      states", "      x-states"), "F201", "ours"),
    "a GET with a body": (
        GATE.replace("      query:", "      body: '{to}{text}'\n      query:"),
        "F211",
        "method: POST",
    ),
    "a form and a body": (
        GATE.replace("method: GET", "form: {a: b}\n      body: x"),
        "F211",
        "",
    ),
}


@pytest.mark.parametrize(("text", "code", "cure"), BROKEN.values(), ids=BROKEN)
def test_a_broken_entry_is_told_once_with_its_cure(text: str, code: str, cure: str) -> None:
    """One issue, at its place."""
    _, issues = entry(text)
    assert [issue.code for issue in issues] == [code]
    assert cure in issues[0].hint
    assert issues[0].place.line >= 4


def test_an_unknown_placeholder_is_shown_where_it_stands() -> None:
    """Line and column of the name in braces."""
    text = HEAD + GATE.replace('"{to}"', '"{to}{tox}"')
    _, (issue,) = read_project(text)
    line = text.splitlines()[issue.place.line - 1]
    assert line[issue.place.column - 1 :].startswith("tox}")
    assert issue.place.length == 3
