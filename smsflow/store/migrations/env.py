"""Alembic's entry point: runs the migrations on the connection that `migrate.py` opened.

Alembic executes this file itself; nothing imports it.
"""

from __future__ import annotations

from alembic import context

from smsflow.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
