"""The benchmarks run, and what they measure is right: no figure is asserted here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.bare_app import TEXTS
from benchmarks.contenders import CONTENDERS, Contender, missing_servers
from benchmarks.language import Found, Size, answering, checking, routing
from benchmarks.processes import provider
from benchmarks.sandbox import BARE, SANDBOX, measure
from benchmarks.sandbox import table as sandbox_table
from benchmarks.throughput import Result, Track, middle, percentile, ratios, table

MISSING = missing_servers()
MESSAGES = 24


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda contender: contender.key)
def test_each_text_has_one_reply_and_its_report_is_recorded(
    contender: Contender, tmp_path: Path
) -> None:
    """Every contender answers everybody exactly once, and records every report."""
    if MISSING and contender.needs_servers:
        pytest.skip(MISSING)
    with provider(tmp_path) as network, contender.start(network.port, tmp_path) as standing:
        found = Track(standing, network, patience=30).run(MESSAGES, seconds=30)
    assert (found["sent"], found["replies"], found["twice"]) == (MESSAGES, MESSAGES, 0)
    assert (found["reports"], found["unrecorded"]) == (MESSAGES, 0)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """p50 and p99 are values of the list, and nothing is 0."""
    values = [float(value) for value in range(100, 0, -1)]
    assert percentile(values, 0.50) == 51.0
    assert percentile(values, 0.99) == 100.0
    assert percentile([], 0.99) == 0.0


def test_faults_of_every_round_are_told() -> None:
    """The median round is shown, with the messages that any round lost."""
    rounds = [Result("d", "ours", rate=rate, lost=lost) for rate, lost in ((3, 0), (1, 2), (2, 0))]
    chosen = middle(rounds)
    assert (chosen.rate, chosen.lost) == (2, 2)
    assert "NOT RIGHT" in table([chosen])


def test_ratios_compare_within_a_round() -> None:
    """The machine may be slower in one round, so each round is compared with itself."""
    rounds = [
        {"b": Result("b", "theirs", rate=slow), "d": Result("d", "ours", rate=fast)}
        for slow, fast in ((10, 100), (1, 10), (5, 50))
    ]
    assert ratios(rounds) == {"d/b": 10.0}


def test_the_sandbox_reports_every_text_of_its_measurement_once() -> None:
    """The measured requests are taken, and a report for each is pushed."""
    found = measure("sandbox", SANDBOX, 0.1, reports=True)
    assert found.right
    assert found.sent >= TEXTS
    bare = measure("bare", BARE, 0.1, reports=False)
    assert (bare.refused, bare.reported) == (0, 0)
    assert "sandbox / bare" in sandbox_table(found, bare)


@pytest.mark.parametrize("figure", [checking, routing, answering])
def test_each_figure_of_the_language_stands_beside_a_known_one(
    figure: Callable[[Size], Found],
) -> None:
    """The flows check, the keyword is found, the answer is taken; both sides are measured."""
    found = figure(Size(words=20, flows=2, times=20, rounds=1))
    assert found.took > 0
    assert found.known > 0
    assert f" {found.what} (" in found.told
