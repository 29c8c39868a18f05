"""The gate in the database knows hours and expiry; caps, erased opt-outs, timers of sessions."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The last line of defence, whatever the code says. A claim has to tell the engine's time
# (`claimed_at`, later than at the claim before), and at that time the text may leave. What it is
# held against is what the row was before this statement.
_PROBLEMS = {
    "a claim must tell its time": (
        "NEW.claimed_at IS NULL OR NEW.claimed_at <= COALESCE(OLD.claimed_at, 0)"
    ),
    "this text has expired": "OLD.expires <= NEW.claimed_at",
    "this text is outside its hours": (
        "NEW.claimed_at < OLD.first_due OR OLD.closes <= NEW.claimed_at"
    ),
}
_OPTED_OUT = """NOT OLD.passes_block
  AND EXISTS (SELECT 1 FROM contacts WHERE phone = OLD.contact AND opted_out)"""
_UNCLAIMED = "a text enters the outbox unclaimed"


def upgrade() -> None:
    """New columns and tables, then the gate in its new shape."""
    _outbox()
    _inbox()
    _tables()
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _sqlite_gate() if on_sqlite else _postgresql_gate():
        op.execute(statement)


def _outbox() -> None:
    """The hours in which a text may leave, whose turn it takes, and when it was claimed."""
    op.add_column("outbox", sa.Column("closes", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("claimed_at", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("session", sa.Text(), nullable=True))
    op.add_column(
        "outbox", sa.Column("opener", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def _inbox() -> None:
    """Timers that go with their session."""
    op.add_column("inbox", sa.Column("session", sa.Text(), nullable=True))
    op.create_index("inbox_session", "inbox", ["session"], **_where("session IS NOT NULL"))


def _tables() -> None:
    """What counts for caps, who opted out and was erased, and what is deleted in its time."""
    op.create_table(
        "tallies",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "at"),
    )
    op.create_index("ix_tallies_at", "tallies", ["at"])
    op.create_table(
        "erased",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("sessions_ended", "sessions", ["ended_at"], **_where("outcome IS NOT NULL"))
    op.create_index(
        "sessions_version", "sessions", ["flow", "version"], **_where("outcome IS NULL")
    )
    op.add_column("flow_versions", sa.Column("used_at", sa.BigInteger(), nullable=True))


def _where(condition: str) -> dict[str, Any]:
    """The condition of a partial index, for both databases."""
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def _sqlite_gate() -> list[str]:
    checks = [(_OPTED_OUT, "this contact has opted out")]
    checks += [(condition, words) for words, condition in _PROBLEMS.items()]
    steps = "\n".join(f"SELECT RAISE(ABORT, '{words}') WHERE {each};" for each, words in checks)
    return [
        "DROP TRIGGER outbox_gate",
        f"""
        CREATE TRIGGER outbox_gate BEFORE UPDATE OF lease_token ON outbox FOR EACH ROW
        WHEN NEW.lease_token IS NOT NULL
        BEGIN {steps} END
        """,
        f"""
        CREATE TRIGGER outbox_entry BEFORE INSERT ON outbox FOR EACH ROW
        WHEN NEW.lease_token IS NOT NULL
        BEGIN SELECT RAISE(ABORT, '{_UNCLAIMED}'); END
        """,
    ]


def _postgresql_gate() -> list[str]:
    checks = "\n".join(
        f"IF {condition} THEN RAISE EXCEPTION '{words}' USING ERRCODE = 'SF002'; END IF;"
        for words, condition in _PROBLEMS.items()
    )
    return [
        "DROP TRIGGER outbox_gate ON outbox",
        f"""
        CREATE OR REPLACE FUNCTION outbox_gate() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF {_OPTED_OUT} THEN
            RAISE EXCEPTION 'this contact has opted out' USING ERRCODE = 'SF001';
          END IF;
          {checks}
          RETURN NEW;
        END $$
        """,
        """
        CREATE TRIGGER outbox_gate BEFORE UPDATE OF lease_token ON outbox FOR EACH ROW
        WHEN (NEW.lease_token IS NOT NULL) EXECUTE FUNCTION outbox_gate()
        """,
        f"""
        CREATE FUNCTION outbox_entry() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{_UNCLAIMED}' USING ERRCODE = 'SF002'; END $$
        """,
        """
        CREATE TRIGGER outbox_entry BEFORE INSERT ON outbox FOR EACH ROW
        WHEN (NEW.lease_token IS NOT NULL) EXECUTE FUNCTION outbox_entry()
        """,
    ]
