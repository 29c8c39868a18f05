"""The command line: what each command says, and the code that it ends with."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import urllib3
from click.testing import CliRunner, Result

from smsflow import __version__
from smsflow.cli import smsflow
from smsflow.store import Store

CHECKOUT = Path(__file__).parent.parent
SECRET = "a-secret-of-22-characters-and-more"

# What a developer's own shell might hold.
NOTHING = dict.fromkeys(
    (
        *("SMSFLOW_DATABASE_URL", "DATABASE_URL", "SMSFLOW_REDIS_URL", "REDIS_URL"),
        *("SMSFLOW_PROJECT", "SMSFLOW_SECRET_KEY", "PORT"),
    )
)
ACCOUNTS = {
    **dict.fromkeys(("SMS_URL", "SMS2_URL"), "http://127.0.0.1:9"),
    **dict.fromkeys(("SMS_USER", "SMS2_USER", "SMS_PASSWORD", "SMS2_PASSWORD"), "x"),
    **dict.fromkeys(("SMS_WEBHOOK_SECRET", "SMS2_WEBHOOK_SECRET"), SECRET),
    "SMSFLOW_SECRET_KEY": SECRET,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample project."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(CHECKOUT / "smsflow.yaml", folder)
    for name in ("flows", "templates"):
        shutil.copytree(CHECKOUT / name, folder / name)
    return folder


def run(project: Path, *arguments: str, **environment: str) -> Result:
    """Run a command for that project, with nothing in the environment but what is given."""
    env = {**NOTHING, **environment}
    return CliRunner().invoke(smsflow, ["--project", str(project), *arguments], env=env)


def spoil(project: Path, flow: str, right: str, wrong: str) -> None:
    """Put a mistake into a flow."""
    path = project / "flows" / f"{flow}.yaml"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong))


# --- help -----------------------------------------------------------------------------------------


def test_help_loads_nothing_heavy() -> None:
    """`smsflow --help` answers at once, for no command has been imported yet."""
    code = (
        "import sys, smsflow.cli;"
        "heavy = {'alembic', 'flask', 'granian', 'jinja2', 'phonenumbers', 'redis', 'rich', 'rq',"
        " 'sqlalchemy', 'structlog', 'urllib3', 'yaml'} & set(sys.modules);"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_help_names_the_commands(project: Path) -> None:
    """People see what they can run."""
    told = run(project, "--help").output
    for command in ("check", "db", "demo", "sandbox", "web", "worker"):
        assert f"\n  {command} " in told


def test_help_cuts_no_sentence_short(project: Path) -> None:
    """What a command is for can be read whole in a terminal of 80 columns."""
    _, commands = run(project, "--help").output.split("Commands:")
    assert "..." not in commands


def test_version(project: Path) -> None:
    """--version names the release."""
    assert run(project, "--version").output == f"smsflow {__version__}\n"


# --- check ----------------------------------------------------------------------------------------


def test_check_passes_the_samples(project: Path) -> None:
    """The sample project is sound, and the closing line counts its flows."""
    done = run(project, "check")
    assert (done.exit_code, done.output) == (0, "4 flows, 0 errors, 0 warnings\n")


def test_check_takes_a_path(project: Path, tmp_path: Path) -> None:
    """A folder as argument is checked instead of the project at hand."""
    assert run(tmp_path, "check", str(project)).exit_code == 0


def test_check_of_a_file_checks_its_project(project: Path, tmp_path: Path) -> None:
    """A file that is named stands for the project around it; a file of none has no project."""
    done = run(tmp_path, "check", str(project / "flows" / "hours.yaml"))
    assert (done.exit_code, done.output) == (0, "4 flows, 0 errors, 0 warnings\n")
    (tmp_path / "alone.yaml").write_text("smsflow: 1")
    assert "there is no smsflow.yaml" in run(tmp_path, "check", str(tmp_path / "alone.yaml")).output


def test_check_shows_the_line_the_caret_and_the_cure(project: Path) -> None:
    """An error is told with its place and its source, and makes the exit code 1."""
    spoil(project, "csat-survey", "nudge:", "nugde:")
    done = run(project, "check")
    lines = done.output.splitlines()
    assert done.exit_code == 1
    assert lines[0].startswith("flows/csat-survey.yaml:")
    assert "unknown key 'nugde' in an 'ask' step" in lines[0]
    assert any("^^^^^ did you mean 'nudge'?" in line for line in lines)
    assert lines[-1].startswith("3 flows, 1 error, ")


def test_check_lets_warnings_pass(project: Path) -> None:
    """A warning is told, and the exit code stays 0."""
    spoil(project, "csat-survey", "Un mot à ajouter?", "Un mot à ajouter ☎" + "☎" * 60 + "?")
    done = run(project, "check")
    assert done.exit_code == 0
    assert "warning F6" in done.output
    assert done.output.endswith("4 flows, 0 errors, 1 warning\n")


def test_check_as_json(project: Path) -> None:
    """--format json is one JSON object with every issue."""
    spoil(project, "hours", "keyword: [HOURS, OPEN]", "keyword: [HOURS, STOP]")
    done = run(project, "check", "--format", "json")
    told = json.loads(done.output)
    assert done.exit_code == 1
    assert told["flows"] == 3
    assert told["issues"][0]["file"] == "flows/hours.yaml"
    assert told["issues"][0]["level"] == "error"


def test_check_as_annotations(project: Path) -> None:
    """--format github prints workflow commands."""
    spoil(project, "hours", "steps:", "stesp:")
    done = run(project, "check", "--format", "github")
    assert done.exit_code == 1
    assert done.output.startswith("::error file=flows/hours.yaml,line=")


def test_check_says_that_there_is_no_project(tmp_path: Path) -> None:
    """A folder without smsflow.yaml is an error with its cure, and nothing is written into it."""
    done = run(tmp_path, "check")
    assert done.exit_code == 1
    assert "there is no smsflow.yaml" in done.output
    assert list(tmp_path.iterdir()) == []


# --- mistakes in words ----------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["web", "worker"])
def test_queues_in_memory_are_refused(project: Path, command: str) -> None:
    """web and worker are processes of their own, so a queue in memory would reach nobody."""
    done = run(project, command, **ACCOUNTS)
    assert done.exit_code == 2
    assert done.stderr.startswith("smsflow: ")
    assert "set SMSFLOW_REDIS_URL" in done.stderr
    assert "smsflow demo" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_is_one_line(project: Path) -> None:
    """What nobody's program can help is told without a traceback."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-u", "-m", "smsflow", "check", str(project)],
            cwd=CHECKOUT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr == "smsflow: No space left on device: the output\n"


