"""`smsflow dev`: flows are taken over as files change, time can be moved, and all of it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner

from smsflow.cli import smsflow
from smsflow.cli.checking import issues_text
from smsflow.dev import Workshop, mended
from smsflow.dev.screen import Screen
from smsflow.errors import ProjectInvalid, SettingsInvalid
from tests.workshop import CHECKOUT, Page, opened, printed, samples, until

PHONE = "+447700900123"
FLOW = "flows/hours.yaml"
TEMPLATE = "templates/hours.en.j2"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return samples(tmp_path)


@pytest.fixture
def workshop(project: Path) -> Iterator[Workshop]:
    with opened(project) as workshop:
        yield workshop


@pytest.fixture
def page(workshop: Workshop) -> Iterator[Page]:
    with closing(Page(workshop)) as page:
        yield page


def edit(path: Path, right: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, new), encoding="utf-8")


# --- files that change ----------------------------------------------------------------------------


def test_a_good_file_goes_live(project: Path, workshop: Workshop, page: Page) -> None:
    """The next text is answered in the new words; the terminal names the flow and its version."""
    before = workshop.service.runtime.world.flows["hours"].version
    edit(project / TEMPLATE, "We are open", "Open all day and")
    workshop.look()
    after = workshop.service.runtime.world.flows["hours"].version
    assert f"reloaded: hours {before} -> {after}" in printed(workshop)
    assert page.ask("GET", "/state")[1]["change"] == f"hours {before} -> {after}"
    page.says(PHONE, "hours")
    assert page.got(PHONE, 1)[0]["text"].startswith("Open all day and")


def test_a_broken_file_is_reported_and_the_last_good_version_goes_on(
    project: Path, workshop: Workshop, page: Page
) -> None:
    """The terminal and the page say what `smsflow check` says, until the file is right again."""
    edit(project / FLOW, "keyword:", "keywrd:")
    workshop.look()
    checked = CliRunner().invoke(smsflow, ["--project", str(project), "check"])
    assert checked.exit_code == 1
    assert checked.output in printed(workshop)
    assert page.ask("GET", "/state")[1]["problem"] == checked.output.strip("\n")
    page.says(PHONE, "hours")
    assert page.got(PHONE, 1)[0]["text"].startswith("We are open")
    edit(project / FLOW, "keywrd:", "keyword:")
    workshop.look()
    assert page.ask("GET", "/state")[1]["problem"] == ""


def test_nothing_is_said_while_nothing_changes(workshop: Workshop) -> None:
    """A look at files that are as they were prints nothing."""
    workshop.look()
    said = printed(workshop)
    workshop.look()
    assert printed(workshop) == said


def test_flows_come_and_go(project: Path, workshop: Workshop, page: Page) -> None:
    """A new file is a new flow, and a file that is deleted takes its keyword with it."""
    (project / FLOW).rename(project / "flows" / "times.yaml")
    workshop.look()
    assert "hours is gone; its sessions run on" in printed(workshop)
    assert re.search(r"times \w{8} is new", printed(workshop))
    page.says(PHONE, "hours")
    page.got(PHONE, 1)


def test_a_session_under_way_keeps_its_version(
    project: Path, workshop: Workshop, page: Page
) -> None:
    """Whoever is asked by a version goes on with it, also with one that came by a reload."""
    edit(project / "flows/csat-survey.yaml", "en: How did we do today?", "en: How was it?")
    workshop.look()
    page.says(PHONE, "feedback")
    page.got(PHONE, 1)
    edit(project / "flows/csat-survey.yaml", "en: Anything you would like to add?", "en: And?")
    workshop.look()
    page.says(PHONE, "5")
    assert page.got(PHONE, 2)[1]["text"].startswith("Anything you would like to add?")
    page.says("+447700900124", "feedback")
    page.got("+447700900124", 1)
    page.says("+447700900124", "5")
    assert page.got("+447700900124", 2)[1]["text"].startswith("And?")


def test_what_connections_are_made_of_needs_a_new_start(
    project: Path, workshop: Workshop, page: Page
) -> None:
    """A number that nobody serves yet is not taken over; the terminal and the page say so."""
    edit(project / "smsflow.yaml", "+447700900001", "+447700900002")
    workshop.look()
    assert "start again to use them" in printed(workshop)
    assert "start again" in page.ask("GET", "/state")[1]["problem"]
    assert workshop.service.runtime.project.numbers["backup"].address == "+447700900001"


def test_the_project_s_other_words_go_live(project: Path, workshop: Workshop, page: Page) -> None:
    """What smsflow.yaml says apart from connections is taken over like a flow."""
    edit(project / "smsflow.yaml", "Sorry, we did not understand.", "Pardon?")
    workshop.look()
    page.says(PHONE, "blah blah")
    assert page.got(PHONE, 1)[0]["text"].startswith("Pardon?")


# --- time -----------------------------------------------------------------------------------------


def test_what_is_due_on_the_way_happens_in_order(workshop: Workshop, page: Page) -> None:
    """In two days that pass at once: question, reminder four hours later, and only then the end."""
    appointment = {
        "id": "A7",
        "at": (workshop.clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT10:30:00+00:00"),
        "place": "Elm Road",
    }
    body = {"phone": PHONE, "flow": "appointment-reminder", "inputs": {"appointment": appointment}}
    assert page.ask("POST", "/sessions", body)[0] == 202
    until(lambda: page.look(PHONE)["lines"], "the start")
    assert page.ask("POST", "/clock", {"seconds": 3 * 86_400})[0] == 200
    question, nudge = page.got(PHONE, 2)
    assert nudge["at"] - question["at"] == pytest.approx(4 * 3_600_000, abs=1_000)
    lines = page.look(PHONE)["lines"]
    told = [line["what"] for line in lines if line["what"] in ("nudge", "timeout", "end")]
    assert told == ["nudge", "timeout", "end"]
    assert page.ask("GET", "/state")[1]["ahead"] == pytest.approx(3 * 86_400_000, abs=60_000)


def test_a_slow_report_arrives_while_time_passes(page: Page) -> None:
    """The network's own dates count too: an hour later the handset is back in reach."""
    page.ask("POST", "/handsets", {"phone": PHONE, "does": "absent"})
    page.says(PHONE, "hours")
    page.got(PHONE, 1, "Sent")
    assert page.ask("POST", "/clock", {"seconds": 3_700})[0] == 200
    page.got(PHONE, 1)


