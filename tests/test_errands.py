"""Errands over the real store: leases, retries, workers that die in mid-call, late results.

The services are objects of the test; requests over real connections are in tests/security.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from smsflow.conversation import Conversations
from smsflow.engine import world
from smsflow.engine.errands import GRACE, NoReply, Reply
from smsflow.engine.extension import Extension, RegisteredAction
from smsflow.engine.language import parse
from smsflow.engine.state import Session
from smsflow.errands import Errands, Surroundings
from smsflow.errors import SettingsInvalid
from smsflow.providers.base import Known, NotAnswered
from smsflow.providers.memory import MemoryProvider
from smsflow.store import Store
from smsflow.store.rows import Kind, NewRow
from smsflow.webclient import Request
from tests.conftest import FakeClock

PHONE = "+447700900123"
SECRET = "a-token-that-nobody-sees"
PROJECT = b"""\
smsflow-project: 1
python: shop
numbers: {main: {address: "+447700900000", provider: one}}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
services:
  crm: {url: https://crm.example/v2/, auth: {bearer: env.TOKEN}, allow: [10.0.0.0/8]}
  till: {url: https://till.example, auth: {basic: shop, password: env.TOKEN}}
  gone: {url: env.NOWHERE}
"""
FLOW = """\
smsflow: 1
triggers: [{keyword: GO}]
steps:
STEPS
  - send: Done
"""


class Killed(BaseException):
    """The process ends here, as by kill -9."""


class Services:
    """What is asked, and what is answered, one after the other; the last answer stays."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.answers: list[Any] = [Reply(200, {"ok": True})]

    def carry(self, request: Request) -> Reply | NoReply:
        """The next answer; an exception is raised."""
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, Reply | NoReply)
        return answer


def resolve(value: str) -> str:
    """As Settings does."""
    if value == "env.NOWHERE":
        raise SettingsInvalid("smsflow.yaml names the environment variable NOWHERE")
    return SECRET if value == "env.TOKEN" else value


class Numbers:
    """A provider that knows numbers; an answer that is an error is raised."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.answers: list[Known | NotAnswered] = []

    def lookup(self, numbers: Sequence[str]) -> list[Known]:
        """The next answer."""
        self.asked.append(list(numbers))
        answer = self.answers.pop(0)
        if isinstance(answer, NotAnswered):
            raise answer
        return [answer]


class Shop:
    """One store, one flow, workers for both queues in this thread."""

    def __init__(self, store: Store, clock: FakeClock, steps: str, **functions: Any) -> None:
        self.store, self.clock, self.services = store, clock, Services()
        self.provider: Any = Numbers()
        indented = "\n".join(f"  {line}" for line in steps.splitlines())
        actions = {
            name: RegisteredAction(name, function, takes_any=True)
            for name, function in functions.items()
        }
        loaded = parse.load(
            {"smsflow.yaml": PROJECT, "flows/go.yaml": FLOW.replace("STEPS", indented).encode()},
            Extension(actions),
        ).sound()
        assert loaded.project is not None
        self.project = loaded.project
        self.world = world.build(
            loaded.project, loaded.flows, secret=b"0123456789abcdef", extension=loaded.extension
        )
        self.conversations = Conversations(
            store, lambda: self.world, lambda *_: None, clock=clock, rng=Random(1)
        )
        around = Surroundings(
            lambda: self.project.services,
            lambda: actions,
            lambda: {"one": self.provider},
            lambda: self.project.numbers,
            resolve,
            self.services,
        )
        self.errands = Errands(store, around, clock=clock, heartbeat=lambda _: nullcontext())

    def says(self, words: str) -> None:
        """A text comes in and is worked off."""
        row = NewRow(Kind.MO, PHONE, {"text": words, "number": "main"}, self.clock.now())
        self.store.insert([row])
        self.conversations.work()

    def settle(self) -> None:
        """Work until nothing is due."""
        while self.errands.work() or self.conversations.work().rows:
            pass

    def session(self) -> Session:
        """The last session as it is stored."""
        with self.store._db.read() as connection:
            statement = text("SELECT state FROM sessions ORDER BY seq DESC LIMIT 1")
            return Session.from_json(json.loads(connection.scalar(statement) or "{}"))

    def rows(self, table: str) -> int:
        """How many rows that table has."""
        with self.store._db.read() as connection:
            return connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0  # noqa: S608

    def lease_runs_out(self) -> None:
        """The database's clock passes the end of every lease."""
        with self.store._db.write() as connection:
            connection.execute(text("UPDATE errands SET lease_until = 0"))


@pytest.fixture
def shop(store: Store, clock: FakeClock) -> Callable[..., Shop]:
    """Give the steps of the flow, and functions for its actions."""
    return lambda steps, **functions: Shop(store, clock, steps, **functions)


CALL = """\
- call: POST crm:/tickets/{{ contact.phone }}
  json: {a: 1}
  query: {q: x y}
  save: told"""


def test_a_call_is_a_row_and_its_result_an_event(shop: Callable[..., Shop]) -> None:
    """What is sent, with its id and the service's token; then the flow goes on."""
    place = shop(CALL)
    place.says("go")
    assert place.rows("errands") == 1
    assert place.store.errands_due(place.clock.now())
    place.settle()
    (request,) = place.services.asked
    assert request.url == "https://crm.example/v2/tickets/%2B447700900123?q=x+y"
    assert (request.method, request.body, request.allow) == ("POST", b'{"a": 1}', ("10.0.0.0/8",))
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    assert request.headers["Idempotency-Key"]
    session = place.session()
    assert (session.outcome, session.variables["told"]) == ("done", {"ok": True})
    assert place.rows("errands") == place.rows("inbox") == 0


def test_a_worker_that_is_killed_in_mid_call(shop: Callable[..., Shop]) -> None:
    """When its lease is over another one makes the call again, with the same key."""
    place = shop(CALL)
    place.services.answers = [Killed(), Reply(201, None)]
    place.says("go")
    with pytest.raises(Killed):
        place.errands.work()
    assert place.errands.work() == 0, "the lease is still running"
    place.lease_runs_out()
    place.settle()
    first, second = place.services.asked
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert place.session().outcome == "done"


def test_a_result_that_comes_after_the_lease_counts_for_nothing(
    shop: Callable[..., Shop], clock: FakeClock
) -> None:
    """Whoever took the errand over tells its session, once."""
    place = shop(CALL)
    place.says("go")
    (slow,) = place.store.lease_errands(clock.now(), 8, 10.0)
    place.lease_runs_out()
    place.settle()
    assert place.session().outcome == "done"
    assert not place.store.finish_errand(slow, {"ok": True, "told": ""}, clock.now())
    assert not place.store.retry_errand(slow, clock.now(), "late")
    assert place.rows("inbox") == 0


def test_it_is_tried_again_later_and_told_in_the_figures(
    shop: Callable[..., Shop], clock: FakeClock
) -> None:
    """2s after the first failure; until then it counts as failing."""
    place = shop(CALL)
    place.services.answers = [NoReply("no connection"), Reply(503), Reply(200, "ok")]
    place.says("go")
    place.settle()
    health = place.store.health(clock.now())
    assert (health.errands_due, health.errands_failing) == (1, 1)
    assert place.store.next_due() == clock.now() + timedelta(seconds=2)
    clock.advance(timedelta(seconds=2))
    place.settle()
    clock.advance(timedelta(seconds=4))
    place.settle()
    assert len(place.services.asked) == 3
    assert place.session().outcome == "done"
    assert place.store.health(clock.now()).errands_failing == 0


def test_a_result_that_comes_after_the_session_has_ended(shop: Callable[..., Shop]) -> None:
    """STOP ends the session; the call is made all the same, and nobody hears of it."""
    place = shop(CALL)
    place.says("go")
    place.says("stop")
    place.settle()
    assert len(place.services.asked) == 1
    assert place.session().outcome == "opted_out"
    assert place.rows("dead_letters") == 0


def test_texts_that_come_meanwhile_are_kept_in_the_database(shop: Callable[..., Shop]) -> None:
    """Another process routes them when the result is there."""
    place = shop(f"{CALL}\n- ask: How many?\n  type: integer\n  save: n")
    place.says("go")
    place.says("4")
    place.settle()
    session = place.session()
    assert (session.outcome, session.variables["n"]) == ("done", 4)


def test_an_errand_that_is_too_old_is_not_begun(
    shop: Callable[..., Shop], clock: FakeClock
) -> None:
    """Workers were away for more than a day: the session goes on without it."""
    place = shop(f"{CALL}\n  on_error: {{end: late}}")
    place.says("go")
    clock.advance(GRACE + timedelta(hours=1))
    place.settle()
    assert place.services.asked == []
    assert place.session().outcome == "late"


def test_secrets_are_masked_in_what_a_service_sends_back(shop: Callable[..., Shop]) -> None:
    """Neither the session nor the trace shows them."""
    place = shop(f"{CALL}\n  on_error: {{end: bad}}")
    place.services.answers = [Reply(400, {"echo": f"Bearer {SECRET}", SECRET: [SECRET]})]
    place.says("go")
    place.settle()
    session = place.session()
    assert session.outcome == "bad"
    assert session.last["http"]["body"] == {"echo": "Bearer ***", "***": ["***"]}
    with place.store._db.read() as connection:
        for table in ("sessions", "traces", "messages", "inbox", "errands"):
            for row in connection.execute(text(f"SELECT * FROM {table}")):  # noqa: S608
                assert SECRET not in str(row)


def test_a_user_and_a_password(shop: Callable[..., Shop]) -> None:
    """Basic, RFC 7617."""
    place = shop("- call: GET till:/x")
    place.says("go")
    place.settle()
    coded = "c2hvcDphLXRva2VuLXRoYXQtbm9ib2R5LXNlZXM="
    assert place.services.asked[0].headers["Authorization"] == f"Basic {coded}"


def test_a_secret_that_is_not_set_fails_the_call(shop: Callable[..., Shop]) -> None:
    """At once, and the trace names the variable."""
    place = shop("- call: GET gone:/x\n  on_error: {end: bad}")
    place.says("go")
    place.settle()
    session = place.session()
    assert session.outcome == "bad"
    assert "NOWHERE" in session.error["message"]


def test_a_fault_of_ours_ends_the_errand_and_not_the_worker(shop: Callable[..., Shop]) -> None:
    """Else it would be begun again for ever."""
    place = shop(f"{CALL}\n  on_error: {{end: bad}}")
    place.services.answers = [ValueError("a bug")]
    place.says("go")
    place.settle()
    assert place.session().outcome == "bad"
    assert place.rows("errands") == 0


def test_many_errands_at_once(shop: Callable[..., Shop], clock: FakeClock) -> None:
    """Each is done once, whoever is at work at the same time."""
    place = shop(CALL)
    for number in range(20):
        phone = f"+4477009001{number:02}"
        place.store.insert([NewRow(Kind.MO, phone, {"text": "go", "number": "main"}, clock.now())])
    place.settle()
    assert len({each.headers["Idempotency-Key"] for each in place.services.asked}) == 20
    assert len(place.services.asked) == 20


def test_an_action_runs_in_the_worker(shop: Callable[..., Shop]) -> None:
    """Its result keeps its type; one that takes too long is not waited for."""
    place = shop("- action: add\n  with: {a: 2}\n  save: sum", add=lambda a: a + 1)
    place.says("go")
    assert place.session().waiting is not None
    place.settle()
    assert place.session().variables["sum"] == 3


def test_erasing_a_number_deletes_its_errands(shop: Callable[..., Shop]) -> None:
    """What a flow wanted to tell of a person goes with the person."""
    place = shop(CALL)
    place.says("go")
    place.store.erase(PHONE, by="test", now=place.clock.now())
    assert place.rows("errands") == 0


# --- lookups --------------------------------------------------------------------------------------

LOOKUP = """\
- lookup: contact.phone
  save: number
- end: home
  when: number.reachable and not number.roaming"""


def test_a_lookup_is_an_errand_too(shop: Callable[..., Shop], clock: FakeClock) -> None:
    """A provider that gives no answer is asked again; what it knows is in the variable."""
    place = shop(LOOKUP)
    known = Known(PHONE, reachable=True, status="DELIVERED_TO_HANDSET", network="23410")
    place.provider.answers = [NotAnswered("one cannot be asked: no connection"), known]
    place.says("go")
    place.settle()
    assert place.session().outcome is None
    clock.advance(timedelta(seconds=5))
    place.settle()
    assert place.provider.asked == [[PHONE], [PHONE]]
    session = place.session()
    assert session.outcome == "home"
    assert session.variables["number"] == {
        "phone": PHONE,
        "reachable": True,
        "status": "DELIVERED_TO_HANDSET",
        "error": None,
        "network": "23410",
        "network_name": None,
        "ported": None,
        "roaming": None,
        "roaming_in": None,
    }


def test_a_lookup_that_nobody_answers_fails_its_step(
    shop: Callable[..., Shop], clock: FakeClock
) -> None:
    """After three tries, and at once with a provider that knows no numbers."""
    handled = LOOKUP.replace("save: number", "save: number\n  on_error: {end: unsure}")
    place = shop(handled)
    place.provider.answers = [NotAnswered("no answer")] * 3
    place.says("go")
    for _ in range(3):
        place.settle()
        clock.advance(timedelta(seconds=10))
    assert (len(place.provider.asked), place.session().outcome) == (3, "unsure")
    assert place.session().error["kind"] == "lookup"
    place.provider = MemoryProvider("one")
    place.says("go")
    place.settle()
    session = place.session()
    assert (session.outcome, session.error["message"]) == (
        "unsure",
        "lookup contact.phone: the provider 'one' can't look up numbers",
    )
