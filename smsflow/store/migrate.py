"""The schema's way from any older release to this one, by Alembic, without a command of its own.

Two processes of a deployment may start at once, so the whole upgrade runs under a lock.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from smsflow.errors import SettingsInvalid
from smsflow.store.database import Part

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 776_735_699  # any number that no other user of the database's advisory locks has chosen


class Schema(Part):
    """Upgrading and checking."""

    def upgrade(self) -> None:
        """Bring the schema to this release's; safe when two processes do it at once."""
        with self._db.write() as connection:
            if not self._db.is_sqlite:  # there the transaction is the lock
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            command.upgrade(_config(connection), "head")

    def check_schema(self) -> None:
        """SettingsInvalid unless the schema is this release's."""
        with self._db.read() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        newest = ScriptDirectory(str(_SCRIPTS)).get_current_head()
        if current != newest:
            raise SettingsInvalid(
                f"the database's tables are at {current or 'nothing'}, this release needs "
                f"{newest}: run `smsflow db upgrade`"
            )


def _config(connection: Connection) -> Config:
    """Alembic's settings, without a file."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
