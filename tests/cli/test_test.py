"""`smsflow test`: what it plays, what it says, and the code that it ends with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import Result

Run = Callable[..., Result]
Edit = Callable[[Path, str, str], None]

OTP = Path("tests", "flows", "otp.test.yaml")


def test_the_samples_pass(sample: Path, run: Run) -> None:
    """Every sample's transcript passes, with a dot for each test."""
    done = run(sample, "test")
    assert done.exit_code == 0
    assert "tests/flows/hours.test.yaml ....\n" in done.output
    assert "43 passed in " in done.output


def test_a_failing_test_prints_the_chat_and_both_places(sample: Path, run: Run, edit: Edit) -> None:
    """The line that failed and the very text slot that spoke are named."""
    edit(sample / OTP, "out: That code is not right. Tries left - 1.", "out: Tries left - 1.")
    done = run(sample, "test", "-k", "three wrong")
    assert done.exit_code == 1
    assert done.output == (
        "tests/flows/otp.test.yaml F\n"
        "\n"
        "FAIL tests/flows/otp.test.yaml:16 three wrong codes lock it\n"
        "   09:00 -- start otp\n"
        "   09:00 -> 482913 is your Acme code to pay. It works for 5 minutes. Never share it. ⏎"
        " @acme.example #482913\n"
        "   09:00 <- 111111\n"
        "   09:00 -> That code is not right. Tries left - 2.\n"
        "   09:00 <- 222222\n"
        "   09:00 -> That code is not right. Tries left - 1.\n"
        " line 23:14 expected: Tries left - 1.\n"
        "                 got: That code is not right. Tries left - 1.\n"
        " sent by flows/otp.yaml:27:11 (otp.wrong)\n"
        "\n" + done.output.splitlines()[-1] + "\n"
    )
    assert done.output.splitlines()[-1].startswith("1 failed, 0 passed in ")


def test_a_chat_over_several_days_shows_dates(sample: Path, run: Run, edit: Edit) -> None:
    """Times alone would mislead when a night lies between."""
    path = sample / "tests" / "flows" / "appointment-reminder.test.yaml"
    edit(path, "out: See you on 30 March at 10:30.", "out: See you.")
    done = run(sample, "test", "-k", "confirms (the clocks")
    assert "   28 Mar 12:00 -- start appointment-reminder\n   29 Mar 10:30 -> Ann," in done.output


def test_a_name_chooses_tests(sample: Path, run: Run) -> None:
    """-k takes a part of a file's or a test's name, in any case."""
    assert "1 passed" in run(sample, "test", "-k", "STOP IS CONFIRMED").output
    assert "4 passed" in run(sample, "test", "-k", "hours.test").output


def test_paths_choose_files(sample: Path, run: Run) -> None:
    """A file or a folder can be named; a test file outside of the project is played, too."""
    outside = sample.parent / "outside.test.yaml"
    (sample / "tests" / "flows" / "hours.test.yaml").rename(outside)
    assert "4 passed" in run(sample, "test", str(outside)).output
    assert "11 passed" in run(sample, "test", str(sample / OTP)).output
    assert "39 passed" in run(sample, "test", str(sample / "tests")).output


def test_no_test_is_code_5(sample: Path, run: Run) -> None:
    """Nothing found is not a success: a CI that plays nothing should be red."""
    done = run(sample, "test", "-k", "no such name")
    assert done.exit_code == 5
    assert "no test was found" in done.output
    for path in (sample / "tests" / "flows").iterdir():
        path.unlink()
    assert run(sample, "test").exit_code == 5


def test_a_broken_file_is_code_2_and_the_others_are_played(
    sample: Path, run: Run, edit: Edit
) -> None:
    """The mistake is told at its line, with the cure."""
    edit(sample / OTP, "- dlr: rejected", "- dlr: rejekted")
    done = run(sample, "test")
    assert done.exit_code == 2
    assert "tests/flows/otp.test.yaml:80:14: error F207: 'rejekted' is no report" in done.output
    assert "did you mean 'rejected'?" in done.output
    assert "32 passed, 1 broken file" in done.output
    assert "tests/flows/hours.test.yaml ....\n" in done.output


def test_a_broken_project_is_code_2(sample: Path, run: Run, edit: Edit) -> None:
    """Nothing is played by flows with mistakes; the mistakes are told."""
    edit(sample / "flows" / "otp.yaml", "digits: 6", "digitz: 6")
    done = run(sample, "test")
    assert done.exit_code == 2
    assert "unknown key 'digitz'" in done.output
    assert "no test was played" in done.output
    found = json.loads(run(sample, "test", "--format", "json").output)
    assert [issue["code"] for issue in found["issues"]] == ["F203"]


def test_an_unknown_flow_is_suggested(sample: Path, run: Run, edit: Edit) -> None:
    """A misspelt flow fails its tests with the name that was meant."""
    edit(sample / OTP, "flow: otp", "flow: opt")
    done = run(sample, "test", str(sample / OTP))
    assert done.exit_code == 1
    assert "there is no flow 'opt'; did you mean 'otp'?" in done.output


