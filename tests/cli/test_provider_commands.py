"""`smsflow provider logs` and `smsflow lookup`, over HTTP with the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smsflow.cli import smsflow
from smsflow.providers.client import Basic, Client, Destination, FullText
from smsflow.sandbox.server import Sandbox

PROJECT = """\
smsflow-project: 1
numbers: {main: {address: "+447700900000", provider: main}}
providers:
  main:
    kind: pigeonhost
    url: env.URL
    user: user
    password: env.PASSWORD
    webhook_secret: env.SECRET
"""
Runs = Callable[..., Result]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A provider with three texts: one to a phone, and two refused or undeliverable."""
    with Sandbox(user="user", password="password") as sandbox:
        client = Client(sandbox.url, Basic("user", "password"))
        client.send_advanced(
            [
                FullText(
                    sender="InfoSMS",
                    destinations=[Destination(f"+44770090000{n}", f"m{n}") for n in (1, 2)],
                    text="Hi",
                ),
                FullText(sender="Other", destinations=[Destination("12", "m3")], text="Hi"),
            ]
        )
        yield sandbox


@pytest.fixture
def runs(sandbox: Sandbox, tmp_path: Path) -> Runs:
    """Run a command in a project with that provider."""
    (tmp_path / "smsflow.yaml").write_text(PROJECT)
    env = {"URL": sandbox.url, "PASSWORD": "password", "SECRET": "x" * 22}

    def run(*args: str, **other: str) -> Result:
        command = ["--project", str(tmp_path), *args]
        return CliRunner().invoke(smsflow, command, env=env | other)

    return run


def test_the_logs_are_a_table(runs: Runs) -> None:
    """With what may help a text that failed."""
    done = runs("provider", "logs")
    assert done.exit_code == 0, done.output
    assert done.output.endswith("3 texts\n")
    assert "InfoSMS         > 447700900001" in done.output
    (refused,) = [line for line in done.output.splitlines() if "m3" in line or " 12 " in line][:1]
    assert "rejected" in refused
    assert "(again: never" in done.output


def test_the_logs_are_filtered(runs: Runs) -> None:
    """By each of the provider's filters."""
    found = runs("provider", "logs", "--json", "--id", "m1", "--id", "m2", "--from", "InfoSMS")
    entries = [json.loads(line) for line in found.output.splitlines()]
    assert sorted(each["id"] for each in entries) == ["m1", "m2"]
    assert entries[0]["text"] == "Hi"
    assert runs("provider", "logs", "--to", "+447700900001", "--limit", "1").output.endswith(
        "1 text; there may be more: --limit 1 was reached\n"
    )
    assert runs("provider", "logs", "--status", "rejected").output.endswith("1 text\n")
    assert runs("provider", "logs", "--until", "1h").output == "0 texts\n"
    assert runs("provider", "logs", "--bulk", "nonsense").output == "0 texts\n"
    assert runs("provider", "logs", "--mcc", "999").output == "0 texts\n"
    assert runs("provider", "logs", "--mnc", "99").output == "0 texts\n"


def test_a_provider_that_cannot_be_asked_is_exit_code_2(runs: Runs) -> None:
    """For the logs and for a lookup."""
    for command in (("provider", "logs"), ("lookup", "+447700900001")):
        done = runs(*command, URL="http://127.0.0.1:9")
        assert done.exit_code == 2
        assert "cannot be asked" in done.stderr
        assert runs(*command, "--provider", "x").exit_code == 2


def test_numbers_are_looked_up(runs: Runs) -> None:
    """Each with what the provider knows; what is no number is not asked."""
    done = runs("lookup", "+447700900001", "hello", "--json")
    assert done.exit_code == 0, done.output
    known, none = map(json.loads, done.output.splitlines())
    assert (known["number"], known["reachable"], known["ported"]) == ("+447700900001", True, False)
    assert none == {"written": "hello", "number": None, "reachable": None}
    told = runs("lookup", "+447700900001", "hello").output
    assert "+447700900001     in use" in told
    assert told.endswith("1 in use, 1 no number\n")


def test_a_list_is_cleaned(runs: Runs, tmp_path: Path) -> None:
    """Rows stay as they were, each number once, without those that reach nobody."""
    rows = "name,Phone\nAnn,+44 7700 900001\nBob,nonsense\nCy,07700900001\nDee,07700900002\n"
    (tmp_path / "list.csv").write_text("\ufeff" + rows)
    clean = tmp_path / "clean.csv"
    done = runs(
        "lookup", "--file", str(tmp_path / "list.csv"), "--region", "GB", "--clean", str(clean)
    )
    assert done.exit_code == 0, done.output
    assert clean.read_text() == "name,Phone\nAnn,+44 7700 900001\nDee,07700900002\n"
    assert "2 of 4 rows kept" in done.stderr


def test_a_list_may_be_numbers_alone(runs: Runs, tmp_path: Path) -> None:
    """One a line, without a header; of several columns, one has to be named."""
    path = tmp_path / "list.txt"
    path.write_text("+447700900001\n\n+447700900002\n")
    assert runs("lookup", "--file", str(path)).output.endswith("2 in use\n")
    path.write_text("who,where\nAnn,+447700900001\n")
    done = runs("lookup", "--file", str(path))
    assert done.exit_code == 2
    assert "who, where" in done.stderr
    assert runs("lookup", "--file", str(path), "--column", "where").output.endswith("1 in use\n")
    path.write_bytes(b"\xff\xfe\n")
    assert "save it in UTF-8" in runs("lookup", "--file", str(path)).stderr


@pytest.mark.parametrize(
    "args", [(), ("+447700900001", "--file", "smsflow.yaml"), ("+447700900001", "--clean", "x")]
)
def test_a_lookup_wants_numbers_or_a_file(
    runs: Runs, args: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not both and not neither."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "smsflow.yaml").write_text(PROJECT)
    assert runs("lookup", *args).exit_code == 2