def test_chats_and_the_clock_outlive_the_process(project: Path) -> None:
    """The next run goes on where this one ended; `--fresh` begins anew."""
    with opened(project) as workshop, closing(Page(workshop)) as page:
        page.says(PHONE, "hours")
        page.got(PHONE, 1)
        page.ask("POST", "/clock", {"seconds": 86_400})
        ended = workshop.clock.now()
    with opened(project) as workshop, closing(Page(workshop)) as page:
        assert workshop.clock.now() >= ended
        assert page.look(PHONE)["bubbles"][0]["text"] == "hours"
    with opened(project, fresh=True) as workshop, closing(Page(workshop)) as page:
        assert workshop.clock.skipped == timedelta()
        assert page.look(PHONE)["bubbles"] == []


# --- the terminal, and the process ----------------------------------------------------------------


def test_each_text_is_one_line(workshop: Workshop, page: Page) -> None:
    """Clock, direction, numbers, words, parts and state; what is texted can't move the cursor."""
    page.says(PHONE, "hours")
    page.got(PHONE, 1)
    network = workshop.service.sandboxes["primary"].network
    text = "evil \u202e text \x1b[2J"
    network.receive(PHONE[1:], "447700900000", text, workshop.clock.now())
    page.got(PHONE, 2)

    def shown() -> list[str]:
        workshop.look()
        lines = [line for line in printed(workshop).splitlines() if PHONE in line]
        return lines if len(lines) == 4 else []

    lines = until(shown, "four lines")
    line = r"\w{3} \d\d:\d\d:\d\d  in   \+447700900123 -> main  hours  1 part"
    assert any(re.fullmatch(line, each) for each in lines)
    out = r".*  out  main -> \+447700900123  We are open .*  1 part  delivered"
    assert any(re.fullmatch(out, each) for each in lines)
    assert not {"\u202e", "\x1b"} & set(printed(workshop))


