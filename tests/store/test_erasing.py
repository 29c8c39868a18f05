"""Erasing a person: nothing of them is left, but that they said STOP."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import create_engine, event, select

from smsflow.engine.effects import ConsentChanged, RequestAnswered, SetTimer, Traced
from smsflow.engine.state import Contact
from smsflow.store import Store
from smsflow.store.rows import Changes, Click, Verdict
from smsflow.store.schema import metadata

ANN = "+12025550101"
BEN = "+12025550102"
SECRET = "xylophone"  # what Ann's texts and answers are made of
KEY = b"a secret of the tests"


@pytest.fixture
def store(database_url):
    """A store that knows the project's key."""
    with closing(Store.connect(database_url, key=KEY)) as store:
        if database_url.startswith("sqlite"):
            # Some builds overwrite what they delete, and others must not need that.
            event.listen(store._db.engine, "connect", _keeps_what_is_deleted)
            store._db.engine.dispose()
        yield store


def _keeps_what_is_deleted(connection: Any, _: object) -> None:
    connection.execute("PRAGMA secure_delete=OFF")


def live(desk, phone: str, word: str, *, opted_out: bool) -> None:
    """All that can happen to somebody, with a word in it that is found again."""
    now = desk.clock.now()
    session = desk.session(f"s{phone}", variables={"answer": word})
    contact = Contact(phone, fields={"name": word}, opted_out=opted_out)
    desk.queue(phone, f"m{phone[-3:]}", text=word)
    desk.record(desk.lease()[0], Verdict.AMBIGUOUS, retry_at=now)
    desk.save(
        phone,
        Changes(
            contacts={phone: contact},
            sessions={session.id: (phone, session)},
            timers=[(phone, SetTimer(session.id, 1, "timeout", now))],
            consent=[(phone, ConsentChanged(True, word, "main"))],
            answered=[RequestAnswered(session.id, {"started": True})],
            traced=[(phone, Traced(session.id, None, "reply", word))],
            received=[(phone, "main", word, now)],
            clicks=[
                Click(
                    contact=phone,
                    message=f"m{phone[-3:]}",
                    session=session.id,
                    flow="talk",
                    step="send-1",
                    url=f"https://{word}.example",
                    at=now,
                )
            ],
        ),
    )
    desk.store.insert([desk.mo(phone, word)])
    desk.store.dead_letter("mo:p", f'{{"from": "{phone[1:]}", "text": "{word}"}}', "unreadable")
    with desk.store.work(now, 1) as batch:
        batch.unplaced(batch.rows[0])


def dump(database_url: str) -> str:
    """Every row of every table."""
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        found = [
            str(row)
            for table in metadata.sorted_tables
            for row in connection.execute(select(table))
        ]
    engine.dispose()
    return "\n".join(found)


def test_nothing_of_a_person_is_left(desk, database_url, tmp_path):
    """In no table, and with SQLite in no file; others keep everything."""
    live(desk, ANN, SECRET, opted_out=True)
    live(desk, BEN, "zither", opted_out=False)
    assert SECRET in dump(database_url)
    others = dump(database_url).count("zither")
    done = desk.store.erase(ANN, by="sam", now=desk.clock.now())
    assert done.opted_out
    assert done.rows["messages"] == done.rows["sessions"] == done.rows["outbox"] == 1
    assert desk.store.scrub()
    rows = dump(database_url)
    assert SECRET not in rows
    assert ANN[1:] not in rows
    assert rows.count("zither") == others
    for file in tmp_path.glob("smsflow.db*"):
        assert SECRET.encode() not in file.read_bytes()
        assert ANN[1:].encode() not in file.read_bytes()
    (action,) = desk.store.actions(10)
    assert (action.who, action.what, action.about) == ("sam", "erase", "")


def test_deleting_alone_leaves_a_trace_in_the_file(desk, database_url, tmp_path):
    """Which is why the file is written anew: this keeps the test above honest."""
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL's files are the server's")
    live(desk, ANN, SECRET, opted_out=False)
    desk.store.erase(ANN, by="sam", now=desk.clock.now())
    files = b"".join(file.read_bytes() for file in tmp_path.glob("smsflow.db*"))
    assert SECRET.encode() in files


def test_stop_survives(desk):
    """Whoever comes upon the number again meets a contact who has opted out; START lifts it."""
    live(desk, ANN, SECRET, opted_out=True)
    desk.store.erase(ANN, by="sam", now=desk.clock.now())
    for _ in range(2):
        with desk.store.work(desk.clock.now(), 1) as batch:
            assert batch.conversations([ANN, BEN])[ANN].contact == Contact(ANN, opted_out=True)
            assert not batch.conversations([BEN])[BEN].contact.opted_out
    refused = desk.queue(ANN)
    assert desk.lease() == []
    assert desk.message(ANN, refused).error == "opted out"
    desk.save(ANN, Changes(contacts={ANN: Contact(ANN)}))
    with desk.store.work(desk.clock.now(), 1) as batch:
        assert not batch.conversations([ANN])[ANN].contact.opted_out


def test_who_had_not_opted_out_is_a_stranger(desk):
    """Nothing at all is kept of them."""
    live(desk, ANN, SECRET, opted_out=False)
    assert not desk.store.erase(ANN, by="sam", now=desk.clock.now()).opted_out
    with desk.store.work(desk.clock.now(), 1) as batch:
        assert batch.conversations([ANN])[ANN].contact == Contact(ANN)


def test_without_the_key_the_digest_says_nothing(desk, database_url):
    """Trying all numbers needs the project's secret."""
    live(desk, ANN, SECRET, opted_out=True)
    desk.store.erase(ANN, by="sam", now=desk.clock.now())
    with (
        closing(Store.connect(database_url, key=b"another")) as other,
        other.work(desk.clock.now(), 1) as batch,
    ):
        assert not batch.conversations([ANN])[ANN].contact.opted_out


def test_erasing_twice_changes_nothing(desk):
    """The digest stays."""
    live(desk, ANN, SECRET, opted_out=True)
    desk.store.erase(ANN, by="sam", now=desk.clock.now())
    again = desk.store.erase(ANN, by="sam", now=desk.clock.now())
    assert (again.rows, again.opted_out) == ({}, False)
    with desk.store.work(desk.clock.now(), 1) as batch:
        assert batch.conversations([ANN])[ANN].contact.opted_out
