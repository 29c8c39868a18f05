"""The one place where settings become objects that work together.

Nothing here decides anything: it reads the project's files, connects the store and the queue's
server, makes the providers, and hands them to those who do the work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from random import Random, SystemRandom
from typing import Any
from urllib.parse import quote

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from smsflow import audience, providers
from smsflow.clock import Clock, SystemClock
from smsflow.config import Settings
from smsflow.conversation import Conversations
from smsflow.delivery import Channel, Delivery, channels
from smsflow.engine import world
from smsflow.engine.extension import NOTHING, Extension
from smsflow.engine.language import parse
from smsflow.engine.language.literals import EVENT
from smsflow.engine.model import Flow, Project, ProviderEntry, Service
from smsflow.engine.policy import Rules
from smsflow.engine.state import encode
from smsflow.engine.world import World
from smsflow.errands import Errands, Surroundings
from smsflow.errors import Place, ProjectInvalid, SettingsInvalid
from smsflow.extending import read_project
from smsflow.health import Tally
from smsflow.providers.base import Provider
from smsflow.providers.transport import HttpTransport
from smsflow.store import Store
from smsflow.webclient import WebClient

log = structlog.get_logger(__name__)

# A nudge is a hint: better late by a sweep than a webhook that hangs on a sick Redis.
REDIS_TIMEOUT = 0.5  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account at a provider that takes the place of the one in smsflow.yaml: a sandbox's."""

    url: str
    user: str
    password: str = field(repr=False)
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StandIns:
    """What takes the place of the world in smsflow.yaml: accounts at providers, by name, and one
    server on this machine for all web services but the `real` ones; '' when there is none. It knows
    them by their names in its paths, and asks for no proof who we are."""

    accounts: Mapping[str, Account] = field(default_factory=dict)
    services: str = ""
    real: frozenset[str] = frozenset()

    def in_(self, project: Project) -> Project:
        """The project with these in place of its own."""
        providers = {
            name: replace(project.providers[name], kind="pigeonhost", **asdict(account))
            for name, account in self.accounts.items()
        }
        services = {
            name: Service(
                name=name, place=each.place, url=f"{self.services}/{name}", allow=_THIS_MACHINE
            )
            for name, each in project.services.items()
            if self.services and name not in self.real
        }
        return replace(
            project,
            providers={**project.providers, **providers},
            services={**project.services, **services},
        )


_THIS_MACHINE = ("127.0.0.0/8", "::1/128")


class Runtime:
    """A project at work in this process. Make it with `open`; close it when done."""

    def __init__(
        self,
        settings: Settings,
        project: Project,
        loaded: parse.Loaded,
        store: Store,
        connection: redis.Redis,
        *,
        clock: Clock,
        rng: Random,
        stand_ins: StandIns,
        seat: str | None = None,
    ) -> None:
        self._stand_ins = stand_ins
        self._wiring = _wiring(project)
        project = stand_ins.in_(project)
        self.settings = settings
        self.store = store
        self.redis = connection
        self.clock = clock
        self.tally = Tally()
        self.project = project
        self.world: World = world.build(
            project, loaded.flows, secret=settings.digest_key(), extension=loaded.extension
        )
        self._versions: dict[tuple[str, str], Flow] = {}
        self._versions_lock = threading.Lock()
        self.secrets = _webhook_secrets(settings, project)
        self._transport = HttpTransport()
        self.providers: dict[str, Provider] = {
            name: provider_of(settings, entry, self._transport, loaded.extension)
            for name, entry in project.providers.items()
        }
        self.channels: dict[str, Channel] = channels(project, self.providers, self._notify_url)
        self.conversations = Conversations(
            store, lambda: self.world, self.version_of, clock=clock, rng=rng
        )
        self.delivery = Delivery(
            store,
            self.channels,
            clock=clock,
            rng=rng,
            rules=lambda: Rules(self.project),
            seat=seat,
        )
        self.errands = Errands(
            store,
            Surroundings(
                lambda: self.project.services,
                lambda: self.world.extension.actions,
                lambda: self.providers,
                lambda: self.project.numbers,
                settings.resolve,
                WebClient(),
            ),
            clock=clock,
        )
        self._remember(loaded)
        if loaded.extension.connect is not None:
            loaded.extension.connect(self.emit)

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        connection: redis.Redis | None = None,
        clock: Clock | None = None,
        rng: Random | None = None,
        upgrade: bool = False,
        stand_ins: StandIns | None = None,
        seat: str | None = None,
    ) -> Runtime:
        """Read the project and connect everything; `seat` is the place of this process, whose last
        holder is surely gone.

        Raises ProjectInvalid for mistakes in its files and SettingsInvalid for wrong settings.
        """
        project, loaded = read_project(settings.project)
        settings.make_home()
        store = Store.connect(settings.database_url, key=settings.digest_key())
        try:
            if upgrade:
                store.upgrade()
            else:
                store.check_schema()
            return cls(
                settings,
                project,
                loaded,
                store,
                connection or connect_redis(settings.redis_url),
                clock=clock or SystemClock(),
                rng=rng or SystemRandom(),
                stand_ins=stand_ins or StandIns(),
                seat=seat,
            )
        except BaseException:
            store.close()
            raise

    def reload(self, loaded: parse.Loaded) -> None:
        """Go on with the project's files as they are now; sessions keep their flow's version.

        Raises ProjectInvalid for mistakes, and SettingsInvalid when what connections are made of
        has changed. Then all goes on as before.
        """
        read = loaded.sound().project
        if read is None:
            raise ProjectInvalid(loaded.issues)
        if _wiring(read) != self._wiring:
            raise SettingsInvalid(
                "numbers, providers or public_url have changed in smsflow.yaml; start again to use"
                " them"
            )
        project = self._stand_ins.in_(read)
        new = world.build(
            project, loaded.flows, secret=self.world.secret, extension=loaded.extension
        )
        self._remember(loaded)  # first: a session may be pinned to it a moment later
        self.project, self.world = project, new

    def emit(self, event: str, data: Mapping[str, Any]) -> None:
        """Tell flows of an event; committed on return. ValueError for what is none."""
        if not EVENT.fullmatch(event):
            raise ValueError(f"{event!r} can't be the name of an event, such as ticket.closed")
        try:
            plain = encode(dict(data))
        except TypeError as error:
            raise ValueError(f"the data of {event!r} can't be kept: {error}") from None
        self.store.insert([audience.event_row(event, plain, self.clock.now())])

    def version_of(self, name: str, version: str) -> Flow | None:
        """An older version of a flow, from the database; None when nobody remembers it."""
        with self._versions_lock:
            known = self._versions.get((name, version))
            if known is None:
                source = self.store.flow_source(name, version)
                if source is None:
                    return None
                known = parse.read_bundle(source, self.project)
                self._versions[name, version] = known
            return known

    def _notify_url(self, provider: str) -> str | None:
        """Where reports are to be pushed; None for a provider whose reports are pulled, since it
        keeps back for a pull only what it was not told to push."""
        pulled = self.project.providers[provider].pull is not None
        return None if pulled else self.report_url(provider)

    def report_url(self, provider: str) -> str:
        """Where that provider pushes delivery reports: the notifyUrl of our texts."""
        base = self.settings.environment.get("SMSFLOW_PUBLIC_URL") or self.project.public_url
        secret = quote(self.secrets[provider][0], safe="")
        return f"{base.rstrip('/')}/webhooks/{quote(provider, safe='')}/{secret}/dlr"

    def _remember(self, loaded: parse.Loaded) -> None:
        self.store.remember_versions(
            [(flow.name, flow.version, loaded.bundles[flow.name]) for flow in loaded.flows.values()]
        )

    def close(self) -> None:
        """Give back connections."""
        self.store.close()
        self.redis.close()
        self._transport.close()


