"""Logs without pages: a window that is full is asked in halves, until every line was told once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from smsflow.providers.base import LogLine, LogsUnavailable
from smsflow.providers.windows import lines_of
from smsflow.sms.states import State

START = datetime(2026, 3, 2, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
MOST = 10


def line(name, sent_at):
    return LogLine(name, "+447700900001", State.ACCEPTED, "", None, 1, sent_at, sent_at)


class Logs:
    """Logs that give so many lines at most, in whatever order they like."""

    def __init__(self, moments):
        self.lines = [line(f"m{n}-0", at) for n, at in enumerate(moments)]
        self.asked = 0

    def ask(self, since, until):
        self.asked += 1
        found = [each for each in self.lines if since <= each.sent_at <= until]
        Random(self.asked).shuffle(found)
        return found[:MOST]

    def read(self, until):
        return list(lines_of(self.ask, START, until, most=MOST))


@pytest.mark.parametrize("seed", range(20))
def test_every_line_is_told_once(seed):
    """Whatever the spread of the texts over time, down to microseconds."""
    rng = Random(seed)
    span = rng.choice([200_000, 900_000, 10**9])
    logs = Logs([START + timedelta(microseconds=rng.randrange(span)) for _ in range(200)])
    found = logs.read(START + timedelta(microseconds=span))
    assert sorted(found, key=lambda each: each.wire_id) == sorted(
        logs.lines, key=lambda each: each.wire_id
    )


def test_a_window_that_is_not_full_is_one_question():
    """Nothing is asked twice for no reason, and lines at both ends belong to it."""
    end = START + timedelta(hours=1)
    logs = Logs([START, end])
    assert len(logs.read(end)) == 2
    assert logs.asked == 1


def test_a_text_on_the_edge_of_two_halves_is_told_once():
    """Both halves hold it, for dates may be cut to milliseconds on either side."""
    end = START + 8 * MILLISECOND
    logs = Logs([START + n * MILLISECOND for n in range(9) for _ in range(3)])
    assert len(logs.read(end)) == 27


def test_more_texts_in_a_millisecond_than_an_answer_holds_are_told():
    """Half of the truth would be worse than none."""
    with pytest.raises(LogsUnavailable, match="can't tell all"):
        Logs([START] * (MOST + 1)).read(START + timedelta(hours=1))


def test_a_line_that_says_nothing_counts_for_a_full_window_and_is_left_out():
    """Duplicates take up room in an answer too."""
    logs = Logs([START + n * MILLISECOND for n in range(30)])

    def ask(since, until):
        return [each if each.wire_id != "m3-0" else None for each in logs.ask(since, until)]

    assert len(list(lines_of(ask, START, START + 30 * MILLISECOND, most=MOST))) == 29
