"""Texts to others than the contact, and what is asked of the provider for a text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whose session sent a text to somebody else, and its options."""
    op.add_column("messages", sa.Column("options", sa.Text(), nullable=True))
    for table in ("messages", "outbox"):
        op.add_column(table, sa.Column("owner", sa.Text(), nullable=True))
        condition = sa.text("owner IS NOT NULL")
        op.create_index(
            f"{table}_owner",
            table,
            ["owner"],
            postgresql_where=condition,
            sqlite_where=condition,
        )
