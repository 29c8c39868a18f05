"""Two-way messages a second, and how long a reply takes: smsflow beside Flask and RQ.

    python -m benchmarks.throughput [--seconds 10] [--messages N] [--rounds 1] [--only b,d] [--json]

A two-way message is a text pushed to the webhook, its reply handed to the provider, and the
delivery report of that reply pushed and recorded in the database. All contenders meet the same
provider (`benchmarks.provider`) in turn, on one machine and in one run. First as many as they can
carry: at most IN_FLIGHT people wait for a reply, and texts come over CONNECTIONS kept connections.
The rate is all messages by the time until the last report is recorded. Then half of that rate, at
an even pace, for the latency: from the push of a text until its reply reaches the provider. And at
half the rate of (b), which shows the latency of all under the same load.

It needs Redis (BENCHMARK_REDIS_URL; a database that is empty is borrowed there) and PostgreSQL
(BENCHMARK_POSTGRES_URL, where a database is created and dropped); without them only (c) runs.
Compare rows of one run; the figures of two machines, or of a busy one, say nothing.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.contenders import CONTENDERS, Contender, Standing, missing_servers
from benchmarks.processes import MeasurementError, ProviderProcess, provider

CONNECTIONS = 64
IN_FLIGHT = 256
WARM_UP = 64  # messages
PATIENCE = 120.0  # seconds for what is still under way when the pushing ends


@dataclass(slots=True)
class Result:
    """What one contender did in one run; `cpu` is milliseconds a message, by part."""

    key: str
    label: str
    rate: float = 0.0
    busy_p50: float = 0.0
    busy_p99: float = 0.0
    half_rate: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    same_p50: float = 0.0  # at half the rate of (b), for everybody who can carry it
    same_p99: float = 0.0
    messages: int = 0
    twice: int = 0
    lost: int = 0
    unrecorded: int = 0
    per_request: float = 0.0  # texts in one request to the provider
    cpu: dict[str, float] = field(default_factory=dict)


class Track:
    """The runs of one contender that stands: numbers go on, so that everybody texts once."""

    def __init__(self, standing: Standing, network: ProviderProcess, patience: float) -> None:
        self._standing = standing
        self._network = network
        self._patience = patience
        self._people = 0

    def run(self, messages: int, seconds: float, rate: float | None = None) -> dict[str, Any]:
        """One run; adds `took`, the seconds until all reports were recorded, and `unrecorded`."""
        before = self._standing.recorded()
        found = self._network.run(
            {
                "mo": self._standing.mo,
                "dlr": self._standing.dlr,
                "text": "HOURS",
                "messages": messages,
                "seconds": seconds,
                "first": self._people,
                "rate": rate,
                "connections": CONNECTIONS,
                "in_flight": IN_FLIGHT,
                "patience": self._patience,
            }
        )
        self._people += found["sent"]
        deadline = time.monotonic() + self._patience / 4
        while (recorded := self._standing.recorded() - before) < found["sent"]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        found["took"] = time.monotonic() - found["started"]
        found["unrecorded"] = found["sent"] - recorded
        return found


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed; 0.0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(
    contender: Contender, messages: int, seconds: float, patience: float, pace: float | None = None
) -> Result:
    """Start a contender, load it fully, then by half, then at `pace` a second, and stop it."""
    result = Result(contender.key, contender.label)
    with tempfile.TemporaryDirectory(prefix="smsflow-bench-") as name:
        folder = Path(name)
        with provider(folder) as network, contender.start(network.port, folder) as standing:
            track = Track(standing, network, patience)
            warm = track.run(min(WARM_UP, messages), seconds)
            before = standing.weigh()
            busy = track.run(messages, seconds)
            after = standing.weigh()
            result.rate = busy["replies"] / busy["took"]
            half = track.run(messages, seconds, max(result.rate / 2, 1.0))
            _fill(result, busy, half)
            runs = [warm, busy, half]
            if pace is not None and pace < result.rate:
                same = track.run(messages, seconds, pace)
                result.same_p50 = percentile(same["latencies"], 0.50)
                result.same_p99 = percentile(same["latencies"], 0.99)
                runs.append(same)
            _count(result, runs)
            weighed = {part: after[part] - before[part] for part in after}
            weighed["provider"] = busy["cpu"]
            result.cpu = {
                part: round(1000 * used / max(1, busy["replies"]), 3)
                for part, used in weighed.items()
            }
    return result


def _fill(result: Result, busy: dict[str, Any], half: dict[str, Any]) -> None:
    result.busy_p50 = percentile(busy["latencies"], 0.50)
    result.busy_p99 = percentile(busy["latencies"], 0.99)
    result.half_rate = half["replies"] / half["took"]
    result.p50 = percentile(half["latencies"], 0.50)
    result.p99 = percentile(half["latencies"], 0.99)
    result.per_request = busy["replies"] / max(1, busy["send_requests"])


def _count(result: Result, runs: Sequence[dict[str, Any]]) -> None:
    """Faults count in every run."""
    result.messages = sum(run["sent"] for run in runs)
    result.twice = sum(run["twice"] for run in runs)
    result.lost = sum(run["sent"] - run["replies"] for run in runs)
    result.unrecorded = sum(run["unrecorded"] for run in runs)


def middle(results: Sequence[Result]) -> Result:
    """Of several rounds the one with the median rate, with the faults of all."""
    ordered = sorted(results, key=lambda result: result.rate)
    chosen = ordered[len(ordered) // 2]
    for name in ("twice", "lost", "unrecorded"):
        setattr(chosen, name, sum(getattr(result, name) for result in results))
    return chosen


def ratios(rounds: Sequence[dict[str, Result]]) -> dict[str, float]:
    """How many times the rate of b and b1 smsflow has: the median over rounds, each by itself."""
    found = {}
    for ours, theirs in (("d", "b"), ("c", "b"), ("d", "b1"), ("c", "b1")):
        each = [r[ours].rate / r[theirs].rate for r in rounds if ours in r and theirs in r]
        if each:
            found[f"{ours}/{theirs}"] = round(statistics.median(each), 2)
    return found


def table(results: Sequence[Result]) -> str:
    """The results for people."""
    two = f"{'p50 ms':>9} {'p99 ms':>9}"
    heads = ("at half the rate", "at half of b's", "at the full rate")
    lines = [
        f"{'':46}" + "".join(f"  {head:>19}" for head in heads) + f"{'texts a':>9}",
        f"{'':38}{'msg/s':>8}  {two}  {two}  {two}{'request':>9}",
    ]
    for each in results:
        pairs = (
            (each.p50, each.p99),
            (each.same_p50, each.same_p99),
            (each.busy_p50, each.busy_p99),
        )
        times = "".join(f"  {_milliseconds(p50)} {_milliseconds(p99)}" for p50, p99 in pairs)
        lines.append(f"{each.key:4}{each.label:34}{each.rate:8.1f}{times}{each.per_request:9.1f}")
        faults = {name: getattr(each, name) for name in ("lost", "twice", "unrecorded")}
        if any(faults.values()):
            lines.append(f"{'':4}NOT RIGHT of {each.messages} messages: {faults}")
    lines += ["", "CPU milliseconds a message"]
    for each in results:
        parts = "  ".join(f"{part} {used:.2f}" for part, used in each.cpu.items())
        lines.append(f"{each.key:4}{parts}")
    return "\n".join(lines)


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:9.1f}" if seconds else f"{'-':>9}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status is 1 when a message was lost, doubled or not recorded."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_000_000, help="at most, in one run")
    parser.add_argument("--seconds", type=float, default=10.0, help="of pushing, in one run")
    parser.add_argument("--rounds", type=int, default=1, help="the contenders take turns so often")
    parser.add_argument("--only", help="some contenders, such as b,d", default="")
    parser.add_argument("--json", action="store_true", help="print a JSON document")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that children are ended
    chosen = _chosen(options.only)
    rounds: list[dict[str, Result]] = []
    for number in range(options.rounds):
        rounds.append({})
        pace = None
        for contender in chosen:
            result = measure(contender, options.messages, options.seconds, PATIENCE, pace)
            if contender.key == "b":
                pace = result.rate / 2
                result.same_p50, result.same_p99 = result.p50, result.p99
            rounds[-1][contender.key] = result
            print(f"round {number + 1}: {contender.label}: {result.rate:.1f}/s", file=sys.stderr)
    results = [middle([each[contender.key] for each in rounds]) for contender in chosen]
    if options.json:
        content = {"results": [asdict(each) for each in results], "ratios": ratios(rounds)}
        print(json.dumps(content, indent=2))
    else:
        print(table(results))
        print("\n" + "  ".join(f"{name} = {value}" for name, value in ratios(rounds).items()))
    return int(any(each.lost or each.twice or each.unrecorded for each in results))


def _chosen(only: str) -> list[Contender]:
    keys = only.split(",") if only else [each.key for each in CONTENDERS]
    unknown = set(keys) - {each.key for each in CONTENDERS}
    if unknown:
        raise SystemExit(f"there is no contender {', '.join(sorted(unknown))}")
    missing = missing_servers()
    if missing:
        print(missing, file=sys.stderr)
    return [
        each for each in CONTENDERS if each.key in keys and not (missing and each.needs_servers)
    ]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MeasurementError as failure:
        sys.exit(str(failure))
