"""`smsflow route`, `graph`, `diff`, `schema` and `trace`: what they print, and how they end."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from smsflow.author.simulated import open_project
from smsflow.cli import smsflow
from smsflow.config import HOME
from smsflow.conversation import Conversations
from smsflow.engine.routing import ORDER
from smsflow.store import Store
from smsflow.store.rows import Kind, NewRow

PHONE = "+447700900123"
NAMES = (
    "SMSFLOW_DATABASE_URL",
    "DATABASE_URL",
    "SMSFLOW_REDIS_URL",
    "REDIS_URL",
    "SMSFLOW_PROJECT",
)
Edit = Callable[[Path, str, str], None]


def run(folder: Path, *arguments: str) -> Result:
    """Run a command for a project, with nothing of a developer's own in the environment."""
    command = ["--project", str(folder), *arguments]
    return CliRunner().invoke(smsflow, command, env=dict.fromkeys(NAMES), catch_exceptions=False)


@dataclass
class Clock:
    """A clock that a test sets."""

    time: datetime

    def now(self) -> datetime:
        return self.time


class Site:
    """A project with its database, at work without a web server."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self.clock = Clock(datetime.now(UTC) - timedelta(minutes=5))
        world = open_project(folder).world
        self._work = Conversations(
            store, lambda: world, lambda *_: None, clock=self.clock, rng=Random(1)
        )
        bundles = [
            (each.name, each.version, source) for each, source in _bundles(folder, world.flows)
        ]
        store.remember_versions(bundles)

    def says(self, text: str, phone: str = PHONE, number: str = "main") -> None:
        """A text comes in, a second after the last, and is worked off."""
        self.clock.time += timedelta(seconds=1)
        payload = {"text": text, "number": number}
        self.store.insert([NewRow(Kind.MO, phone, payload, self.clock.time)])
        assert self._work.work().rows == 1


def _bundles(folder: Path, flows: Any) -> Iterator[tuple[Any, str]]:
    from smsflow.extending import read_project

    bundles = read_project(folder)[1].bundles
    return ((flow, bundles[name]) for name, flow in flows.items())


@pytest.fixture
def site(sample: Path) -> Iterator[Site]:
    """The sample project with an empty database at the place where commands look for it."""
    (sample / HOME).mkdir()
    store = Store.connect(f"sqlite:///{sample / HOME / 'smsflow.db'}")
    store.upgrade()
    yield Site(sample, store)
    store.close()


@pytest.fixture
def repository(sample: Path) -> Path:
    """The sample project in a folder of a git repository, with everything committed."""
    top = sample.parent / "repository"
    folder = top / "sms"
    shutil.copytree(sample, folder)
    for arguments in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-q", "-m", "first"),
    ):
        subprocess.run(["git", "-C", str(top), *arguments], check=True)  # noqa: S607
    return folder


# --- route ----------------------------------------------------------------------------------------


def test_route_tells_every_rule_and_the_one_that_took_the_text(sample: Path) -> None:
    """With the keyword that was probably meant, and its place."""
    done = run(sample, "route", PHONE, "FEED")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0] == f"{PHONE} to main: 'FEED' of a new contact"
    keyword = "keyword         no keyword 'FEED', and no pattern fits (nearest: FEEDBACK in"
    assert keyword in done.output
    numbers = {line[5:20].strip(): line[:5] for line in lines[2 : 2 + len(ORDER)]}
    assert list(numbers) == list(ORDER)
    assert [name for name, before in numbers.items() if before.startswith(">")] == ["default reply"]
    assert "silence         not asked" in lines[1 + len(ORDER)]


def test_route_tells_the_step_that_a_text_leads_to(sample: Path) -> None:
    """What follows is told with places, on the number that was named."""
    found = json.loads(
        run(sample, "route", "+44 7700 900123", "feedback", "--to", "backup",
            "--format", "json").output
    )  # fmt: skip
    assert (found["contact"], found["number"], found["took"]) == (PHONE, "backup", "keyword")
    assert [each["number"] for each in found["rules"]] == list(range(1, len(ORDER) + 1))
    last = found["steps"][-1]
    assert (last["flow"], last["step"], last["what"]) == ("csat-survey", "score", "send")
    assert last["place"]["file"] == "flows/csat-survey.yaml"


def test_route_live_knows_the_open_question_and_changes_nothing(site: Site) -> None:
    """The answer is taken by the question that the database knows, and nobody is texted."""
    site.says("feedback")
    before = site.store.conversation(PHONE).to_json(), site.store.counts()
    done = run(site.folder, "route", PHONE, "4", "--live")
    assert "of a contact with 1 live session: csat-survey asks 'score'" in done.output
    taken = "answer          csat-survey at 'score': reply, 4 (number '4', exact)"
    assert any(line.startswith(">") and line.endswith(taken) for line in done.output.splitlines())
    assert (site.store.conversation(PHONE).to_json(), site.store.counts()) == before
    assert "default reply" in run(site.folder, "route", PHONE, "4").output


def test_route_live_runs_a_session_on_the_version_it_began_with(site: Site, edit: Edit) -> None:
    """A question that is no longer in the file is still open."""
    site.says("feedback")
    edit(site.folder / "flows/csat-survey.yaml", "range: [1, 5]", "range: [1, 3]")
    edit(site.folder / "flows/csat-survey.yaml", "5: [great", "3: [great")
    lines = run(site.folder, "route", PHONE, "5", "--live").output.splitlines()
    assert [line[5:11] for line in lines if line.startswith(">")] == ["answer"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("route", "+44", "x"), "'+44'"),
        (("route", PHONE, "x", "--to", "mian"), "no number 'mian'; did you mean 'main'?"),
        (("graph", "hourz"), "there is no flow 'hourz'; did you mean 'hours'?"),
        (("graph", "hours", "--diff", "nowhere"), "'nowhere' is neither a folder nor a revision"),
        (("diff", "--", "--output=x"), "'--output=x' is neither a folder nor a revision"),
        (("schema", "--output", "smsflow.yaml/x"), "can't write smsflow.yaml/x"),
    ],
)
def test_a_wrong_argument_is_told_in_words(
    sample: Path, arguments: tuple[str, ...], said: str
) -> None:
    """With code 2 and no traceback."""
    with chdir(sample):
        done = run(sample, *arguments)
    assert (done.exit_code, said in done.output) == (2, True), done.output


def test_text_of_strangers_moves_no_cursor(site: Site) -> None:
    """What people text is shown as text."""
    done = run(site.folder, "route", PHONE, "\x1b[2Jhi")
    assert "\x1b" not in done.output


# --- graph and diff -------------------------------------------------------------------------------


def test_graph_draws_a_flow_by_name_or_file(sample: Path) -> None:
    """Mermaid on standard output, and nothing else."""
    by_name, by_file = (run(sample, "graph", name) for name in ("otp", "flows/otp.yaml"))
    assert by_name.output == by_file.output
    assert by_name.output.startswith('flowchart TD\n  n0(["api<br/>keyword LOGIN, CODE"])\n')


def test_graph_live_counts_sessions_at_their_step(site: Site) -> None:
    """Of every version."""
    for number in range(3):
        site.says("feedback", f"+44770090012{number}")
    assert "<br/>3 live" in run(site.folder, "graph", "csat-survey", "--live").output
    assert "live" not in run(site.folder, "graph", "hours", "--live").output


def test_graph_live_without_a_database_says_so(sample: Path) -> None:
    """The picture without counts would be a wrong answer."""
    done = run(sample, "graph", "hours", "--live")
    assert done.exit_code == 2


def test_graph_and_diff_compare_with_a_revision(repository: Path, edit: Edit) -> None:
    """Of the folder of the project in its repository; the working tree is left alone."""
    assert run(repository, "diff").output == "no flow differs from HEAD\n"
    edit(repository / "flows/csat-survey.yaml", "[C, prix]", "[C, prix, cost]")
    edit(repository / "flows/hours.yaml", "[HOURS, OPEN]", "[HOURS]")
    (repository / "flows/new.yaml").write_text("smsflow: 1\ntriggers: [{api: true}]\n"
                                               "steps: [{end: x}]\n")  # fmt: skip
    done = run(repository, "diff", "HEAD")
    assert done.exit_code == 0
    heads = [line.split() for line in done.output.splitlines() if not line.startswith(" ")]
    assert [(head[0], head[-1]) for head in heads] == [
        ("csat-survey", "structural"),
        ("hours", "structural"),
        ("new", "additive"),
    ]
    assert "ask 'reason': answer changed" in done.output
    assert " changed\n" in run(repository, "graph", "csat-survey", "--diff", "HEAD").output
    assert "no flow 'new' at HEAD" in run(repository, "graph", "new", "--diff", "HEAD").output


def test_diff_counts_the_sessions_that_wait_at_a_changed_step(
    site: Site, edit: Edit, tmp_path: Path
) -> None:
    """Against another folder; a removed question is breaking."""
    old = tmp_path / "old"
    shutil.copytree(site.folder, old)
    site.says("feedback")
    edit(site.folder / "flows/csat-survey.yaml", "save: score", "id: score\n    save: mark")
    text = (site.folder / "flows/csat-survey.yaml").read_text("utf-8")
    text = text.replace("score <=", "mark <=").replace("score >=", "mark >=")
    (site.folder / "flows/csat-survey.yaml").write_text(
        text.replace("score is none", "mark is none").replace("[ticket, score", "[ticket, mark"),
        "utf-8",
    )
    done = run(site.folder, "diff", str(old))
    assert "ask 'score': saved as 'mark', was 'score'" in done.output, done.output
    assert "1 session waits here" in done.output
    assert (
        "1 live session in all; each ends on its version, unless it follows or is moved"
        in done.output
    )
    (flow,) = json.loads(run(site.folder, "diff", str(old), "--format", "json").output)["flows"]
    assert (flow["flow"], flow["change"]) == ("csat-survey", "breaking")
    assert flow["changes"][0]["waiting"] in (0, 1)


def test_diff_of_a_breaking_change_hints_what_migrate_could_say(
    site: Site, edit: Edit, tmp_path: Path
) -> None:
    """Pasted into the flow as it is printed, it checks, and there is nothing left to hint at."""
    old = tmp_path / "old"
    shutil.copytree(site.folder, old)
    site.says("feedback")
    file = site.folder / "flows/csat-survey.yaml"
    edit(file, "save: score", "id: rating\n    save: score")
    done = run(site.folder, "diff", str(old))
    head, *_, hint, key, first, second = done.output.splitlines()
    assert head.endswith(" breaking")
    assert hint == "  hint: this would let 1 session at 'score' move:"
    version = head.split()[1]
    pasted = "\n".join(line.removeprefix("    ") for line in (key, first, second))
    assert pasted == f'migrate:\n  - from: {version}\n    steps: {{score: "rating"}}'
    edit(file, "smsflow: 1\n", f"smsflow: 1\n{pasted}\n")
    assert run(site.folder, "check").exit_code == 0
    assert "hint" not in run(site.folder, "diff", str(old)).output


def test_a_version_with_mistakes_is_told_as_such(sample: Path, tmp_path: Path, edit: Edit) -> None:
    """Not as mistakes of the project at hand."""
    old = tmp_path / "old"
    shutil.copytree(sample, old)
    edit(old / "flows/hours.yaml", "keyword:", "keywrd:")
    done = run(sample, "diff", str(old))
    assert done.exit_code == 2
    assert f"the project at {old} has mistakes of its own:" in done.output
    assert "no project" in run(sample, "diff", str(tmp_path)).output


# --- schema ---------------------------------------------------------------------------------------


def test_schema_writes_both_schemas_with_the_names_of_the_project(sample: Path) -> None:
    """Where the first lines of the files look for them."""
    done = run(sample, "schema")
    assert done.exit_code == 0
    paths = [sample / HOME / name for name in ("flow.schema.json", "project.schema.json")]
    assert done.output == "".join(f"  {path}\n" for path in paths)
    flow = json.loads(paths[0].read_text("utf-8"))
    assert flow["$defs"]["send"]["properties"]["deliver"]["enum"][:1]
    assert "reception" in paths[0].read_text("utf-8")


def test_schema_needs_no_sound_project(sample: Path, tmp_path: Path) -> None:
    """It is wanted most while somebody is still writing."""
    (sample / "smsflow.yaml").write_text("numbers: {", "utf-8")
    target = tmp_path / "out" / "flows.json"
    assert run(sample, "schema", "--output", str(target)).exit_code == 0
    assert json.loads(target.read_text("utf-8"))["title"] == "A flow of smsflow"


# --- trace ----------------------------------------------------------------------------------------


def test_trace_tells_a_session_line_by_line(site: Site) -> None:
    """In the contact's zone, with the place of each step and what became of each text."""
    site.says("feedback")
    site.says("it was a 4")
    (phone, session), *_ = site.store.sessions_of(PHONE, 5)
    assert phone == PHONE
    done = run(site.folder, "trace", session.id[:20])
    lines = done.output.splitlines()
    assert lines[0] == (
        f"{session.id} csat-survey@{session.version}  {PHONE}  en  waits at 'comment'"
    )
    assert lines[1].endswith("(Europe/London)")
    local = session.started_at.astimezone(ZoneInfo("Europe/London"))
    assert lines[2].startswith(f" {local:%H:%M:%S} start ")
    (first,) = [line for line in lines if "How did we do today?" in line]
    assert '5 (great)." 1 part via main, refused: superseded  flows/csat-survey.yaml:' in first
    assert any(" reply    4 (" in line for line in lines)


