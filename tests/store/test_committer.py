"""Group commit when a write fails: who is told, and what is not written a second time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import OperationalError

from smsflow.store.committer import Committer
from smsflow.store.rows import Kind, NewRow

LOST = OperationalError("COMMIT", {}, Exception("the server closed the connection"))


def row(phone: str = "+447700900123") -> NewRow:
    """An event without a key: written twice it is two events."""
    return NewRow(Kind.MO, phone, {"text": "YES"}, datetime(2026, 3, 2, tzinfo=UTC))


def test_a_commit_whose_answer_was_lost_is_not_repeated() -> None:
    """The rows may be there, so the caller hears the error and they are written once."""
    written: list[NewRow] = []

    def write(rows: Sequence[NewRow]) -> list[bool]:
        written.extend(rows)
        raise LOST

    with pytest.raises(OperationalError):
        Committer(write).insert([row()])
    assert len(written) == 1


def test_a_lost_connection_is_told_to_all_who_shared_it() -> None:
    """Callers of one transaction hear of it together, and none of their rows is written again."""
    written: list[NewRow] = []
    under_way, all_wait = threading.Event(), threading.Event()

    def write(rows: Sequence[NewRow]) -> list[bool]:
        under_way.set()
        assert all_wait.wait(5)
        written.extend(rows)
        raise LOST

    committer = Committer(write)
    with ThreadPoolExecutor(3) as callers:
        first = callers.submit(committer.insert, [row()])
        assert under_way.wait(5)
        others = [callers.submit(committer.insert, [row()]) for _ in range(2)]
        while len(committer._waiting) < 3:
            assert not first.done()
        all_wait.set()
        errors = [type(each.exception(5)) for each in (first, *others)]
    assert errors == [OperationalError] * 3
    assert len(written) == 3


def test_only_what_was_committed_is_told() -> None:
    """A failed write wakes nobody: there is nothing new to be found."""
    told: list[None] = []
    errors = [LOST]

    def write(rows: Sequence[NewRow]) -> list[bool]:
        if errors:
            raise errors.pop()
        return [True for _ in rows]

    committer = Committer(write, lambda: told.append(None))
    with pytest.raises(OperationalError):
        committer.insert([row()])
    assert told == []
    committer.insert([row()])
    assert told == [None]
