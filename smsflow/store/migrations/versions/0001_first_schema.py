"""The first schema: inbox, conversations, messages, outbox, and the gate that guards leaving.

Types stand here as the databases know them, for a migration must not change with the code.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_PARTITIONS = 16

# The last line of defence: whatever the code says, no text for an opted-out number is claimed.
_GATE_POSTGRESQL = (
    """
    CREATE FUNCTION outbox_gate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT 1 FROM contacts WHERE phone = NEW.contact AND opted_out) THEN
        RAISE EXCEPTION 'this contact has opted out' USING ERRCODE = 'SF001';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER outbox_gate BEFORE UPDATE OF lease_token ON outbox FOR EACH ROW
    WHEN (NEW.lease_token IS NOT NULL AND NOT NEW.passes_block) EXECUTE FUNCTION outbox_gate()
    """,
)
_GATE_SQLITE = (
    """
    CREATE TRIGGER outbox_gate BEFORE UPDATE OF lease_token ON outbox FOR EACH ROW
    WHEN NEW.lease_token IS NOT NULL AND NOT NEW.passes_block
      AND EXISTS (SELECT 1 FROM contacts WHERE phone = NEW.contact AND opted_out)
    BEGIN SELECT RAISE(ABORT, 'this contact has opted out'); END
    """,
)


def upgrade() -> None:
    """Make every table, the partitions, and the gate."""
    _inbox()
    _conversations()
    _messages()
    _outbox()
    _running()
    numbers = sa.table("partitions", sa.column("number", sa.Integer))
    op.bulk_insert(numbers, [{"number": number} for number in range(_PARTITIONS)])
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _GATE_SQLITE if on_sqlite else _GATE_POSTGRESQL:
        op.execute(statement)


def _serial(name: str) -> sa.Column[int]:
    """A key that counts up in the order of insertion."""
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, autoincrement=True, nullable=False)


def _where(condition: str) -> dict[str, Any]:
    """The condition of a partial index, for both databases."""
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def _inbox() -> None:
    """What is to be done, and what was seen before."""
    op.create_table(
        "inbox",
        _serial("id"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("number_hash", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("inbox_due", "inbox", ["due", "id", "number_hash"])
    op.create_table(
        "seen",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_seen_at", "seen", ["at"])
    op.create_table(
        "partitions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "dead_letters",
        _serial("id"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "unplaced",
        _serial("id"),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_unplaced_at", "unplaced", ["at"])


def _conversations() -> None:
    """Contacts, sessions and their history."""
    op.create_table(
        "contacts",
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("number_hash", sa.BigInteger(), nullable=False),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("phone"),
    )
    op.create_table(
        "sessions",
        _serial("seq"),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id", name="sessions_id"),
    )
    op.create_index("sessions_open", "sessions", ["phone"], **_where("outcome IS NULL"))
    op.create_table(
        "received",
        _serial("id"),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_received_phone", "received", ["phone"])
    op.create_table(
        "consent",
        _serial("id"),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_consent_phone", "consent", ["phone"])
    op.create_table(
        "requests",
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request"),
    )
    op.create_index("ix_requests_at", "requests", ["at"])
    op.create_table(
        "traces",
        _serial("id"),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_traces_contact", "traces", ["contact"])
    op.create_index("ix_traces_session", "traces", ["session"])
    op.create_table(
        "flow_versions",
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("flow", "version"),
    )


def _messages() -> None:
    """Texts of ours and the tries to send them."""
    op.create_table(
        "messages",
        _serial("seq"),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("flow", sa.Text(), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("masked", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("final_at", sa.BigInteger(), nullable=True),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.Column("passes_block", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id", name="messages_id"),
    )
    op.create_index("messages_contact", "messages", ["contact", "made_at"])
    op.create_index("messages_replaces", "messages", ["replaces"], **_where("replaces IS NOT NULL"))
    op.create_index(
        "messages_secret",
        "messages",
        ["made_at"],
        **_where("masked IS NOT NULL AND text <> masked"),
    )
    op.create_table(
        "attempts",
        _serial("id"),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("wire_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attempts_message", "attempts", ["message"])


def _outbox() -> None:
    """Texts that have not left."""
    op.create_table(
        "outbox",
        _serial("id"),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("first_due", sa.BigInteger(), nullable=False),
        sa.Column("order_key", sa.Text(), nullable=True),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.Column("passes_block", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("first_try_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message", name="outbox_message"),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_claim", "outbox", ["priority", "due", "id"])
    op.create_index("outbox_contact", "outbox", ["contact"])
    op.create_index("outbox_lease", "outbox", ["lease_token"], **_where("lease_token IS NOT NULL"))
    op.create_index("outbox_order", "outbox", ["order_key", "id"])


def _running() -> None:
    """Rates, circuits and leases of the running service."""
    op.create_table(
        "buckets",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("provider"),
    )
    op.create_table(
        "circuits",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider"),
    )
    op.create_table(
        "leaders",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
