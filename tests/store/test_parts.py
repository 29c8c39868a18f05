"""Parts of long texts: kept once, joined once, whatever comes twice, late or at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from smsflow.store.parts import NewPart, Whole
from smsflow.store.rows import Kind, NewRow

PHONE = "+447700900123"
WHOLE = Whole("main", PHONE, "+447700900000", 7, 3)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def part(clock):
    """The n-th part of a text, as it comes now."""

    def make(number, whole=WHOLE, dedupe=None):
        return NewPart(whole, number, {"n": number}, clock.now(), dedupe)

    return make


@pytest.fixture
def join(clock):
    """Makes an event of the numbers of the parts."""

    def joined(whole, payloads):
        said = {"text": " ".join(str(each["n"]) for each in payloads)}
        return NewRow(Kind.MO, whole.sender, said, clock.now())

    return joined


def texts(desk):
    return [row.payload["text"] for row in desk.due(PHONE)]


def test_a_text_is_joined_when_its_last_part_is_here(desk, clock, part, join):
    """In whatever order they come, and once."""
    long_ago = clock.now() - MINUTE
    for number in (3, 1):
        assert desk.store.keep_part(part(number))
        assert not desk.store.join_parts(WHOLE, long_ago, join)
        assert desk.store.wholes(long_ago) == []
    assert desk.store.keep_part(part(2))
    assert desk.store.wholes(long_ago) == [WHOLE]
    assert desk.store.join_parts(WHOLE, long_ago, join)
    assert not desk.store.join_parts(WHOLE, long_ago, join)
    assert desk.store.wholes(clock.now() + MINUTE) == []
    assert texts(desk) == ["1 2 3"]


def test_a_part_that_comes_twice_counts_once(desk, part):
    """By its place in the text, and by its key even after the text was joined."""
    assert desk.store.keep_part(part(1))
    assert not desk.store.keep_part(part(1))
    assert desk.store.keep_part(part(2, dedupe="mo:main:17"))
    assert not desk.store.keep_part(part(3, dedupe="mo:main:17"))


def test_a_part_is_known_by_its_key_after_its_text_was_joined(desk, clock, part, join):
    """It does not begin a text of its own."""
    whole = Whole("main", PHONE, "", 8, 2)
    for number in (1, 2):
        desk.store.keep_part(part(number, whole, f"mo:main:{number}"))
    assert desk.store.join_parts(whole, clock.now() - MINUTE, join)
    assert not desk.store.keep_part(part(2, whole, "mo:main:2"))
    assert desk.store.wholes(clock.now() + MINUTE) == []


def test_what_never_gets_whole_is_joined_when_its_time_is_over(desk, clock, part, join):
    """Counted from the first part that came."""
    desk.store.keep_part(part(3))
    clock.advance(9 * MINUTE)
    desk.store.keep_part(part(1))
    assert desk.store.wholes(clock.now() - 9 * MINUTE) == []
    clock.advance(MINUTE)
    before = clock.now() - 9 * MINUTE
    assert desk.store.wholes(before) == [WHOLE]
    assert desk.store.join_parts(WHOLE, before, join)
    assert texts(desk) == ["1 3"]


def test_texts_are_told_apart(desk, clock, part, join):
    """By provider, sender, receiver, reference and number of parts."""
    others = [
        Whole("other", PHONE, "+447700900000", 7, 3),
        Whole("main", "+447700900124", "+447700900000", 7, 3),
        Whole("main", PHONE, "", 7, 3),
        Whole("main", PHONE, "+447700900000", 8, 3),
        Whole("main", PHONE, "+447700900000", 7, 4),
    ]
    for number, whole in enumerate([WHOLE, WHOLE, *others], 1):
        desk.store.keep_part(part(min(number, 2) if whole == WHOLE else 3, whole))
    assert desk.store.wholes(clock.now() - MINUTE) == []
    assert not desk.store.join_parts(WHOLE, clock.now() - MINUTE, join)


def test_two_who_join_at_once_make_one_text(desk, clock, part, join, at_once):
    """The second finds nothing left."""
    for number in (1, 2, 3):
        desk.store.keep_part(part(number))
    before = clock.now() - MINUTE
    done = at_once(4, lambda _: desk.store.join_parts(WHOLE, before, join))
    assert sorted(done) == [False, False, False, True]
    assert texts(desk) == ["1 2 3"]


def test_a_join_that_fails_leaves_the_parts(desk, clock, part, join):
    """They are there for the next try."""

    def fails(_whole, _payloads):
        raise RuntimeError("broken")

    for number in (1, 2, 3):
        desk.store.keep_part(part(number))
    with pytest.raises(RuntimeError):
        desk.store.join_parts(WHOLE, clock.now() - MINUTE, fails)
    assert desk.store.wholes(clock.now() - MINUTE) == [WHOLE]
    assert desk.store.join_parts(WHOLE, clock.now() - MINUTE, join)
