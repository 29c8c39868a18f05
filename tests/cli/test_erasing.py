"""`smsflow erase`: what it says, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from smsflow.engine.state import Contact
from smsflow.store import Store
from smsflow.store.rows import Changes
from tests.test_cli import CHECKOUT, run

PHONE = "+447700900123"


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "smsflow.db"
    path.write_bytes(sqlite_template.read_bytes())
    with closing(Store.connect(f"sqlite:///{path}")) as store:
        now = datetime.now(UTC)
        with store.work(now, 1) as batch:
            gone = Contact(PHONE, opted_out=True)
            batch.save(
                Changes(contacts={PHONE: gone}, received=[(PHONE, "main", "hello there", now)])
            )
        yield store


@pytest.fixture
def erase(store: Store, tmp_path: Path) -> Callable[..., Result]:
    store.close()  # its pool opens connections anew when they are needed

    def erase(*words: str) -> Result:
        url = f"sqlite:///{tmp_path / 'smsflow.db'}"
        key = "a secret key of the tests"
        return run(CHECKOUT, "erase", *words, SMSFLOW_DATABASE_URL=url, SMSFLOW_SECRET_KEY=key)

    return erase


def test_a_person_is_erased(erase: Callable[..., Result], store: Store) -> None:
    """It tells how much there was, and that STOP stays; a second time there is nothing."""
    found = erase(PHONE, "--yes", "--by", "sam")
    assert found.exit_code == 0, found.output
    assert "1 of contacts, 1 of received" in found.output
    assert "stays so until START" in found.output
    assert store.received_of(PHONE) == []
    assert "nothing was known" in erase(PHONE, "--yes").output


def test_it_asks_first(erase: Callable[..., Result], store: Store) -> None:
    """Whoever does not say yes has changed nothing."""
    assert erase(PHONE).exit_code != 0
    assert len(store.received_of(PHONE)) == 1


def test_what_is_no_number_is_told(erase: Callable[..., Result]) -> None:
    """In words."""
    found = erase("07700 900123", "--yes")
    assert found.exit_code == 2
    assert "country code" in found.output
