"""The schema's way from nothing to this release, and what a wrong URL is told."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from smsflow.errors import SettingsInvalid
from smsflow.store import Store, migrate
from smsflow.store.schema import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    """The URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with request.getfixturevalue("scratch_postgres")() as url:
        yield url


def test_the_migrations_end_at_the_schema(database_url):
    """Autogenerate finds nothing to add to what the migrations made."""
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_indexes_are_those_of_the_schema(database_url):
    """Also the conditions of partial ones, which autogenerate does not compare."""
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    partial = {"sessions_open", "messages_replaces", "messages_secret"}
    partial |= {"outbox_lease", "outbox_held", "errands_failing"}
    partial |= {"inbox_session", "sessions_ended", "sessions_version"}
    partial |= {"messages_owner", "outbox_owner"}
    partial |= {"handoffs_open", "handoffs_closed"}
    key = f"{engine.dialect.name}_where"
    with engine.connect() as connection:
        found = {
            index["name"]
            for table in metadata.tables
            for index in inspect(connection).get_indexes(table)
            if index.get("dialect_options", {}).get(key) is not None
        }
    engine.dispose()
    assert found == partial


def test_an_empty_database_has_to_be_upgraded_first(empty_url):
    """check_schema names the command; after upgrade it is content, and upgrading again is free."""
    with ExitStack() as stack:
        store = Store.connect(empty_url)
        stack.callback(store.close)
        with pytest.raises(SettingsInvalid, match="smsflow db upgrade"):
            store.check_schema()
        store.upgrade()
        store.check_schema()
        store.upgrade()
        assert store.partitions == 16


def test_the_newest_revision_is_what_alembic_takes_for_it():
    """It is read off the scripts' names, without Alembic."""
    scripts = Path(migrate.__file__).parent / "migrations"
    assert migrate.newest() == ScriptDirectory(str(scripts)).get_current_head()


def test_two_processes_may_upgrade_at_once(empty_url, at_once):
    """One does it, the other waits and finds it done."""

    def upgrade(_: int) -> None:
        store = Store.connect(empty_url)
        store.upgrade()
        store.check_schema()
        store.close()

    at_once(2, upgrade)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://host/name"]
)
def test_a_url_of_another_kind_is_refused(url):
    """The message shows what can be written instead."""
    with pytest.raises(SettingsInvalid, match=r"sqlite:///smsflow\.db"):
        Store.connect(url)


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    """The message says which file could not be opened."""
    with pytest.raises(SettingsInvalid, match="nowhere"):
        Store.connect(f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}")


def test_a_server_out_of_reach_is_named_without_the_password():
    """Host, port and cure; no secret."""
    with pytest.raises(SettingsInvalid) as raised:
        Store.connect("postgresql://user:hunter2@127.0.0.1:1/name")
    assert "127.0.0.1, port 1" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_missing_driver_is_named_with_its_extra():
    """Somebody who installed the plain package learns what to add."""
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from smsflow.store import Store\n"
        "Store.connect('postgresql://host/name')"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "SettingsInvalid" in found.stderr
    assert "smsflow[postgres]" in found.stderr
