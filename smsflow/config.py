"""Settings: what differs between a laptop and production. The only reader of the environment.

| variable | meaning | default |
|---|---|---|
| SMSFLOW_DATABASE_URL (or DATABASE_URL) | SQLite or PostgreSQL | .smsflow/smsflow.db |
| SMSFLOW_REDIS_URL (or REDIS_URL) | Redis for the queues | memory:// (in this process) |
| SMSFLOW_PROJECT | folder with smsflow.yaml | the working directory |
| SMSFLOW_SECRET_KEY | keys the digests of one-time codes | made once, in .smsflow/secret.key |
| SMSFLOW_API_TOKEN | bearer token of the API | none: the API answers 403 |
| PORT | port of `smsflow web` | 8000 |
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from smsflow.errors import SettingsInvalid

MEMORY = "memory://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is not in the project's files. Secrets do not show in its repr."""

    project: Path
    database_url: str = field(repr=False)
    redis_url: str = field(default=MEMORY, repr=False)
    secret_key: bytes = field(repr=False)
    api_token: str = field(default="", repr=False)
    port: int = 8000
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, *, project: Path | None = None
    ) -> Settings:
        """The settings of this process; SettingsInvalid names the variable that is wrong."""
        env = dict(os.environ if environment is None else environment)
        folder = project_folder(env, project=project)
        database = env.get("SMSFLOW_DATABASE_URL") or env.get("DATABASE_URL")
        return cls(
            project=folder,
            database_url=database or f"sqlite:///{folder / '.smsflow' / 'smsflow.db'}",
            redis_url=env.get("SMSFLOW_REDIS_URL") or env.get("REDIS_URL") or MEMORY,
            secret_key=_secret_key(env, folder),
            api_token=env.get("SMSFLOW_API_TOKEN", ""),
            port=_port(env.get("PORT", "8000")),
            environment=env,
        )

    def resolve(self, value: str) -> str:
        """A value of smsflow.yaml: `env.NAME` is the environment variable of that name."""
        if not value.startswith("env."):
            return value
        name = value.removeprefix("env.")
        found = self.environment.get(name)
        if not found:
            raise SettingsInvalid(
                f"smsflow.yaml names the environment variable {name}, which is not set"
            )
        return found

    @property
    def embedded(self) -> bool:
        """True when the queues live in this process."""
        return self.redis_url == MEMORY


def project_folder(
    environment: Mapping[str, str] | None = None, *, project: Path | None = None
) -> Path:
    """Where the project's files lie: `project`, else what the environment says, else here."""
    env = os.environ if environment is None else environment
    folder = (project or Path(env.get("SMSFLOW_PROJECT") or ".")).resolve()
    if not folder.is_dir():
        raise SettingsInvalid(
            f"there is no folder {folder}; set SMSFLOW_PROJECT, or pass --project"
        )
    return folder


def _port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) <= 65_535:
        raise SettingsInvalid(f"PORT must be a number from 0 to 65535, and is {text!r}")
    return int(text)


def _secret_key(env: Mapping[str, str], folder: Path) -> bytes:
    """The key from the environment, or one made once and kept beside the database."""
    given = env.get("SMSFLOW_SECRET_KEY")
    if given:
        if len(given) < 16:
            raise SettingsInvalid("SMSFLOW_SECRET_KEY must have 16 characters at least")
        return given.encode()
    path = folder / ".smsflow" / "secret.key"
    try:
        path.parent.mkdir(exist_ok=True)
        # Another process may make it at the same moment; only one of them creates the file.
        with open(path, "x", opener=_private) as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    except OSError as error:
        raise SettingsInvalid(
            f"can't write {path} ({error.strerror}); set SMSFLOW_SECRET_KEY"
        ) from error
    return path.read_text().strip().encode()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
