"""Lists that people subscribe to, and flows that start by the clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Consent knows its list and where it was given; schedules know when they last came."""
    op.add_column("consent", sa.Column("list", sa.Text(), nullable=True))
    source = sa.Column("source", sa.Text(), nullable=False, server_default="text")
    op.add_column("consent", source)
    op.create_table(
        "schedules",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
