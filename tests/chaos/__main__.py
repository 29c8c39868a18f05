"""The command line of chaos: a progress bar while it runs, a verdict, and the exit status."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from benchmarks.throughput import percentile
from tests.chaos import servers
from tests.chaos.keeper import ChaosError
from tests.chaos.run import Options, Outcome, run

_SHARES = (("p50", 0.50), ("p90", 0.90), ("p99", 0.99), ("max", 1.0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and tell; 0 when nothing is wrong, 1 for a violation, 2 when it can't be run here."""
    options, as_json = _options(arguments)
    lack = servers.missing(postgres=options.database == "postgresql")
    if lack is not None and options.database == "postgresql":
        sys.stderr.write(f"chaos can't be run here: {lack}\n")
        return 2
    # Being told to end is no reason to leave processes behind: the same as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _progress() as tell:
            outcome = run(options, tell)
    except ChaosError as error:
        sys.stderr.write(f"chaos failed: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    told = json.dumps(_as_json(outcome), indent=2) if as_json else words(outcome)
    sys.stdout.write(told + "\n")
    return 0 if outcome.sound else 1


def _options(arguments: Sequence[str] | None) -> tuple[Options, bool]:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--messages", type=int, default=1000, help="texts that people write")
    parser.add_argument("--kill-every", type=float, default=2.0, help="seconds between two hits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--stop", action="store_true", help="some stand still for 12 s (SIGSTOP)")
    parser.add_argument("--rate", type=float, default=40.0, help="texts a second")
    parser.add_argument("--json", action="store_true", help="one object, for programs")
    given = vars(parser.parse_args(arguments))
    as_json = given.pop("json")
    return Options(**given), as_json


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A bar in a terminal; elsewhere a line for every tenth."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda what, done: bar.update(task, description=what, completed=done)


def _lines() -> Callable[[str, float], None]:
    told = -1

    def tell(what: str, done: float) -> None:
        nonlocal told
        if int(done * 10) > told:
            told = int(done * 10)
            sys.stderr.write(f"{done:4.0%} {what}\n")

    return tell


def words(outcome: Outcome) -> str:
    """The verdict for people."""
    verdict, options = outcome.verdict, outcome.options
    kills = outcome.damage.kills()
    waits = list(verdict.latencies.values())
    where = "PostgreSQL and Redis" if options.database == "postgresql" else "SQLite, in one process"
    lines = [
        f"{verdict.texts} texts in {outcome.seconds:.0f} s over {where}, seed {options.seed}",
        f"all had their end {outcome.settled:.1f} s after the last",
        f"killed {kills.total()}: " + _listed(kills),
        "also " + _listed(outcome.damage.others()),
        f"pushed to us again {verdict.repushed}: {_listed(verdict.push_errors)}",
        f"tries {sum(verdict.attempts.values())}: {_listed(verdict.attempts)}",
        f"refused for now {verdict.refused_for_now}, dropped as known {verdict.dropped}",
        f"reports {options.late[0]:.0f} to {options.late[1]:.0f} s late of {outcome.late} texts",
        "from our 200 for a text to the moment that the provider has its reply: "
        + ", ".join(f"{name} {percentile(waits, q):.3f} s" for name, q in _SHARES),
        *(f"  {each}" for each in verdict.slowest),
        f"smsflow audit: {outcome.second_opinion}",
        *verdict.strange[:5],
        *verdict.stories,
        ", ".join(f"{count} {name}" for name, count in verdict.violations().items()),
    ]
    if outcome.logs is not None:
        lines.append(f"NOT SOUND; the logs are in {outcome.logs}")
    return "\n".join(lines)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing"


def _as_json(outcome: Outcome) -> dict[str, object]:
    verdict = outcome.verdict
    waits = list(verdict.latencies.values())
    latency = {name: round(percentile(waits, share), 3) for name, share in _SHARES}
    kills = outcome.damage.kills()
    return {
        "options": asdict(outcome.options),
        "sound": outcome.sound,
        "violations": verdict.violations(),
        "kills": {"all": kills.total(), **kills},
        "others": outcome.damage.others(),
        "latency": latency,  # from our 200 to the provider's acceptance of the reply, in seconds
        "late": outcome.late,
        "slowest": verdict.slowest,
        "seconds": round(outcome.seconds, 1),
        "settled": round(outcome.settled, 1),
        "audit": outcome.second_opinion,
        "attempts": verdict.attempts,
        "stories": verdict.stories,
    }


if __name__ == "__main__":
    sys.exit(main())
