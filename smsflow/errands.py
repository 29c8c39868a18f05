"""What happens when an errand is due: lease, do it, record how it went.

An errand is a call to a web service, a lookup of a number or an action of the project's Python.
Each is done at least once: its row was committed with what the flow decided, a worker that dies
leaves a lease that runs out, and whoever is asked twice is told the same `Idempotency-Key`. A
result counts only while the lease's token matches, and comes back as an inbox row in the
transaction that deletes the errand.
"""

from __future__ import annotations

import json
import threading
import traceback
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import structlog
from sqlalchemy.exc import DBAPIError

from smsflow import __version__
from smsflow.clock import Clock
from smsflow.delivery import Heartbeat, in_a_thread
from smsflow.engine.errands import NoReply, Reply, Result, failed, known, pause, result_of, unknown
from smsflow.engine.extension import RegisteredAction, run_action
from smsflow.engine.model import Number, Service
from smsflow.errors import Conflict, SettingsInvalid
from smsflow.providers.base import Directory, Holds, NotAnswered, Provider
from smsflow.store import Store
from smsflow.store.rows import LeasedErrand
from smsflow.store.withdrawing import WITHDRAW
from smsflow.webclient import Carrier, Request

BATCH = 8  # errands at a time
LEASE = 10.0  # seconds, by the database's clock
SHORTEST_SECRET = 4  # characters that are looked for in answers

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What errands are done with: services and functions of the project, secrets, the network."""

    services: Callable[[], Mapping[str, Service]]
    actions: Callable[[], Mapping[str, RegisteredAction]]
    providers: Callable[[], Mapping[str, Provider]]
    numbers: Callable[[], Mapping[str, Number]]
    resolve: Callable[[str], str]  # env.NAME -> its value, or SettingsInvalid
    carrier: Carrier


class Errands:
    """Does what is due."""

    def __init__(
        self,
        store: Store,
        surroundings: Surroundings,
        *,
        clock: Clock,
        heartbeat: Heartbeat = in_a_thread,
    ) -> None:
        self._store = store
        self._around = surroundings
        self._clock = clock
        self._heartbeat = heartbeat

    def work(self) -> int:
        """Do a batch of due errands at the same time; how many were tried."""
        leased = self._store.lease_errands(self._clock.now(), BATCH, LEASE)
        if not leased:
            return 0
        with self._heartbeat(lambda: self._renew(leased[0].token)):
            if len(leased) == 1:
                self._do(leased[0])
            else:
                with ThreadPoolExecutor(len(leased), "smsflow-errand") as pool:
                    list(pool.map(self._do, leased))
        return len(leased)

    def _renew(self, token: str) -> None:
        """Prolong the leases; a beat that fails is not the last one."""
        try:
            self._store.renew_errands(token, LEASE)
        except (Conflict, DBAPIError) as error:
            log.warning("lease_not_renewed", reason=type(error).__name__)

    def _do(self, errand: LeasedErrand) -> None:
        """One try, and what becomes of it; what nobody foresaw is its end, not one of ours."""
        try:
            self._try(errand)
        except (Conflict, DBAPIError) as error:  # the lease runs out, and it is done again
            log.warning("errand_not_recorded", errand=errand.id, reason=type(error).__name__)
        except Exception as error:
            # Without its words and its values, among which are secrets.
            place = traceback.extract_tb(error.__traceback__)[-1]
            at = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
            log.error("errand_broke", errand=errand.id, error=at)
            if errand.kind == WITHDRAW:  # tried as long as it makes sense, and nobody waits for it
                self._in_haste(errand, type(error).__name__, "")
                return
            kind = {"action": "action", "lookup": "lookup"}.get(errand.kind, "http")
            result = failed(kind, f"smsflow could not do it: {type(error).__name__}")
            self._store.finish_errand(errand, result, self._clock.now())

    def _try(self, errand: LeasedErrand) -> None:
        now = self._clock.now()
        if errand.kind == WITHDRAW:
            self._withdraw(errand, now)
            return
        if now >= errand.expires:
            result, why = failed("timeout", "nobody could do it in time"), "too late"
        elif errand.kind == "action":
            result, why = self._act(errand), f"the action {errand.order['name']}"
        elif errand.kind == "lookup":
            found = self._look_up(errand)
            if isinstance(found, float):
                self._again(errand, found, "the provider gave no answer", errand.order["provider"])
                return
            result, why = found, errand.order["provider"]
        else:
            reply, secrets = self._ask(errand)
            found = result_of(errand.order, reply, errand.tries + 1)
            said = f"status {reply.status}" if isinstance(reply, Reply) else reply.reason
            why = f"{errand.order['service']}: {_masked(said, secrets)}"
            if isinstance(found, float):
                self._again(errand, found, _masked(said, secrets), errand.order["service"])
                return
            result = _masked(found, secrets)
        if not result["ok"]:
            log.warning("errand_failed", kind=errand.kind, errand=errand.id, reason=why)
        self._store.finish_errand(errand, result, self._clock.now())

    def _again(self, errand: LeasedErrand, seconds: float, why: str, whom: str) -> None:
        """Let it be tried once more after so many seconds."""
        log.warning(f"{errand.kind}_failed", service=whom, reason=why)
        self._store.retry_errand(errand, self._clock.now() + timedelta(seconds=seconds), why)

    # --- texts that a provider holds --------------------------------------------------------------

    def _withdraw(self, errand: LeasedErrand, now: datetime) -> None:
        """Have a text called off whose reader said STOP, as long as it is not sent."""
        order = errand.order
        ours = self._around.numbers().get(order["number"])
        name = ours.provider if ours is not None else ""
        adapter: object = self._around.providers().get(name)
        if now < errand.expires and isinstance(adapter, Holds):
            try:
                adapter.withdraw(order["wire_id"])
            except NotAnswered as error:
                self._in_haste(errand, str(error), name)
                return
        else:
            log.error("text_not_withdrawn", provider=name, wire_id=order["wire_id"])
        self._store.end_errand(errand)

    def _in_haste(self, errand: LeasedErrand, why: str, whom: str) -> None:
        left = errand.expires - self._clock.now()
        self._again(errand, pause(errand.order, errand.tries + 1, left), why, whom)

    # --- lookups ----------------------------------------------------------------------------------

    def _look_up(self, errand: LeasedErrand) -> Result | float:
        """What the provider knows of the number, or the seconds until it is asked again."""
        order = errand.order
        adapter: object = self._around.providers().get(order["provider"])
        if not isinstance(adapter, Directory):
            return failed("lookup", f"the provider '{order['provider']}' can't look up numbers")
        try:
            (found,) = adapter.lookup([order["phone"]])
        except NotAnswered as error:
            return unknown(order, str(error), errand.tries + 1)
        return known(order, asdict(found))

    # --- calls ------------------------------------------------------------------------------------

    def _ask(self, errand: LeasedErrand) -> tuple[Reply | NoReply, tuple[str, ...]]:
        """What the service says, and the secrets that no trace may show."""
        order = errand.order
        service = self._around.services().get(order["service"])
        if service is None:
            return NoReply(f"smsflow.yaml has no service '{order['service']}'", again=False), ()
        try:
            headers, secrets = self._proof(service)
            base = self._around.resolve(service.url).rstrip("/")
        except SettingsInvalid as error:
            return NoReply(str(error), again=False), ()
        body, kind = _body(order)
        query = f"?{_coded(order['query'])}" if order["query"] else ""
        request = Request(
            method=order["method"],
            url=f"{base}{order['path']}{query}",
            headers={
                **order["headers"],
                **kind,
                "Accept": "application/json, */*",
                "User-Agent": f"smsflow/{__version__}",
                "Idempotency-Key": errand.id,
                **headers,
            },
            body=body,
            seconds=float(order["timeout"]),
            allow=service.allow,
        )
        return self._around.carrier.carry(request), secrets

    def _proof(self, service: Service) -> tuple[dict[str, str], tuple[str, ...]]:
        """The header that proves who we are, and the secrets in it."""
        resolve = self._around.resolve
        if service.bearer:
            token = resolve(service.bearer)
            return {"Authorization": f"Bearer {token}"}, (token,)
        if service.header:
            value = resolve(service.value)
            return {service.header: value}, (value,)
        if service.user:
            user, password = resolve(service.user), resolve(service.password)
            coded = b64encode(f"{user}:{password}".encode()).decode()
            return {"Authorization": f"Basic {coded}"}, (password, coded)
        return {}, ()

    # --- actions ----------------------------------------------------------------------------------

    def _act(self, errand: LeasedErrand) -> Result:
        """The result of the function, if it gives one in time; a thread can't be ended, so one that
        takes too long goes on by itself and its result counts for nothing."""
        name, seconds = errand.order["name"], float(errand.order["timeout"])
        action = self._around.actions().get(name)
        if action is None:
            return failed("action", f"there is no action '{name}'")
        results: list[Result] = []

        def work() -> None:
            results.append(run_action(action, errand.order, errand.id))

        thread = threading.Thread(target=work, name=f"smsflow-action-{name}", daemon=True)
        thread.start()
        thread.join(seconds)
        return results[0] if results else failed("timeout", f"no result within {seconds:g}s")


def _coded(pairs: Sequence[Sequence[str]]) -> str:
    """Pairs as a form or a query has them; JSON made lists of them."""
    return urlencode([(name, value) for name, value in pairs])


def _body(order: Mapping[str, Any]) -> tuple[bytes | None, dict[str, str]]:
    """The body, and the header that names its type."""
    if "json" in order:
        content = json.dumps(order["json"], allow_nan=False).encode()
        return content, {"Content-Type": "application/json"}
    if "form" in order:
        kind = "application/x-www-form-urlencoded"
        return _coded(order["form"]).encode(), {"Content-Type": kind}
    return (None if order["method"] in ("GET", "DELETE") else b""), {}


def _masked(value: Any, secrets: tuple[str, ...]) -> Any:
    """The value with stars for secrets, which a service may send back in what it says."""
    match value:
        case str():
            for secret in secrets:
                if len(secret) >= SHORTEST_SECRET:
                    value = value.replace(secret, "***")
            return value
        case dict():
            return {_masked(name, secrets): _masked(each, secrets) for name, each in value.items()}
        case list():
            return [_masked(each, secrets) for each in value]
        case _:
            return value
