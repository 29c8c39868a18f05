"""`smsflow broadcast` and `smsflow emit`, as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smsflow.cli import smsflow
from smsflow.store import Store
from smsflow.store.rows import Kind
from tests.cli.test_tools import NAMES


@pytest.fixture
def site(sample: Path) -> Path:
    """The sample project with an empty database."""
    assert run(sample, "db", "upgrade").exit_code == 0
    return sample


def run(folder: Path, *arguments: str) -> Result:
    """Run a command for a project."""
    environment: dict[str, str | None] = dict.fromkeys(NAMES)
    for name in ("SMS", "SMS2"):
        account = {"URL": "http://127.0.0.1:9", "USER": "user", "PASSWORD": "password"}
        account["WEBHOOK_SECRET"] = "a-secret-of-the-tests-0123456789"
        environment |= {f"{name}_{what}": value for what, value in account.items()}
    command = ["--project", str(folder), *arguments]
    return CliRunner().invoke(smsflow, command, env=environment, catch_exceptions=False)


def rows(folder: Path) -> list[tuple[str, str]]:
    """What waits in the inbox: kind and contact."""
    from datetime import UTC, datetime

    store = Store.connect(f"sqlite:///{folder / '.smsflow' / 'smsflow.db'}")
    with store.work(datetime(2100, 1, 1, tzinfo=UTC), 100) as batch:
        found = [(str(row.kind), row.contact) for row in batch.rows]
    store.close()
    return sorted(found)


def test_a_list_starts_the_flow_with_each_line_once(site: Path, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        "phone,ticket,contact.first_name,contact.subscribed\n"
        "+447700900123,T1,Ada,marketing\n"
        "+44 7700 900456,T2,,marketing\n"
        "+447700900123,T3,,\n"
    )
    done = run(site, "broadcast", "csat-survey", "--file", str(people), "--yes", "--json")
    assert json.loads(done.stdout)["contacts"] == 2
    assert rows(site) == [(Kind.START, "+447700900123"), (Kind.START, "+447700900456")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense,T1,Ada", "people.csv:2: contact: 'nonsense' is no phone number"),
        ("+15005550006,T1,Ada", "people.csv:2: contact: +15005550006 is not in a country"),
    ],
)
def test_a_wrong_line_is_named_and_nobody_is_texted(
    site: Path, tmp_path: Path, line: str, said: str
) -> None:
    people = tmp_path / "people.csv"
    people.write_text(f"phone,ticket,contact.first_name\n{line}\n+447700900123,T1,Ada\n")
    done = run(site, "broadcast", "csat-survey", "--file", str(people), "--yes")
    assert done.exit_code == 2
    assert said in done.stderr
    assert rows(site) == []


def test_a_list_as_other_programs_write_it(site: Path, tmp_path: Path) -> None:
    """Everything in quotes, a mark in front, an empty cell and an empty line."""
    people = tmp_path / "people.csv"
    people.write_text(
        '\ufeff"phone","ticket","contact.subscribed"\r\n"+447700900123","T1","marketing",\r\n\r\n'
    )
    done = run(site, "broadcast", "csat-survey", "--file", str(people), "--yes")
    assert (done.exit_code, done.stdout) == (0, "csat-survey: 1 contact\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"phone,contact.first_name\n+447700900123,Zo\xeb\n",
            "people.csv is not UTF-8; save it as",
        ),
        (b"phone;ticket\n+447700900123;T1\n", "people.csv:1: the column 'phone' is missing"),
        (b"", "people.csv:1: the column 'phone' is missing"),
        (b"phone\n+447700900123,T1\n", "people.csv:2: 2 cells, and there are 1 columns"),
        (b'phone,ticket\n"+447700900123"x,T1\n', "people.csv:2: ',' expected after '\"'"),
    ],
)
def test_what_is_no_list_is_told(site: Path, tmp_path: Path, content: bytes, said: str) -> None:
    people = tmp_path / "people.csv"
    people.write_bytes(content)
    done = run(site, "broadcast", "csat-survey", "--file", str(people), "--yes")
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr


def test_a_column_named_as_a_field_of_the_contact_is_an_input(site: Path, tmp_path: Path) -> None:
    flow = site / "flows" / "offer.yaml"
    flow.write_text(
        "smsflow: 1\ntriggers: [{broadcast: true}]\ninputs: {first_name: {type: text}}\n"
        "steps: [{send: 'Hi {{ first_name }}'}]\n"
    )
    people = tmp_path / "people.csv"
    people.write_text("phone,first_name,contact.first_name\n+447700900123,Ada,Augusta\n")
    done = run(site, "broadcast", "offer", "--file", str(people), "--yes")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("given", ["nosuch=1", "ticket=NaN"])
def test_inputs_for_all_are_checked_before_anybody_starts(site: Path, given: str) -> None:
    done = run(site, "broadcast", "csat-survey", "--input", given, "--yes")
    wanted = 2 if given.startswith("nosuch") else 0  # NaN is a text as good as any
    assert done.exit_code == wanted, done.output


def test_an_input_that_the_flow_does_not_have_is_told(site: Path, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("phone,tikcet\n+447700900123,T1\n")
    done = run(site, "broadcast", "csat-survey", "--file", str(people), "--yes")
    assert (done.exit_code, "unknown input 'tikcet'" in done.stderr) == (2, True)


def test_those_on_file_are_counted_and_asked_for(site: Path) -> None:
    """Nobody is there yet, so there is nothing to ask and nothing to start."""
    done = run(site, "broadcast", "csat-survey", "--dry-run")
    assert (done.exit_code, done.output) == (0, "csat-survey: 0 contacts, not started\n")
    assert "has no trigger `broadcast: true`" in run(site, "broadcast", "otp").stderr
    assert "there is no flow 'x'" in run(site, "broadcast", "x").stderr
    assert "is not a rate" in run(site, "broadcast", "csat-survey", "--rate", "fast").stderr


def test_emit_tells_an_event_that_somebody_listens_to(site: Path) -> None:
    assert run(site, "emit", "ticket.closed", "phone=+447700900123", "id=T1").exit_code == 0
    assert rows(site) == [(Kind.EVENT, "@everybody")]
    done = run(site, "emit", "ticket.close")
    assert (done.exit_code, "they listen to: " in done.stderr) == (1, True)
