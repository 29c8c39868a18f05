"""The commands of a page, run in the order of the page in a folder that follows its story.

A block `console` holds commands (`$ ...`) with their output; behind `smsflow chat` the lines that
begin with `> ` are typed. A block whose info string names a file (`yaml flows/hours.yaml`) is that
file from there on. `cd` and `cat` work; every other command has to be one of smsflow's.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shlex
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import click
import urllib3
from click.testing import CliRunner

from smsflow.cli import smsflow
from tests.docs.markdown import ROOT, Block, blocks

_TYPED = "> "
_ESCAPES = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]")  # colours
_PATIENCE = 60.0  # seconds for a server to do what it is asked
# What a developer's own shell might hold.
_ENVIRONMENT = dict.fromkeys(
    (
        *("SMSFLOW_DATABASE_URL", "DATABASE_URL", "SMSFLOW_REDIS_URL", "REDIS_URL", "PORT"),
        *("SMSFLOW_PROJECT", "SMSFLOW_SECRET_KEY", "SMSFLOW_API_TOKEN", "SMSFLOW_PUBLIC_URL"),
    )
)
_VARIES = (
    (re.compile(r"(phone +http://127\.0\.0\.1):\d+"), r"\1:8000"),
    (re.compile(r"(sandbox http://127\.0\.0\.1):\d+"), r"\1:40000"),
    (re.compile(r"\b\d+ ms\b"), "3 ms"),
    (re.compile(r"\b[A-Z][a-z]{2} \d\d:\d\d:\d\d\b"), "Mon 09:00:00"),
)


@dataclass(frozen=True, slots=True)
class Ran:
    """One block with what its commands really print."""

    block: Block
    output: str


def settled(text: str) -> str:
    """The text with everything that differs from run to run made equal."""
    for pattern, instead in _VARIES:
        text = pattern.sub(instead, text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def play(page: Path, folder: Path) -> Iterator[Ran]:
    """Every block of commands of the page, played in `folder`."""
    story = _Story(folder)
    found = blocks(page)
    for block, following in zip(found, [*found[1:], None], strict=False):
        if block.info[:1] == ("console",):
            if following is not None and following.info[:2] == ("text", "dev"):
                story.texted = " ".join(following.info[2:])
            yield Ran(block, settled(story.play(block.text)))
        elif block.info[:2] == ("text", "dev"):
            yield Ran(block, settled(story.ticked))
        elif block.path is not None:
            story.write(block)


class _Story:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.texted = ""  # what somebody texts to `smsflow dev`
        self.ticked = ""  # what it printed then

    def write(self, block: Block) -> None:
        """The author saves that file."""
        assert block.path is not None
        path = self._folder / block.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")

    def play(self, text: str) -> str:
        """The block again, with the output of its commands as it is now."""
        found: list[str] = []
        for command, typed in _commands(text):
            found.append(f"$ {command}\n")
            output = self._run(shlex.split(command), typed)
            found.append(output if not output or output.endswith("\n") else f"{output}\n")
        return "".join(found)

    def _run(self, words: list[str], typed: list[str]) -> str:
        match words:
            case ["cd", name]:
                self._folder = self._folder / name
                return ""
            case ["cat", name]:
                return (self._folder / name).read_text("utf-8")
            case ["smsflow", "dev", *_]:
                greeting, self.ticked = _served(words[1:], self._folder, self.texted)
                return greeting
            case ["smsflow", "chat", *_]:
                return _talked(words[1:], typed, self._folder)
            case ["smsflow", *arguments]:
                with chdir(self._folder):
                    return CliRunner().invoke(smsflow, arguments, env=_ENVIRONMENT).output
            case _:
                raise AssertionError(f"the page runs {shlex.join(words)}")


def _commands(text: str) -> list[tuple[str, list[str]]]:
    """The commands of a block, each with the lines that are typed into it."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.startswith(_TYPED) and found:
            found[-1][1].append(line.removeprefix(_TYPED))
    return found


def _environment() -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if name not in _ENVIRONMENT}
    return {**given, "PYTHONPATH": str(ROOT), "TERM": "dumb"}


def _served(arguments: list[str], folder: Path, text: str) -> tuple[str, str]:
    """What `smsflow dev` says when it starts, and when somebody texts; it ends as people end it."""
    command = [sys.executable, "-m", "smsflow", *arguments, "--no-browser", "--port", "0"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        hung = threading.Timer(_PATIENCE, process.kill)
        hung.start()
        greeting = _lines_until(process, "Ctrl-C")
        ticked: list[str] = []
        if text:
            _text(greeting, text)
            ticked = _lines_until(process, "  out  ")
        process.send_signal(signal.SIGINT)
        hung.cancel()
    return _ESCAPES.sub("", "".join(greeting)), _ESCAPES.sub("", "".join(ticked))


def _lines_until(process: subprocess.Popen[str], last: str) -> list[str]:
    """The lines that the process prints, up to one that holds `last`."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if last in line:
            break
    return lines


def _text(greeting: list[str], text: str) -> None:
    """Text the first number from the phone that `smsflow dev` named."""
    url = next(word for line in greeting for word in line.split() if word.endswith("/phone"))
    with urllib3.PoolManager() as pool:
        page = pool.request("GET", url).data.decode()
        token = re.search(r'name="smsflow-token" content="([^"]+)"', page)
        assert token is not None
        body = {"phone": "+447700900123", "number": "main", "text": text}
        headers = {"X-Smsflow-Token": token[1]}
        answer = pool.request("POST", f"{url}/texts", json=body, headers=headers)
        assert answer.status == 200, answer.data


def _talked(arguments: list[str], typed: list[str], folder: Path) -> str:
    """What a person sees in a terminal who types these lines, each at a prompt."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 400, 0, 0))
    command = [sys.executable, "-m", "smsflow", *arguments]
    with subprocess.Popen(
        command, cwd=folder, env=_environment(), stdin=theirs, stdout=theirs, stderr=theirs
    ):
        os.close(theirs)
        seen = b""
        for line in typed:
            seen += _until(ours, b"> ")
            os.write(ours, f"{line}\n".encode())
        seen += _until(ours, None)
    os.close(ours)
    return _ESCAPES.sub("", seen.decode()).replace("\r\n", "\n")


def _until(terminal: int, prompt: bytes | None) -> bytes:
    """What the terminal shows up to a prompt at the beginning of a line, or up to its end."""
    seen = b""
    while prompt is None or not seen.endswith(b"\n" + prompt):
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the other side is closed
            break
        if not more:
            break
        seen += more
    return seen


# --- commands that are named ---------------------------------------------------------------------


def command_lines(page: Path) -> list[str]:
    """The lines of blocks that people type, as far as they are smsflow's."""
    begins = {"sh": "smsflow ", "console": "$ smsflow "}
    return [
        line
        for each in blocks(page)
        if each.info[:1] and each.info[0] in begins
        for line in each.text.splitlines()
        if line.startswith(begins[each.info[0]])
    ]


def understand(line: str) -> None:
    """Fail when a command line names what is not there."""
    words = [word for word in shlex.split(line)[1:] if not re.fullmatch(r"[A-Z]+|<.*>", word)]
    command: click.Command = smsflow
    context = click.Context(command)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"{line}: there is no such command"
        command, words = found, words[1:]
    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    for word in words:
        assert not word.startswith("-") or word.partition("=")[0] in options, f"{line}: {word}"