def test_trace_of_a_number_has_all_its_sessions_and_what_no_session_took(site: Site) -> None:
    """As one story, in its order."""
    for text in ("hours", "nonsense", "feedback"):
        site.says(text)
    site.says("hours", "+447700900999")
    found = json.loads(run(site.folder, "trace", PHONE, "--format", "json").output)
    assert [each["flow"] for each in found["sessions"]] == ["hours", "csat-survey"]
    assert [each["outcome"] for each in found["sessions"]] == ["done", None]
    assert (found["contact"], found["timezone"]) == (PHONE, "Europe/London")
    whats = [each["what"] for each in found["lines"]]
    assert whats.count("start") == 2
    assert "default" in whats
    said = run(site.folder, "trace", PHONE).output
    assert " -           default  nothing matched" in said
    assert "csat-survey send" in said


def test_trace_tells_until_when_a_text_is_held(site: Site) -> None:
    """Here by quiet hours, on the contact's clock."""
    (site.folder / "flows" / "night.yaml").write_text(
        "smsflow: 1\ntriggers: [{keyword: NIGHT}]\nsteps: [{send: Good morning, quiet: hold}]\n"
    )
    night = Site(site.folder, site.store)
    night.clock.time = datetime(2025, 3, 10, 22, 30, tzinfo=UTC)
    night.says("night")
    said = run(site.folder, "trace", PHONE).output
    assert '"Good morning" 1 part via main, queued until Tue 11 Mar 08:00  flows/night' in said
    (line,) = [
        each
        for each in json.loads(run(site.folder, "trace", PHONE, "--format", "json").output)["lines"]
        if each["message"]
    ]
    assert line["message"]["due"] == "2025-03-11T08:00:00+00:00"


