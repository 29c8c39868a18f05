"""`smsflow test --cover`: what no test came to, and the code that it ends with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
Edit = Callable[[Path, str, str], None]

LOOP = """\
smsflow: 1
triggers: [{keyword: LOOP}]
steps:
  - if: contact.opted_out
    then: {log: that can't be}
"""
LOOP_TEST = """\
smsflow-test: 1
flow: loop
tests: [{name: it goes round, steps: [{in: loop}, {end: done}]}]
"""
HOURS = Path("tests", "flows", "hours.test.yaml")


def told(output: str) -> list[str]:
    """The lines between the dots and the counts."""
    return output.split("\nwhat no test came to:\n")[1].splitlines()[:-2]


def test_each_flow_has_its_share_and_what_is_missing(sample: Path, run: Run, edit: Edit) -> None:
    """With the place of the step; a flow of which nothing is missing is a line."""
    done = run(sample, "test", "--cover", "-k", "hours.test")
    assert done.exit_code == 0
    assert told(done.output) == ["hours  100%"]
    edit(sample / HOURS, "HORAIRES", "hours")
    edit(sample / HOURS, "lang: fr", "lang: en")
    lines = told(run(sample, "test", "--cover", str(sample / HOURS)).output)
    assert lines == ["hours  66%  (2 of 3)", "  flows/hours.yaml:9:5  send: fr"]


@pytest.fixture
def loop(sample: Path) -> Path:
    """The sample with one more flow, of which a test comes to the half."""
    (sample / "flows" / "loop.yaml").write_text(LOOP)
    (sample / "tests" / "flows" / "loop.test.yaml").write_text(LOOP_TEST)
    return sample


def test_all_flows_are_told_unless_tests_were_chosen(loop: Path, run: Run) -> None:
    """One without tests is never reached."""
    (loop / "tests" / "flows" / "loop.test.yaml").unlink()
    lines = told(run(loop, "test", "--cover").output)
    assert "loop  0%  (0 of 4)" in lines
    assert (
        "  flows/loop.yaml:4:5  if contact.opted_out: never reached and 1 step behind it" in lines
    )
    chosen = told(run(loop, "test", "--cover", "-k", "otp").output)
    assert [line.split()[0] for line in chosen if not line.startswith(" ")] == ["otp"]


def test_a_share_that_is_too_low_fails(loop: Path, run: Run) -> None:
    """--cover-min is the least of each flow, and tells what is missing by itself."""
    done = run(loop, "test", "--cover-min", "51", "-k", "loop")
    assert done.exit_code == 1
    assert told(done.output) == [
        "loop  50%  (2 of 4)",
        "  flows/loop.yaml:4:5  if contact.opted_out: then and 1 step behind it",
        "less than 51%: loop",
    ]
    assert "1 passed in" in done.output
    enough = run(loop, "test", "--cover-min", "50", "-k", "loop")
    assert enough.exit_code == 0
    assert "less than" not in enough.output


def test_programs_read_the_same(loop: Path, run: Run) -> None:
    """One object, with the place of each part."""
    done = run(loop, "test", "--cover", "--format", "json", "-k", "loop")
    missing = {
        "step": "main/if-1",
        "verb": "if",
        "what": "then",
        "file": "flows/loop.yaml",
        "line": 4,
        "column": 5,
        "steps_behind": 1,
        "passed_over": False,
    }
    assert json.loads(done.output)["coverage"] == [
        {
            "flow": "loop",
            "file": "flows/loop.yaml",
            "reached": 2,
            "total": 4,
            "percent": 50,
            "missing": [missing],
        }
    ]
    assert "coverage" not in json.loads(run(loop, "test", "--format", "json").output)


def test_a_failed_test_covers_what_it_came_to(sample: Path, run: Run, edit: Edit) -> None:
    """The chats of failed tests stand before, and the exit code is theirs."""
    edit(sample / HOURS, "segments: 1", "segments: 2")
    done = run(sample, "test", "--cover", "-k", "hours.test")
    assert done.exit_code == 1
    assert done.output.index("FAIL") < done.output.index("what no test came to")
    assert told(done.output)[0] == "hours  100%"
