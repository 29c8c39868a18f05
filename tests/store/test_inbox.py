"""The inbox: what went in once comes out once, in order, one partition at a time."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from smsflow.errors import Conflict
from smsflow.store.committer import Committer
from smsflow.store.rows import Changes, Kind, NewRow

ANN = "+12025550101"
BEN = "+12025550102"
SECOND = timedelta(seconds=1)


def several_writers(desk) -> bool:
    """True on PostgreSQL; on SQLite the one writer has everything."""
    return desk.store._db.engine.dialect.name == "postgresql"


def test_a_dedupe_key_inserts_once(desk):
    """A redelivered text inserts nothing and is told apart from a new one."""
    assert desk.store.insert([desk.mo(ANN, dedupe="p:1"), desk.mo(ANN, dedupe="p:2")]) == [
        True,
        True,
    ]
    assert desk.store.insert([desk.mo(ANN, dedupe="p:2"), desk.mo(ANN, dedupe="p:3")]) == [
        False,
        True,
    ]
    assert desk.store.counts()["inbox"] == 3


def test_a_dedupe_key_outlives_its_row(desk):
    """A text that is redelivered after it was processed still inserts nothing."""
    desk.store.insert([desk.mo(ANN, dedupe="p:1")])
    desk.save(ANN, Changes(finished=[row.id for row in desk.due(ANN)]))
    assert desk.store.insert([desk.mo(ANN, dedupe="p:1")]) == [False]
    assert desk.due(ANN) == []


def test_of_two_rows_with_one_key_in_a_call_the_first_is_new(desk):
    """A push that holds the same result twice inserts it once."""
    rows = [desk.mo(ANN, "first", dedupe="k"), desk.mo(ANN, "second", dedupe="k")]
    assert desk.store.insert(rows) == [True, False]
    assert [row.payload["text"] for row in desk.due(ANN)] == ["first"]


def test_rows_without_a_key_repeat_freely(desk):
    """No dedupe key means no deduplication."""
    assert desk.store.insert([desk.mo(ANN), desk.mo(ANN)]) == [True, True]


def test_sixteen_threads_with_one_key_insert_one_row(desk, at_once):
    """Of pushes that arrive at the same moment exactly one is new."""
    found = at_once(16, lambda _: desk.store.insert([desk.mo(ANN, dedupe="same")]))
    assert sorted(found) == [[False]] * 15 + [[True]]
    assert desk.store.counts()["inbox"] == 1


def test_threads_share_a_transaction_and_lose_nothing(desk, at_once):
    """Group commit brings every caller's rows home, with each caller's own answer."""
    rows = [[desk.mo(ANN, f"{each}", dedupe=f"k{each % 8}"), desk.mo(BEN)] for each in range(16)]
    found = at_once(16, lambda each: desk.store.insert(rows[each]))
    assert [answer[1] for answer in found] == [True] * 16
    assert sum(answer[0] for answer in found) == 8
    assert desk.store.counts()["inbox"] == 24


def test_a_bad_row_fails_its_own_caller_only(desk, at_once):
    """An error in a shared transaction is nobody else's."""

    def insert(each: int) -> object:
        row = desk.mo(ANN, dedupe=f"k{each}")
        if each == 3:
            row = replace(row, payload={"text": object()})
        try:
            return desk.store.insert([row])
        except Exception as error:
            return type(error.__cause__ or error)

    found = at_once(8, insert)
    assert found.count([True]) == 7
    assert found[3] is not None
    assert found[3] != [True]
    assert desk.store.counts()["inbox"] == 7


def test_an_interrupted_leader_leaves_its_followers_to_the_next(at_once):
    """A leader that is stopped half-way takes nobody's rows with it, and nobody waits for ever."""
    followers_wait = threading.Barrier(2)
    stops = iter([True])

    def write(rows):
        if next(stops, False):
            followers_wait.wait(5)
            raise KeyboardInterrupt
        return [True] * len(rows)

    committer = Committer(write)

    def insert(each: int) -> list[bool] | str:
        if each == 1:
            followers_wait.wait(5)
        try:
            return committer.insert([each])
        except KeyboardInterrupt:
            return "stopped"

    assert at_once(2, insert) == ["stopped", [True]]
    assert committer.insert([3]) == [True]


def test_rows_come_out_in_order_of_due_time_then_insertion(desk):
    """Earlier first, and of one moment the one that came first."""
    now = desk.clock.now()
    for text, due in (("b", now), ("c", now), ("a", now - SECOND), ("later", now + SECOND)):
        desk.store.insert([NewRow(Kind.MO, ANN, {"text": text}, due)])
    assert [row.payload["text"] for row in desk.due(ANN)] == ["a", "b", "c"]


