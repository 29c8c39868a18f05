"""Leases on texts: whose they are, and how they end before their time."""

from __future__ import annotations

from datetime import timedelta

import pytest

ANN = "+12025550101"
BEN = "+12025550102"


def lease(desk, holder):
    """Claim one text for that holder; the message, or None."""
    found = desk.lease(1, holder=holder)
    return found[0].message if found else None


@pytest.mark.parametrize("other", ["b", "a2", "A", "", "aa", "%"])
def test_only_the_holders_own_leases_are_given_back(desk, other):
    """Names that begin alike, or that SQL could read as patterns, are other names."""
    desk.queue(ANN, "m1")
    desk.queue(BEN, "m2")
    assert (lease(desk, "a"), lease(desk, other)) == ("m1", "m2")
    assert desk.store.give_back("a") == 1
    desk.clock.advance(timedelta(milliseconds=1))
    assert lease(desk, "c") == "m1"
    assert lease(desk, "c") is None


def test_a_lease_that_was_given_back_is_a_try_that_may_be_out(desk):
    """It counts like one that ran out."""
    desk.queue(ANN, "m1")
    lease(desk, "a")
    desk.store.give_back("a")
    desk.clock.advance(timedelta(milliseconds=1))
    (leased,) = desk.lease()
    assert leased.tries == 1
    assert desk.store.give_back("a") == 0
