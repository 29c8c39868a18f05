"""The short form of `python -m tests.chaos`: seconds of what the long one does for minutes."""

from __future__ import annotations

from tests.chaos.__main__ import words
from tests.chaos.run import Options, run


def _silent(_what: str, _done: float) -> None:
    """Nobody looks at a progress bar here."""


def test_whatever_is_killed_each_text_is_answered_once() -> None:
    """80 texts over PostgreSQL and Redis: none lost, doubled, out of order or without its end."""
    outcome = run(
        Options(messages=80, kill_every=1.0, rate=20, late=(0.5, 3.0), patience=60.0), _silent
    )
    assert outcome.sound, words(outcome)
    assert outcome.damage.kills().total() >= 3


def test_one_process_that_is_killed_over_and_over_answers_each_text_once() -> None:
    """80 texts over SQLite, with everything in the one process that is killed."""
    outcome = run(
        Options(
            messages=80,
            kill_every=1.0,
            rate=10,
            database="sqlite",
            late=(0.5, 3.0),
            patience=60.0,
        ),
        _silent,
    )
    assert outcome.sound, words(outcome)
    assert outcome.damage.kills()["service"] >= 2
