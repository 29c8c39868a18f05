"""The sample project: it has no mistakes, and its transcripts play."""

from pathlib import Path

import pytest

from smsflow.engine import world as worlds
from smsflow.engine.language.parse import load
from smsflow.engine.transcripts.playing import play
from smsflow.engine.transcripts.transcript import Transcript, read_transcripts
from smsflow.engine.world import World
from tests.engine.reading_helpers import ROOT, sample

FILES = sorted(ROOT.glob("tests/flows/*.test.yaml"))


def transcripts_of(path: Path) -> list[Transcript]:
    """The tests of a file without mistakes."""
    found, issues = read_transcripts(path.read_bytes(), path.relative_to(ROOT).as_posix())
    assert issues == []
    return found


ALL = [test for path in FILES for test in transcripts_of(path)]


@pytest.fixture(scope="module")
def samples() -> World:
    """The world of the sample project."""
    loaded = load(sample())
    assert loaded.issues == ()
    assert loaded.project is not None
    return worlds.build(loaded.project, loaded.flows, secret=b"a secret of tests")


def test_every_sample_flow_has_transcripts(samples):
    assert {test.flow for test in ALL} == set(samples.flows)


@pytest.mark.parametrize("test", ALL, ids=[f"{test.flow}: {test.name}" for test in ALL])
def test_the_transcript_plays(samples, test):
    played = play(test, samples)
    chat = "\n".join(f"{line.at:%d %H:%M} {line.arrow} {line.text}" for line in played.chat)
    assert played.passed, f"{played.place}: {played.reason} (got: {played.got})\n{chat}"
