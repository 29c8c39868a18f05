"""The generated parts of docs/gallery: files as they are, conversations as a phone shows them.

A part is named after what stands in it, with paths from the folder of its page: `file
flows/poll.yaml`, `phone tests/flows/poll.test.yaml` (the first test of that file) and `picture
flows/poll.yaml`; `shows` is the table of the index.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from textwrap import wrap
from zoneinfo import ZoneInfo

from smsflow.author import scripts
from smsflow.author.simulated import SimulatedProject, open_project
from smsflow.engine.diagram import mermaid
from smsflow.engine.language.grammar import TRIGGER_KINDS, VERBS
from smsflow.engine.model import Flow
from smsflow.engine.transcripts.playing import ChatLine, Played
from tests.docs.markdown import GALLERY, generated

FOLDERS = sorted(path.parent for path in GALLERY.glob("*/smsflow.yaml"))
PAGES = [GALLERY / "README.md", *(folder / "README.md" for folder in FOLDERS)]

_WIDTH = 64  # columns of the screen
_OURS, _THEIRS = 48, 40  # columns of a bubble
_PAUSE = timedelta(minutes=1)  # less than that is no pause
_EVERYWHERE = {"send", "ask", "if", "set", "goto", "end"}  # what most flows have
_KINDS = {".yaml": "yaml", ".py": "python"}


@cache
def project(folder: Path) -> SimulatedProject:
    """The project of a folder, opened once."""
    return open_project(folder)


@cache
def played(folder: Path) -> dict[str, list[Played]]:
    """Every test of a project, played as `smsflow test` does, by its file."""
    found: dict[str, list[Played]] = {}
    for path in scripts.find(folder, ()):
        script = scripts.read(path, folder)
        assert script.issues == ()
        timed = scripts.play_all(script.tests, project(folder), time.perf_counter)
        found[script.file] = [each.played for each in timed]
    return found


def parts(page: Path) -> dict[str, str]:
    """The generated parts of a page as they should be."""
    return {name: _part(page.parent, name) for name in generated(page)}


def _part(here: Path, name: str) -> str:
    if name == "shows":
        return _shows()
    kind, _, rest = name.partition(" ")
    path = here / rest
    folder = next(each for each in FOLDERS if path.is_relative_to(each))
    inside = path.relative_to(folder).as_posix()
    match kind:
        case "file":
            return f"```{_KINDS[path.suffix]} {inside}\n{path.read_text('utf-8')}```\n"
        case "phone":
            return f"```text\n{screen(played(folder)[inside][0])}```\n"
        case "picture":
            return f"```mermaid\n{mermaid(project(folder).flow(inside))}```\n"
        case _:
            raise AssertionError(f"nothing is generated under the name {name!r}")


def _shows() -> str:
    """Which projects show what, in the order of the reference."""
    found: dict[str, set[str]] = {}
    for folder in FOLDERS:
        for flow in project(folder).world.flows.values():
            for what in _used(flow):
                found.setdefault(what, set()).add(f"[{folder.name}]({folder.name}/README.md)")
    order = [*(f"a trigger `{kind}`" for kind in TRIGGER_KINDS), "`anytime`"]
    order += [f"[`{verb}`](../language.md#{verb})" for verb in VERBS]
    rows = [f"| {what} | {', '.join(sorted(found[what]))} |\n" for what in order if what in found]
    return "| what | where to see it |\n| --- | --- |\n" + "".join(rows)


def _used(flow: Flow) -> Iterator[str]:
    yield from (f"a trigger `{each.kind}`" for each in flow.triggers if each.kind != "keyword")
    if flow.anytime:
        yield "`anytime`"
    verbs = {each.verb for each in flow.steps.values()} - _EVERYWHERE
    yield from (f"[`{verb}`](../language.md#{verb})" for verb in verbs)


# --- the screen -----------------------------------------------------------------------------------


def screen(test: Played) -> str:
    """The conversation of a test: our texts on the left, theirs on the right."""
    lines: list[str] = []
    last: datetime | None = None
    for each in test.chat:
        shown = list(_bubble(each))
        if shown and last is not None and each.at - last >= _PAUSE:
            lines.append(_middle(_clock(last, each.at, test.zone)))
        if shown:
            last = each.at
        lines += shown
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _bubble(line: ChatLine) -> Iterator[str]:
    match line.arrow:
        case "->":
            yield from _wrapped(line.text, _OURS)
        case "<-":
            yield from (each.rjust(_WIDTH) for each in _wrapped(line.text, _THEIRS))
        case _ if line.text.startswith("event "):
            yield _middle(line.text)


def _wrapped(text: str, width: int) -> list[str]:
    return [line for each in text.splitlines() for line in wrap(each, width)]


def _middle(text: str) -> str:
    return f"- {text} -".center(_WIDTH)


def _clock(before: datetime, now: datetime, zone: str) -> str:
    was, local = (each.astimezone(ZoneInfo(zone)) for each in (before, now))
    if was.date() == local.date():
        return f"{local:%H:%M}"
    return f"{local:%A} {local.day} {local:%B}, {local:%H:%M}"