def test_results_as_json(sample: Path, run: Run, edit: Edit) -> None:
    """Programs get each test, and of a failed one the place, the reason and the chat."""
    edit(sample / OTP, "end: undeliverable", "end: gone")
    found = json.loads(run(sample, "test", str(sample / OTP), "--format", "json").output)
    assert (found["passed"], found["failed"]) == (10, 1)
    (failed,) = (each for each in found["tests"] if not each["passed"])
    failure = failed["failure"]
    assert failed["name"] == "first route silent, backup rejected"
    assert (failure["line"], failure["column"]) == (81, 14)
    assert (failure["reason"], failure["got"]) == ("expected the end: gone", "undeliverable")
    assert failure["chat"][0] == ["2025-03-10T09:00:00+00:00", "--", "start otp"]


def test_results_as_junit(sample: Path, run: Run, edit: Edit) -> None:
    """Build servers get a suite for each file, failures with the chat, broken files as errors."""
    edit(sample / OTP, "end: undeliverable", "end: gone")
    edit(sample / "tests" / "flows" / "hours.test.yaml", "flow: hours", "flwo: hours")
    path = sample / "results.xml"
    assert run(sample, "test", "--junit", str(path)).exit_code == 2
    root = ElementTree.parse(path).getroot()  # noqa: S314 - our own file
    suites = {suite.get("name"): suite for suite in root}
    otp, hours = suites["tests/flows/otp.test.yaml"], suites["tests/flows/hours.test.yaml"]
    assert (otp.get("tests"), otp.get("failures"), otp.get("errors")) == ("11", "1", "0")
    (failure,) = otp.iter("failure")
    assert failure.get("message") == "expected the end: gone"
    assert "09:00 -> 482913" in (failure.text or "")
    assert int(hours.get("errors", 0)) >= 1


def test_what_xml_has_no_place_for_is_replaced(sample: Path, run: Run, edit: Edit) -> None:
    """A control character in a text does not make the results unreadable."""
    edit(sample / OTP, "name: three wrong codes lock it", 'name: "three \\e wrong"')
    edit(sample / OTP, "Tries left - 2.", "Tries left - 9.")
    path = sample / "results.xml"
    assert run(sample, "test", "--junit", str(path)).exit_code == 1
    assert ElementTree.parse(path).getroot().tag == "testsuites"  # noqa: S314 - our own file


def test_a_result_that_cannot_be_written_is_told(sample: Path, run: Run) -> None:
    """A folder that is not there is the user's mistake, and no traceback."""
    done = run(sample, "test", "--junit", str(sample / "nowhere" / "results.xml"))
    assert done.exit_code == 2
    assert "can't write" in done.output


# --- deploying ------------------------------------------------------------------------------------

NEW_HOURS = """\
smsflow: 1
languages: [en, fr]
triggers:
  - keyword: [HOURS, OPEN]
steps:
  - ask: {text}
    save: day
    type: text
  - send: "That day - 9 to 18."
"""

DEPLOYED = """\
smsflow-test: 1
flow: hours
tests:
  - name: open sessions stay with their version, later ones get the new one
    steps:
      - in: hours
      - out: {starts: We are open}
      - deploy: {flow: tests/flows/hours.new.yaml}
      - in: hours
      - out: Which day?
      - deploy: tests/flows/hours.newer.yaml
      - in: monday
      - out: That day - 9 to 18.
      - in: open
      - out: What day?
"""


@pytest.fixture
def deployed(sample: Path) -> Path:
    """The sample with new versions of a flow, and a test that deploys them."""
    tests = sample / "tests" / "flows"
    for name, text in (("new", "Which day?"), ("newer", "What day?")):
        (tests / f"hours.{name}.yaml").write_text(NEW_HOURS.replace("{text}", text))
    (tests / "deployed.test.yaml").write_text(DEPLOYED)
    return sample


def test_a_new_version_goes_live_in_the_middle(deployed: Path, run: Run) -> None:
    """Open sessions finish on the version with which they began."""
    done = run(deployed, "test", "-k", "deployed")
    assert done.exit_code == 0, done.output


def test_a_second_deploy_keeps_what_the_first_brought(deployed: Path, run: Run, edit: Edit) -> None:
    """Each flow is at the version that was deployed last."""
    tests = deployed / "tests" / "flows"
    (tests / "otp.new.yaml").write_text((deployed / "flows" / "otp.yaml").read_text())
    edit(tests / "deployed.test.yaml", "tests/flows/hours.newer.yaml", "tests/flows/otp.new.yaml")
    edit(tests / "deployed.test.yaml", "out: What day?", "out: Which day?")
    assert run(deployed, "test", "-k", "deployed").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hours.new.yaml", "hours.nwe.yaml", "can't read"),
        ("tests/flows/hours.new.yaml", "flows/otp.yaml", None),
        ("hours.new.yaml", "hours.broken.yaml", "unknown key 'stepz'"),
        ("hours.new.yaml", "houses.new.yaml", "did you mean 'hours'?"),
    ],
)
def test_what_cannot_be_deployed_fails_the_test(
    deployed: Path, run: Run, edit: Edit, old: str, new: str, said: str | None
) -> None:
    """A missing or broken file is told at the line that deploys it."""
    tests = deployed / "tests" / "flows"
    whole = NEW_HOURS.replace("{text}", "Which day?")
    (tests / "hours.broken.yaml").write_text(whole.replace("steps:", "stepz:"))
    (tests / "houses.new.yaml").write_text(whole)
    edit(tests / "deployed.test.yaml", old, new)
    done = run(deployed, "test", "-k", "deployed")
    assert done.exit_code == 1
    if said is not None:
        assert said in done.output
        assert " line 8:24 " in done.output