def test_a_wrong_setting_is_one_line(project: Path) -> None:
    """A setting that can't be read is named, and the exit code is 2."""
    done = run(project, "web", PORT="eighty")
    assert done.exit_code == 2
    assert done.stderr == "smsflow: PORT must be a number from 0 to 65535, and is 'eighty'\n"


def test_web_shows_the_mistakes_of_the_project(project: Path) -> None:
    """A broken project is told with source and caret before any process is started."""
    spoil(project, "otp", "digits: 6", "digist: 6")
    done = run(project, "web", SMSFLOW_REDIS_URL="redis://127.0.0.1:9", **ACCOUNTS)
    assert done.exit_code == 1
    assert "^^^^^^ did you mean 'digits'?" in done.stderr


def test_web_says_that_the_database_is_not_ready(project: Path) -> None:
    """Without `smsflow db upgrade` the web does not start, and says so."""
    done = run(project, "web", SMSFLOW_REDIS_URL="redis://127.0.0.1:9", **ACCOUNTS)
    assert done.exit_code == 2
    assert "smsflow db upgrade" in done.stderr


def test_web_does_not_share_a_port(project: Path) -> None:
    """A second web on a port that is taken is refused."""
    assert run(project, "db", "upgrade").exit_code == 0
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = {"SMSFLOW_REDIS_URL": "redis://127.0.0.1:9", "PORT": port, **ACCOUNTS}
        done = run(project, "web", **given)
    assert done.exit_code == 2
    assert f"can't listen on 127.0.0.1:{port}" in done.stderr


# --- db and sandbox -------------------------------------------------------------------------------


def test_db_upgrade_makes_the_tables_and_can_be_repeated(project: Path, tmp_path: Path) -> None:
    """The release command of a deployment: the first time, and every time after."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    for _ in range(2):
        assert run(project, "db", "upgrade", SMSFLOW_DATABASE_URL=url).exit_code == 0
    store = Store.connect(url)
    store.check_schema()
    store.close()


def test_the_sandbox_runs_until_interrupted() -> None:
    """`smsflow sandbox` says where it is, and Ctrl-C ends it."""
    command = [sys.executable, "-m", "smsflow", "sandbox", "--port", "0"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("sandbox provider on http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_a_sandbox_whose_time_is_sped_up() -> None:
    """A text for tomorrow arrives, and a report that nobody takes is told anew, within seconds."""
    options = ["--port", "0", "--speed", "86400"]
    command = [sys.executable, "-m", "smsflow", "sandbox", *options]
    http = urllib3.PoolManager(headers={"Authorization": "App sandbox"}, retries=False)
    with (
        socket.create_server(("127.0.0.1", 0)) as hook,
        subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        now = http.request("PUT", f"{url}/sandbox/clock", json={}).json()["now"]
        tomorrow = datetime.fromisoformat(now) + timedelta(days=1)
        message = {
            "from": "InfoSMS",
            "destinations": [{"to": "41793026727"}],
            "text": "Good morning",
            "sendAt": tomorrow.isoformat(timespec="milliseconds"),
            "notifyUrl": f"http://127.0.0.1:{hook.getsockname()[1]}/",
        }
        http.request("POST", f"{url}/sms/1/text/advanced", json={"messages": [message]})
        hook.settimeout(10)
        for _ in range(3):  # a minute after the first, and two after the second
            told, _peer = hook.accept()
            told.close()
        (log,) = http.request("GET", f"{url}/sms/1/logs").json()["results"]
        assert log["status"]["name"] == "DELIVERED_TO_HANDSET"
        process.terminate()
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan", "1000001"])
def test_a_speed_that_is_none(speed: str) -> None:
    """Time goes on, and forward."""
    done = CliRunner().invoke(smsflow, ["sandbox", "--port", "0", "--speed", speed])
    assert done.exit_code == 2
    assert "--speed" in done.stderr


def test_a_sandbox_on_a_taken_port_says_so() -> None:
    """The address is named, and the exit code is 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "smsflow", "sandbox", "--port", port]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"can't listen on 127.0.0.1:{port}" in done.stderr