def test_trace_shows_no_code(site: Site) -> None:
    """Neither the one that was sent nor the ones that were tried."""
    site.says("login")
    code = site.store.messages_of(PHONE)[0].text.split()[0]
    site.says("000000")
    for arguments in (("trace", PHONE), ("trace", PHONE, "--format", "json")):
        done = run(site.folder, *arguments)
        assert done.exit_code == 0
        assert code not in done.output
        assert "000000" not in done.output
    assert "••••••" in run(site.folder, "trace", PHONE).output


def test_trace_of_what_is_unknown_ends_with_1(site: Site) -> None:
    """And several sessions that begin alike are named."""
    for which in ("+447700900555", "8f2c", "%", ""):
        done = run(site.folder, "trace", which)
        assert done.exit_code == 1
        assert "nothing is known of" in done.output
    site.says("hours")
    site.says("hours")
    done = run(site.folder, "trace", "0")
    assert done.exit_code == 1
    assert done.output.count("  hours  +447700900123") == 2


def test_trace_works_on_a_project_with_mistakes(site: Site, edit: Edit) -> None:
    """It is about what was, not about what is being written."""
    site.says("hours")
    edit(site.folder / "flows/hours.yaml", "keyword:", "keywrd:")
    assert run(site.folder, "trace", PHONE).exit_code == 0
