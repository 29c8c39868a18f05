"""`smsflow test --update`: what was really sent, written into the tests that expected other words.

A test is changed only when it then passes as a whole. Whatever else went wrong, such as a text that
did not come, is for a person to judge: after it the texts stand beside lines that they do not
belong to. Nothing is written before the new file was read and all its tests were played again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from smsflow.author.rewriting import CantRewrite, rewritten
from smsflow.author.scripts import Script, Timed, play_all
from smsflow.author.simulated import SimulatedProject
from smsflow.engine.transcripts.playing import Played, play
from smsflow.engine.transcripts.transcript import Transcript, read_transcripts
from smsflow.errors import Place


@dataclass(frozen=True, slots=True)
class Change:
    """A text that was written anew, in the test of that name; where it stood before."""

    test: str
    place: Place
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Updated:
    """A file after the update: its new bytes (None: it stays as it is), how its tests went, what
    was changed, and why something that could have been was not."""

    data: bytes | None
    timed: list[Timed]
    changes: tuple[Change, ...] = ()
    problem: str = ""


def update(
    script: Script,
    timed: Sequence[Timed],
    project: SimulatedProject,
    clock: Callable[[], float],
) -> Updated:
    """What the file would be with the texts that were sent; `timed` are the tests of it that were
    played."""
    tried = {
        number: _tried(each.played.test, project)
        for number, each in enumerate(timed)
        if not each.played.passed
    }
    found = {number: each.corrections for number, each in tried.items() if each.passed}
    # What else is wrong with a test tells more than its first text in other words.
    told = [
        replace(each, played=tried[number]) if number in tried.keys() - found.keys() else each
        for number, each in enumerate(timed)
    ]
    stays = Updated(None, told)
    if not found:
        return stays
    texts: dict[Place, str] = {}
    for each in (each for corrections in found.values() for each in corrections):
        if texts.setdefault(each.place, each.new) != each.new:
            problem = f"{each.place}: two tests share this text, and were sent different ones"
            return replace(stays, problem=problem)
    try:
        new = rewritten(script.data, texts)
    except CantRewrite as error:
        return replace(stays, problem=f"{error.place}: {error}; write it by hand")
    tests, issues = read_transcripts(new, script.file)
    numbers = [script.tests.index(each.played.test) for each in timed]
    if issues or len(tests) != len(script.tests):
        return replace(stays, problem=f"{script.file}: its new texts can't be read back")
    again = list(play_all([tests[number] for number in numbers], project, clock))
    for number, (before, after) in enumerate(zip(timed, again, strict=True)):
        if not after.played.passed and (before.played.passed or number in found):
            place = before.played.test.place
            return replace(stays, problem=f"{place}: with the new texts this test would fail")
    changes = tuple(
        Change(timed[number].played.test.name, each.place, each.old, each.new)
        for number, corrections in found.items()
        for each in corrections
    )
    went = [each if each.played.passed else told[number] for number, each in enumerate(again)]
    return Updated(new, went, changes)


def _tried(test: Transcript, project: SimulatedProject) -> Played:
    """How the test goes, whatever the words of its texts."""
    return play(test, project.world, deploy=project.with_new_version, correct=True)


def word_diff(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Two texts word by word, as pieces: ` ` stands in both, `-` in the old one, `+` in the new."""
    before, after = (re.findall(r"\s+|\S+", text) for text in (old, new))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    gone = came = ""
    codes = matcher.get_opcodes()
    for number, (kind, start, end, since, until) in enumerate(codes, 1):
        same = "".join(before[start:end]) if kind == "equal" else ""
        if same.strip() or (same and number in (1, len(codes))):
            yield from _changed(gone, came)
            yield " ", same
            gone = came = ""
        else:  # also a blank between two changes, for they are one
            gone, came = gone + "".join(before[start:end]), came + "".join(after[since:until])
    yield from _changed(gone, came)


def _changed(gone: str, came: str) -> Iterator[tuple[str, str]]:
    if gone:
        yield "-", gone
    if came:
        yield "+", came
