"""Deterministic simulation: the real code, with every port in the hands of a seeded scheduler.

    python -m tests.simulation --seeds 1000
    python -m tests.simulation --seed 42 --verbose
    python -m tests.simulation --mutants

A seed decides who runs next, who is killed or paused at which call, what the network does to each
request, and when the database restarts. The same seed is the same story, so what goes wrong once
can be looked at as often as it takes.
"""
