"""Counts the votes of the poll in a file of SQLite, and draws them as bars.

With more hosts than one, keep the votes in the database that they share.
"""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import smsflow
from smsflow.app import ActionContext

FILE = Path(__file__).with_name("votes.db")
WIDTH = 10  # characters of the longest bar

app = smsflow.App()


@app.action
def vote(poll: str, choice: str, context: ActionContext) -> dict[str, int]:
    """Count one vote; the votes of the whole poll so far, by choice."""
    return count(FILE, poll, context.phone, choice)


def count(file: Path, poll: str, phone: str, choice: str) -> dict[str, int]:
    """A phone has one vote: who votes again has changed their mind."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(
            "create table if not exists votes (poll, phone, choice, primary key (poll, phone))"
        )
        database.execute("insert or replace into votes values (?, ?, ?)", (poll, phone, choice))
        cast = database.execute("select choice from votes where poll = ?", (poll,))
        return dict(Counter(each for (each,) in cast).most_common())


@app.filter
def bars(votes: dict[str, int]) -> str:
    """A line for each choice, the longest first."""
    most = max(votes.values())
    ranked = sorted(votes.items(), key=lambda each: -each[1])
    return "\n".join(f"{'#' * max(1, WIDTH * n // most)} {name} {n}" for name, n in ranked)
