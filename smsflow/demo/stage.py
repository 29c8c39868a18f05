"""What stands around the people of the demo: the service, its providers, the clock, and HTTP.

People text and read through the sandboxes' control API, and the business starts flows through the
service's API, with its token: nobody here reaches into the service to make something happen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import urllib3

from smsflow.config import Settings
from smsflow.demo.clock import DemoClock
from smsflow.demo.record import Event, Record
from smsflow.engine.policy import zone_of
from smsflow.engine.scope import contact_scope
from smsflow.engine.state import Contact
from smsflow.engine.templating.templates import compile_text
from smsflow.errors import SettingsInvalid, SmsflowError
from smsflow.sandbox.web_services import Asked
from smsflow.service import Service
from smsflow.sms.numbers import bare

PATIENCE = 30.0  # seconds of real time until the service has to have come to rest
LOOK_EVERY = 0.02  # seconds
SOON = timedelta(seconds=2)  # what is due within this time is waited for, without a jump


class SceneError(SmsflowError):
    """The play can't go on: something that had to come did not come."""


class RestlessError(SceneError):
    """The service does not come to rest: no other scene could be played either."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """A text on a handset."""

    at: datetime
    text: str
    parts: int
    message: str  # the wire id
    sender: str


class Stage:
    """The service at work, and every way to it from outside."""

    def __init__(
        self, service: Service, settings: Settings, clock: DemoClock, record: Record
    ) -> None:
        self.clock = clock
        self.record = record
        self.project = service.runtime.project
        self.store = service.runtime.store
        self._flows = service.runtime.world.flows
        self._built_in = service.runtime.world.built_in
        self._service = service
        self._token = settings.api_token
        self._http = urllib3.PoolManager(retries=False, timeout=PATIENCE)
        self._said = clock.now()

    def close(self) -> None:
        """Give back connections."""
        self._http.clear()

    # --- over HTTP ---------------------------------------------------------------------------

    def api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask the service's API, as the business's own program would."""
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._ask(method, f"{self._service.url}/v1{path}", headers, body)

    def network(
        self, provider: str, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Ask a sandbox's control API, as a hand on a handset would."""
        account = self._service.accounts[provider]
        headers = urllib3.make_headers(basic_auth=f"{account.user}:{account.password}")
        return self._ask(method, f"{account.url}/sandbox{path}", dict(headers), body)

    def _ask(self, method: str, url: str, headers: dict[str, str], body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {**headers, "Content-Type": "application/json"}
        try:
            answer = self._http.request(method, url, headers=headers, body=data)
        except urllib3.exceptions.HTTPError as error:
            raise SceneError(f"{method} {url} was not answered: {error}") from error
        content = json.loads(answer.data) if answer.data else None
        if answer.status >= 400:
            raise SceneError(f"{method} {url} was answered {answer.status}: {content}")
        return content

    def asked_after(self, count: int) -> list[Asked]:
        """What the company's web services were asked after so many requests, oldest first."""
        return self._service.web_services.asked_after(count)

    def bubbles(self, phone: str) -> list[Bubble]:
        """What a handset got, through whichever provider, oldest first."""
        path = f"/handsets/{quote(bare(phone))}/messages"
        found = [
            Bubble(
                datetime.strptime(line["at"], "%Y-%m-%dT%H:%M:%S.%f%z"),
                line["text"],
                line["parts"],
                line["messageId"],
                line["from"],
            )
            for provider in self.project.providers
            for line in self.network(provider, "GET", path)["messages"]
            if line["direction"] == "got"
        ]
        return sorted(found, key=lambda bubble: (bubble.at, bubble.message))

    def submitted(self, provider: str) -> list[dict[str, Any]]:
        """Every text that a provider was given."""
        found: list[dict[str, Any]] = self.network(provider, "GET", "/messages")["messages"]
        return found

    # --- time --------------------------------------------------------------------------------

    def settle(self) -> None:
        """Wait until nothing is on its way any more, neither here nor in the network."""
        deadline = time.monotonic() + PATIENCE
        # Looked at from both sides and back, for a text may change sides between two looks.
        while not (self._rests() and self._network_rests() and self._rests()):
            if time.monotonic() > deadline:
                raise RestlessError(f"the service did not come to rest within {PATIENCE:.0f} s")
            time.sleep(LOOK_EVERY)

    def _rests(self) -> bool:
        now = self.clock.now()
        due = self.store.next_due()
        return self.store.quiet(now) and (due is None or due - now > SOON)

    def _network_rests(self) -> bool:
        for provider in self.project.providers:
            pending = self.network(provider, "GET", "/pending")
            if pending["pushes"] or (pending["deliveries"] and self._soon(pending["nextDue"])):
                return False
        return True

    def _soon(self, moment: str) -> bool:
        due = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%f%z")
        return due - self.clock.now() <= SOON

    def jump(self, limit: datetime) -> bool:
        """Let the clock jump to the next thing that happens; False if that is after `limit`."""
        self.settle()
        due = self.store.next_due()
        if due is None or due > limit:
            return False
        self.clock.jump_to(due)
        self.settle()
        return True

    def pass_to(self, moment: datetime) -> None:
        """Let time go by until `moment`, with all that happens meanwhile."""
        while self.jump(moment):
            pass
        self.clock.jump_to(moment)
        self.settle()
        self.tell_time()

    def tell_time(self) -> None:
        """Show that the clock has jumped, if it has."""
        now = self.clock.now()
        if now - self._said > timedelta(minutes=1):
            self.record.add(Event(kind="clock", at=now))
        self._said = now

    # --- what the flows say ----------------------------------------------------------------------

    def wording(
        self, flow: str, step: str, contact: Contact, scope: Mapping[str, Any], slot: str = "text"
    ) -> str:
        """The text that a step of a flow has for this contact; `slot` names another of its texts.

        SettingsInvalid when the project has no such flow, step or text.
        """
        try:
            found = self._flows[flow].steps[step]
            for name in slot.split("."):
                found = getattr(found, name)
        except (KeyError, AttributeError):
            raise SettingsInvalid(
                f"the demo plays the sample flows, and step '{step}' of flow '{flow}' is not in"
                f" this project; run `smsflow demo` in an empty folder"
            ) from None
        return self._rendered(found, contact, scope)

    def built_in(self, name: str, contact: Contact) -> str:
        """A text that the service says of itself, such as compliance.stopped."""
        return self._rendered(self._built_in[name], contact, {})

    def _rendered(self, text: Any, contact: Contact, scope: Mapping[str, Any]) -> str:
        language = contact.language or self.project.languages[0]
        zone = zone_of(contact.phone, known=None, project=self.project.timezone)
        known = {"contact": contact_scope(contact, self.project, zone=zone), **scope}
        source = text.in_language(language).source
        return compile_text(source).render(known, language=language, zone=zone)
