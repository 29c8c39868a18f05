"""The schema's way from any older release to this one, by Alembic, without a command of its own.

Two processes of a deployment may start at once, so the whole upgrade runs under a lock. Alembic is
not even imported where there is nothing to upgrade: a process that was killed is back the sooner.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from smsflow.errors import SettingsInvalid
from smsflow.store.database import Part

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 776_735_699  # any number that no other user of the database's advisory locks has chosen


class Schema(Part):
    """Upgrading and checking."""

    def upgrade(self) -> None:
        """Bring the schema to this release's; safe when two processes do it at once."""
        with self._db.write() as connection:
            if not self._db.is_sqlite:  # there the transaction is the lock
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            if _revision(connection) != newest():
                from alembic import command

                command.upgrade(_config(connection), "head")

    def check_schema(self) -> None:
        """SettingsInvalid unless the schema is this release's."""
        with self._db.read() as connection:
            current = _revision(connection)
        if current != newest():
            raise SettingsInvalid(
                f"the database's tables are at {current or 'nothing'}, this release needs "
                f"{newest()}: run `smsflow db upgrade`"
            )


def newest() -> str:
    """The revision of this release's schema; scripts are numbered, 0001_first_schema.py."""
    return max(path.name.partition("_")[0] for path in (_SCRIPTS / "versions").glob("*_*.py"))


def _revision(connection: Connection) -> str | None:
    """The revision of the tables, where Alembic keeps it; None when there are none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _config(connection: Connection) -> Config:
    """Alembic's settings, without a file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