def test_web_services_are_played_and_their_calls_are_shown(workshop: Workshop, page: Page) -> None:
    """The survey's last step tells the CRM, which is nowhere; its key is not asked for."""
    for count, text in enumerate(("feedback", "5", "skip"), 1):
        page.says(PHONE, text)
        page.got(PHONE, count)

    def shown() -> list[str]:
        workshop.look()
        return [line for line in printed(workshop).splitlines() if "  call  " in line]

    (line,) = until(shown, "the call")
    assert re.search(r'  call  POST crm:/csat  \{.*"score": 5', line)


def test_a_real_service_that_the_project_does_not_have_is_told(project: Path) -> None:
    done = CliRunner().invoke(smsflow, ["--project", str(project), "dev", "--real", "crn"])
    assert done.exit_code == 2
    assert "no service 'crn' in smsflow.yaml, which has: clinic, crm" in done.output


def test_two_on_one_project_would_fight(project: Path, workshop: Workshop) -> None:
    """The second one says so and leaves the first alone."""
    with pytest.raises(SettingsInvalid, match="already"), opened(project):
        pass
    assert workshop.service.url


def test_a_project_that_is_broken_from_the_start_does_not_start(project: Path) -> None:
    """There is no last good version yet; nothing is left behind by the attempt."""
    edit(project / FLOW, "keyword:", "keywrd:")
    with pytest.raises(ProjectInvalid), opened(project):
        pass
    edit(project / FLOW, "keywrd:", "keyword:")
    with opened(project):
        pass


def test_a_project_that_is_broken_is_waited_for(project: Path) -> None:
    """Its mistakes are told once for each time it is saved, until it is mended."""
    edit(project / FLOW, "keyword:", "keywrd:")
    stream = StringIO()
    saved = iter([("keywrd:", "keywrds:"), None, ("keywrds:", "keyword:")])

    def ended() -> bool:
        change = next(saved)
        if change:
            edit(project / FLOW, *change)
        return False

    explain = lambda loaded: issues_text(loaded, project)  # noqa: E731 - one expression
    assert mended(project, explain, Screen(stream, "UTC"), ended)
    told = re.findall("unknown key '(.*?)'", stream.getvalue())
    assert list(dict.fromkeys(told)) == ["keywrd", "keywrds"]
    assert stream.getvalue().count("it begins as soon as that is mended") == 2


def test_waiting_for_a_broken_project_can_be_ended(project: Path) -> None:
    """Ctrl-C is no mending."""
    edit(project / FLOW, "keyword:", "keywrd:")
    assert not mended(project, lambda _: "", Screen(StringIO(), "UTC"), lambda: True)


def test_a_folder_without_a_project_is_left_as_it_is(tmp_path: Path) -> None:
    """Whoever stands in a wrong folder is told at once, and finds nothing new in it."""
    command = [sys.executable, "-m", "smsflow", "--project", str(tmp_path), "dev", "--no-browser"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "there is no smsflow.yaml" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_told(project: Path) -> None:
    """The lock and the database need a place; what is in the way is named."""
    (project / ".smsflow").write_text("in the way")
    with pytest.raises(SettingsInvalid, match=r"can't write to .*\.smsflow"), opened(project):
        pass


def test_ctrl_c_ends_everything(project: Path) -> None:
    """The command prints where the phone is, on $PORT, and goes with exit code 0."""
    command = [sys.executable, "-m", "smsflow", "--project", str(project)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PORT": "0"}
    with subprocess.Popen(
        [*command, "dev", "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    found = re.search(r"phone +http://127\.0\.0\.1:(\d+)/phone", "".join(lines))
    assert found is not None
    assert found[1] != "8000"
    assert (process.returncode, errors) == (0, "")
