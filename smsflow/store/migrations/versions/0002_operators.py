"""What operators need: their actions on record, held texts found fast, old due times kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table of actions, an index of held texts, and the due time of a dead letter."""
    op.create_table(
        "actions",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "outbox_held",
        "outbox",
        ["id"],
        postgresql_where=sa.text("held"),
        sqlite_where=sa.text("held = 1"),
    )
    op.add_column("dead_letters", sa.Column("due", sa.BigInteger(), nullable=True))
