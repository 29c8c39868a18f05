"""A small project and the sample project, as the mappings of files that the reader takes."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from smsflow.engine.language.parse import Loaded, load
from smsflow.errors import Issue

ROOT = Path(__file__).parents[2]

PROJECT = """\
smsflow-project: 1
languages: [en]
numbers: {main: {address: "+447700900000", provider: one}}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
contact: {fields: {city: text, born: date}}
deliver: {normal: {via: [main]}}
"""


def sample() -> dict[str, bytes]:
    """The sample project of this repository."""
    paths = [ROOT / "smsflow.yaml", *ROOT.glob("flows/*.yaml"), *ROOT.glob("templates/*.j2")]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}


def load_flow(flow: str, more: Mapping[str, str] | None = None) -> Loaded:
    """The small project with one flow, and more files by path."""
    files = {"smsflow.yaml": PROJECT, "flows/x.yaml": dedent(flow), **(more or {})}
    return load({name: text.encode() for name, text in files.items()})


def steps(text: str) -> str:
    """A flow of these steps, which begin on line 4."""
    return "smsflow: 1\ntriggers: [{keyword: GO}]\nsteps:\n" + dedent(text).lstrip("\n")


def found(loaded: Loaded) -> list[tuple[str, int]]:
    """Code and line of each issue."""
    return [(issue.code, issue.place.line) for issue in loaded.issues]


def only(loaded: Loaded) -> Issue:
    """The one issue of a project that has one."""
    assert len(loaded.issues) == 1, "\n".join(map(str, loaded.issues)) or "no issue"
    return loaded.issues[0]
