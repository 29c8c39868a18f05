"""The web without workers: what is pushed is seen in the inbox."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from smsflow.config import Settings
from smsflow.runtime import Runtime
from smsflow.store.rows import InboxRow
from smsflow.web import create_app
from tests.conftest import FakeClock

SAMPLES = Path(__file__).parents[2]
SECRETS = {"primary": "primary-secret-0123456789", "secondary": "new-secret-0123456789abc"}
OLD_SECRET = "old-secret-0123456789abc"
TOKEN = "the-token-of-the-tests"


class Desk:
    """A client of the web, and a look into the inbox."""

    def __init__(self, runtime: Runtime, client: FlaskClient, clock: FakeClock) -> None:
        self.runtime = runtime
        self.client = client
        self.clock = clock

    def hook(self, what: str, provider: str = "primary", secret: str | None = None) -> str:
        return f"/webhooks/{provider}/{secret or SECRETS[provider]}/{what}"

    def rows(self) -> list[InboxRow]:
        """Everything that waits in the inbox."""
        with self.runtime.store.work(self.clock.now(), 1000) as batch:
            return sorted(batch.rows, key=lambda row: row.id)

    def works(self) -> None:
        """Work off what is due, as a worker would."""
        while self.runtime.conversations.work().rows:
            pass


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Desk]:
    """The sample project on SQLite."""
    shutil.copy(sqlite_template, tmp_path / "web.db")
    environment = {
        "SMSFLOW_DATABASE_URL": f"sqlite:///{tmp_path / 'web.db'}",
        "SMSFLOW_SECRET_KEY": "a-key-of-the-tests-0123456789",
        "SMSFLOW_API_TOKEN": TOKEN,
        "SMSFLOW_PUBLIC_URL": "https://sms.test",
        **{f"{name}_URL": "http://127.0.0.1:9" for name in ("SMS", "SMS2")},
        **{f"{name}_USER": "user" for name in ("SMS", "SMS2")},
        **{f"{name}_PASSWORD": "password" for name in ("SMS", "SMS2")},
        "SMS_WEBHOOK_SECRET": SECRETS["primary"],
        "SMS2_WEBHOOK_SECRET": f"{SECRETS['secondary']}, {OLD_SECRET}",
    }
    runtime = Runtime.open(Settings.from_environment(environment, project=SAMPLES), clock=clock)
    yield Desk(runtime, create_app(runtime).test_client(), clock)
    runtime.close()
