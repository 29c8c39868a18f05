"""Settings: what differs between a laptop and production. The only reader of the environment.

| variable | meaning | default |
|---|---|---|
| SMSFLOW_DATABASE_URL (or DATABASE_URL) | SQLite or PostgreSQL | .smsflow/smsflow.db |
| SMSFLOW_REDIS_URL (or REDIS_URL) | Redis for the queues | memory:// (in this process) |
| SMSFLOW_PROJECT | folder with smsflow.yaml | the working directory |
| SMSFLOW_SECRET_KEY | keys the digests of one-time codes | made and kept; needed with Redis |
| SMSFLOW_API_TOKEN | bearer token of the API | none: the API answers 403 |
| PORT | port of `smsflow web` and `smsflow dev` | 8000 |
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile

from smsflow.errors import SettingsInvalid

MEMORY = "memory://"
HOME = ".smsflow"  # in the project: what the embedded default keeps
PRIVATE = 0o700  # of that folder: numbers and texts lie in it
SHORTEST_KEY = 16  # characters of a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is not in the project's files. Secrets do not show in its repr."""

    project: Path
    database_url: str = field(repr=False)
    redis_url: str = field(default=MEMORY, repr=False)
    secret_key: bytes | None = field(default=None, repr=False)
    api_token: str = field(default="", repr=False)
    events_secret: str = field(default="", repr=False)
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
        home = folder / HOME
        return cls(
            project=folder,
            database_url=database or f"sqlite:///{home / 'smsflow.db'}",
            redis_url=env.get("SMSFLOW_REDIS_URL") or env.get("REDIS_URL") or MEMORY,
            secret_key=_given_key(env),
            api_token=_secret(env, "SMSFLOW_API_TOKEN"),
            events_secret=_secret(env, "SMSFLOW_EVENTS_SECRET"),
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

    def digest_key(self) -> bytes:
        """What keys the digests of one-time codes.

        In one process it may be made and kept beside the database; processes that work together
        have to share one, so there it has to be given.
        """
        if self.secret_key is not None:
            return self.secret_key
        if not self.embedded:
            raise SettingsInvalid(
                "SMSFLOW_SECRET_KEY is not set; web and worker need the same one, such as"
                " `python -c 'import secrets; print(secrets.token_hex(32))'` prints"
            )
        return _kept_key(self.project / HOME / "secret.key")

    def make_home(self) -> None:
        """Make the folder of the embedded default, if that is where the database lies."""
        home = self.project / HOME
        if self.database_url.startswith(f"sqlite:///{home}"):
            with suppress(OSError):  # the database then says what it can't open
                home.mkdir(mode=PRIVATE, exist_ok=True)

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


def _secret(env: Mapping[str, str], name: str) -> str:
    secret = env.get(name, "")
    if secret and len(secret) < SHORTEST_KEY:
        raise SettingsInvalid(f"{name} must have {SHORTEST_KEY} characters at least")
    return secret


def _given_key(env: Mapping[str, str]) -> bytes | None:
    given = env.get("SMSFLOW_SECRET_KEY")
    if given and len(given) < SHORTEST_KEY:
        raise SettingsInvalid(f"SMSFLOW_SECRET_KEY must have {SHORTEST_KEY} characters at least")
    return given.encode() if given else None


def _kept_key(path: Path) -> bytes:
    """The key in that file, made when there is none yet."""
    try:
        path.parent.mkdir(mode=PRIVATE, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent) as file:  # readable by its owner alone
            file.write(secrets.token_hex(32))
            file.flush()
            # Whole or not at all, and never over a key that another process made meanwhile.
            with suppress(FileExistsError):
                os.link(file.name, path)
        key = path.read_text().strip().encode()
    except OSError as error:
        raise SettingsInvalid(
            f"can't write {path} ({error.strerror}); set SMSFLOW_SECRET_KEY"
        ) from error
    if len(key) < SHORTEST_KEY:
        raise SettingsInvalid(f"{path} holds no whole key; remove it, and a new one is made")
    return key
