"""What the provider last said of a text, in its own word."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The name of the provider's status, beside its error."""
    op.add_column("messages", sa.Column("status", sa.Text(), nullable=True))