def connect_redis(url: str) -> redis.Redis:
    """A connection that gives up fast: one try, half a second."""
    if url == "memory://":
        import fakeredis  # only the embedded default needs it

        return fakeredis.FakeRedis()
    try:
        return redis.Redis.from_url(
            url,
            socket_connect_timeout=REDIS_TIMEOUT,
            socket_timeout=REDIS_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise SettingsInvalid(f"SMSFLOW_REDIS_URL can't be read: {error}") from error


def _webhook_secrets(settings: Settings, project: Project) -> Mapping[str, tuple[str, ...]]:
    """The secrets that a provider's pushes may carry: the first is ours to give out, a second one
    (after a comma) is still taken while an old one is rotated out."""
    secrets: dict[str, tuple[str, ...]] = {}
    for name, entry in project.providers.items():
        value = settings.resolve(entry.webhook_secret) if entry.webhook_secret else ""
        parts = tuple(part.strip() for part in value.split(",") if part.strip())
        if not parts and entry.pull is None:
            raise SettingsInvalid(
                f"provider '{name}' has no webhook_secret in smsflow.yaml; give it one of 22"
                " characters or more, such as `python -c 'import secrets;"
                " print(secrets.token_urlsafe())'` prints"
            )
        if any(len(part) < 22 for part in parts):
            raise SettingsInvalid(
                f"the webhook_secret of provider '{name}' must have 22 characters at least"
            )
        secrets[name] = parts
    return secrets


def _wiring(project: Project) -> object:
    """What connections and routes are made of, wherever in the file it stands."""
    numbers = [(each.name, each.address, each.provider) for each in project.numbers.values()]
    nowhere = Place("", 1, 1)
    providers = [replace(each, place=nowhere) for each in project.providers.values()]
    return numbers, providers, project.public_url


def provider_of(
    settings: Settings,
    entry: ProviderEntry,
    transport: HttpTransport | None = None,
    extension: Extension = NOTHING,
) -> Provider:
    """The adapter of an entry under `providers`, with its secrets; SettingsInvalid."""
    factory = extension.providers.get(entry.kind)
    if factory is not None:
        return _of_project(settings, entry, factory)
    return providers.connect(
        entry.kind,
        entry.name,
        url=settings.resolve(entry.url),
        user=settings.resolve(entry.user),
        password=settings.resolve(entry.password),
        key=settings.resolve(entry.key),
        format=entry.format,
        gateway=entry.gateway,
        transport=transport,
    )


def _of_project(settings: Settings, entry: ProviderEntry, factory: Callable[..., Any]) -> Provider:
    """A provider that the project's own Python makes."""
    url, user = settings.resolve(entry.url), settings.resolve(entry.user)
    password = settings.resolve(entry.password)
    try:
        made: Provider = factory(name=entry.name, url=url, user=user, password=password)
    # Whatever goes wrong in somebody's function: the settings can't be used.
    except Exception as error:
        raise SettingsInvalid(
            f"provider '{entry.name}' of kind '{entry.kind}' can't be made:"
            f" {type(error).__name__}: {error}"
        ) from error
    return made


def try_out(settings: Settings) -> None:
    """Open a runtime and close it again, before processes are made that each would fail.

    Raises ProjectInvalid and SettingsInvalid. A service that can't be called is told in the log:
    its flows may have a way for that, so it stops nobody.
    """
    with closing(Runtime.open(settings)) as runtime:
        for name, service in runtime.project.services.items():
            try:
                for value in (service.url, service.bearer, service.value, service.user):
                    settings.resolve(value)
                settings.resolve(service.password)
            except SettingsInvalid as error:
                log.warning("service_not_callable", service=name, reason=str(error))