def test_a_batch_has_at_most_twenty_rows_of_one_contact(desk):
    """A flood from one number leaves room for the others, and keeps its own order."""
    desk.store.insert([desk.mo(ANN, str(n)) for n in range(130)])
    desk.store.insert([desk.mo(BEN, "me too")])
    with desk.store.work(desk.clock.now(), 50) as batch:
        rows = batch.rows
    assert [row.payload["text"] for row in rows if row.contact == ANN] == [
        str(n) for n in range(20)
    ]
    assert [row.contact for row in rows[20:]] == [BEN]


def test_a_flood_from_one_number_hides_nobody(desk):
    """Thousands of rows of one contact are due before the only one of another."""
    desk.store.insert([desk.mo(ANN) for _ in range(5000)])
    desk.clock.advance(timedelta(seconds=1))
    desk.store.insert([desk.mo(BEN)])
    with desk.store.work(desk.clock.now(), 200) as batch:
        assert Counter(row.contact for row in batch.rows) == {ANN: 20, BEN: 1}


def test_a_batch_has_at_most_its_limit(desk):
    """The limit holds, and takes the oldest."""
    desk.store.insert([desk.mo(ANN, str(n)) for n in range(10)])
    assert [row.payload["text"] for row in desk.due(ANN, limit=3)] == ["0", "1", "2"]


def test_the_batches_of_two_workers_share_no_contact(desk, another_process):
    """The partitions of a number are one worker's at a time; together they have every row once."""
    phones = {f"+120255{n:05}" for n in range(200)}
    desk.store.insert([desk.mo(phone) for phone in sorted(phones)])
    if not several_writers(desk):
        pytest.skip("SQLite has one writer, who has everything")
    other = another_process()
    with (
        desk.store.work(desk.clock.now(), 500) as first,
        other.work(desk.clock.now(), 500) as second,
    ):
        ours, theirs = ({row.contact for row in batch.rows} for batch in (first, second))
    assert ours
    assert theirs
    assert not ours & theirs
    assert ours | theirs == phones


def test_a_partition_is_worked_by_one_at_a_time(desk, another_process):
    """While one worker has a contact's rows another gets none of them; afterwards it does."""
    desk.store.insert([desk.mo(ANN)])
    other = another_process()
    with desk.store.work(desk.clock.now(), 10):
        try:
            with other.work(desk.clock.now(), 10) as batch:
                assert batch.rows == []
        except Conflict:
            assert not several_writers(desk)
    with other.work(desk.clock.now(), 10) as batch:
        assert len(batch.rows) == 1


def test_threads_that_work_one_partition_count_each_row_once(desk, at_once):
    """Two batches never see the same row, so a counter of theirs comes out right."""
    desk.store.insert([desk.mo(ANN, str(n)) for n in range(40)])

    def work(_: int) -> list[int]:
        taken = []
        while desk.store.has_due(desk.clock.now()):
            with desk.store.work(desk.clock.now(), 5) as batch:
                ids = [row.id for row in batch.rows]
                batch.save(Changes(finished=ids))
            taken += ids
        return taken

    taken = [id_ for ids in at_once(8, work) for id_ in ids]
    assert len(taken) == len(set(taken)) == 40


def test_a_row_that_fails_three_times_is_a_dead_letter(desk):
    """Its payload and error are kept, and it is not tried again."""
    desk.store.insert([desk.mo(ANN)])
    (row,) = desk.due(ANN)
    assert [desk.store.failed(row, "boom") for _ in range(4)] == [False, False, True, False]
    assert desk.due(ANN) == []
    assert desk.store.counts()["dead_letters"] == 1


def test_failed_tries_are_counted_on_the_row(desk):
    """The next batch sees how often a row has failed."""
    desk.store.insert([desk.mo(ANN)])
    desk.store.failed(desk.due(ANN)[0], "boom")
    assert [row.tries for row in desk.due(ANN)] == [1]


def test_what_could_not_be_read_is_kept(desk):
    """A push that is no push at all can be looked at later, whatever is in it."""
    desk.store.dead_letter("push", "nul \x00 and \ud800", "not JSON")
    assert desk.store.counts()["dead_letters"] == 1


@pytest.mark.parametrize("bad", ["a\x00b", "a\ud83db"])
def test_a_character_that_no_database_keeps_is_replaced(desk, bad):
    """NUL and half a surrogate pair become U+FFFD, in payloads and in dedupe keys."""
    row = desk.mo(ANN, bad, dedupe=bad)
    assert desk.store.insert([row]) == [True]
    assert desk.store.insert([row]) == [False]
    assert [each.payload["text"] for each in desk.due(ANN)] == ["a\ufffdb"]


def test_a_text_that_spells_an_escape_is_left_alone(desk):
    r"""The six characters \u0000 are no NUL."""
    desk.store.insert([desk.mo(ANN, "\\u0000 \\\\u0000")])
    assert desk.due(ANN)[0].payload["text"] == "\\u0000 \\\\u0000"


def test_instants_keep_their_microseconds(desk):
    """What goes in as an instant comes out as the same instant."""
    desk.clock.advance(timedelta(microseconds=123_457))
    desk.store.insert([desk.mo(ANN)])
    assert desk.due(ANN)[0].due == desk.clock.now()
