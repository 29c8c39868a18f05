"""Settings: what is read from the environment, and what is said when it is wrong."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from smsflow.config import Settings
from smsflow.errors import SettingsInvalid

KEY = "0123456789abcdef"


def test_nothing_set_means_the_embedded_default(tmp_path: Path) -> None:
    """A SQLite file in the project, queues in the process, no API."""
    settings = Settings.from_environment({}, project=tmp_path)
    assert settings.embedded
    assert settings.database_url == f"sqlite:///{tmp_path}/.smsflow/smsflow.db"
    assert (settings.api_token, settings.port) == ("", 8000)


def test_platforms_variables_are_understood(tmp_path: Path) -> None:
    """DATABASE_URL, REDIS_URL and PORT, as platforms set them; ours go first."""
    given = {"DATABASE_URL": "postgresql://a", "REDIS_URL": "redis://b", "PORT": "5000"}
    settings = Settings.from_environment(given, project=tmp_path)
    assert (settings.database_url, settings.redis_url, settings.port) == (
        "postgresql://a",
        "redis://b",
        5000,
    )
    ours = {**given, "SMSFLOW_DATABASE_URL": "sqlite:///c", "SMSFLOW_REDIS_URL": "redis://d"}
    settings = Settings.from_environment(ours, project=tmp_path)
    assert (settings.database_url, settings.redis_url) == ("sqlite:///c", "redis://d")


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"PORT": "http"}, "PORT"),
        ({"PORT": "70000"}, "PORT"),
        ({"SMSFLOW_SECRET_KEY": "short"}, "SMSFLOW_SECRET_KEY"),
        ({"SMSFLOW_PROJECT": "/nowhere/at/all"}, "SMSFLOW_PROJECT"),
    ],
)
def test_a_wrong_setting_is_named(environment: dict[str, str], says: str) -> None:
    """With the variable, so that it can be mended."""
    with pytest.raises(SettingsInvalid, match=says):
        Settings.from_environment(environment)


def test_a_variable_that_smsflow_yaml_names_has_to_be_set(tmp_path: Path) -> None:
    """`env.NAME` is looked up when it is needed."""
    settings = Settings.from_environment({"SMS_USER": "me"}, project=tmp_path)
    assert settings.resolve("env.SMS_USER") == "me"
    assert settings.resolve("plain") == "plain"
    with pytest.raises(SettingsInvalid, match="SMS_PASSWORD"):
        settings.resolve("env.SMS_PASSWORD")


def test_the_embedded_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    """A code that was sent before a restart can still be typed after it."""
    first = Settings.from_environment({}, project=tmp_path).digest_key()
    assert Settings.from_environment({}, project=tmp_path).digest_key() == first
    assert len(first) == 64
    mode = (tmp_path / ".smsflow" / "secret.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_processes_that_work_together_need_one_key(tmp_path: Path) -> None:
    """With Redis there are several; a key of each one's own would make codes unreadable."""
    settings = Settings.from_environment({"REDIS_URL": "redis://x"}, project=tmp_path)
    with pytest.raises(SettingsInvalid, match="SMSFLOW_SECRET_KEY"):
        settings.digest_key()
    shared = {"REDIS_URL": "redis://x", "SMSFLOW_SECRET_KEY": KEY}
    assert Settings.from_environment(shared, project=tmp_path).digest_key() == KEY.encode()


def test_secrets_do_not_show(tmp_path: Path) -> None:
    """A settings object in a traceback or a log tells none."""
    given = {
        "SMSFLOW_SECRET_KEY": "CANARY-key-0123456789",
        "SMSFLOW_API_TOKEN": "CANARY-token-0123456789",
        "SMSFLOW_DATABASE_URL": "postgresql://u:CANARY@h/d",
        "SMSFLOW_REDIS_URL": "redis://:CANARY@h",
        "SMS_PASSWORD": "CANARY",
    }
    assert "CANARY" not in repr(Settings.from_environment(given, project=tmp_path))
